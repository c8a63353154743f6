"""The whole life of an order and of the stock it holds. What is not in the tables raises."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import ImpossibleStep, stepper

__all__ = ["NEXT", "STOCK", "Event", "Hold", "ImpossibleStep", "State", "step"]


class State(StrEnum):
    """Where an order is; part of the public API."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What can happen to an order."""

    MONEY_COMPLETE = "money_complete"
    TIME_PASSED = "time_passed"
    BUYER_CANCELLED = "buyer_cancelled"
    REOPENED = "reopened"  # part of the money had come, and the rest is asked for again


class Hold(StrEnum):
    """What became of the stock of one line."""

    HELD = "held"
    SOLD = "sold"
    RELEASED = "released"


NEXT: dict[tuple[State, Event], State] = {
    (State.AWAITING_PAYMENT, Event.MONEY_COMPLETE): State.PAID,
    (State.AWAITING_PAYMENT, Event.TIME_PASSED): State.EXPIRED,
    (State.AWAITING_PAYMENT, Event.BUYER_CANCELLED): State.CANCELLED,
    (State.EXPIRED, Event.REOPENED): State.AWAITING_PAYMENT,
}
# What an order's stock becomes when the order gets there.
STOCK: dict[State, Hold] = {
    State.AWAITING_PAYMENT: Hold.HELD,
    State.PAID: Hold.SOLD,
    State.EXPIRED: Hold.RELEASED,
    State.CANCELLED: Hold.RELEASED,
}
step = stepper(NEXT, "an order")
