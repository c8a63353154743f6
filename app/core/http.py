"""What every request passes through: size and NUL limits, request id, security headers, metrics."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote

import structlog
from flask import Flask, Response, current_app, g, request, url_for
from flask_babel import gettext as _
from prometheus_client import Counter, Histogram

from app.core.errors import AppError, BadInput

MAX_BODY_BYTES = 12 * 1024 * 1024
MAX_JSON_BYTES = 256 * 1024
MAX_FORM_FIELD_BYTES = 128 * 1024
_BODY_LIMIT = "_max_body_bytes"
_JSON_LIMIT = "_max_json_bytes"
View = TypeVar("View", bound=Callable[..., Any])

REQUESTS = Counter("http_requests", "Requests answered", ["endpoint", "method", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer", ["endpoint"])
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_JSON_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_JSON_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class BodyTooLarge(AppError):
    """More bytes than this kind of request may carry."""

    status, code = 413, "body_too_large"


def takes_up_to(max_bytes: int) -> Callable[[View], View]:
    """Decorate a view that may be sent more than the usual 12 MB."""

    def mark(view: View) -> View:
        setattr(view, _BODY_LIMIT, max_bytes)
        return view

    return mark


def takes_json_up_to(max_bytes: int) -> Callable[[View], View]:
    """Decorate a view that may be sent more JSON than the usual 256 KB."""

    def mark(view: View) -> View:
        setattr(view, _JSON_LIMIT, max_bytes)
        return view

    return mark


def install(app: Flask) -> None:
    """Wire the hooks."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_FORM_FIELD_BYTES
    app.before_request(_begin)
    app.before_request(_refuse_hostile_input)
    app.after_request(_finish)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.globals["asset"] = asset


def csp_nonce() -> str:
    """This request's nonce for script tags."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def allow_sources(directive: str, *origins: str) -> None:
    """Let this one page load from elsewhere (the card gateway's script and frame)."""
    g.setdefault("csp_extra", {}).setdefault(directive, []).extend(origins)


def asset(filename: str) -> str:
    """URL of a static file that changes when the release does."""
    from app.core.version import RELEASE

    return url_for("static", filename=filename, v=RELEASE)


def _begin() -> None:
    g.started = time.perf_counter()
    offered = request.headers.get("X-Request-Id", "")
    g.request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(12)
    limit = getattr(current_app.view_functions.get(request.endpoint or ""), _BODY_LIMIT, None)
    if limit is not None:
        request.max_content_length = limit
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _refuse_hostile_input() -> None:
    """PostgreSQL text can't hold NUL; refuse it once for path, query, form and JSON. Multipart files may hold it.

    Half a surrogate pair, which JSON can spell and UTF-8 can't, is refused in JSON as well.
    """
    if request.is_json or request.mimetype in ("text/plain", "") or request.path.startswith("/webhooks/"):
        limit = getattr(current_app.view_functions.get(request.endpoint or ""), _JSON_LIMIT, MAX_JSON_BYTES)
        if (request.content_length or 0) > limit:
            _read_to_the_end()
            raise _too_large(limit)
        body = request.get_data(cache=True)
        if len(body) > limit:  # sent in chunks, without its length
            raise _too_large(limit)
        if b"\x00" in body or _JSON_NUL.search(body):
            raise BadInput(_("Nội dung có ký tự NUL không dùng được."), errors={"_body": ["nul"]})
        if any(escape["half"] for escape in _JSON_ESCAPE.finditer(body)):
            raise BadInput(_("Có chỗ điền chưa đúng. Bà con xem lại các ô được đánh dấu."), errors={"_body": ["text"]})
    where = unquote(request.full_path)
    if "\x00" in where:
        raise BadInput(_("Đường dẫn có ký tự NUL không dùng được."), errors={"_url": ["nul"]})
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, values in request.form.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                raise BadInput(_("Có ô chứa ký tự NUL không dùng được."), errors={name.replace("\x00", ""): ["nul"]})


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(_("Nội dung gửi lên quá dài (tối đa %(kb)d KB).", kb=limit // 1024))


def _read_to_the_end() -> None:
    """Take a refused body (at most MAX_BODY_BYTES) off the connection, so that the next request on it gets through."""
    while request.stream.read(64 * 1024):
        pass


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(), payment=(self)")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", _content_policy())
    if response.mimetype == "text/html" or request.path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")  # pages and answers hold codes and secrets of one person
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    endpoint = request.endpoint or "none"
    REQUESTS.labels(endpoint, request.method, str(response.status_code)).inc()
    if "started" in g:
        SECONDS.labels(endpoint).observe(time.perf_counter() - g.started)
    return response


def _content_policy() -> str:
    policy: dict[str, list[str]] = {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
    if "csp_nonce" in g:
        policy["script-src"].append(f"'nonce-{g.csp_nonce}'")
    for directive, origins in g.get("csp_extra", {}).items():
        policy.setdefault(directive, ["'self'"]).extend(origins)
    return "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items())
