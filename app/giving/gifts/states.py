"""The whole life of a gift. What is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper


class State(StrEnum):
    """Where a gift is; part of the public API.

    `refunded` is never stored: it is a received gift whose payment request was paid back.
    """

    ASKED = "asked"
    RECEIVED = "received"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class Event(StrEnum):
    """What can happen to a gift."""

    MONEY_COMPLETE = "money_complete"
    TIME_PASSED = "time_passed"
    REOPENED = "reopened"  # part of the money had come, and the rest is asked for again


NEXT: dict[tuple[State, Event], State] = {
    (State.ASKED, Event.MONEY_COMPLETE): State.RECEIVED,
    (State.ASKED, Event.TIME_PASSED): State.EXPIRED,
    (State.EXPIRED, Event.REOPENED): State.ASKED,
}
step = stepper(NEXT, "a gift")
