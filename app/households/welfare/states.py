"""The whole life of a welfare account; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from .errors import WrongAccountStep
from .models import AccountStatus


class Event(StrEnum):
    """What happens to an account."""

    VERIFIED = "verified"  # by an officer who did not give it
    TESTED = "tested"  # 1,000 đ were asked to be sent to it
    TEST_WITHDRAWN = "test_withdrawn"  # before they left
    TEST_PASSED = "test_passed"
    TEST_FAILED = "test_failed"
    TEST_RETURNED = "test_returned"  # they had arrived, and came back after all
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REPLACED = "replaced"  # by another account of the same household
    CLOSED = "closed"


ISSUED, VERIFYING = AccountStatus.ISSUED, AccountStatus.VERIFYING
ACTIVE, SUSPENDED = AccountStatus.ACTIVE, AccountStatus.SUSPENDED
OPEN = (ISSUED, VERIFYING, ACTIVE, SUSPENDED)
NEXT: dict[tuple[AccountStatus, Event], AccountStatus] = {
    (ISSUED, Event.VERIFIED): ACTIVE,
    (ISSUED, Event.TESTED): VERIFYING,
    (VERIFYING, Event.TEST_WITHDRAWN): ISSUED,
    (VERIFYING, Event.TEST_PASSED): ACTIVE,
    (VERIFYING, Event.TEST_FAILED): ISSUED,
    (ISSUED, Event.TEST_PASSED): ACTIVE,  # it was said to have failed, and that was wrong
    (ACTIVE, Event.TEST_RETURNED): SUSPENDED,
    (SUSPENDED, Event.TEST_RETURNED): SUSPENDED,
    (ACTIVE, Event.SUSPENDED): SUSPENDED,
    (SUSPENDED, Event.RESUMED): ACTIVE,
    **{(status, Event.REPLACED): AccountStatus.REPLACED for status in OPEN},
    **{(status, Event.CLOSED): AccountStatus.CLOSED for status in OPEN},
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
