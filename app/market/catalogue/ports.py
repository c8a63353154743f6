"""What rooms beside show a seller above their shop. They register when the application is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.clock import Clock


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the seller's word."""

    title: str
    body: str
    href: str


Ask = Callable[[UUID, Clock], Sequence[Waiting]]

_asked: list[Ask] = []


def show_waiting(ask: Ask) -> None:
    """Let a room name what waits for a household; a handful at most. Registering twice is the same."""
    if ask not in _asked:
        _asked.append(ask)


def waiting(household_id: UUID, *, clock: Clock) -> list[Waiting]:
    """What waits for the household, room by room."""
    return [one for ask in _asked for one in ask(household_id, clock)]
