"""The whole life of a card payment. What is not in the table raises; `fits` asks first, for word that comes late."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper


class State(StrEnum):
    """Where a card payment is."""

    STARTING = "starting"  # our row stands; the gateway has not been asked, or its answer is not written down yet
    UNKNOWN = "unknown"  # asked, no answer: it may have made an intent or not
    WAITING = "waiting"  # the gateway waits for a card
    FAILED = "failed"  # the last card was declined; another may be tried with the same intent
    HELD = "held"  # the card's money is set aside for us; the books have not moved
    CAPTURING = "capturing"  # we asked to take what is held; the answer is not written down yet
    RELEASING = "releasing"  # we asked to let go of it; as above
    SUCCEEDED = "succeeded"  # the card was charged and the books have moved
    CANCELLED = "cancelled"  # the gateway takes no card for it any more


class Event(StrEnum):
    """What can happen to a card payment."""

    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"
    DECLINED = "declined"
    CHARGED = "charged"
    DROPPED = "dropped"
    SET_ASIDE = "set_aside"
    CAPTURE_ASKED = "capture_asked"
    RELEASE_ASKED = "release_asked"


NEXT: dict[tuple[State, Event], State] = {
    (State.STARTING, Event.ANSWERED): State.WAITING,
    (State.STARTING, Event.NOT_ANSWERED): State.UNKNOWN,
    (State.STARTING, Event.DECLINED): State.FAILED,
    (State.STARTING, Event.CHARGED): State.SUCCEEDED,
    (State.STARTING, Event.DROPPED): State.CANCELLED,
    (State.UNKNOWN, Event.ANSWERED): State.WAITING,
    (State.UNKNOWN, Event.NOT_ANSWERED): State.UNKNOWN,
    (State.UNKNOWN, Event.DECLINED): State.FAILED,
    (State.UNKNOWN, Event.CHARGED): State.SUCCEEDED,
    (State.UNKNOWN, Event.DROPPED): State.CANCELLED,
    (State.WAITING, Event.ANSWERED): State.WAITING,
    (State.WAITING, Event.DECLINED): State.FAILED,
    (State.WAITING, Event.CHARGED): State.SUCCEEDED,
    (State.WAITING, Event.DROPPED): State.CANCELLED,
    (State.FAILED, Event.ANSWERED): State.WAITING,
    (State.FAILED, Event.DECLINED): State.FAILED,
    (State.FAILED, Event.CHARGED): State.SUCCEEDED,
    (State.FAILED, Event.DROPPED): State.CANCELLED,
    (State.STARTING, Event.SET_ASIDE): State.HELD,
    (State.UNKNOWN, Event.SET_ASIDE): State.HELD,
    (State.WAITING, Event.SET_ASIDE): State.HELD,
    (State.FAILED, Event.SET_ASIDE): State.HELD,
    (State.HELD, Event.CAPTURE_ASKED): State.CAPTURING,
    (State.HELD, Event.RELEASE_ASKED): State.RELEASING,
    (State.HELD, Event.CHARGED): State.SUCCEEDED,
    (State.HELD, Event.DROPPED): State.CANCELLED,
    (State.CAPTURING, Event.NOT_ANSWERED): State.CAPTURING,
    (State.CAPTURING, Event.CHARGED): State.SUCCEEDED,
    (State.CAPTURING, Event.DROPPED): State.CANCELLED,
    (State.RELEASING, Event.NOT_ANSWERED): State.RELEASING,
    (State.RELEASING, Event.CHARGED): State.SUCCEEDED,
    (State.RELEASING, Event.DROPPED): State.CANCELLED,
    # As below: what is held after all is let go by the sweep once the request is over.
    (State.CANCELLED, Event.SET_ASIDE): State.HELD,
    # We may have given up on an intent that we never heard of again; if money came after all, money came.
    (State.CANCELLED, Event.CHARGED): State.SUCCEEDED,
}
OVER = frozenset({State.SUCCEEDED, State.CANCELLED})
SET_ASIDE = frozenset({State.HELD, State.CAPTURING, State.RELEASING})
UNASKED = frozenset({State.STARTING, State.UNKNOWN})


def fits(state: State, event: Event) -> bool:
    """Whether the event still means something in this state."""
    return (state, event) in NEXT


step = stepper(NEXT, "a card payment")
