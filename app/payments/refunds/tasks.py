"""The clockwork of refunds."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.cards import gateway
from app.payments.refunds import services


@job(name="refunds.sweep", cron="* * * * *")
def sweep(timestamp: int) -> None:
    """Ask the gateway about refunds it left open."""
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)
