"""Pictures on disk, named by what is in them.

A file is written whole (temporary name, then renamed) before any row refers to it, and never changes afterwards, so it
may be cached for ever. A name is 40 hexadecimal digits and a width; nothing else ever reaches the file system.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request

from app.core.routes import open_to_all

FULL, THUMB = 1280, 320
SIZES = (FULL, THUMB)
"""Longest sides in pixels; part of a file's name."""

_KEY = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(rf"([0-9a-f]{{40}})-({FULL}|{THUMB})\.webp")
_YEAR_S = 31_536_000
bp = Blueprint("media", __name__)


class Media:
    """The store under one directory."""

    def __init__(self, directory: str | Path) -> None:
        self._root = Path(directory).absolute()

    def put(self, full: bytes, thumb: bytes) -> str:
        """Keep a picture in both sizes; the key they are found under (the same for the same bytes)."""
        key = hashlib.sha256(full).hexdigest()[:40]
        self._write(self._place(key, THUMB), thumb)
        self._write(self._place(key, FULL), full)
        return key

    def path(self, key: str, size: int = FULL) -> Path | None:
        """Where the picture lies; None when there is none of this name."""
        if not _KEY.fullmatch(key) or size not in SIZES:
            return None
        place = self._place(key, size)
        return place if place.is_file() else None

    def drop(self, key: str) -> None:
        """Take a picture away; gone already is fine."""
        for size in SIZES if _KEY.fullmatch(key) else ():
            self._place(key, size).unlink(missing_ok=True)

    def _place(self, key: str, size: int) -> Path:
        return self._root / key[:2] / f"{key}-{size}.webp"

    def _write(self, place: Path, content: bytes) -> None:
        if place.is_file():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def media_url(key: str, size: int = FULL) -> str:
    """Where a browser finds the picture."""
    return f"/anh/{key}-{size}.webp"


def store() -> Media:
    """The store of the running application."""
    return Media(current_app.config["CHOPHIEN"].media_dir)


@bp.get("/anh/<name>")
@open_to_all
def picture(name: str) -> Response:
    """One picture, cached for ever: another picture has another name."""
    match = _NAME.fullmatch(name)
    place = store().path(match[1], int(match[2])) if match else None
    if place is None:
        abort(404)
    response = Response(place.read_bytes(), mimetype="image/webp")
    response.set_etag(name.removesuffix(".webp"))
    response.cache_control.public = True
    response.cache_control.max_age = _YEAR_S
    response.cache_control.immutable = True
    response.make_conditional(request)
    return response
