"""The whole life of a payment request. What is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import ImpossibleStep, stepper

__all__ = ["NEXT", "OPEN", "Event", "ImpossibleStep", "State", "step"]


class State(StrEnum):
    """Where a request is; part of the public API."""

    ASKED = "asked"
    PART_PAID = "part_paid"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Event(StrEnum):
    """What can happen to a request."""

    MONEY_SHORT = "money_short"
    MONEY_COMPLETE = "money_complete"
    TIME_PASSED = "time_passed"
    WITHDRAWN = "withdrawn"
    MONEY_RETURNED = "money_returned"
    RETURN_FAILED = "return_failed"  # the payer's bank sent a refund back
    SOME_TAKEN_BACK = "some_taken_back"  # money given to it by mistake leaves again
    ALL_TAKEN_BACK = "all_taken_back"
    EXTENDED = "extended"  # its payer got more time
    REOPENED = "reopened"  # part of the money came in time, and the rest is asked for again


NEXT: dict[tuple[State, Event], State] = {
    (State.ASKED, Event.MONEY_SHORT): State.PART_PAID,
    (State.ASKED, Event.MONEY_COMPLETE): State.PAID,
    (State.ASKED, Event.TIME_PASSED): State.EXPIRED,
    (State.ASKED, Event.WITHDRAWN): State.CANCELLED,
    (State.PART_PAID, Event.MONEY_SHORT): State.PART_PAID,
    (State.PART_PAID, Event.MONEY_COMPLETE): State.PAID,
    (State.PART_PAID, Event.TIME_PASSED): State.EXPIRED,
    (State.PART_PAID, Event.WITHDRAWN): State.CANCELLED,
    (State.PART_PAID, Event.SOME_TAKEN_BACK): State.PART_PAID,
    (State.PART_PAID, Event.ALL_TAKEN_BACK): State.ASKED,
    (State.PAID, Event.MONEY_RETURNED): State.REFUNDED,
    (State.REFUNDED, Event.RETURN_FAILED): State.PAID,
    (State.PAID, Event.SOME_TAKEN_BACK): State.PART_PAID,
    (State.PAID, Event.ALL_TAKEN_BACK): State.ASKED,
    (State.EXPIRED, Event.SOME_TAKEN_BACK): State.EXPIRED,
    (State.EXPIRED, Event.ALL_TAKEN_BACK): State.EXPIRED,
    (State.CANCELLED, Event.SOME_TAKEN_BACK): State.CANCELLED,
    (State.CANCELLED, Event.ALL_TAKEN_BACK): State.CANCELLED,
    (State.ASKED, Event.EXTENDED): State.ASKED,
    (State.PART_PAID, Event.EXTENDED): State.PART_PAID,
    (State.EXPIRED, Event.REOPENED): State.PART_PAID,
    # The part that came before it closed went back; what it was for stays closed.
    (State.EXPIRED, Event.MONEY_RETURNED): State.EXPIRED,
    (State.CANCELLED, Event.MONEY_RETURNED): State.CANCELLED,
}
OPEN = frozenset({State.ASKED, State.PART_PAID})
step = stepper(NEXT, "a request")
