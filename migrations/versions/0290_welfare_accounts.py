"""The life of a welfare account."""

from alembic import op

revision = "0290"
down_revision = "0280"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
