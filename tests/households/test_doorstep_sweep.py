"""A record that was kept and never handled, because a process died, is handled by itself, once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.onboarding import handling, sweep_services, tasks
from app.households.onboarding.models import DoorstepPhoto, DoorstepRecord
from app.households.registry import fields
from app.identity.models import RoleGrant
from tests.factories import households as make
from tests.households.conftest import Browser
from tests.households.test_doorstep_sync import SYNC, bring, edit, households, outcomes, registration, the

SOON = timedelta(minutes=1)
SIGNATURE = {
    "id": "11111111-1111-4111-8111-111111111111",
    "kind": "signature",
    "media_type": "image/png",
    "size_bytes": 100,
    "sha256": "ab" * 32,
}


class Died(BaseException):
    """The process is gone."""


def keep_only(browser: Browser, monkeypatch: pytest.MonkeyPatch, *records: dict[str, Any]) -> None:
    """Send records to a process that dies once they are kept."""

    def die(*_args: Any, **_more: Any) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(handling, "handle", die)
        with pytest.raises(Died):
            browser.api(SYNC, {"records": list(records)})
    assert {row.outcome for row in kept()} >= {None}


def kept() -> list[DoorstepRecord]:
    with acting_as(SYSTEM):
        db.session.rollback()
        return list(db.session.scalars(sa.select(DoorstepRecord).order_by(DoorstepRecord.received_at)))


def swept() -> int:
    return sweep_services.handle_left(before=SYSTEM_CLOCK.now() + SOON, clock=SYSTEM_CLOCK)


def test_what_was_kept_is_handled_once_and_the_phone_hears_the_same(
    neighbour: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = registration(photos=[SIGNATURE])
    keep_only(neighbour, monkeypatch, record)
    assert (swept(), swept()) == (1, 0)
    (home,) = households()
    assert home.registered_by == neighbour.actor.user_id
    assert fields.of(home)["address"] == "Nhà sau đình xóm"
    with acting_as(SYSTEM):
        assert [str(one) for one in db.session.scalars(sa.select(DoorstepPhoto.id))] == [SIGNATURE["id"]]
    assert outcomes(bring(neighbour, record)) == ["same"]
    assert len(households()) == 1


def test_an_edit_that_was_kept_is_merged(neighbour: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    (stored,) = bring(neighbour, registration())
    change = edit(stored["household_code"])
    keep_only(neighbour, monkeypatch, change)
    assert swept() == 1
    assert fields.of(the(stored["household_code"]))["address"] == "Nhà bên suối"
    assert outcomes(bring(neighbour, change)) == ["same"]


def test_one_that_cannot_be_holds_up_none_and_says_why(neighbour: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_only(neighbour, monkeypatch, registration(fields={"phone": "1"}), registration())
    assert swept() == 2
    assert sorted(str(row.outcome) for row in kept()) == ["refused", "stored"]


def test_a_phone_that_is_sending_just_now_is_left_alone(neighbour: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_only(neighbour, monkeypatch, registration())
    tasks.handle_left(0)
    assert households() == []


def test_who_left_meanwhile_registers_nothing(neighbour: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_only(neighbour, monkeypatch, registration())
    with transaction(actor=SYSTEM) as session:
        session.execute(
            sa.update(RoleGrant).where(RoleGrant.user_id == neighbour.actor.user_id).values(valid_to=SYSTEM_CLOCK.now())
        )
    swept()
    assert households() == []
    (row,) = kept()
    assert row.outcome == "refused"


def test_a_sweep_that_is_killed_midway_leaves_all_to_the_next(
    app: Flask, neighbour: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_only(neighbour, monkeypatch, *(registration() for _each in range(3)))
    real, there, go_on = handling.handle, threading.Event(), threading.Event()
    process: list[int] = []

    def slow(*args: Any, **more: Any) -> Any:
        done = real(*args, **more)
        process.append(db.session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
        there.set()
        go_on.wait(20)
        return done

    def work() -> None:
        with app.app_context():
            swept()

    with monkeypatch.context() as patched:
        patched.setattr(handling, "handle", slow)
        worker = threading.Thread(target=work)
        worker.start()
        assert there.wait(20)
        patched.setattr(handling, "handle", real)
        db.session.rollback()
        assert db.session.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": process[0]}).scalar_one()
        db.session.rollback()
        go_on.set()
        worker.join(30)
    swept()
    assert len(households()) == 3
    assert {row.outcome for row in kept()} == {"stored"}
    assert households()[0].commune_code == make.TAN_CUONG
