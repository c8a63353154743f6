"""The life of a registration; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from .errors import WrongStep
from .models import Status


class Event(StrEnum):
    """What happens to a registration."""

    VERIFY = "verify"
    RETURN = "return"
    RESUBMIT = "resubmit"


NEXT: dict[tuple[Status, Event], Status] = {
    (Status.SUBMITTED, Event.VERIFY): Status.VERIFIED,
    (Status.SUBMITTED, Event.RETURN): Status.RETURNED,
    (Status.RETURNED, Event.RESUBMIT): Status.SUBMITTED,
}


def after(status: str, event: Event) -> Status:
    """The status that follows.

    Raises:
        WrongStep: the event cannot happen now.
    """
    try:
        return NEXT[Status(status), event]
    except KeyError:
        raise WrongStep from None
