"""Find the registrations of a day, for the nightly draw of back-checks, without reading all households."""

from alembic import op

revision = "0370"
down_revision = "0360"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore require-concurrent-index-creation
        CREATE INDEX ix_household_created_at ON household (created_at);
        """
    )
