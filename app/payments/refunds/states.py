"""The whole life of a refund. What is not in the table raises; `fits` asks first, for word that comes late."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper


class State(StrEnum):
    """Where a refund is; part of the API."""

    ASKING = "asking"  # our row stands; the gateway has not been asked, or its answer is not written down yet
    UNKNOWN = "unknown"  # asked, no answer: the money may be on its way or not
    ON_ITS_WAY = "on_its_way"  # the gateway took it on, the payer does not have it yet
    WAITING = "waiting"  # a bank transfer that a person has to make
    SUCCEEDED = "succeeded"
    REFUSED = "refused"  # the way back is closed; nothing moved, or it came back to us
    CANCELLED = "cancelled"  # a bank transfer that was not sent, or came back


class Event(StrEnum):
    """What can happen to a refund."""

    NOT_ANSWERED = "not_answered"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    CAME_BACK = "came_back"


NEXT: dict[tuple[State, Event], State] = {
    (State.ASKING, Event.NOT_ANSWERED): State.UNKNOWN,
    (State.ASKING, Event.ACCEPTED): State.ON_ITS_WAY,
    (State.ASKING, Event.DONE): State.SUCCEEDED,
    (State.ASKING, Event.REFUSED): State.REFUSED,
    (State.UNKNOWN, Event.NOT_ANSWERED): State.UNKNOWN,
    (State.UNKNOWN, Event.ACCEPTED): State.ON_ITS_WAY,
    (State.UNKNOWN, Event.DONE): State.SUCCEEDED,
    (State.UNKNOWN, Event.REFUSED): State.REFUSED,
    (State.ON_ITS_WAY, Event.NOT_ANSWERED): State.ON_ITS_WAY,
    (State.ON_ITS_WAY, Event.ACCEPTED): State.ON_ITS_WAY,
    (State.ON_ITS_WAY, Event.DONE): State.SUCCEEDED,
    (State.ON_ITS_WAY, Event.REFUSED): State.REFUSED,
    # Stripe may say `failed` after `succeeded`: the payer's bank sent the money back to us.
    (State.SUCCEEDED, Event.REFUSED): State.REFUSED,
    (State.WAITING, Event.SENT): State.SUCCEEDED,
    (State.WAITING, Event.WITHDRAWN): State.CANCELLED,
    # The payer's account was closed, and the bank sent the transfer back.
    (State.SUCCEEDED, Event.CAME_BACK): State.CANCELLED,
}
UNANSWERED = frozenset({State.ASKING, State.UNKNOWN, State.ON_ITS_WAY})
UNDER_WAY = UNANSWERED | {State.WAITING}
OVER = frozenset(State) - UNDER_WAY
step = stepper(NEXT, "a refund")


def fits(state: State, event: Event) -> bool:
    """Whether the event still means something in this state."""
    return (state, event) in NEXT
