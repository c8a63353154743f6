"""Jobs of the doorstep: going on after a crash, forgetting what came to nothing."""

from __future__ import annotations

from datetime import timedelta

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services, sweep_services

REFUSED_KEPT_FOR = timedelta(days=90)
LEFT_AFTER = timedelta(minutes=5)


@job(name="onboarding.handle_left", cron="*/5 * * * *")
def handle_left(timestamp: int) -> None:
    """Handle records that were kept while whoever was to handle them died."""
    sweep_services.handle_left(before=SYSTEM_CLOCK.now() - LEFT_AFTER, clock=SYSTEM_CLOCK)


@job(name="onboarding.forget_refused", cron="23 18 * * *")
def forget_refused_nightly(timestamp: int) -> None:
    """01:23 in Vietnam: forget what refused records said of people who never became a household here."""
    services.forget_refused(before=SYSTEM_CLOCK.now() - REFUSED_KEPT_FOR, clock=SYSTEM_CLOCK)
