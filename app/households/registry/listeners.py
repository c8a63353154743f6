"""Who above hears when a household changes, so that shops and public pages follow; this floor does not know them.

The rooms above register when the application is built. They are called inside the transaction of the change: what they
do lands or falls with it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.core.clock import Clock


class What(StrEnum):
    """What happened to a household."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    MERGED = "merged"
    ERASED = "erased"
    CONSENT = "consent"
    MOVED = "moved"
    PHONE = "phone"
    ACCOUNT = "account"


class Listener(Protocol):
    """A room's side. Raising undoes the change."""

    def __call__(self, household_id: UUID, what: What, clock: Clock) -> None: ...


_listeners: list[Listener] = []


def on_household_changed(listener: Listener) -> None:
    """Have a room called at each change. Registering twice, as two applications in one process do, is the same."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(household_id: UUID, what: What, *, clock: Clock) -> None:
    """Call everybody who listens; needs the open transaction of the change, with its rows flushed."""
    for listener in _listeners:
        listener(household_id, what, clock)
