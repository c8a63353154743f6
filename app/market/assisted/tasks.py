"""Jobs of assisted listings."""

from __future__ import annotations

from app.core.clock import SYSTEM_CLOCK
from app.core.jobs import job
from app.core.media import store

from . import services


@job(name="assisted.expire", cron="17 * * * *")
def expire(timestamp: int) -> None:
    """Each hour: write down what nobody answered in time."""
    while services.expire(clock=SYSTEM_CLOCK):
        pass


@job(name="assisted.drop_photo")
def drop_photo(key: str) -> None:
    """Drop a file that nobody shows any more; again does no harm."""
    services.drop_unused(media=store(), key=key)
