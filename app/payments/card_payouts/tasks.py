"""The clockwork of the gateway's payouts."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.card_payouts import gateway, services


@job(name="card_payouts.sweep", cron="* * * * *")
def sweep(timestamp: int) -> None:
    """Fetch what payouts are made of, and book them."""
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)


@job(name="card_payouts.discover", cron="23 * * * *")
def discover(timestamp: int) -> None:
    """Find payouts whose events never came."""
    services.discover(gateway=gateway.current(), clock=SYSTEM_CLOCK)
