"""The pump of the notices' inbox."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.bank import services


@job(name="bank.pump", cron="* * * * *")
def pump(timestamp: int) -> None:
    """Handle notices whose request could not."""
    services.pump(clock=SYSTEM_CLOCK)
