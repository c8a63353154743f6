"""The life of a merge; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from .errors import MergeDecided


class State(StrEnum):
    """How far a merge has come."""

    PROPOSED = "proposed"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"


class Event(StrEnum):
    """What happens to a merge."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    UNDO = "undo"


NEXT: dict[tuple[State, Event], State] = {
    (State.PROPOSED, Event.CONFIRM): State.DONE,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.DONE, Event.UNDO): State.UNDONE,
}


def after(state: str, event: Event) -> State:
    """The state that follows.

    Raises:
        MergeDecided: the event cannot happen now.
    """
    try:
        return NEXT[State(state), event]
    except KeyError:
        raise MergeDecided from None
