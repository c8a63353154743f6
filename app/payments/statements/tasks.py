"""The clockwork of the feed, and the work on imports."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.statements import feed, services


@job(name="statements.poll", cron="*/5 * * * *")
def poll(timestamp: int) -> None:
    """Ask the bank what arrived."""
    asked = feed.current()
    if asked is not None:
        services.poll(asked, name=feed.NAME, clock=SYSTEM_CLOCK)


@job(name="statements.work")
def work(import_id: str) -> None:
    """One chunk of an import."""
    services.work(UUID(import_id), clock=SYSTEM_CLOCK)


@job(name="statements.wake_stuck", cron="* * * * *")
def wake_stuck(timestamp: int) -> None:
    """Go on with imports whose job died."""
    services.wake_stuck(clock=SYSTEM_CLOCK)
