"""The work on batches, and the clockwork that wakes it and destroys files."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="poverty.work")
def work(import_id: str) -> None:
    """Read, apply or take back."""
    services.work(UUID(import_id), clock=SYSTEM_CLOCK)


@job(name="poverty.wake_stuck", cron="* * * * *")
def wake_stuck(timestamp: int) -> None:
    """Go on with batches whose job died."""
    services.wake_stuck(clock=SYSTEM_CLOCK)


@job(name="poverty.destroy_old", cron="23 * * * *")
def destroy_old(timestamp: int) -> None:
    """Destroy files nobody needs any more."""
    services.destroy_old(clock=SYSTEM_CLOCK)
