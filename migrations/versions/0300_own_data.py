"""A household and its own data."""

from alembic import op

revision = "0300"
down_revision = "0290"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
