"""Steps of a card payment; each needs an open transaction.

Lock order: the event's row, the request's row, the card payment's row, then as `requests.operations` goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.crypto import seal_record, unseal_record
from app.core.database import require_transaction
from app.payments.cards import events, listeners, queries, rooms
from app.payments.cards.errors import UnreadableEvent
from app.payments.cards.gateway import Intent, SessionWord, UnreadableIntent, read_intent
from app.payments.cards.models import (
    GATEWAY,
    RAW_FIELD,
    SECRET_FIELD,
    URL_FIELD,
    CardEvent,
    CardPayment,
    EventOutcome,
    Outcome,
    Way,
)
from app.payments.cards.sessions import read_session
from app.payments.cards.states import SET_ASIDE, Event, State, fits, step
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest
from app.payments.requests.states import OPEN

LEDGER_PURPOSE = "card_payment"
EVENT_KINDS = {
    events.SUCCEEDED: Event.CHARGED,
    events.DECLINED: Event.DECLINED,
    events.CANCELLED: Event.DROPPED,
    events.HELD: Event.SET_ASIDE,
}
STATUS_KINDS = {"succeeded": Event.CHARGED, "canceled": Event.DROPPED, "requires_capture": Event.SET_ASIDE}
# What an event must find, to be what it says.
STATUS_OF = {Event.CHARGED: "succeeded", Event.SET_ASIDE: "requires_capture"}
# How long a card's bank keeps money aside. Source: Stripe's guide to later capture, for cards paid online.
HOLD = timedelta(days=7)
# The gateway wants a page to be open for 30 minutes to 24 hours; it may be told of ours a little late.
SHORTEST_PAGE, LONGEST_PAGE = timedelta(minutes=45), timedelta(hours=23)
WITHOUT_MONEY = {
    Event.ANSWERED: EventOutcome.IGNORED,
    Event.DECLINED: EventOutcome.DECLINED,
    Event.DROPPED: EventOutcome.CANCELLED,
    Event.SET_ASIDE: EventOutcome.HELD,
}


def is_over(request: PaymentRequest, *, clock: Clock) -> bool:
    """Whether no card should be taken for the request any more: it is closed, or its time has passed."""
    return request.status not in OPEN or request.expires_at <= clock.now()


def begin(request_id: UUID, *, clock: Clock, way: Way = Way.INTENT) -> CardPayment | None:
    """The request's card payment by intent, or its open one by checkout, made when there is none.

    None when a card cannot be taken for it: also while the money of one is held, so that a payer is not held twice,
    and while a page is open for another sum than is missing.
    """
    request = request_queries.get(request_id, for_update=True)
    if request.method != Method.CARD or is_over(request, clock=clock):
        return None
    payments = queries.all_for_request(request_id)
    if any(payment.status in SET_ASIDE for payment in payments):
        return None
    for payment in payments:
        if payment.way == way and (way is Way.INTENT or payment.status in queries.OPEN_PAGE):
            return None if way is Way.CHECKOUT and is_stale(payment, request) else payment
    return _new(request, way, clock)


def is_stale(payment: CardPayment, request: PaymentRequest) -> bool:
    """Whether a card not tried yet would be charged another sum than is missing, since part came from another card."""
    return payment.status in queries.OPEN_PAGE and payment.amount_vnd != request.missing_vnd


def _new(request: PaymentRequest, way: Way, clock: Clock) -> CardPayment:
    now = clock.now()
    until = min(max(request.expires_at, now + SHORTEST_PAGE), now + LONGEST_PAGE)
    payment = CardPayment(
        request_id=request.id,
        amount_vnd=request.missing_vnd,
        status=State.STARTING,
        way=way,
        session_until=until if way is Way.CHECKOUT else None,
        capture_later=rooms.captures_later(request),
        created_at=now,
        updated_at=now,
    )
    session = require_transaction()
    session.add(payment)
    session.flush()
    return payment


def not_answered(payment_id: UUID, *, clock: Clock) -> None:
    """Note that the gateway may or may not have made an intent."""
    payment = _lock(payment_id)[1]
    if fits(State(payment.status), Event.NOT_ANSWERED):
        _move(payment, Event.NOT_ANSWERED, clock)


def never_made(payment_id: UUID, *, clock: Clock) -> None:
    """Give up a payment that the gateway knows nothing of."""
    payment = _lock(payment_id)[1]
    if payment.intent_id is None and payment.session_id is None and fits(State(payment.status), Event.DROPPED):
        _move(payment, Event.DROPPED, clock)


def note_answer(payment_id: UUID, intent: Intent, *, clock: Clock) -> None:
    """Write down what the gateway answered about our payment; a charged card moves the books."""
    _apply(payment_id, _kind_of(intent), intent, event_at=intent.charged_at or clock.now(), clock=clock)


def note_session(
    payment_id: UUID, word: SessionWord, *, event_at: datetime | None = None, clock: Clock
) -> EventOutcome:
    """Write down what the gateway said of the page that our payment is made on; a charged card moves the books.

    Args:
        event_at: when that happened, where an event told it.
    """
    payment = _lock(payment_id)[1]
    if payment.way != Way.CHECKOUT or payment.session_id not in (None, word.id):
        return EventOutcome.UNKNOWN_INTENT
    payment.session_id = word.id
    payment.session_url_enc = seal_record(URL_FIELD, word.url) if word.url else None
    intent = word.intent
    if intent is None and word.is_paid and word.intent_id:
        intent = Intent(word.intent_id, "succeeded", word.amount_vnd, word.amount_vnd)
    require_transaction().flush()
    at = event_at or clock.now()
    if intent is not None and (kind := _kind_of(intent)) is not Event.ANSWERED:
        return _apply(payment.id, kind, intent, event_at=intent.charged_at or at, clock=clock)
    kind = Event.DROPPED if word.status == "expired" else Event.ANSWERED
    if not fits(State(payment.status), kind):
        return EventOutcome.STALE
    if word.intent_id and payment.intent_id is None:
        payment.intent_id = word.intent_id
    _move(payment, kind, clock)
    require_transaction().flush()
    return WITHOUT_MONEY[kind]


def _kind_of(intent: Intent) -> Event:
    if intent.status == "requires_payment_method" and intent.decline_code:
        return Event.DECLINED
    return STATUS_KINDS.get(intent.status, Event.ANSWERED)


def note_settled(payment_ids: Collection[UUID], *, clock: Clock) -> None:
    """A payout of the gateway names these charges; told before changes nothing."""
    for payment in queries.not_settled(payment_ids):
        payment.settled_at = clock.now()
    require_transaction().flush()


def take_word(event: CardEvent, *, clock: Clock) -> EventOutcome:
    """Do what the locked event tells, once; word we have already, or that came too late, changes nothing."""
    if event.type in events.SESSIONS:
        return _take_session_word(event, clock)
    kind = EVENT_KINDS.get(event.type)
    listener = listeners.of(event.type)
    if kind is None and listener is None:
        return EventOutcome.IGNORED
    try:
        about = events.subject(unseal_record(RAW_FIELD, event.raw_enc).encode())
        if kind is None:
            return listener(about, clock) if listener else EventOutcome.IGNORED
        intent = _intent_of(about, kind)
    except (UnreadableEvent, UnreadableIntent):
        return EventOutcome.UNREADABLE
    found = queries.find_for_intent(intent.id, intent.payment_id)
    if found is None:
        return EventOutcome.UNKNOWN_INTENT
    outcome = _apply(found.id, kind, intent, event_at=event.event_at, clock=clock)
    event.payment_id = found.id  # only now: its foreign key locks the payment's row, and the request's comes first
    return outcome


def _intent_of(about: Mapping[str, Any], kind: Event) -> Intent:
    intent = read_intent(about)
    if STATUS_OF.get(kind, intent.status) != intent.status:
        raise UnreadableIntent("status")
    return intent


def _take_session_word(event: CardEvent, clock: Clock) -> EventOutcome:
    try:
        word = read_session(events.subject(unseal_record(RAW_FIELD, event.raw_enc).encode()))
    except (UnreadableEvent, UnreadableIntent):
        return EventOutcome.UNREADABLE
    found = queries.find_for_session(word.id, word.payment_id)
    if found is None:
        return EventOutcome.UNKNOWN_INTENT
    outcome = note_session(found.id, word, event_at=event.event_at, clock=clock)
    event.payment_id = found.id  # after the request's row was locked, as above
    return outcome


def _lock(payment_id: UUID) -> tuple[PaymentRequest, CardPayment]:
    request = request_queries.get(queries.get(payment_id).request_id, for_update=True)
    return request, queries.get(payment_id, for_update=True)


def _move(payment: CardPayment, kind: Event, clock: Clock) -> None:
    payment.status = step(State(payment.status), kind)
    payment.updated_at = clock.now()


def _apply(payment_id: UUID, kind: Event, intent: Intent, *, event_at: datetime, clock: Clock) -> EventOutcome:
    request, payment = _lock(payment_id)
    if payment.intent_id not in (None, intent.id):
        return EventOutcome.UNKNOWN_INTENT
    if not fits(State(payment.status), kind) or (kind is Event.SET_ASIDE and _was_dropped(payment)):
        return EventOutcome.STALE
    was = State(payment.status)
    payment.intent_id = intent.id
    if kind is Event.SET_ASIDE:
        payment.held_at = min(event_at, clock.now())
        payment.held_until = payment.held_at + HOLD
    if intent.client_secret and payment.way == Way.INTENT:
        payment.client_secret_enc = seal_record(SECRET_FIELD, intent.client_secret)
    payment.decline_code = intent.decline_code if kind is Event.DECLINED else None
    _move(payment, kind, clock)
    if kind in WITHOUT_MONEY:
        require_transaction().flush()
        if kind is Event.SET_ASIDE:
            rooms.held(request, clock=clock)
        elif kind is Event.DROPPED and was in SET_ASIDE:
            rooms.let_go(request, clock=clock)
        return WITHOUT_MONEY[kind]
    # The payer paid when the money was set aside, whenever it is taken.
    charged_at = payment.held_at or min(event_at, clock.now())
    return EventOutcome(_book(payment, request, intent.received_vnd, charged_at, clock))


def _was_dropped(payment: CardPayment) -> bool:
    """Whether the gateway itself gave the intent up, which is final: word that its money is held came late."""
    knew = payment.held_at is not None or (payment.way == Way.INTENT and payment.intent_id is not None)
    return knew and payment.status == State.CANCELLED


def _book(
    payment: CardPayment, request: PaymentRequest, received_vnd: int, charged_at: datetime, clock: Clock
) -> Outcome:
    """Give the card's money to the request, exact to the đồng; else to suspense, whole."""
    outcome = _judge(payment, request, received_vnd, charged_at)
    payment.received_vnd, payment.charged_at, payment.outcome = received_vnd, charged_at, outcome
    outside = ledger.open_account(AccountKind.OUTSIDE_CARD, GATEWAY, clock=clock)
    if outcome is Outcome.MATCHED:
        requests.receive(
            request,
            transfer_id=payment.id,
            from_account_id=outside.id,
            amount_vnd=received_vnd,
            event_at=charged_at,
            clock=clock,
        )
        return outcome
    suspense = ledger.open_account(AccountKind.SUSPENSE, GATEWAY, clock=clock)
    transfer = ledger.NewTransfer(
        id=payment.id,
        from_account_id=outside.id,
        to_account_id=suspense.id,
        amount_vnd=received_vnd,
        purpose=(LEDGER_PURPOSE, payment.id),
        event_at=charged_at,
    )
    ledger.post([transfer], clock=clock)
    return outcome


def _judge(payment: CardPayment, request: PaymentRequest, received_vnd: int, charged_at: datetime) -> Outcome:
    verdict = requests.judge(request, amount_vnd=received_vnd, event_at=charged_at)
    if verdict.outcome is requests.Outcome.DUPLICATE:
        return Outcome.DUPLICATE
    if verdict.outcome is requests.Outcome.LATE:
        return Outcome.LATE
    asked_vnd = payment.capture_vnd or payment.amount_vnd
    is_part = payment.capture_vnd is not None and verdict.outcome is requests.Outcome.UNDERPAID
    exact = (verdict.outcome is requests.Outcome.MATCHED or is_part) and received_vnd == asked_vnd
    return Outcome.MATCHED if exact else Outcome.AMOUNT_MISMATCH
