"""The log as static files over HTTP (C2SP tlog-tiles): checkpoint, tiles, entry bundles and the public key."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core.routes import open_to_all

from . import queries, services
from .errors import NoSuchTile
from .tiles import TileError, parse_tile

bp = Blueprint("log", __name__, url_prefix="/log")

FOR_EVER = "public, max-age=31536000, immutable"
FOR_SECONDS = "public, max-age=2"
FOR_AN_HOUR = "public, max-age=3600"


@bp.get("/checkpoint")
@open_to_all
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    return _text(services.current_checkpoint(), FOR_SECONDS)


@bp.get("/key")
@open_to_all
def key() -> Response:
    """The log's public key."""
    return _text(services.verifier_key() + "\n", FOR_AN_HOUR)


@bp.get("/tile/<path:path>")
@open_to_all
def tile(path: str) -> Response:
    """A hash tile or an entry bundle. Its bytes never change, partial ones included: their width is in the address."""
    try:
        wanted = parse_tile(path)
    except TileError as error:
        raise NoSuchTile from error
    data = queries.read_tile(wanted)
    if data is None:
        raise NoSuchTile
    return _answer(data, "application/octet-stream", FOR_EVER)


def _text(text: str, caching: str) -> Response:
    return _answer(text.encode(), "text/plain; charset=utf-8", caching)


def _answer(data: bytes, content_type: str, caching: str) -> Response:
    """Cacheable, and open to verifiers that run on other people's pages."""
    headers = {"Cache-Control": caching, "Access-Control-Allow-Origin": "*"}
    return Response(data, content_type=content_type, headers=headers)
