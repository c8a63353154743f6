"""Use cases of card payments. The gateway is never called inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import seal_record
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.core.sweeps import ask_until_silent, in_batches
from app.payments.cards import holds, operations, queries
from app.payments.cards.errors import EventNotFound
from app.payments.cards.events import Told
from app.payments.cards.gateway import (
    KEY_LIFE,
    Gateway,
    GatewayRefused,
    GatewayUnknown,
    Intent,
    NewSession,
    SessionWord,
    UnreadableIntent,
)
from app.payments.cards.models import RAW_FIELD, CardEvent, CardPayment, EventOutcome, Way
from app.payments.cards.states import OVER, SET_ASIDE, State
from app.payments.requests import queries as request_queries
from app.payments.requests.states import OPEN

BATCH = 100
log = structlog.get_logger()


@dataclass(frozen=True)
class WaysBack:
    """Where the gateway's page sends the payer: after paying, and instead of it."""

    done_url: str
    back_url: str


def ensure_intent(request_id: UUID, *, gateway: Gateway, clock: Clock) -> str | None:
    """Have the gateway ready to take a card for this request; what the browser needs for it.

    Safe to repeat and in parallel: our row stands first and makes the idempotency key, so there is one intent.

    Returns:
        The client secret; None when no card can be taken, or the gateway gave no answer (ask again later).
    """
    return ensure_intents([request_id], gateway=gateway, clock=clock).get(request_id)


def ensure_intents(request_ids: Iterable[UUID], *, gateway: Gateway, clock: Clock) -> dict[UUID, str]:
    """`ensure_intent` for several requests; those that got no secret are left out.

    Once the gateway gave no answer it is not asked for the others: each would wait for ten seconds in vain.
    """
    ready: list[UUID] = []
    answers = True
    for request_id in request_ids:
        with transaction(actor=SYSTEM):
            payment = operations.begin(request_id, clock=clock)
        if payment is None:
            continue
        if payment.intent_id is None:
            answers = answers and catch_up(payment.id, gateway=gateway, clock=clock)
        ready.append(request_id)
    return queries.client_secrets(ready)


def ensure_page(request_id: UUID, *, ways_back: WaysBack, locale: str, gateway: Gateway, clock: Clock) -> str | None:
    """The address of the gateway's page on which this request can be paid, opened when there is none.

    Safe to repeat and in parallel: our row stands first and makes the idempotency key, so there is one page.

    Returns:
        None when no card can be taken, or the gateway gave no answer (ask again later).
    """
    _close_stale(request_id, gateway, clock)
    with transaction(actor=SYSTEM):
        payment = operations.begin(request_id, way=Way.CHECKOUT, clock=clock)
    if payment is None:
        return None
    if payment.session_id is None:
        _open_page(payment.id, ways_back, locale, gateway, clock)
    return queries.session_url(queries.get(payment.id))


def _close_stale(request_id: UUID, gateway: Gateway, clock: Clock) -> None:
    """Close what was opened for another sum than is missing by now."""
    request = request_queries.get(request_id)
    for payment in queries.all_for_request(request_id):
        if operations.is_stale(payment, request):
            catch_up(payment.id, gateway=gateway, clock=clock)


def capture(
    request_id: UUID, *, amount_vnd: int | None = None, actor: Actor, gateway: Gateway, clock: Clock
) -> CardPayment:
    """Take what is held for a request, or a part of it and let the rest go; the payment as the answer left it.

    A part leaves the request paid in part. Without an answer the payment is `capturing`, and the sweep asks on. Asking
    again for the same amount changes nothing.

    Args:
        amount_vnd: in đồng; None for all.

    Raises:
        NothingHeld, TooMuchToTake: as in `holds.ask_to_take`.
    """
    with transaction(actor=SYSTEM):
        payment_id = holds.ask_to_take(request_id, amount_vnd=amount_vnd, actor=actor, clock=clock)
    catch_up(payment_id, gateway=gateway, clock=clock)
    return queries.get(payment_id)


def release(request_id: UUID, *, actor: Actor, gateway: Gateway, clock: Clock) -> CardPayment:
    """Let go of what is held for a request; the payment as the answer left it. A repeat changes nothing.

    Raises:
        NothingHeld: as in `holds.ask_to_let_go`.
    """
    with transaction(actor=SYSTEM):
        payment_id = holds.ask_to_let_go(request_id, actor=actor, clock=clock)
    catch_up(payment_id, gateway=gateway, clock=clock)
    return queries.get(payment_id)


def catch_up_request(request_id: UUID, *, gateway: Gateway, clock: Clock) -> None:
    """Ask the gateway how the request's card payments stand, those that were begun."""
    for payment in queries.all_for_request(request_id):
        if payment.way == Way.CHECKOUT and payment.session_id is None:
            continue  # somebody may be opening it just now; the sweep looks later
        catch_up(payment.id, gateway=gateway, clock=clock)


def catch_up(payment_id: UUID, *, gateway: Gateway, clock: Clock) -> bool:
    """Ask the gateway about a payment that is not over, and write the answer down in a transaction of its own.

    An intent whose request is over is cancelled there, so that no card is charged in vain.

    Returns:
        Whether the gateway answered (also with a no), or nothing was left to ask.
    """
    with transaction(actor=SYSTEM):
        plan = _plan(payment_id, clock)
    if plan is None:
        return True
    try:
        word = _ask(plan, gateway)
    except GatewayUnknown as error:
        log.warning("card_gateway_unknown", payment_id=str(payment_id), reason=str(error))
        with transaction(actor=SYSTEM):
            operations.not_answered(payment_id, clock=clock)
        return False
    except (GatewayRefused, UnreadableIntent) as error:
        log.error("card_gateway_refused", payment_id=str(payment_id), reason=str(error))
        return True
    with transaction(actor=SYSTEM):
        if word is None:
            operations.never_made(payment_id, clock=clock)
        elif isinstance(word, SessionWord):
            operations.note_session(payment_id, word, clock=clock)
        else:
            operations.note_answer(payment_id, word, clock=clock)
    return True


def sweep(*, gateway: Gateway, clock: Clock) -> int:
    """Catch up with every payment left open by a time-out, a dead process or a request that ended; how many were asked.

    Stops at the first question the gateway leaves unanswered: it is down, and the next sweep is a minute away.
    """
    due = in_batches(lambda after: queries.unsettled_ids(after=after, limit=BATCH, clock=clock))
    return ask_until_silent(due, lambda payment_id: catch_up(payment_id, gateway=gateway, clock=clock))


def take_in(raw: bytes, told: Told, *, clock: Clock) -> UUID:
    """Store a verified event once and commit; its row's id, also when it came before."""
    values = {
        "id": uuid7(),
        "event_id": told.event_id,
        "type": told.type,
        "raw_enc": seal_record(RAW_FIELD, raw.decode()),
        "event_at": told.event_at,
        "received_at": clock.now(),
        "attempts": 0,
    }
    with transaction(actor=SYSTEM) as session:
        inserted = session.scalar(insert(CardEvent).values(values).on_conflict_do_nothing().returning(CardEvent.id))
        if inserted is not None:
            return UUID(str(inserted))
        return session.scalars(sa.select(CardEvent.id).where(CardEvent.event_id == told.event_id)).one()


def handle(event_row_id: UUID, *, clock: Clock, skip_locked: bool = False) -> EventOutcome | None:
    """Do what the event tells, once; a repeat answers what was done. None when somebody else is just at it."""
    with transaction(actor=SYSTEM):
        event = queries.claim_event(event_row_id, skip_locked=skip_locked)
        if event is None:
            return None
        if event.outcome is not None:
            return EventOutcome(event.outcome)
        outcome = operations.take_word(event, clock=clock)
        event.outcome, event.handled_at = outcome, clock.now()
        event.attempts, event.error = event.attempts + 1, None
    log.info("card_event_handled", card_event=str(event_row_id), outcome=outcome)
    return outcome


def try_to_handle(event_row_id: UUID, *, clock: Clock, skip_locked: bool = False) -> EventOutcome | None:
    """As `handle`, but a fault is noted and leaves the event in the inbox for the pump; None then."""
    try:
        return handle(event_row_id, clock=clock, skip_locked=skip_locked)
    except Exception as fault:
        log.error("card_event_left_for_the_pump", card_event=str(event_row_id), exc_info=fault)
        _note_fault(event_row_id, fault)
        return None


def try_again(event_row_id: UUID, *, actor: Actor, clock: Clock) -> EventOutcome | None:
    """As `try_to_handle`, because a person asked for it now; that they did is written down.

    Raises:
        EventNotFound: there is no such event.
    """
    with transaction():
        if queries.claim_event(event_row_id, skip_locked=False) is None:
            raise EventNotFound()
        record("cards.event_tried", actor=actor, subject_kind="card_event", subject_id=event_row_id, clock=clock)
    return try_to_handle(event_row_id, clock=clock)


def pump(*, clock: Clock) -> int:
    """Handle what is still in the inbox, oldest first; the number handled. One that fails does not hold up the rest."""
    waiting = in_batches(lambda after: queries.waiting_event_ids(after=after, limit=BATCH))
    return sum(try_to_handle(event_id, clock=clock, skip_locked=True) is not None for event_id in waiting)


@dataclass(frozen=True)
class _Plan:
    """What to ask the gateway about a payment."""

    payment_id: UUID
    way: Way
    state: State
    intent_id: str | None
    session_id: str | None
    code: str
    amount_vnd: int
    capture_later: bool
    capture_vnd: int
    made_at: datetime
    over: bool
    closed: bool
    key_is_fresh: bool


def _plan(payment_id: UUID, clock: Clock) -> _Plan | None:
    payment = queries.get(payment_id)
    if State(payment.status) in OVER:
        return None
    request = request_queries.get(payment.request_id)
    return _Plan(
        payment_id=payment.id,
        way=Way(payment.way),
        state=State(payment.status),
        intent_id=payment.intent_id,
        session_id=payment.session_id,
        code=request.code,
        amount_vnd=payment.amount_vnd,
        capture_later=payment.capture_later,
        capture_vnd=payment.capture_vnd or payment.amount_vnd,
        made_at=payment.created_at,
        over=operations.is_over(request, clock=clock)
        or _is_past(payment.held_until, clock)
        or operations.is_stale(payment, request),
        closed=request.status not in OPEN,
        key_is_fresh=clock.now() - payment.created_at < KEY_LIFE,
    )


def _is_past(moment: datetime | None, clock: Clock) -> bool:
    return moment is not None and moment <= clock.now()


def _ask(plan: _Plan, gateway: Gateway) -> Intent | SessionWord | None:
    if plan.state in SET_ASIDE:
        return _ask_held(plan, gateway)
    if plan.way is Way.CHECKOUT:
        return _ask_session(plan, gateway)
    if plan.intent_id is not None:
        return gateway.cancel(plan.intent_id) if plan.over else gateway.retrieve(plan.intent_id)
    found = None
    if plan.over or not plan.key_is_fresh:
        found = gateway.find(payment_id=plan.payment_id, made_at=plan.made_at)
    if found is None and not plan.over:
        return gateway.create(
            payment_id=plan.payment_id,
            code=plan.code,
            amount_vnd=plan.amount_vnd,
            capture_later=plan.capture_later,
        )
    return found


def _ask_session(plan: _Plan, gateway: Gateway) -> SessionWord | None:
    """A page is only opened for a payer who is there to pay on it; nobody else makes what was never made."""
    if plan.session_id is None:
        return gateway.sessions.find(payment_id=plan.payment_id, made_at=plan.made_at)
    return gateway.sessions.expire(plan.session_id) if plan.over else gateway.sessions.retrieve(plan.session_id)


def _ask_held(plan: _Plan, gateway: Gateway) -> Intent:
    """Take or let go, as was asked for; let go of what nobody took in time. Repeating either changes nothing.

    What was to be taken and was not, is let go once its request is closed: the payer would be charged for nothing.
    """
    intent_id = plan.intent_id or ""
    if plan.state is State.CAPTURING:
        intent = gateway.retrieve(intent_id)
        if intent.status != "requires_capture":
            return intent
        if plan.closed:
            return gateway.cancel(intent_id)
        return gateway.capture(intent_id, payment_id=plan.payment_id, amount_vnd=plan.capture_vnd)
    if plan.state is State.RELEASING or plan.over:
        return gateway.cancel(intent_id)
    return gateway.retrieve(intent_id)


def _open_page(payment_id: UUID, ways_back: WaysBack, locale: str, gateway: Gateway, clock: Clock) -> None:
    payment = queries.get(payment_id)
    request = request_queries.get(payment.request_id)
    if payment.session_until is None:
        raise LookupError(f"card payment {payment_id} is no checkout")
    new = NewSession(
        payment_id=payment.id,
        code=request.code,
        amount_vnd=payment.amount_vnd,
        label=request.label,
        success_url=ways_back.done_url,
        cancel_url=ways_back.back_url,
        until=payment.session_until,
        locale=locale,
        capture_later=payment.capture_later,
    )
    try:
        word = gateway.sessions.create(new)
    except GatewayUnknown as error:
        log.warning("card_page_unknown", payment_id=str(payment_id), reason=str(error))
        with transaction(actor=SYSTEM):
            operations.not_answered(payment_id, clock=clock)
        return
    except (GatewayRefused, UnreadableIntent) as error:
        log.error("card_page_refused", payment_id=str(payment_id), reason=str(error))
        return
    with transaction(actor=SYSTEM):
        operations.note_session(payment_id, word, clock=clock)


def _note_fault(event_row_id: UUID, fault: Exception) -> None:
    """Count the attempt; when even that fails (the database is away), the event still waits as it was stored."""
    try:
        db.session.rollback()
        with transaction(actor=SYSTEM):
            event = queries.claim_event(event_row_id, skip_locked=True)
            if event is not None and event.outcome is None:
                event.attempts, event.error = event.attempts + 1, type(fault).__name__
    except Exception as second:
        log.error("card_event_fault_not_noted", card_event=str(event_row_id), exc_info=second)
        db.session.rollback()
