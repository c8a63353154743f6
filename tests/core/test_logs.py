"""Logs tell what happened, never to whom."""

from __future__ import annotations

import io
import json
import logging

import pytest
import sqlalchemy as sa
import structlog

from app.core.audit import AuditEvent
from app.core.database import db, transaction
from app.core.logs import drop_personal


def logged(**event: object) -> dict[str, object]:
    return dict(drop_personal(None, "info", {"event": "x", **event}))


@pytest.mark.parametrize(
    "key", ["name", "holder_name", "phone", "contact_phone", "address", "account", "citizen_id", "memo", "password"]
)
def test_values_under_telling_keys_are_hidden(key: str) -> None:
    assert logged(**{key: "Nguyễn Thị Lan"})[key] == "[hidden]"


@pytest.mark.parametrize("number", ["0912345678", "+84 912 345 678", "0912.345.678", "019184001234", "00112233445566"])
def test_long_runs_of_digits_are_hidden_anywhere(number: str) -> None:
    assert number not in str(logged(reason=f"no route to {number}, giving up")["reason"])


@pytest.mark.parametrize(
    "harmless", ["01a20c8b-69e8-75f7-bd99-cab9e4a7c858", "CP23456789", "50000", "2026-11-20T05:00:00Z"]
)
def test_ids_codes_and_amounts_stay(harmless: str) -> None:
    assert logged(subject=harmless)["subject"] == harmless


def test_a_record_of_the_standard_library_hides_digits_too(app: object) -> None:
    (handler,) = [one for one in logging.getLogger().handlers if hasattr(one.formatter, "foreign_pre_chain")]
    record = logging.LogRecord("some.library", logging.ERROR, "", 1, "could not send to %s", ("0912345678",), None)
    line = json.loads(handler.format(record))
    assert "0912345678" not in str(line)
    assert line["level"] == "error"


def test_an_error_of_the_database_shows_no_values(app: object, clock) -> None:
    event = AuditEvent(
        at=clock.now(), actor_label="Nguyễn Thị Lan", action="x", subject_kind="y", subject_id=None, details={}
    )
    with pytest.raises(sa.exc.IntegrityError) as failed, transaction() as session:
        session.add(event)
    assert "parameters" not in str(failed.value) or "hidden" in str(failed.value)
    out = io.StringIO()
    with structlog.testing.capture_logs():
        out.write(str(failed.value).split("DETAIL")[0])
    assert "Nguyễn Thị Lan" not in out.getvalue()
    db.session.rollback()
