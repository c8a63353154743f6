"""What a room that collects money may add to its handler about cards; see `requests.purposes` for the rest of it.

A room that wants to confirm first asks for payment with an `expires_at` days ahead: what is held is let go when the
request's time is over. It then calls `services.capture` or
`services.release`, or inside its own transaction `holds.ask_to_take` or `holds.ask_to_let_go`.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from app.core.clock import Clock
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import handler_of


@runtime_checkable
class CapturesLater(Protocol):
    """A handler that may want a card's money only set aside, until its side confirms."""

    def captures_later(self, request: PaymentRequest) -> bool:
        """Whether this request's card is to be charged later."""
        ...


@runtime_checkable
class HearsOfHolds(Protocol):
    """A handler that wants to know; told inside the transaction that wrote it down. Being paid comes as `on_paid`."""

    def on_held(self, request: PaymentRequest, *, clock: Clock) -> None:
        """The card's money is set aside: now confirm, or let go."""
        ...

    def on_let_go(self, request: PaymentRequest, *, clock: Clock) -> None:
        """It is not set aside any more, and was not taken."""
        ...


def captures_later(request: PaymentRequest) -> bool:
    """Whether the card of this request is to be charged later; no, unless its room says so."""
    handler = handler_of(request)
    return isinstance(handler, CapturesLater) and handler.captures_later(request)


def held(request: PaymentRequest, *, clock: Clock) -> None:
    """Tell the room, if it wants to know."""
    handler = handler_of(request)
    if isinstance(handler, HearsOfHolds):
        handler.on_held(request, clock=clock)


def let_go(request: PaymentRequest, *, clock: Clock) -> None:
    """Tell the room, if it wants to know."""
    handler = handler_of(request)
    if isinstance(handler, HearsOfHolds):
        handler.on_let_go(request, clock=clock)
