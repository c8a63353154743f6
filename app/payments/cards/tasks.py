"""The clockwork of card payments."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.cards import gateway, services


@job(name="cards.pump", cron="* * * * *")
def pump(timestamp: int) -> None:
    """Handle events whose request could not."""
    services.pump(clock=SYSTEM_CLOCK)


@job(name="cards.sweep", cron="* * * * *")
def sweep(timestamp: int) -> None:
    """Ask the gateway about what it left open."""
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)
