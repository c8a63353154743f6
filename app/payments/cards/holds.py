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
from app.payments.cards.states import SET_ASIDE, Event, State, step
from app.payments.requests import queries as requests

SUBJECT = "card_payment"


def ask_to_take(request_id: UUID, *, amount_vnd: int | None, actor: Actor, clock: Clock) -> UUID:
    """Write down that what is held for a request, or a part of it, is to be taken; its payment's id.

    Asking again for the same amount changes nothing.

    Args:
        amount_vnd: in đồng; None for all.

    Raises:
        NothingHeld: nothing is held any more, or its request is over.
        TooMuchToTake: less than that is held.
    """
    request = requests.get(request_id, for_update=True)
    payment = _set_aside(request_id, State.CAPTURING, State.SUCCEEDED)
    wanted_vnd = payment.amount_vnd if amount_vnd is None else amount_vnd
    if payment.status in (State.CAPTURING, State.SUCCEEDED):
        if payment.capture_vnd != wanted_vnd:
            raise NothingHeld()
        return payment.id
    if operations.is_over(request, clock=clock):
        raise NothingHeld()
    if not 0 < wanted_vnd <= payment.amount_vnd:
        raise TooMuchToTake(payment.amount_vnd)
    payment.capture_vnd = wanted_vnd
    _move(payment, Event.CAPTURE_ASKED, "card_capture_asked", actor, clock)
    return payment.id


def ask_to_let_go(request_id: UUID, *, actor: Actor, clock: Clock) -> UUID:
    """Write down that what is held for a request is to be let go; its payment's id. A repeat changes nothing.

    Raises:
        NothingHeld: nothing is held, or it was taken.
    """
    requests.get(request_id, for_update=True)
    payment = _set_aside(request_id, State.RELEASING, State.CANCELLED)
    if payment.status == State.HELD:
        _move(payment, Event.RELEASE_ASKED, "card_release_asked", actor, clock)
    return payment.id


def _set_aside(request_id: UUID, *also: State) -> CardPayment:
    """The request's payment that is held, or that was and is now in one of those states; its row is locked."""
    for payment in queries.all_for_request(request_id):
        state = State(payment.status)
        if payment.held_at is not None and (state is State.HELD or state in also):
            return queries.get(payment.id, for_update=True)
    raise NothingHeld()


def _move(payment: CardPayment, event: Event, action: str, actor: Actor, clock: Clock) -> None:
    payment.status, payment.updated_at = step(State(payment.status), event), clock.now()
    require_transaction().flush()
    audit.record(
        action, actor=actor, subject_kind=SUBJECT, subject_id=payment.id, clock=clock, amount_vnd=payment.capture_vnd
    )


def is_held(request_id: UUID) -> bool:
    """Whether a card's money is set aside for the request now."""
    return any(payment.status in SET_ASIDE for payment in queries.all_for_request(request_id))
