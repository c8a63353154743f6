"""Visits, classes and back-checks."""

from alembic import op

revision = "0260"
down_revision = "0250"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
