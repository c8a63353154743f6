"""Rooms above that want to hear of kinds of events that move no card payment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.core.clock import Clock
from app.payments.cards.models import EventOutcome

# Takes the event's object, inside the transaction that handles it; may raise UnreadableIntent.
Listener = Callable[[Mapping[str, Any], Clock], EventOutcome]

_LISTENERS: dict[str, Listener] = {}


def listen(event_type: str, listener: Listener) -> None:
    """Name who hears of a type of event; called by the wiring of a room above."""
    _LISTENERS[event_type] = listener


def of(event_type: str) -> Listener | None:
    """Who hears of this type, if anybody."""
    return _LISTENERS.get(event_type)
