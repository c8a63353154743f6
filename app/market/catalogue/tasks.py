"""Jobs: take away the photos of an erased shop."""

from __future__ import annotations

from app.core.jobs import job
from app.core.media import store

from . import erasing


@job(name="catalogue.drop_photos")
def drop_photos(keys: list[str]) -> None:
    """Drop the files that nobody shows any more; again does no harm."""
    erasing.drop_unused(store(), keys)
