"""Use cases of payment requests alone."""

from __future__ import annotations

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import transaction
from app.payments.requests import operations


def expire_due(*, clock: Clock) -> int:
    """Close every request past its time, a hundred per transaction; the number closed."""
    total = 0
    while True:
        with transaction(actor=SYSTEM):
            closed = operations.expire_due(clock=clock)
        total += closed
        if closed == 0:
            return total
