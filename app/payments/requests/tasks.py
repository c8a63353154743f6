"""The clockwork of payment requests."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.requests import services


@job(name="requests.expire_due", cron="* * * * *")
def expire_due(timestamp: int) -> None:
    """Close requests whose time has passed."""
    services.expire_due(clock=SYSTEM_CLOCK)
