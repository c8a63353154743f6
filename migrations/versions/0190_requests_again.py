"""Longer, supplementary and overpaid requests."""

revision = "0190"
down_revision = "0180"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
