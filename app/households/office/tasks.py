"""Work on many registrations that goes on when the page is closed."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job

from . import services


@job(name="office.work")
def work(bulk_id: str) -> None:
    """What still waits of one decision about many."""
    services.work_bulk_as_its_maker(bulk_id=UUID(bulk_id), clock=SYSTEM_CLOCK)


@job(name="office.wake_left", cron="*/5 * * * *")
def wake_left(timestamp: int) -> None:
    """Go on with decisions about many whose worker died."""
    services.wake_left(clock=SYSTEM_CLOCK)
