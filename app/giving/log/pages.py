"""The log for people (`/so-cong-khai`) and, as static files, for verifiers (`/log/…`, C2SP tlog-tiles)."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _

from app.core import codes
from app.core.paging import decode_cursor, encode_cursor
from app.core.routes import open_to_all

from . import queries, services
from .errors import NoSuchTile
from .leaves import Kind
from .tiles import TileError, parse_tile

bp = Blueprint("log", __name__, template_folder="templates")

PAGE_ENTRIES = 30
MAX_CODE_CHARS = 60
FOR_EVER = "public, max-age=31536000, immutable"
FOR_SECONDS = "public, max-age=2"
FOR_AN_HOUR = "public, max-age=3600"


@bp.get("/so-cong-khai")
@open_to_all
def book() -> str:
    """The public ledger: newest entries first, or everything under one receipt number (`?ma=`)."""
    typed = request.args.get("ma", "")[:MAX_CODE_CHARS]
    if typed.strip():
        entries, next_url = queries.entries_of(codes.normalise(typed)), None
    else:
        entries, next_url = _page(request.args.get("cursor"))
    return render_template(
        "log/book.html",
        entries=entries,
        next_url=next_url,
        typed=typed,
        kinds=_kinds(),
        size=queries.tree_size(),
        key=services.verifier_key(),
    )


@bp.get("/log/checkpoint")
@open_to_all
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    return _text(services.current_checkpoint(), FOR_SECONDS)


@bp.get("/log/key")
@open_to_all
def key() -> Response:
    """The log's public key."""
    return _text(services.verifier_key() + "\n", FOR_AN_HOUR)


@bp.get("/log/tile/<path:path>")
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


def _page(cursor: str | None) -> tuple[list[queries.Entry], str | None]:
    before: int | None = None
    if cursor:
        (before,) = decode_cursor(cursor, int)
    entries = queries.list_entries(before=before, limit=PAGE_ENTRIES)
    last = entries[-1].seq if len(entries) == PAGE_ENTRIES else None
    return entries, url_for("log.book", cursor=encode_cursor(last)) if last else None


def _kinds() -> dict[Kind, str]:
    return {
        Kind.GIFT_RECEIVED: _("Khoản ủng hộ đã tới"),
        Kind.ALLOCATION: _("Phân bổ từ đợt vận động"),
        Kind.DISBURSEMENT: _("Chi cho hộ"),
        Kind.CONFIRMATION: _("Hộ xác nhận đã nhận"),
        Kind.REVERSAL: _("Khoản đã hoàn lại"),
    }


def _text(text: str, caching: str) -> Response:
    return _answer(text.encode(), "text/plain; charset=utf-8", caching)


def _answer(data: bytes, content_type: str, caching: str) -> Response:
    """Cacheable, and open to verifiers that run on other people's pages."""
    headers = {"Cache-Control": caching, "Access-Control-Allow-Origin": "*"}
    return Response(data, content_type=content_type, headers=headers)
