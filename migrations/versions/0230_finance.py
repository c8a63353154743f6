"""Lets a seller's page find what a refund gave back of fees and tax without reading all that ever went back."""

from alembic import op

revision = "0230"
down_revision = "0220"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX ix_fee_return_refund_id ON fee_return (refund_id) WHERE refund_id IS NOT NULL")
