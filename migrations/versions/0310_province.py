"""The province's view, areas over time."""

from alembic import op

revision = "0310"
down_revision = "0300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
