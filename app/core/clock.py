"""Time as an argument: services take a clock, so that tests can move it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


SYSTEM_CLOCK = SystemClock()


def in_vietnam(moment: datetime) -> datetime:
    """The same moment on a clock in Vietnam (UTC+07:00, no daylight saving)."""
    return moment.astimezone(VIETNAM)
