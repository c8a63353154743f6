"""The clockwork of reforms."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="reform.carry_out", cron="5 17 * * *")
def carry_out(timestamp: int) -> None:
    """At 00:05 in Vietnam, on the first day of the new order."""
    services.carry_out_due(clock=SYSTEM_CLOCK)
