"""Steps of a card payment; each needs an open transaction.

Lock order: the event's row, the request's row, the card payment's row, then as `requests.operations` goes on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from app.core.clock import Clock
from app.core.crypto import seal_record, unseal_record
from app.core.database import require_transaction
from app.payments.cards import events, listeners, queries
from app.payments.cards.errors import UnreadableEvent
from app.payments.cards.gateway import Intent, UnreadableIntent, read_intent
from app.payments.cards.models import GATEWAY, RAW_FIELD, SECRET_FIELD, CardEvent, CardPayment, EventOutcome, Outcome
from app.payments.cards.states import Event, State, fits, step
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest
from app.payments.requests.states import OPEN

LEDGER_PURPOSE = "card_payment"
EVENT_KINDS = {events.SUCCEEDED: Event.CHARGED, events.DECLINED: Event.DECLINED, events.CANCELLED: Event.DROPPED}
STATUS_KINDS = {"succeeded": Event.CHARGED, "canceled": Event.DROPPED}
WITHOUT_MONEY = {
    Event.ANSWERED: EventOutcome.IGNORED,
    Event.DECLINED: EventOutcome.DECLINED,
    Event.DROPPED: EventOutcome.CANCELLED,
}


def is_over(request: PaymentRequest, *, clock: Clock) -> bool:
    """Whether no card should be taken for the request any more: it is closed, or its time has passed."""
    return request.status not in OPEN or request.expires_at <= clock.now()


def begin(request_id: UUID, *, clock: Clock) -> CardPayment | None:
    """The request's one card payment, made when there is none; None when a card cannot be taken for it."""
    request = request_queries.get(request_id, for_update=True)
    if request.method != Method.CARD or is_over(request, clock=clock):
        return None
    payment = queries.for_request(request_id)
    if payment is None:
        now = clock.now()
        payment = CardPayment(
            request_id=request.id,
            amount_vnd=request.missing_vnd,
            status=State.STARTING,
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
    if payment.intent_id is None and fits(State(payment.status), Event.DROPPED):
        _move(payment, Event.DROPPED, clock)


def note_answer(payment_id: UUID, intent: Intent, *, clock: Clock) -> None:
    """Write down what the gateway answered about our payment; a charged card moves the books."""
    if intent.status == "requires_payment_method" and intent.decline_code:
        kind = Event.DECLINED
    else:
        kind = STATUS_KINDS.get(intent.status, Event.ANSWERED)
    _apply(payment_id, kind, intent, event_at=intent.charged_at or clock.now(), clock=clock)


def note_settled(payment_ids: Collection[UUID], *, clock: Clock) -> None:
    """A payout of the gateway names these charges; told before changes nothing."""
    for payment in queries.not_settled(payment_ids):
        payment.settled_at = clock.now()
    require_transaction().flush()


def take_word(event: CardEvent, *, clock: Clock) -> EventOutcome:
    """Do what the locked event tells, once; word we have already, or that came too late, changes nothing."""
    kind = EVENT_KINDS.get(event.type)
    listener = listeners.of(event.type)
    if kind is None and listener is None:
        return EventOutcome.IGNORED
    try:
        about = events.subject(unseal_record(RAW_FIELD, event.raw_enc).encode())
        if kind is None:
            return listener(about, clock) if listener else EventOutcome.IGNORED
        intent = read_intent(about)
    except (UnreadableEvent, UnreadableIntent):
        return EventOutcome.UNREADABLE
    if kind is Event.CHARGED and intent.status != "succeeded":
        return EventOutcome.UNREADABLE
    found = queries.find_for_intent(intent.id, intent.payment_id)
    if found is None:
        return EventOutcome.UNKNOWN_INTENT
    outcome = _apply(found.id, kind, intent, event_at=event.event_at, clock=clock)
    event.payment_id = found.id  # only now: its foreign key locks the payment's row, and the request's comes first
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
    if not fits(State(payment.status), kind):
        return EventOutcome.STALE
    payment.intent_id = intent.id
    if intent.client_secret:
        payment.client_secret_enc = seal_record(SECRET_FIELD, intent.client_secret)
    payment.decline_code = intent.decline_code if kind is Event.DECLINED else None
    _move(payment, kind, clock)
    if kind in WITHOUT_MONEY:
        require_transaction().flush()
        return WITHOUT_MONEY[kind]
    return EventOutcome(_book(payment, request, intent.received_vnd, min(event_at, clock.now()), clock))


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
    exact = verdict.outcome is requests.Outcome.MATCHED and received_vnd == payment.amount_vnd
    return Outcome.MATCHED if exact else Outcome.AMOUNT_MISMATCH
