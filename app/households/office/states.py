"""The life of an amendment; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from app.households.registry.amendments import AmendmentStatus

from .errors import AmendmentDecided


class Event(StrEnum):
    """What happens to an amendment."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    TAKE_BACK = "take_back"


NEXT: dict[tuple[AmendmentStatus, Event], AmendmentStatus] = {
    (AmendmentStatus.WAITING, Event.ACCEPT): AmendmentStatus.ACCEPTED,
    (AmendmentStatus.WAITING, Event.REFUSE): AmendmentStatus.REFUSED,
    (AmendmentStatus.WAITING, Event.WITHDRAW): AmendmentStatus.WITHDRAWN,
    (AmendmentStatus.ACCEPTED, Event.TAKE_BACK): AmendmentStatus.WAITING,
    (AmendmentStatus.REFUSED, Event.TAKE_BACK): AmendmentStatus.WAITING,
}


def after(status: str, event: Event) -> AmendmentStatus:
    """The status that follows.

    Raises:
        AmendmentDecided: the event cannot happen now.
    """
    try:
        return NEXT[AmendmentStatus(status), event]
    except KeyError:
        raise AmendmentDecided from None
