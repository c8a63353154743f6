"""Notices of the bank as camt.054."""

revision = "0220"
down_revision = "0210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
