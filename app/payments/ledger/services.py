"""Use cases of the ledger alone; everything else posts from within its own transaction."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import transaction
from app.payments.ledger import operations

MONTHS_AHEAD = 4


def make_partitions(*, clock: Clock, months: int = MONTHS_AHEAD) -> int:
    """Have the months' tables of transfers and entries ready, this month and those after it; how many were made.

    Ids of a month without a table of its own still land, in the common rest.
    """
    with transaction() as session:
        made = session.scalar(
            sa.text("SELECT ledger_make_partitions(:first, :months)"), {"first": clock.now().date(), "months": months}
        )
    return int(made or 0)


def expire_pending(*, clock: Clock) -> int:
    """Release every pending transfer that is past its time; the number released."""
    total = 0
    while True:
        with transaction():
            released = operations.expire_due(clock=clock)
        total += released
        if released == 0:
            return total
