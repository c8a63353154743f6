"""The life of a registration; what is not in the table raises.

A merge that is taken back puts a household at the step it had before; its own table is in `merging.states`.
"""

from __future__ import annotations

from enum import StrEnum

from .errors import WrongStep
from .models import Status


class Event(StrEnum):
    """What happens to a registration."""

    VERIFY = "verify"
    RETURN = "return"
    RESUBMIT = "resubmit"
    TAKE_BACK_APPROVAL = "take_back_approval"
    TAKE_BACK_RETURN = "take_back_return"
    MERGE = "merge"
    ERASE = "erase"


NEXT: dict[tuple[Status, Event], Status] = {
    (Status.SUBMITTED, Event.VERIFY): Status.VERIFIED,
    (Status.SUBMITTED, Event.RETURN): Status.RETURNED,
    (Status.RETURNED, Event.RESUBMIT): Status.SUBMITTED,
    (Status.VERIFIED, Event.TAKE_BACK_APPROVAL): Status.SUBMITTED,
    (Status.RETURNED, Event.TAKE_BACK_RETURN): Status.SUBMITTED,
    (Status.SUBMITTED, Event.MERGE): Status.MERGED,
    (Status.RETURNED, Event.MERGE): Status.MERGED,
    (Status.VERIFIED, Event.MERGE): Status.MERGED,
    **{(step, Event.ERASE): Status.ERASED for step in Status if step is not Status.ERASED},
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
