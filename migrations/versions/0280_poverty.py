"""The yearly poverty decision as an import."""

from alembic import op

revision = "0280"
down_revision = "0270"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
