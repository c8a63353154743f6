"""What a refund moves in the books; needs an open transaction, with the request's row locked.

What was kept back of the refunded part (fees and tax) goes back first. The seller's part comes from what we hold for
the seller and is free; what is missing makes the seller's debt grow. While the outcome is open all is only reserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import uuid7
from app.payments.cards.models import GATEWAY
from app.payments.fees import operations as fees
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind, TransferKind
from app.payments.refunds.models import Refund, Way
from app.payments.requests.models import PaymentRequest, Settlement

LEDGER_PURPOSE = "refund"
OUTSIDE = {
    Way.CARD: (AccountKind.OUTSIDE_CARD, GATEWAY),
    Way.BANK_TRANSFER: (AccountKind.OUTSIDE_PAYER, "bank"),
}


@dataclass(frozen=True)
class Held:
    """The parts of a refund, in đồng, and the pending transfers that reserve them (the fees keep their own)."""

    fees_vnd: int
    seller_vnd: int
    seller_transfer_id: UUID | None
    debt_vnd: int
    debt_transfer_id: UUID | None


@dataclass(frozen=True)
class _Part:
    """A reservation: from which account, which transfer, how much."""

    account_id: UUID
    transfer_id: UUID
    amount_vnd: int


def hold(request: PaymentRequest, *, refund_id: UUID, amount_vnd: int, way: Way, clock: Clock) -> Held:
    """Reserve a refund: fees that go back, as much as is free from the seller's payable, the rest as seller's debt."""
    outside_id = _outside(way, clock)
    gone_vnd = request.refunding_vnd + request.refunded_vnd
    given_back = fees.hold(
        request.id, refund_id=refund_id, amount_vnd=amount_vnd, gone_vnd=gone_vnd, outside_id=outside_id, clock=clock
    )
    fees_vnd = sum(part.amount_vnd for part in given_back)
    amount_vnd -= fees_vnd
    from_seller = ledger.NewTransfer(
        id=uuid7(),
        kind=TransferKind.PENDING,
        from_account_id=_account(AccountKind.PAYABLE, request, clock),
        to_account_id=outside_id,
        amount_vnd=amount_vnd,
        balancing=True,
        purpose=(LEDGER_PURPOSE, refund_id),
        event_at=clock.now(),
    )
    [posted] = ledger.post([from_seller], clock=clock)
    seller_vnd = posted.amount_vnd
    if seller_vnd == 0:
        _release([_Part(from_seller.from_account_id, from_seller.id, 0)], outside_id, refund_id, clock)
    if seller_vnd == amount_vnd:
        return Held(fees_vnd, seller_vnd, from_seller.id, 0, None)
    as_debt = ledger.NewTransfer(
        id=uuid7(),
        kind=TransferKind.PENDING,
        from_account_id=_account(AccountKind.SELLER_DEBT, request, clock),
        to_account_id=outside_id,
        amount_vnd=amount_vnd - seller_vnd,
        purpose=(LEDGER_PURPOSE, refund_id),
        event_at=clock.now(),
    )
    ledger.post([as_debt], clock=clock)
    return Held(fees_vnd, seller_vnd, from_seller.id if seller_vnd else None, as_debt.amount_vnd, as_debt.id)


def settle(refund: Refund, request: PaymentRequest, *, event_at: datetime, clock: Clock) -> None:
    """The money is back with its payer: post what was reserved, and put the fees right to the last đồng."""
    outside_id = _outside(Way(refund.way), clock)
    why = fees.Occasion(
        request_id=request.id,
        payee_id=request.payee_id,
        refunded_vnd=request.refunded_vnd + refund.amount_vnd,
        refund_id=refund.id,
        event_at=event_at,
    )
    held = _fees(refund, clock)
    posts = [
        ledger.NewTransfer(
            id=uuid7(),
            kind=TransferKind.POST_PENDING,
            from_account_id=part.account_id,
            to_account_id=outside_id,
            amount_vnd=part.amount_vnd,
            pending_id=part.transfer_id,
            purpose=(LEDGER_PURPOSE, refund.id),
            event_at=event_at,
        )
        for part in _parts(refund, request, held, clock)
    ]
    rest = fees.recount(
        why,
        payable_id=_account(AccountKind.PAYABLE, request, clock),
        clock=clock,
        paid_out={part.kind: part.amount_vnd for part in held},
    )
    ledger.post([*posts, *rest.transfers], clock=clock)
    posted = {post.pending_id: post.id for post in posts if post.pending_id}
    fees.note(fees.paid_out(why, held, posted, clock=clock))
    fees.note(rest)
    if (back_vnd := min(-rest.total_vnd, refund.debt_vnd)) > 0:
        _repay(refund, request, back_vnd, clock)


def release(refund: Refund, request: PaymentRequest, *, clock: Clock) -> None:
    """Nothing moved and nothing will: let go of what was reserved."""
    _release(_parts(refund, request, _fees(refund, clock), clock), _outside(Way(refund.way), clock), refund.id, clock)


def take_back(refund: Refund, request: PaymentRequest, *, clock: Clock) -> None:
    """Money that was back with its payer came to us again: it is the seller's, after fees and what it made them owe.

    Of that debt later sales may have repaid some already, so the transfers can't simply be reversed.
    """
    payable_id = _account(AccountKind.PAYABLE, request, clock)
    back = ledger.NewTransfer(
        id=uuid7(),
        from_account_id=_outside(Way(refund.way), clock),
        to_account_id=payable_id,
        amount_vnd=refund.amount_vnd,
        purpose=(LEDGER_PURPOSE, refund.id),
        event_at=clock.now(),
    )
    why = fees.Occasion(
        request_id=request.id,
        payee_id=request.payee_id,
        refunded_vnd=request.refunded_vnd - refund.amount_vnd,
        refund_id=refund.id,
        event_at=clock.now(),
    )
    again = fees.recount(why, payable_id=payable_id, clock=clock, cover_vnd=refund.amount_vnd)
    ledger.post([back, *again.transfers], clock=clock)
    fees.note(again)
    if refund.debt_vnd:
        _repay(refund, request, refund.debt_vnd, clock)


def _repay(refund: Refund, request: PaymentRequest, most_vnd: int, clock: Clock) -> None:
    """Of what just came to the seller, repay what is owed: at most so much, the debt, what is free."""
    repaid = ledger.NewTransfer(
        id=uuid7(),
        from_account_id=_account(AccountKind.PAYABLE, request, clock),
        to_account_id=_account(AccountKind.SELLER_DEBT, request, clock),
        amount_vnd=most_vnd,
        balancing=True,
        purpose=(LEDGER_PURPOSE, refund.id),
        event_at=clock.now(),
    )
    ledger.post([repaid], clock=clock)


def _parts(refund: Refund, request: PaymentRequest, held: Sequence[fees.Held], clock: Clock) -> list[_Part]:
    parts = [_Part(part.account_id, part.transfer_id, part.amount_vnd) for part in held]
    if refund.seller_transfer_id is not None:
        account_id = _account(AccountKind.PAYABLE, request, clock)
        parts.append(_Part(account_id, refund.seller_transfer_id, refund.seller_vnd))
    if refund.debt_transfer_id is not None:
        account_id = _account(AccountKind.SELLER_DEBT, request, clock)
        parts.append(_Part(account_id, refund.debt_transfer_id, refund.debt_vnd))
    return parts


def _fees(refund: Refund, clock: Clock) -> list[fees.Held]:
    return fees.holds_of(refund.id, clock=clock) if refund.fees_vnd else []


def _release(parts: list[_Part], outside_id: UUID, refund_id: UUID, clock: Clock) -> None:
    voids = [
        ledger.NewTransfer(
            id=uuid7(),
            kind=TransferKind.VOID_PENDING,
            from_account_id=part.account_id,
            to_account_id=outside_id,
            amount_vnd=0,
            pending_id=part.transfer_id,
            purpose=(LEDGER_PURPOSE, refund_id),
            event_at=clock.now(),
        )
        for part in parts
    ]
    ledger.post(voids, clock=clock)


def _account(kind: AccountKind, request: PaymentRequest, clock: Clock) -> UUID:
    if kind is AccountKind.PAYABLE and request.settlement == Settlement.DIRECT:
        kind = AccountKind.RECEIVED  # it came straight to the payee's own account, and goes back from there
    return ledger.account_id(kind, str(request.payee_id), clock=clock)


def _outside(way: Way, clock: Clock) -> UUID:
    return ledger.account_id(*OUTSIDE[way], clock=clock)
