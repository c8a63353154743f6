"""Notices of the bank as camt.054."""

from alembic import op

revision = "0220"
down_revision = "0210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE statement_import DROP CONSTRAINT ck_statement_import_format;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE statement_import ADD CONSTRAINT ck_statement_import_format
            CHECK (format IN ('camt053', 'camt054', 'xlsx', 'csv'));
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE statement_line DROP CONSTRAINT ck_statement_line_state;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE statement_line ADD CONSTRAINT ck_statement_line_state
            CHECK (state IN ('new', 'known', 'ignored', 'ours', 'claimed', 'applied', 'undone', 'kept'));
        """
    )
