"""Fees and taxes by dated rules."""

revision = "0180"
down_revision = "0170"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
