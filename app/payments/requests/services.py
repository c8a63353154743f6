"""Use cases of payment requests alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import transaction
from app.payments.requests import operations, queries

BATCH = 100
log = structlog.get_logger()


def expire_due(*, clock: Clock) -> int:
    """Close every request past its time; the number closed. One that fails does not hold up the rest.

    One per transaction: its purpose locks rows of its own (a cart's products, by id), and one purpose's locks after
    another's would cross those of a buyer.
    """
    closed, before = 0, clock.now() - operations.GRACE
    after: tuple[datetime, UUID] | None = None
    while due := queries.overdue(before, after=after, limit=BATCH):
        closed += sum(_try_to_expire(request_id, clock=clock) for _expires_at, request_id in due)
        after = due[-1]
    return closed


def _try_to_expire(request_id: UUID, *, clock: Clock) -> bool:
    try:
        with transaction(actor=SYSTEM):
            return operations.expire(request_id, clock=clock)
    except Exception as error:
        log.error("request_not_expired", request_id=str(request_id), exc_info=error)
        return False
