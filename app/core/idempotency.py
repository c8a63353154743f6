"""`Idempotency-Key` for creating POSTs: the same key and body gets the stored answer, another body is refused.

The row is written before the work begins and the answer after it. A crash in between leaves a row without an answer;
the repeat then runs the service again, which is itself keyed on the same text and finds what it made.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from flask import Response, current_app, g, request
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import SYSTEM_CLOCK
from app.core.crypto import seal_record, unseal_record
from app.core.database import Model, current_actor, transaction
from app.core.errors import AppError, BadInput
from app.core.jobs import job

MAX_KEY_LENGTH = 100
KEPT_FOR = timedelta(days=7)
ANSWER_FIELD = "idempotency_record.answer"
_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    "description": "Yours, ASCII. The same key and body gets the stored answer, another body a 409.",
}
View = TypeVar("View", bound=Callable[..., Any])


class IdempotencyRecord(Model):
    """One key as one caller used it on one route. The answer is sealed: it may hold a card's client secret."""

    __tablename__ = "idempotency_record"
    __table_args__ = (sa.Index("ix_idempotency_record_created_at", "created_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    status: Mapped[int | None]
    answer_enc: Mapped[bytes | None]


class IdempotencyKeyMissing(BadInput):
    """A creating POST came without its key."""

    status, code = 400, "idempotency_key_missing"


class IdempotencyKeyReused(AppError):
    """The key was used before with another body."""

    status, code = 409, "idempotency_key_reused"


def idempotent(view: View) -> View:
    """Decorate an API view (below the argument parsers). The view reads its key from `idempotency_key()`."""

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
            raise IdempotencyKeyMissing(
                _("Cần tiêu đề Idempotency-Key (1–%(max)d ký tự ASCII) cho mỗi lần tạo mới.", max=MAX_KEY_LENGTH)
            )
        actor = current_actor()
        scope = f"{request.endpoint}|{actor.user_id or 'guest'}"
        # The path belongs to what is asked: one key for two stalls is two contents.
        digest = hashlib.sha256(request.path.encode() + b"\n" + request.get_data()).digest()
        stored = _begin(scope, key, digest)
        if stored is not None:
            return _replay(stored)
        g.idempotency_key = f"{scope}|{key}"
        response = current_app.make_response(view(*args, **kwargs))
        if response.status_code < 500:
            _finish(scope, key, response)
        return response

    wrapper._apidoc = {**getattr(view, "_apidoc", {}), "manual_doc": {"parameters": [_HEADER]}}  # type: ignore[attr-defined]
    return cast(View, wrapper)


def idempotency_key() -> str:
    """The key of this request, made unique over routes and callers: what a service stores in its UNIQUE column."""
    return str(g.idempotency_key)


def _begin(scope: str, key: str, digest: bytes) -> IdempotencyRecord | None:
    """Note the key; the earlier record when it holds an answer, None when the work is still to do."""
    with transaction() as session:
        session.execute(
            insert(IdempotencyRecord)
            .values(scope=scope, key=key, body_hash=digest, created_at=SYSTEM_CLOCK.now())
            .on_conflict_do_nothing()
        )
        record = session.get_one(IdempotencyRecord, (scope, key), populate_existing=True)
        if record.body_hash != digest:
            raise IdempotencyKeyReused(_("Khóa Idempotency-Key này đã dùng cho một nội dung khác."))
    return record if record.status is not None else None


def _finish(scope: str, key: str, response: Response) -> None:
    with transaction() as session:
        session.execute(
            sa.update(IdempotencyRecord)
            .where(IdempotencyRecord.scope == scope, IdempotencyRecord.key == key, IdempotencyRecord.status.is_(None))
            .values(status=response.status_code, answer_enc=seal_record(ANSWER_FIELD, response.get_data(as_text=True)))
        )


def _replay(record: IdempotencyRecord) -> Response:
    body = unseal_record(ANSWER_FIELD, record.answer_enc) if record.answer_enc else json.dumps(None)
    response = current_app.response_class(body, status=record.status, content_type="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


def forget_old_keys(before: datetime) -> int:
    """Drop records older than `before`; the number dropped."""
    with transaction() as session:
        dropped = session.execute(
            sa.delete(IdempotencyRecord).where(IdempotencyRecord.created_at < before).returning(IdempotencyRecord.key)
        )
        return len(dropped.all())


@job(name="core.forget_old_keys", cron="41 18 * * *")
def forget_old_keys_nightly(timestamp: int) -> None:
    """01:41 in Vietnam: drop what nobody will repeat any more."""
    forget_old_keys(SYSTEM_CLOCK.now() - KEPT_FOR)
