"""Records of the doorstep, versions of households."""

from alembic import op

revision = "0250"
down_revision = "0240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")
