"""A long sheet is judged in the background: it says how far it is, and gives what a short one gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.registry.errors import NotAnOfficer
from app.households.welfare import batch_queries, batch_services, errors, judging, reading_services
from app.households.welfare.models import BatchState, WelfareBatch
from app.identity.roles import Role
from tests.factories import households as make

from .conftest import Browser, SignIn
from .test_welfare_sheets import colleague, counts, filled, me, poor, problems, run, upload  # noqa: F401 - fixtures too

SHEETS = "/dieu-hanh/an-sinh/bang"


@pytest.fixture(autouse=True)
def every_sheet_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_services, "AT_ONCE", 0)
    monkeypatch.setattr(judging, "CHUNK", 2)


def five(officer: Actor) -> WelfareBatch:
    """Three households to give, a code nobody has, and one told twice, over two chunks and more."""
    homes = poor(SYSTEM_CLOCK, 3)
    rows = [(home.code, "Agribank", f"88880002{n:02d}", "NGUYEN THI THU") for n, home in enumerate(homes)]
    again = (homes[0].code, "Agribank", "8888000299", "NGUYEN THI THU")
    return upload(officer, filled(*rows, ("HG00000", "Agribank", "8888000298", "NGUYEN THI THU"), again))


def read(batch: WelfareBatch) -> WelfareBatch:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = batch_queries.get(batch.id)
        assert (found.read_enc is not None) == (found.state == BatchState.READING)
        db.session.rollback()
    return found


def jobs() -> int:
    with transaction(actor=SYSTEM) as session:
        return int(session.scalar(sa.text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'welfare.work'")))


def test_it_is_judged_by_the_job_and_shows_what_a_short_one_shows(app: Flask, me: Actor) -> None:  # noqa: F811
    batch = five(me)
    assert (batch.state, batch.steps_done, batch.steps_total, counts(batch.id)) == (BatchState.READING, 0, 5, {})
    assert jobs() == 1
    run(batch.id)
    judged = read(batch)
    assert judged.state == BatchState.READY
    assert counts(batch.id) == {"new": 3}
    assert [problem for _cell, problem in problems(judged)] == ["household_not_found", "told_twice"]
    run(batch.id)
    assert counts(batch.id) == {"new": 3}
    batch_services.apply(actor=me, batch_id=batch.id, clock=SYSTEM_CLOCK)
    run(batch.id)
    assert counts(batch.id) == {"issued": 3}


def test_it_tells_how_far_it_is(app: Flask, me: Actor, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    batch, seen = five(me), []
    moved = reading_services._moved

    def watch(*told: Any) -> bool:
        answer: bool = moved(*told)
        seen.append(read(batch).steps_done)
        return answer

    monkeypatch.setattr(reading_services, "_moved", watch)
    run(batch.id)
    assert seen == [2, 4, 5]


def test_what_died_in_the_middle_is_woken_and_begins_anew(
    app: Flask,
    me: Actor,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = five(me)
    with monkeypatch.context() as broken:
        broken.setattr(judging, "refuse_taken", lambda _judged: (_ for _ in ()).throw(RuntimeError("gone")))
        with pytest.raises(RuntimeError, match="gone"):
            run(batch.id)
    assert (read(batch).state, counts(batch.id)) == (BatchState.READING, {})
    assert batch_services.wake_stuck(clock=SYSTEM_CLOCK) == 0
    with transaction(actor=SYSTEM):
        batch_queries.get(batch.id, for_update=True).moved_at = SYSTEM_CLOCK.now() - timedelta(minutes=3)
    assert batch_services.wake_stuck(clock=SYSTEM_CLOCK) == 1
    run(batch.id)
    assert counts(batch.id) == {"new": 3}


def test_it_can_be_put_away_while_it_is_read(
    app: Flask,
    me: Actor,  # noqa: F811
    colleague: Actor,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = five(me)
    with pytest.raises(errors.WrongBatchMoment):
        batch_services.apply(actor=me, batch_id=batch.id, clock=SYSTEM_CLOCK)
    with pytest.raises(NotAnOfficer):
        batch_services.drop(actor=colleague, batch_id=batch.id, clock=SYSTEM_CLOCK)
    keep = reading_services._keep

    def late(*told: Any) -> None:
        batch_services.drop(actor=me, batch_id=batch.id, clock=SYSTEM_CLOCK)
        keep(*told)

    monkeypatch.setattr(reading_services, "_keep", late)
    run(batch.id)
    assert (read(batch).state, counts(batch.id)) == (BatchState.DROPPED, {})


def test_the_page_shows_it_at_work_and_then_the_preview(sign_in: SignIn, officer: Browser) -> None:
    batch = five(officer.actor)
    path = f"{SHEETS}/{batch.id}"
    page = officer.get(path).get_data(as_text=True)
    assert "Đang đọc" in page
    assert 'http-equiv="refresh"' in page
    assert "Bỏ bảng này" in page
    assert "Lập 3 tài khoản" not in page
    other = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    assert other.get(path).status_code == 404
    run(batch.id)
    assert "Lập 3 tài khoản" in officer.get(path).get_data(as_text=True)


def test_what_was_read_is_sealed(app: Flask, me: Actor) -> None:  # noqa: F811
    five(me)
    with transaction(actor=SYSTEM) as session:
        stored = bytes(session.scalar(sa.text("SELECT read_enc FROM welfare_batch")))
        told = str(session.execute(sa.text("SELECT args FROM procrastinate_jobs")).all())
    assert b"8888000200" not in stored
    assert b"NGUYEN" not in stored
    assert "NGUYEN" not in told
