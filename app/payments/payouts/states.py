"""The whole lives of a batch and of a payout. What is not in a table raises; `fits` asks first."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper


class BatchState(StrEnum):
    """Where a batch is; part of the API."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"  # its file left the house: from here on only the bank's word counts
    SETTLED = "settled"
    CANCELLED = "cancelled"


class State(StrEnum):
    """Where a payout is; part of the API."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    CONFIRMED = "confirmed"
    RETURNED = "returned"  # the money did not arrive, or came back: it is payable again
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What can happen to either."""

    APPROVED = "approved"
    SENT = "sent"
    ALL_ANSWERED = "all_answered"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    ARRIVED = "arrived"  # it was said to be returned, and that was wrong
    CANCELLED = "cancelled"


NEXT_OF_BATCH: dict[tuple[BatchState, Event], BatchState] = {
    (BatchState.DRAFT, Event.APPROVED): BatchState.APPROVED,
    (BatchState.DRAFT, Event.CANCELLED): BatchState.CANCELLED,
    (BatchState.APPROVED, Event.SENT): BatchState.SENT,
    (BatchState.APPROVED, Event.CANCELLED): BatchState.CANCELLED,
    (BatchState.SENT, Event.ALL_ANSWERED): BatchState.SETTLED,
}
NEXT: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.APPROVED): State.APPROVED,
    (State.DRAFT, Event.CANCELLED): State.CANCELLED,
    (State.APPROVED, Event.SENT): State.SENT,
    (State.APPROVED, Event.CANCELLED): State.CANCELLED,
    (State.SENT, Event.CONFIRMED): State.CONFIRMED,
    (State.SENT, Event.RETURNED): State.RETURNED,
    (State.CONFIRMED, Event.RETURNED): State.RETURNED,
    (State.RETURNED, Event.ARRIVED): State.CONFIRMED,
}
ANSWERED = frozenset({State.CONFIRMED, State.RETURNED, State.CANCELLED})
RESERVED = frozenset({State.APPROVED, State.SENT})
step_batch = stepper(NEXT_OF_BATCH, "a batch of payouts")
step = stepper(NEXT, "a payout")


def batch_fits(state: BatchState, event: Event) -> bool:
    """Whether the event still means something to a batch in this state."""
    return (state, event) in NEXT_OF_BATCH


def fits(state: State, event: Event) -> bool:
    """Whether the event still means something to a payout in this state."""
    return (state, event) in NEXT
