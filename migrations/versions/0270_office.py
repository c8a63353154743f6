"""Amendments and merged households."""

from alembic import op

revision = "0270"
down_revision = "0260"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
