"""More kinds of accounts."""

from alembic import op

revision = "0110"
down_revision = "0100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_kind")
    op.execute(
        """
        ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_kind CHECK (kind IN (
            'outside_bank', 'outside_card', 'suspense', 'received', 'payable', 'outside_payee', 'outside_payer',
            'seller_debt'));
        ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_debt CHECK (kind <> 'seller_debt' OR balance_vnd <= 0);
        """
    )
