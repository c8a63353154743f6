"""Accounts for what a sale leaves behind: fees, tax kept back, the gateway's own fee, a payer's credit."""

from alembic import op

revision = "0170"
down_revision = "0160"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """
        -- squawk-ignore ban-drop-constraint
        ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_kind;
        -- squawk-ignore constraint-missing-not-valid
        ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_kind CHECK (kind IN (
            'outside_bank', 'outside_card', 'outside_payee', 'outside_payer', 'suspense', 'received', 'payable',
            'seller_debt', 'commission', 'tax_withheld', 'gateway_fee', 'payer_credit'));
        """
    )
