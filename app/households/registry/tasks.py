"""Work of the registry by the clock."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import filling_services as filling


@job(name="registry.fill_near", cron="*/10 * * * *")
def fill_near(timestamp: int) -> None:
    """Let households registered before duplicates were looked for by near name be found as well."""
    filling.fill_near(until=SYSTEM_CLOCK.now() + filling.AT_MOST, clock=SYSTEM_CLOCK)
