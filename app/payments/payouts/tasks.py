"""The clockwork of payouts."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.payouts import services


@job(name="payouts.build_daily", cron="0 23 * * *")
def build_daily(timestamp: int) -> None:
    """06:00 in Vietnam: draft the day's batch, for a person to approve."""
    services.build_daily(clock=SYSTEM_CLOCK)
