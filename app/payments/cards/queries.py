"""Reads of card payments, of the events' inbox, and of what waits in suspense."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.crypto import unseal_record
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.cards.models import (
    SECRET_FIELD,
    URL_FIELD,
    CardEvent,
    CardPayment,
    CardReturn,
    Outcome,
    ReturnStatus,
    Way,
)
from app.payments.cards.states import SET_ASIDE, UNASKED, State
from app.payments.requests.models import PaymentRequest
from app.payments.requests.states import OPEN

# An answer may still be on its way to whoever asked; only then does the sweep ask again.
PATIENCE = timedelta(seconds=60)
PAYABLE = frozenset({State.WAITING, State.FAILED})
OPEN_PAGE = PAYABLE | UNASKED
IN_SUSPENSE = sa.and_(CardPayment.outcome != Outcome.MATCHED, CardPayment.returned_vnd < CardPayment.received_vnd)
MISSING_VND = PaymentRequest.amount_vnd - PaymentRequest.paid_vnd
SUSPENSE_VND = CardPayment.received_vnd - CardPayment.returned_vnd


@dataclass(frozen=True)
class CardSuspenseItem:
    """Money of a charged card that waits for a person: what did not go back yet. `asked_vnd` is what was wanted."""

    payment_id: UUID
    outcome: str
    amount_vnd: int
    asked_vnd: int
    intent_id: str
    request_code: str
    event_at: datetime


def get(payment_id: UUID, *, for_update: bool = False) -> CardPayment:
    """A card payment by id, as it is now."""
    return db.session.get_one(CardPayment, payment_id, with_for_update=for_update or None, populate_existing=True)


def all_for_request(request_id: UUID) -> list[CardPayment]:
    """The card payments of a request, as they are now, oldest first."""
    wanted = sa.select(CardPayment).where(CardPayment.request_id == request_id).order_by(CardPayment.id)
    return list(db.session.scalars(wanted, execution_options={"populate_existing": True}))


def for_request(request_id: UUID) -> CardPayment | None:
    """The card payment of a request that says most: what paid it, else is held, else is by intent, else the newest."""
    payments = all_for_request(request_id)
    return max(payments, key=_weight, default=None)


def held_until(request_id: UUID) -> datetime | None:
    """Until when a card's money is set aside for the request; None when none is, also when one was charged before."""
    return max(
        (one.held_until for one in all_for_request(request_id) if one.status in SET_ASIDE and one.held_until),
        default=None,
    )


def _weight(payment: CardPayment) -> tuple[bool, bool, bool, int]:
    state = State(payment.status)
    return (payment.outcome == Outcome.MATCHED, state in SET_ASIDE, payment.way == Way.INTENT, payment.id.int)


def session_url(payment: CardPayment) -> str | None:
    """The address of the gateway's page for this payment, while it is open."""
    return unseal_record(URL_FIELD, payment.session_url_enc) if payment.session_url_enc else None


def find_for_intent(intent_id: str, payment_id: UUID | None) -> CardPayment | None:
    """The payment of this intent; or the one its metadata names, whose intent we may not have written down yet."""
    known = db.session.scalar(sa.select(CardPayment).where(CardPayment.intent_id == intent_id))
    if known is not None or payment_id is None:
        return known
    return db.session.get(CardPayment, payment_id)


def find_for_session(session_id: str, payment_id: UUID | None) -> CardPayment | None:
    """The payment of this session; or the one its metadata names, whose session we may not have written down yet."""
    known = db.session.scalar(sa.select(CardPayment).where(CardPayment.session_id == session_id))
    if known is not None or payment_id is None:
        return known
    return db.session.get(CardPayment, payment_id)


def return_of(gateway_refund_id: str) -> CardReturn | None:
    """What we wrote down of this refund at the gateway that nobody asked for here."""
    return db.session.scalar(sa.select(CardReturn).where(CardReturn.gateway_refund_id == gateway_refund_id))


def by_intents(intent_ids: Collection[str]) -> dict[str, CardPayment]:
    """Payments by the gateway's names of their intents, as they are now."""
    if not intent_ids:
        return {}
    wanted = sa.select(CardPayment).where(CardPayment.intent_id.in_(intent_ids))
    found = db.session.scalars(wanted, execution_options={"populate_existing": True})
    return {payment.intent_id: payment for payment in found if payment.intent_id}


def not_settled(payment_ids: Collection[UUID]) -> list[CardPayment]:
    """Those of these payments that no payout named yet, locked in sorted order."""
    if not payment_ids:
        return []
    wanted = sa.select(CardPayment).where(CardPayment.id.in_(payment_ids), CardPayment.settled_at.is_(None))
    locked = wanted.order_by(CardPayment.id).with_for_update()
    return list(db.session.scalars(locked, execution_options={"populate_existing": True}))


def returns_by_name(gateway_refund_ids: Collection[str]) -> dict[str, CardReturn]:
    """What we wrote down of these refunds at the gateway that nobody asked for here."""
    if not gateway_refund_ids:
        return {}
    found = db.session.scalars(sa.select(CardReturn).where(CardReturn.gateway_refund_id.in_(gateway_refund_ids)))
    return {made.gateway_refund_id: made for made in found}


def client_secret(request_id: UUID) -> str | None:
    """What a browser needs to pay this request by card; None when it cannot be paid so (or not yet)."""
    return client_secrets([request_id]).get(request_id)


def client_secrets(request_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The client secrets of those requests that can be paid by card now, in one query."""
    wanted = list(request_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        sa.select(CardPayment.request_id, CardPayment.client_secret_enc)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(
            CardPayment.request_id.in_(wanted),
            CardPayment.way == Way.INTENT,
            CardPayment.status.in_(PAYABLE),
            CardPayment.amount_vnd == MISSING_VND,
            PaymentRequest.status.in_(OPEN),
        )
    )
    return {request_id: unseal_record(SECRET_FIELD, sealed) for request_id, sealed in rows if sealed}


def unsettled_ids(*, after: UUID | None, limit: int, clock: Clock) -> list[UUID]:
    """Payments to ask the gateway about: never answered, of another sum than is missing by now, or still payable or
    held though their time is over."""
    now = clock.now()
    over = sa.or_(PaymentRequest.status.not_in(OPEN), PaymentRequest.expires_at <= now)
    asked = CardPayment.status.in_(UNASKED | {State.CAPTURING, State.RELEASING})
    stale = CardPayment.amount_vnd != MISSING_VND
    unanswered = sa.and_(asked, CardPayment.updated_at <= now - PATIENCE)
    page_closed = sa.and_(CardPayment.status.in_(PAYABLE), CardPayment.session_until <= now)
    held = sa.and_(CardPayment.status == State.HELD, sa.or_(over, CardPayment.held_until <= now))
    statement = (
        sa.select(CardPayment.id)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(sa.or_(unanswered, page_closed, held, sa.and_(CardPayment.status.in_(PAYABLE), sa.or_(over, stale))))
        .order_by(CardPayment.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(CardPayment.id > after)
    return list(db.session.scalars(statement))


def claim_event(event_id: UUID, *, skip_locked: bool) -> CardEvent | None:
    """The event under lock; None when `skip_locked` and somebody else is at it."""
    return db.session.scalar(
        sa.select(CardEvent).where(CardEvent.id == event_id).with_for_update(skip_locked=skip_locked),
        execution_options={"populate_existing": True},
    )


def waiting_event_ids(*, after: UUID | None, limit: int) -> list[UUID]:
    """Events not handled yet, oldest first."""
    statement = sa.select(CardEvent.id).where(CardEvent.handled_at.is_(None))
    if after is not None:
        statement = statement.where(CardEvent.id > after)
    return list(db.session.scalars(statement.order_by(CardEvent.id).limit(limit)))


def in_suspense(*, cursor: str | None = None, limit: int = 20) -> Page[CardSuspenseItem]:
    """Charged cards whose money waits in suspense, newest first."""
    statement = (
        sa.select(CardPayment, PaymentRequest.code)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(IN_SUSPENSE)
        .order_by(CardPayment.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        statement = statement.where(CardPayment.id < decode_uuid_cursor(cursor))
    rows = db.session.execute(statement).all()
    items = [_item(payment, code) for payment, code in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].payment_id)) if len(rows) > limit else None)


def in_suspense_vnd() -> int:
    """How much card money waits in suspense, in đồng."""
    total = db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(SUSPENSE_VND), 0)).where(IN_SUSPENSE))
    return int(total or 0)


def _item(payment: CardPayment, code: str) -> CardSuspenseItem:
    return CardSuspenseItem(
        payment_id=payment.id,
        outcome=payment.outcome or "",
        amount_vnd=payment.suspense_vnd,
        asked_vnd=payment.amount_vnd,
        intent_id=payment.intent_id or "",
        request_code=code,
        event_at=payment.charged_at or payment.created_at,
    )


def held_long(before: datetime, *, limit: int) -> Queue:
    """Cards whose money is set aside since before then and was neither taken nor let go, oldest first."""
    return oldest(
        CardPayment.id,
        PaymentRequest.code,
        CardPayment.amount_vnd,
        CardPayment.held_at,
        where=sa.select(CardPayment)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(CardPayment.status.in_(SET_ASIDE), CardPayment.held_at < before),
        limit=limit,
    )


def never_answered(before: datetime, *, limit: int) -> Queue:
    """Payments begun before then of which the gateway has said nothing, oldest first.

    `created_at`, because each question to the gateway moves `updated_at`.
    """
    return oldest(
        CardPayment.id,
        PaymentRequest.code,
        CardPayment.amount_vnd,
        CardPayment.created_at,
        where=sa.select(CardPayment)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(CardPayment.status.in_(UNASKED), CardPayment.created_at < before),
        limit=limit,
    )


def stray(before: datetime, *, limit: int) -> Queue:
    """Cards charged before then whose money is in suspense, oldest first."""
    return oldest(
        CardPayment.id,
        PaymentRequest.code,
        SUSPENSE_VND,
        CardPayment.charged_at,
        where=sa.select(CardPayment)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(IN_SUSPENSE, CardPayment.charged_at < before),
        limit=limit,
    )


def unexplained_returns(*, limit: int) -> Queue:
    """Refunds of payments that their payees have, made on the gateway's own pages, oldest first."""
    return oldest(
        CardReturn.id,
        PaymentRequest.code,
        CardReturn.amount_vnd,
        CardReturn.created_at,
        where=sa.select(CardReturn)
        .join(CardPayment, CardPayment.id == CardReturn.payment_id)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(CardReturn.status == ReturnStatus.UNEXPLAINED),
        limit=limit,
    )


def unexplained_vnd(request_id: UUID) -> int:
    """How much of a request's payment the gateway gave back though nobody asked for it here, in đồng."""
    total = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(CardReturn.amount_vnd), 0))
        .join(CardPayment, CardPayment.id == CardReturn.payment_id)
        .where(CardPayment.request_id == request_id, CardReturn.status == ReturnStatus.UNEXPLAINED)
    )
    return int(total or 0)


def unhandled_events(before: datetime, *, limit: int) -> Queue:
    """Events that came before then and are not handled, oldest first."""
    return oldest(
        CardEvent.id,
        CardEvent.event_id,
        sa.null(),
        CardEvent.received_at,
        where=sa.select(CardEvent).where(CardEvent.handled_at.is_(None), CardEvent.received_at < before),
        limit=limit,
        tried=CardEvent.attempts,
    )
