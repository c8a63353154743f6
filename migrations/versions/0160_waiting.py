"""Finds what waits too long without reading whole tables: refunds to transfer, sellers nobody has told."""

from alembic import op

revision = "0160"
down_revision = "0150"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        CREATE INDEX ix_refund_waiting ON refund (created_at) WHERE status = 'waiting';
        CREATE INDEX ix_shop_order_untold ON shop_order (paid_at) WHERE status = 'paid' AND seller_told_at IS NULL;
        """
    )
