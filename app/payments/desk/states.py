"""The whole life of an action at the desk. What is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper


class State(StrEnum):
    """Where an action is; part of the API."""

    PROPOSED = "proposed"
    DONE = "done"
    UNDONE = "undone"
    REJECTED = "rejected"


class Event(StrEnum):
    """What can happen to an action."""

    APPROVED = "approved"
    REFUSED = "refused"
    TAKEN_BACK = "taken_back"


NEXT: dict[tuple[State, Event], State] = {
    (State.PROPOSED, Event.APPROVED): State.DONE,
    (State.PROPOSED, Event.REFUSED): State.REJECTED,
    (State.DONE, Event.TAKEN_BACK): State.UNDONE,
}
step = stepper(NEXT, "an action")
