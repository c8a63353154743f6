"""Checkout, later capture, and the gateway's payouts."""

revision = "0200"
down_revision = "0190"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
