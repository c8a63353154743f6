"""The ledger side of payouts; each needs an open transaction. One `post` per act, whatever the number of payouts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import uuid7
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer
from app.payments.payouts.models import Payout

LEDGER_PURPOSE = "payout"
OUTSIDE_OWNER = "bank"


def reserve(payouts: Sequence[Payout], payable: dict[UUID, UUID], *, clock: Clock) -> None:
    """Hold each amount; from now on nothing else can spend it.

    Args:
        payable: the payees' accounts in the ledger.
    """
    outside_id = _outside(clock)
    held = [
        _transfer(payout, payable, outside_id, clock, kind=TransferKind.PENDING, amount_vnd=payout.amount_vnd)
        for payout in payouts
    ]
    ledger.post(held, clock=clock)
    for payout, transfer in zip(payouts, held, strict=True):
        payout.pending_id = transfer.id


def move(
    confirmed: Sequence[Payout],
    released: Sequence[Payout],
    taken_back: Sequence[Payout],
    arrived: Sequence[Payout],
    payable: dict[UUID, UUID],
    *,
    clock: Clock,
) -> None:
    """Post what was confirmed, let go what was not, reverse what was confirmed before: all of it or nothing.

    What arrived after all is moved anew, out of what is free.

    Raises:
        Overdraft: not enough is free for that.
        AccountClosed: nor will it be.
    """
    outside_id = _outside(clock)
    posts = [
        _transfer(payout, payable, outside_id, clock, kind=TransferKind.POST_PENDING, amount_vnd=payout.amount_vnd,
                  pending_id=payout.pending_id)
        for payout in confirmed
    ]  # fmt: skip
    voids = [
        _transfer(payout, payable, outside_id, clock, kind=TransferKind.VOID_PENDING, amount_vnd=0,
                  pending_id=payout.pending_id)
        for payout in released
    ]  # fmt: skip
    backs = [_reversal(payout, payable, outside_id, clock) for payout in taken_back]
    anew = [
        _transfer(payout, payable, outside_id, clock, kind=TransferKind.POSTED, amount_vnd=payout.amount_vnd)
        for payout in arrived
    ]
    ledger.post([*posts, *voids, *backs, *anew], clock=clock)
    for payout, transfer in zip([*confirmed, *arrived], [*posts, *anew], strict=True):
        payout.posted_id = transfer.id


def _transfer(
    payout: Payout,
    payable: dict[UUID, UUID],
    outside_id: UUID,
    clock: Clock,
    *,
    kind: TransferKind,
    amount_vnd: int,
    pending_id: UUID | None = None,
) -> NewTransfer:
    return NewTransfer(
        id=uuid7(),
        kind=kind,
        from_account_id=payable[payout.payee_id],
        to_account_id=outside_id,
        amount_vnd=amount_vnd,
        pending_id=pending_id,
        purpose=(LEDGER_PURPOSE, payout.id),
        event_at=clock.now(),
    )


def _reversal(payout: Payout, payable: dict[UUID, UUID], outside_id: UUID, clock: Clock) -> NewTransfer:
    if payout.posted_id is None:
        raise LookupError(f"payout {payout.id} is confirmed and moved nothing")
    return NewTransfer(
        id=uuid7(),
        from_account_id=outside_id,
        to_account_id=payable[payout.payee_id],
        amount_vnd=payout.amount_vnd,
        reverses_id=payout.posted_id,
        purpose=(LEDGER_PURPOSE, payout.id),
        event_at=clock.now(),
    )


def _outside(clock: Clock) -> UUID:
    return ledger.account_id(AccountKind.OUTSIDE_PAYEE, OUTSIDE_OWNER, clock=clock)
