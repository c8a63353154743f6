"""Use cases of payment requests alone."""

from __future__ import annotations

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import transaction
from app.payments.requests import operations


def expire_due(*, clock: Clock) -> int:
    """Close every request past its time; the number closed.

    One per transaction: its purpose locks rows of its own (a cart's products, by id), and one purpose's locks after
    another's would cross those of a buyer.
    """
    total = 0
    while True:
        with transaction(actor=SYSTEM):
            closed = operations.expire_due(clock=clock, limit=1)
        total += closed
        if closed == 0:
            return total
