"""Jobs of the public log."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="giving.log.sequence")
def sequence() -> None:
    """Give waiting leaves their index; woken by each append."""
    services.sequence_leaves(clock=SYSTEM_CLOCK)


@job(name="giving.log.sweep", cron="* * * * *")
def sweep(timestamp: int) -> None:
    """The same by the clock, for leaves whose wake-up call was lost or came too early."""
    services.sequence_leaves(clock=SYSTEM_CLOCK)
