"""A seller's debt after a refund, repaid little by little from later sales; needs an open transaction."""

from __future__ import annotations

from datetime import datetime

from app.core.clock import Clock
from app.core.ids import uuid7
from app.payments.ledger import operations as ledger
from app.payments.ledger import queries as accounts
from app.payments.ledger.models import AccountKind
from app.payments.requests.models import PaymentRequest, Settlement

# At most this part of each payment repays a debt, in basis points, so that a seller can live on the rest. It is
# our own rule, not a law's.
REPAID_BP = 3_000
LEDGER_PURPOSE = "debt_repayment"


def share_vnd(received_vnd: int) -> int:
    """The most that a payment may repay, in whole đồng, rounded in the seller's favour."""
    return received_vnd * REPAID_BP // 10_000


def repay(request: PaymentRequest, *, received_vnd: int, event_at: datetime, clock: Clock) -> None:
    """Of collected money just posted to the payee, repay what is owed: at most `share_vnd`, the debt, what is free.

    Args:
        received_vnd: what the payee has of it, after fees and tax.
    """
    if request.settlement != Settlement.COLLECTED or not (most_vnd := share_vnd(received_vnd)):
        return
    debt = accounts.find_account(AccountKind.SELLER_DEBT, str(request.payee_id))
    if debt is None or not debt.balance_vnd:
        return
    payable = ledger.open_account(AccountKind.PAYABLE, str(request.payee_id), clock=clock)
    repayment = ledger.NewTransfer(
        id=uuid7(),
        from_account_id=payable.id,
        to_account_id=debt.id,
        amount_vnd=most_vnd,
        balancing=True,
        purpose=(LEDGER_PURPOSE, request.id),
        event_at=event_at,
    )
    ledger.post([repayment], clock=clock)
