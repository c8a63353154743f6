"""Find records of the doorstep that were kept and, after a crash, never handled."""

from alembic import op

revision = "0360"
down_revision = "0350"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_doorstep_record_left ON doorstep_record (received_at, id) WHERE outcome IS NULL;
        """
    )
