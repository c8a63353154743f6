"""The whole life of a welfare account; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from .errors import WrongAccountStep
from .models import AccountStatus


class Event(StrEnum):
    """What happens to an account."""

    VERIFIED = "verified"  # by an officer who did not give it
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REPLACED = "replaced"  # by another account of the same household
    CLOSED = "closed"


ISSUED, ACTIVE, SUSPENDED = AccountStatus.ISSUED, AccountStatus.ACTIVE, AccountStatus.SUSPENDED
NEXT: dict[tuple[AccountStatus, Event], AccountStatus] = {
    (ISSUED, Event.VERIFIED): ACTIVE,
    (ACTIVE, Event.SUSPENDED): SUSPENDED,
    (SUSPENDED, Event.RESUMED): ACTIVE,
    **{(status, Event.REPLACED): AccountStatus.REPLACED for status in (ISSUED, ACTIVE, SUSPENDED)},
    **{(status, Event.CLOSED): AccountStatus.CLOSED for status in (ISSUED, ACTIVE, SUSPENDED)},
}


def fits(status: str, event: Event) -> bool:
    """Whether the event still means something to an account in this state."""
    return (AccountStatus(status), event) in NEXT


def after(status: str, event: Event) -> AccountStatus:
    """The state that follows.

    Raises:
        WrongAccountStep: the event cannot happen now.
    """
    try:
        return NEXT[AccountStatus(status), event]
    except KeyError:
        raise WrongAccountStep from None
