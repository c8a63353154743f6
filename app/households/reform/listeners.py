"""Who above keeps a copy of a household's commune, and follows when it changes; this floor does not know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.core.clock import Clock


@dataclass(frozen=True)
class Moved:
    """What a reform did.

    Attributes:
        hamlets: old hamlet → the hamlet of today.
        communes: commune that ended → where it went, the larger part first.
    """

    hamlets: Mapping[str, str]
    communes: Mapping[str, tuple[str, ...]]


class Listener(Protocol):
    """A room's side: set right what copies a commune, in one statement. Raising undoes the reform."""

    def __call__(self, moved: Moved, clock: Clock, /) -> None: ...


_listeners: list[Listener] = []


def on_areas_moved(listener: Listener) -> None:
    """Have a room called in the transaction of a reform, after the households moved. Twice is the same as once."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(moved: Moved, *, clock: Clock) -> None:
    """Call everybody who listens."""
    for listener in _listeners:
        listener(moved, clock)
