"""A long sheet of welfare accounts is judged in the background: it is `reading`, and keeps what was read until then."""

from alembic import op

revision = "0410"
down_revision = "0380"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        ALTER TABLE welfare_batch ADD COLUMN read_enc bytea;
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE welfare_batch DROP CONSTRAINT ck_welfare_batch_state;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_batch ADD CONSTRAINT ck_welfare_batch_state CHECK (
            state IN ('reading', 'ready', 'applying', 'applied', 'verifying', 'undoing', 'undone', 'dropped'));
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE welfare_batch ADD CONSTRAINT ck_welfare_batch_read
            CHECK ((state = 'reading') = (read_enc IS NOT NULL));
        -- squawk-ignore require-concurrent-index-deletion
        DROP INDEX ix_welfare_batch_at_work;
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_welfare_batch_at_work ON welfare_batch (moved_at)
            WHERE state IN ('reading', 'applying', 'verifying', 'undoing');
        GRANT UPDATE (read_enc, faults, faults_total) ON welfare_batch TO app;
        """
    )
