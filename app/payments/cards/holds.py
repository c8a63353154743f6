"""Asking to take, or to let go of, money that a card's bank has set aside; each needs an open transaction.

`services.capture` and `services.release` ask and go to the gateway; a room above may ask inside its own transaction and
leave the rest to the sweep.
"""

from __future__ import annotations

from uuid import UUID

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import require_transaction
from app.payments.cards import operations, queries
from app.payments.cards.errors import NothingHeld, TooMuchToTake
from app.payments.cards.models import CardPayment
from app.payments.cards.states import Event, State, step
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from app.payments.requests.states import State as RequestState

SUBJECT = "card_payment"


def ask_to_take(request_id: UUID, *, amount_vnd: int | None, actor: Actor, clock: Clock) -> UUID:
    """Write down that what is held for a request, or a part of it, is to be taken; its payment's id.

    Asking again for the same amount changes nothing. A second card that is held too is only taken for what the first
    left missing, and never while the gateway owes an answer about the first.

    Args:
        amount_vnd: in đồng; None for all that is missing.

    Raises:
        NothingHeld: nothing is held any more, or its request is over.
        TooMuchToTake: less than that is held, or missing.
    """
    request = requests.get(request_id, for_update=True)
    over = operations.is_over(request, clock=clock)
    payment = _set_aside(request_id, State.CAPTURING, *(() if over else (State.HELD,)), State.SUCCEEDED)
    if payment.status in (State.CAPTURING, State.SUCCEEDED):
        if payment.capture_vnd != (_whole_vnd(request, payment) if amount_vnd is None else amount_vnd):
            raise NothingHeld()
        return payment.id
    most_vnd = min(payment.amount_vnd, request.missing_vnd)
    wanted_vnd = most_vnd if amount_vnd is None else amount_vnd
    if not 0 < wanted_vnd <= most_vnd:
        raise TooMuchToTake(most_vnd)
    payment.capture_vnd = wanted_vnd
    _move(payment, Event.CAPTURE_ASKED, "card_capture_asked", actor, clock)
    return payment.id


def ask_to_let_go(request_id: UUID, *, actor: Actor, clock: Clock) -> UUID:
    """Write down that what is held for a request is to be let go; its payment's id. A repeat changes nothing.

    Raises:
        NothingHeld: nothing is held, or it was taken.
    """
    requests.get(request_id, for_update=True)
    payment = _set_aside(request_id, State.HELD, State.RELEASING, State.CANCELLED)
    if payment.status == State.HELD:
        _move(payment, Event.RELEASE_ASKED, "card_release_asked", actor, clock)
    return payment.id


def _whole_vnd(request: PaymentRequest, payment: CardPayment) -> int | None:
    """What "all" meant when it was asked for, of a payment that is being taken or was."""
    if payment.status == State.SUCCEEDED:
        return payment.capture_vnd if request.status == RequestState.PAID else payment.amount_vnd
    return min(payment.amount_vnd, request.missing_vnd)


def _set_aside(request_id: UUID, *states: State) -> CardPayment:
    """The request's payment that is or was held and is in the first of these states that one is in; its row is locked.

    Raises:
        NothingHeld: none is in any of them.
    """
    held = [payment for payment in queries.all_for_request(request_id) if payment.held_at is not None]
    for state in states:
        for payment in held:
            if payment.status == state:
                return queries.get(payment.id, for_update=True)
    raise NothingHeld()


def _move(payment: CardPayment, event: Event, action: str, actor: Actor, clock: Clock) -> None:
    payment.status, payment.updated_at = step(State(payment.status), event), clock.now()
    require_transaction().flush()
    audit.record(
        action, actor=actor, subject_kind=SUBJECT, subject_id=payment.id, clock=clock, amount_vnd=payment.capture_vnd
    )
