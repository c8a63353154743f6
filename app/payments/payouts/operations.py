"""Steps of batches and payouts; each needs an open transaction.

Lock order: (for building) the builders' advisory lock, the batch's row, its payouts' rows, the ledger's accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.codes import new_code
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.ledger.errors import AccountClosed, Overdraft
from app.payments.payouts import contacts, money, purposes, queries
from app.payments.payouts.errors import (
    AlreadyAnswered,
    ApproverSaidReturned,
    ArrivedByTheSame,
    KeyReused,
    MoneyElsewhere,
    NoLongerPayable,
    PayoutNotFound,
    ReturnedByApprover,
    SecondPersonNeeded,
    WrongMoment,
)
from app.payments.payouts.limits import OWN_RETURNS, Limits
from app.payments.payouts.models import (
    BATCH_PREFIX,
    PAYOUT_PREFIX,
    SALES,
    HeldBecause,
    HeldPayee,
    HoldTold,
    Payout,
    PayoutBatch,
)
from app.payments.payouts.queries import Due
from app.payments.payouts.states import ANSWERED, BatchState, Event, State, batch_fits, fits, step, step_batch

SUBJECT, SUBJECT_OF_BATCH = "payout", "payout_batch"
BALANCE_CHANGED, ACCOUNT_CHANGED, BATCH_CANCELLED = "balance_changed", "account_changed", "batch_cancelled"
AFTER = {Event.CONFIRMED: State.CONFIRMED, Event.RETURNED: State.RETURNED, Event.ARRIVED: State.CONFIRMED}
"""What a person can say of a payout by hand, and where that leads."""


@dataclass(frozen=True)
class Built:
    """What building led to: no batch when nobody can be paid."""

    batch: PayoutBatch | None
    held: int


@dataclass(frozen=True)
class Wanted:
    """One payout to draft, under an id made by the caller."""

    id: UUID
    payee_id: UUID
    bank_account_id: UUID
    amount_vnd: int


@dataclass(frozen=True)
class Answer:
    """The bank's, or an officer's, word on one payout."""

    payout: Payout
    event: Event
    reason_code: str | None = None
    reason: str | None = None
    bank_reference: str | None = None


def build(*, purpose: str, period: date, idempotency_key: str, limits: Limits, actor: Actor, clock: Clock) -> Built:
    """Draft a batch of all that can be paid now. Builders wait for each other, so no payee stands in two drafts.

    Raises:
        KeyReused: the key made a batch of another purpose or period.
    """
    session = require_transaction()
    earlier = wait_for_builders(idempotency_key, purpose=purpose, period=period)
    if earlier is not None:
        return Built(earlier, 0)
    now = clock.now()
    found = queries.due(purpose=purpose, period=period, minimum_vnd=limits.minimum_vnd, now=now)
    chosen, held = _choose(found, limits)
    _tell_of_changes(found, clock)
    if not chosen:
        return Built(None, len(held))
    wanted = [Wanted(uuid7(), due.payee_id, due.bank_account_id, vnd) for due, vnd in chosen if due.bank_account_id]
    batch = draft(wanted, purpose=purpose, period=period, idempotency_key=idempotency_key, actor=actor, clock=clock)
    if held:
        session.execute(
            sa.insert(HeldPayee),
            [
                {"batch_id": batch.id, "payee_id": due.payee_id, "amount_vnd": due.free_vnd, "reason": reason,
                 "held_until": due.held_until if reason is HeldBecause.ACCOUNT_CHANGED else None}
                for due, reason in held
            ],
        )  # fmt: skip
    _note_batch("payout_batch_drafted", batch, actor, clock, payouts=len(wanted), held=len(held))
    return Built(batch, len(held))


def wait_for_builders(idempotency_key: str, *, purpose: str, period: date) -> PayoutBatch | None:
    """Build alone until the transaction ends; the batch that this key made before, if it did.

    Raises:
        KeyReused: the key made a batch of another purpose or period.
    """
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("payouts.build", 0)))
    )
    earlier = queries.batch_by_key(idempotency_key)
    if earlier is not None and (earlier.purpose, earlier.period) != (purpose, period):
        raise KeyReused()
    return earlier


def draft(
    wanted: Sequence[Wanted], *, purpose: str, period: date, idempotency_key: str, actor: Actor, clock: Clock
) -> PayoutBatch:
    """Write a batch down as a draft; whoever calls waited for the other builders, and notes it."""
    session, now = require_transaction(), clock.now()
    batch = PayoutBatch(
        id=uuid7(),
        code=new_code(BATCH_PREFIX),
        purpose=purpose,
        period=period,
        status=BatchState.DRAFT,
        idempotency_key=idempotency_key,
        created_by=actor.user_id,
        created_at=now,
    )
    session.add(batch)
    session.flush()
    rows = [
        {
            "id": one.id, "code": new_code(PAYOUT_PREFIX), "batch_id": batch.id, "payee_id": one.payee_id,
            "bank_account_id": one.bank_account_id, "purpose": purpose, "period": period,
            "amount_vnd": one.amount_vnd, "status": State.DRAFT, "created_at": now, "updated_at": now,
        }
        for one in wanted
    ]  # fmt: skip
    session.execute(sa.insert(Payout), rows)
    return batch


def approve(batch_id: UUID, *, actor: Actor, clock: Clock) -> PayoutBatch:
    """A second person lets the batch go: its money is reserved. A repeat by the same person changes nothing.

    A payout whose money or account changed since the draft falls out of the batch; what remains is never more than
    what was looked at.

    Raises:
        SecondPersonNeeded: it is who made the batch.
        WrongMoment: it is no draft any more.
        ApproverSaidReturned: it pays somebody whose payout came back by the approver's own word not long ago.
        NoLongerPayable: nothing of it would remain.
    """
    batch = queries.get_batch(batch_id, for_update=True)
    if actor.user_id is None or actor.user_id == batch.created_by:
        raise SecondPersonNeeded()
    if batch.approved_by == actor.user_id and batch.status != BatchState.CANCELLED:
        return batch
    if not batch_fits(BatchState(batch.status), Event.APPROVED):
        raise WrongMoment(batch.status)
    now = clock.now()
    payouts = queries.payouts_of(batch.id, for_update=True)
    if queries.said_returned(batch.id, actor.user_id, since=now - OWN_RETURNS):
        raise ApproverSaidReturned()
    purpose = purposes.of(batch.purpose)
    standing = purpose.standing(payouts, clock=clock) if purpose else queries.standing(batch.id, now=now)
    kept = []
    for payout in payouts:
        how = standing[payout.id]
        if not how.account_fits:
            _go(payout, Event.CANCELLED, clock, reason_code=ACCOUNT_CHANGED)
        elif how.free_vnd < payout.amount_vnd:
            _go(payout, Event.CANCELLED, clock, reason_code=BALANCE_CHANGED)
        else:
            kept.append(payout)
    if not kept:
        raise NoLongerPayable()
    payable = {payout.payee_id: standing[payout.id].payable_id for payout in kept}
    money.reserve(kept, payable, clock=clock)
    for payout in kept:
        _go(payout, Event.APPROVED, clock)
    batch.status = step_batch(BatchState(batch.status), Event.APPROVED)
    batch.approved_by, batch.approved_at = actor.user_id, now
    require_transaction().flush()
    if purpose:
        purpose.heard([payout for payout in payouts if payout.status == State.CANCELLED], clock=clock)
    _note_batch("payout_batch_approved", batch, actor, clock, payouts=len(kept), dropped=len(payouts) - len(kept),
                amount_vnd=sum(payout.amount_vnd for payout in kept))  # fmt: skip
    return batch


def cancel(batch_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> PayoutBatch:
    """Give a batch up before its file left; the money is free again. A repeat changes nothing.

    Raises:
        WrongMoment: its file left, or the bank answered.
    """
    batch = queries.get_batch(batch_id, for_update=True)
    if batch.status == BatchState.CANCELLED:
        return batch
    if not batch_fits(BatchState(batch.status), Event.CANCELLED):
        raise WrongMoment(batch.status)
    live = [payout for payout in queries.payouts_of(batch.id, for_update=True) if payout.status != State.CANCELLED]
    reserved = [payout for payout in live if payout.pending_id is not None]
    money.move([], reserved, [], [], _payable(batch, reserved, clock), clock=clock)
    for payout in live:
        _go(payout, Event.CANCELLED, clock, reason_code=BATCH_CANCELLED, reason=reason)
    batch.status = step_batch(BatchState(batch.status), Event.CANCELLED)
    batch.finished_at = clock.now()
    require_transaction().flush()
    if (purpose := purposes.of(batch.purpose)) is not None:
        purpose.heard(live, clock=clock)
    _note_batch("payout_batch_cancelled", batch, actor, clock, reason=reason)
    return batch


def send(batch_id: UUID, *, form: str, actor: Actor, clock: Clock) -> PayoutBatch:
    """The batch's file leaves the house, with account numbers in full: each time is noted, the first counts as sent.

    Args:
        form: of the file, `xml` or `xlsx`.

    Raises:
        WrongMoment: it is not approved, or was cancelled.
        AlreadyAnswered: the bank told what became of some of it.
    """
    batch = queries.get_batch(batch_id, for_update=True)
    payouts = queries.payouts_of(batch.id, for_update=True)
    if any(payout.status in (State.CONFIRMED, State.RETURNED) for payout in payouts):
        raise AlreadyAnswered()
    if batch.status != BatchState.SENT:
        if not batch_fits(BatchState(batch.status), Event.SENT):
            raise WrongMoment(batch.status)
        for payout in payouts:
            if payout.status != State.CANCELLED:
                _go(payout, Event.SENT, clock)
        batch.status, batch.sent_at = step_batch(BatchState(batch.status), Event.SENT), clock.now()
        require_transaction().flush()
    _note_batch("payout_file_taken", batch, actor, clock, form=form)
    return batch


def answer(batch: PayoutBatch, answers: Sequence[Answer], *, actor: Actor, clock: Clock) -> None:
    """Move payouts of a locked batch as answered; what does not fit a payout's state raises. The last settles it.

    Raises:
        ReturnedByApprover: something came back, and it is who approved the batch who says so.
        ArrivedByTheSame: something arrived after all, and it is who said that it came back who says so.
        MoneyElsewhere: it did, and its money is not free any more.
    """
    came_back = [each.payout for each in answers if each.event is Event.RETURNED]
    if came_back and actor.user_id in (None, batch.approved_by):
        raise ReturnedByApprover()
    arrived = [each.payout for each in answers if each.event is Event.ARRIVED]
    if any(actor.user_id in (None, payout.answered_by) for payout in arrived):
        raise ArrivedByTheSame()
    confirmed = [each.payout for each in answers if each.event is Event.CONFIRMED]
    released = [payout for payout in came_back if payout.status == State.SENT]
    taken_back = [payout for payout in came_back if payout.status == State.CONFIRMED]
    # Asked before any money moves, so that a step that is not in the table leaves nothing half done.
    after = [step(State(each.payout.status), each.event) for each in answers]
    payable = _payable(batch, [each.payout for each in answers], clock)
    try:
        money.move(confirmed, released, taken_back, arrived, payable, clock=clock)
    except (Overdraft, AccountClosed) as refusal:
        if not arrived:
            raise
        holding = queries.batch_holding(arrived[0].payee_id)
        raise MoneyElsewhere(
            holding.code if holding else None, sent=holding is not None and holding.status == BatchState.SENT
        ) from refusal
    now = clock.now()
    for each, state in zip(answers, after, strict=True):
        payout = each.payout
        payout.status, payout.answered_by, payout.updated_at = state, actor.user_id, now
        if state is State.RETURNED:
            payout.reason_code, payout.reason = each.reason_code or "unknown", each.reason
        elif each.event is Event.ARRIVED:
            payout.reason_code = payout.reason = None
        payout.bank_reference = each.bank_reference or payout.bank_reference
    require_transaction().flush()
    if (purpose := purposes.of(batch.purpose)) is not None:
        purpose.heard([each.payout for each in answers], clock=clock)
    if batch_fits(BatchState(batch.status), Event.ALL_ANSWERED) and _all_answered(batch.id):
        batch.status = step_batch(BatchState(batch.status), Event.ALL_ANSWERED)
        batch.finished_at = now
        require_transaction().flush()


def answer_by_hand(
    payout_id: UUID, event: Event, *, reason: str, bank_reference: str | None, actor: Actor, clock: Clock
) -> Payout:
    """An officer's word on one payout, with a reason; the same word again changes nothing.

    Raises:
        PayoutNotFound.
        WrongMoment: the payout was not sent, or the word contradicts a return.
        ReturnedByApprover, ArrivedByTheSame, MoneyElsewhere: as `answer`.
    """
    batch = queries.get_batch(queries.get_payout(payout_id).batch_id, for_update=True)
    payout = next((row for row in queries.payouts_of(batch.id, for_update=True) if row.id == payout_id), None)
    if payout is None:
        raise PayoutNotFound()
    if payout.status == AFTER.get(event):
        return payout
    if event not in AFTER or not fits(State(payout.status), event):
        raise WrongMoment(payout.status)
    told = reason if event is Event.RETURNED else None
    answer(batch, [Answer(payout, event, "by_hand", told, bank_reference)], actor=actor, clock=clock)
    audit.record(
        f"payout_{event}_by_hand", actor=actor, subject_kind=SUBJECT, subject_id=payout.id, clock=clock,
        amount_vnd=payout.amount_vnd, reason=reason,
    )  # fmt: skip
    return payout


def _choose(found: Iterable[Due], limits: Limits) -> tuple[list[tuple[Due, int]], list[tuple[Due, HeldBecause]]]:
    """Whom to pay how much, and whom not."""
    chosen: list[tuple[Due, int]] = []
    held: list[tuple[Due, HeldBecause]] = []
    left_vnd = limits.max_batch_vnd
    for due in found:
        amount_vnd = min(due.free_vnd, limits.max_payout_vnd)
        if due.bank_account_id is None:
            held.append((due, HeldBecause.NO_ACCOUNT))
        elif due.held_until is not None:
            held.append((due, HeldBecause.ACCOUNT_CHANGED))
        elif amount_vnd > left_vnd or len(chosen) >= limits.max_payouts:
            held.append((due, HeldBecause.BATCH_FULL))
        else:
            chosen.append((due, amount_vnd))
            left_vnd -= amount_vnd
    return chosen, held


def _tell_of_changes(found: Iterable[Due], clock: Clock) -> None:
    """Tell the old contacts, once for each new account; where nobody can tell, it stays untold."""
    waiting = {
        due.bank_account_id: due
        for due in found
        if due.bank_account_id and due.held_until and contacts.teller_of(due.payee_kind)
    }
    if not waiting:
        return
    fresh = require_transaction().scalars(
        insert(HoldTold)
        .values([{"bank_account_id": account_id, "told_at": clock.now()} for account_id in waiting])
        .on_conflict_do_nothing()
        .returning(HoldTold.bank_account_id)
    )
    for account_id in fresh.all():
        due = waiting[account_id]
        teller = contacts.teller_of(due.payee_kind)
        if teller is not None and due.held_until is not None:
            teller.account_changed(due.payee_id, held_until=due.held_until, clock=clock)


def _go(payout: Payout, event: Event, clock: Clock, **facts: Any) -> None:
    payout.status, payout.updated_at = step(State(payout.status), event), clock.now()
    for name, value in facts.items():
        setattr(payout, name, value)


def _payable(batch: PayoutBatch, payouts: Sequence[Payout], clock: Clock) -> dict[UUID, UUID]:
    if batch.purpose == SALES:
        return queries.payable_accounts({payout.payee_id for payout in payouts})
    purpose = purposes.of(batch.purpose)
    if purpose is None:
        raise LookupError(f"nobody answers for payouts of purpose {batch.purpose}")
    return purpose.sources(payouts, clock=clock)


def _all_answered(batch_id: UUID) -> bool:
    return all(payout.status in ANSWERED for payout in queries.payouts_of(batch_id))


def _note_batch(action: str, batch: PayoutBatch, actor: Actor, clock: Clock, **details: Any) -> None:
    audit.record(
        action, actor=actor, subject_kind=SUBJECT_OF_BATCH, subject_id=batch.id, clock=clock, code=batch.code, **details
    )
