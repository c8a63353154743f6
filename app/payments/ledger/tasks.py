"""The ledger's clockwork."""

from __future__ import annotations

import structlog

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.payments.ledger import services
from app.payments.ledger.books import check_books

log = structlog.get_logger()


@job(name="ledger.expire_pending", cron="* * * * *")
def expire_pending(timestamp: int) -> None:
    """Release reservations whose time has passed."""
    services.expire_pending(clock=SYSTEM_CLOCK)


@job(name="ledger.make_partitions", cron="10 19 * * *")
def make_partitions_nightly(timestamp: int) -> None:
    """02:10 in Vietnam: the tables of the coming months."""
    services.make_partitions(clock=SYSTEM_CLOCK)


@job(name="ledger.check_books", cron="30 19 * * *")
def check_books_nightly(timestamp: int) -> None:
    """02:30 in Vietnam: every invariant; a broken one is logged as an error and fails the job."""
    broken = [result for result in check_books() if result.problems]
    for result in broken:
        log.error("books_broken", invariant=result.name, count=len(result.problems))
    if broken:
        raise RuntimeError(f"{len(broken)} invariants of the books are broken")
