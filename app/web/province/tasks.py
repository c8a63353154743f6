"""The clockwork of the province's page."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="province.take_counts", cron="*/5 * * * *")
def take_counts(timestamp: int) -> None:
    """Every five minutes."""
    services.take_counts(clock=SYSTEM_CLOCK)
