"""Use cases of the ledger alone; everything else posts from within its own transaction."""

from __future__ import annotations

from app.core.clock import Clock
from app.core.database import transaction
from app.payments.ledger import operations


def expire_pending(*, clock: Clock) -> int:
    """Release every pending transfer that is past its time; the number released."""
    total = 0
    while True:
        with transaction():
            released = operations.expire_due(clock=clock)
        total += released
        if released == 0:
            return total
