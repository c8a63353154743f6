"""A clock that stands still until told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Starts at noon of a plain day; `advance` moves it."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **timedelta_arguments: float) -> None:
        self._now += timedelta(**timedelta_arguments)
