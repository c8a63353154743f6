"""Moving money out of suspense and back; each needs an open transaction and the item's lock.

Lock order: the item, then requests by id, then as `requests.operations` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.core.money import FOUR_EYES_VND
from app.core.texts import tidy
from app.payments.bank.models import BankNotice
from app.payments.desk import queries, same
from app.payments.desk.errors import (
    BadAction,
    CreditSpent,
    MoreThanMissing,
    NotEnoughWaiting,
    NotTheirAccount,
    RequestNotOpen,
)
from app.payments.desk.models import DeskAction, DeskItem, Kind
from app.payments.desk.states import Event, State, step
from app.payments.desk.wanted import Wish
from app.payments.ledger import operations as ledger
from app.payments.ledger.errors import Overdraft
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests.errors import MoneyBuiltUpon, RequestNotFound
from app.payments.requests.models import PaymentRequest, Settlement
from app.payments.requests.states import OPEN

LEDGER_PURPOSE = "desk_action"
SUBJECT = "desk_action"
MIN_REASON, MAX_REASON, MAX_REFERENCE = 3, 300, 60
MAX_PARTS = 20


def lock_key(idempotency_key: str) -> None:
    """Let two calls with one key wait for each other, before either holds any row."""
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(idempotency_key, 0)))
    )


def tidy_reason(text: str) -> str:
    """The reason in one form.

    Raises:
        BadAction: shorter than 3 or longer than 300 characters.
    """
    reason = tidy(text)
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        raise BadAction("reason", _("Viết lý do trong 3 đến 300 chữ."))
    return reason


def begin(
    item: DeskItem, wishes: Sequence[Wish], *, actor_id: UUID, idempotency_key: str, clock: Clock
) -> list[tuple[DeskAction, PaymentRequest | None]]:
    """Check every wish against the locked item and its request (locked here); the actions, not written yet.

    Raises:
        NotEnoughWaiting, BadAction, RequestNotFound, RequestNotOpen, NotTheirAccount, MoreThanMissing, NotTheSameMoney.
    """
    if not 1 <= len(wishes) <= MAX_PARTS or any(wish.amount_vnd <= 0 for wish in wishes):
        raise BadAction("amount_vnd", _("Ghi số tiền từ 1 đồng trở lên, tối đa %(max)d phần một lần.", max=MAX_PARTS))
    total_vnd = sum(wish.amount_vnd for wish in wishes)
    if total_vnd > item.waiting_vnd:
        raise NotEnoughWaiting(item.waiting_vnd)
    locked = _lock_requests([wish.request_code or "" for wish in wishes if wish.kind is Kind.ATTACH])
    alone_vnd = total_vnd + queries.done_alone_vnd(item.allocation_id, actor_id)
    notice = queries.notice_of(item)
    same.demand_whole(item, wishes)
    begun = []
    for position, wish in enumerate(wishes):
        request = locked[wish.request_code or ""] if wish.kind is Kind.ATTACH else None
        if request is not None:
            demand_fit(request, wish.amount_vnd, notice)
        if wish.kind is Kind.SAME_MONEY:
            same.demand_twin(notice)
        action = DeskAction(
            id=uuid7(),
            allocation_id=item.allocation_id,
            kind=wish.kind,
            amount_vnd=wish.amount_vnd,
            request_id=request.id if request else None,
            bank_reference=_reference(wish) if wish.kind is Kind.RETURN_TO_SENDER else None,
            credit_owner=wish.credit_owner,
            reason=tidy_reason(wish.reason),
            needs_approval=alone_vnd > FOUR_EYES_VND,
            state=State.PROPOSED,
            created_by=actor_id,
            created_at=clock.now(),
            idempotency_key=idempotency_key,
            position=position,
        )
        begun.append((action, request))
    return begun


def _reference(wish: Wish) -> str:
    reference = tidy(wish.bank_reference or "")
    if not 1 <= len(reference) <= MAX_REFERENCE:
        raise BadAction("bank_reference", _("Ghi mã giao dịch của lần chuyển trả, tối đa 60 chữ."))
    return reference


def _lock_requests(codes: Sequence[str]) -> dict[str, PaymentRequest]:
    if len(set(codes)) != len(codes):
        raise BadAction("request_code", _("Mỗi mã chỉ ghi một lần."))
    found = {request.code: request for request in queries.lock_requests(codes)}
    if found.keys() != set(codes):
        raise RequestNotFound()
    return found


def demand_fit(request: PaymentRequest, amount_vnd: int, notice: BankNotice) -> None:
    """The locked request wants this money, and the money lies where the payee can reach it.

    Raises:
        RequestNotOpen, NotTheirAccount, MoreThanMissing.
    """
    if request.status not in OPEN:
        raise RequestNotOpen(request.code, request.status)
    if request.settlement != Settlement.DIRECT or not queries.is_account_of(request.payee_id, notice):
        raise NotTheirAccount(request.code)
    if amount_vnd > request.missing_vnd:
        raise MoreThanMissing(request.code, request.missing_vnd)


def do(action: DeskAction, request: PaymentRequest | None, *, notice: BankNotice, clock: Clock) -> None:
    """Move the money of an action that may be done now, and note it."""
    transfer_id = uuid7()
    if action.credit_owner is not None:
        target = ledger.open_account(AccountKind.PAYER_CREDIT, action.credit_owner, clock=clock)
    else:
        target = ledger.open_account(AccountKind.OUTSIDE_BANK, notice.wire, clock=clock)
    suspense = ledger.open_account(AccountKind.SUSPENSE, notice.wire, clock=clock)
    if request is not None:
        requests.receive(
            request,
            transfer_id=transfer_id,
            from_account_id=suspense.id,
            amount_vnd=action.amount_vnd,
            event_at=notice.event_at,
            clock=clock,
        )
    else:
        out = ledger.NewTransfer(
            id=transfer_id,
            from_account_id=suspense.id,
            to_account_id=target.id,
            amount_vnd=action.amount_vnd,
            purpose=(LEDGER_PURPOSE, action.id),
            event_at=clock.now(),
        )
        ledger.post([out], clock=clock)
    if action.kind == Kind.SAME_MONEY:
        same.say(notice)
    action.state = step(State(action.state), Event.APPROVED)
    action.transfer_id = transfer_id
    action.done_at = clock.now()


def undo(action: DeskAction, request: PaymentRequest | None, *, clock: Clock) -> None:
    """Take the money of a done action back into suspense.

    Raises:
        MoneyBuiltUpon: something rests on it.
        CreditSpent: its payer has spent the credit.
    """
    moved, new_id = action.transfer_id, uuid7()
    assert moved is not None
    if request is None:
        try:
            ledger.reverse(moved, new_id=new_id, event_at=clock.now(), clock=clock)
        except Overdraft as error:
            raise CreditSpent() from error
    else:
        try:
            requests.take_back(request, transfer_id=moved, new_id=new_id, amount_vnd=action.amount_vnd, clock=clock)
        except Overdraft as error:
            raise MoneyBuiltUpon(request.code) from error
    if action.kind == Kind.SAME_MONEY:
        same.take_back(queries.notice_of_action(action.id))
    action.state = step(State(action.state), Event.TAKEN_BACK)
    action.undo_transfer_id = new_id


def undo_needs_another(action: DeskAction, *, actor_id: UUID) -> bool:
    """Whether this person alone may not take it back: two let it happen, or it is too much with what they took back."""
    alone_vnd = action.amount_vnd + queries.undone_alone_vnd(action.allocation_id, actor_id)
    return action.needs_approval or alone_vnd > FOUR_EYES_VND


def ask_undo(action: DeskAction, *, actor_id: UUID, reason: str, at: datetime) -> None:
    """Note who wants a done action taken back, and why; the money stays where it is."""
    action.undo_asked_by, action.undo_reason, action.undo_asked_at = actor_id, reason, at


def forget_undo(action: DeskAction) -> None:
    """The action stays done."""
    action.undo_asked_by = action.undo_reason = action.undo_asked_at = None


def close(action: DeskAction, *, actor_id: UUID, reason: str, at: datetime) -> None:
    """Note who rejected or undid it, and why."""
    action.closed_by = actor_id
    action.closed_reason = reason
    action.closed_at = at


def tell(action: DeskAction, what: str, *, actor: Actor, clock: Clock, reason: str = "") -> None:
    """Write the act into the audit record."""
    record(
        f"desk.{what}",
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=action.id,
        clock=clock,
        allocation_id=str(action.allocation_id),
        kind=action.kind,
        amount_vnd=action.amount_vnd,
        request_id=str(action.request_id) if action.request_id else None,
        reason=reason or action.reason,
    )
