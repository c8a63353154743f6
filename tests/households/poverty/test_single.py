"""Promises of a decision about one household: nothing counts on one officer's word, whichever way it is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.database import acting_as, db, transaction
from app.core.errors import AppError, BadInput
from app.households.poverty import errors, queries, services
from app.households.poverty.models import State
from app.households.poverty.single import services as single
from app.households.registry import queries as registry
from app.households.registry.errors import NoSuchHousehold, NotAnOfficer
from app.households.registry.models import Household, PovertyClass
from tests.factories import households as make
from tests.fakes.clock import FrozenClock
from tests.households.poverty.conftest import Desk, class_on, decisions
from tests.households.poverty.lists import workbook

DAY = date(2026, 11, 20)


def propose(actor: Actor, home: Household, clock: FrozenClock, **changes: Any) -> UUID:
    said: dict[str, Any] = {
        "poverty_class": PovertyClass.POOR, "decision_number": "12/QĐ-UBND", "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
    }  # fmt: skip
    return single.propose(actor=actor, household_id=home.id, clock=clock, **(said | changes))


def rows_in(table: str, household_id: UUID) -> int:
    with transaction(actor=SYSTEM) as session:
        count = session.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE household_id = :id"), {"id": household_id})
    return count or 0


def test_a_decision_counts_nowhere_until_a_second_officer_says_yes(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    made = propose(table.maker, home, clock)
    assert (class_on(home.id, DAY), rows_in("poverty_status", home.id), rows_in("welfare_roll", home.id)) == (
        None,
        0,
        0,
    )
    with pytest.raises(errors.NeedsAnother):
        services.approve(actor=table.maker, import_id=made, clock=clock)
    with pytest.raises(errors.NoSuchImport):
        services.approve(actor=make.an_officer(make.DAI_PHUC), import_id=made, clock=clock)
    with pytest.raises(AppError):
        services.approve(actor=make.a_team_member(), import_id=made, clock=clock)
    assert class_on(home.id, DAY) is None
    services.approve(actor=table.approver, import_id=made, clock=clock)
    assert (table.state(made), class_on(home.id, DAY), rows_in("welfare_roll", home.id)) == (State.APPLIED, "poor", 1)
    services.approve(actor=table.approver, import_id=made, clock=clock)
    table.work(made)
    assert rows_in("poverty_status", home.id) == 1
    with transaction(actor=SYSTEM) as session:
        noted = sa.select(AuditEvent.action, AuditEvent.actor_id).where(AuditEvent.subject_id == home.id)
        acts = dict(session.execute(noted.where(AuditEvent.action.startswith("poverty"))).all())
    assert acts == {"poverty_status_proposed": table.maker.user_id, "poverty_status_set": table.approver.user_id}


def test_leaving_takes_a_reason_and_two_people(table: Desk, clock: FrozenClock) -> None:
    home, _account = make.with_welfare_account(clock=clock)
    leave: dict[str, Any] = {"household_id": home.id, "ends_on": DAY, "clock": clock}
    with pytest.raises(BadInput):
        single.propose_end(actor=table.maker, reason=" ", **leave)
    made = single.propose_end(actor=table.maker, reason="Hộ đã thoát nghèo", **leave)
    assert queries.reason(table.get(made)) == "Hộ đã thoát nghèo"
    assert (class_on(home.id, DAY), rows_in("welfare_roll", home.id)) == ("poor", 1)
    with pytest.raises(errors.NeedsAnother):
        services.approve(actor=table.maker, import_id=made, clock=clock)
    services.approve(actor=table.approver, import_id=made, clock=clock)
    assert (class_on(home.id, date(2026, 11, 19)), class_on(home.id, DAY)) == ("poor", None)
    with pytest.raises(errors.TakesTwo):
        services.undo(actor=table.approver, import_id=made, clock=clock)
    with pytest.raises(errors.NothingToDo):
        single.propose_end(actor=table.maker, reason="Thêm lần nữa", **leave | {"ends_on": date(2026, 12, 25)})


def test_only_officers_of_the_commune_enter_one_and_only_one_waits(app: Flask, table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    for stranger, refusal in (
        (make.an_officer(make.DAI_PHUC), NoSuchHousehold), (make.a_team_member(), NotAnOfficer),
        (make.speaking_for(home.id), NotAnOfficer),
    ):  # fmt: skip
        with pytest.raises(refusal):
            propose(stranger, home, clock)
    for wrong in ({"decision_number": " "}, {"valid_to": date(2025, 1, 1)}, {"valid_to": date(2101, 1, 1)}):
        with pytest.raises(BadInput):
            propose(table.maker, home, clock, **wrong)

    def enter(_n: int) -> bool:
        with app.app_context(), acting_as(table.maker):
            try:
                propose(make.an_officer(), home, clock)
            except errors.OneWaits:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, range(4))) == [False, False, False, True]
    with acting_as(table.maker):
        db.session.rollback()
        waiting = queries.waiting(table.maker, home.id)
        assert waiting is not None
        assert queries.waiting(make.an_officer(make.DAI_PHUC), home.id) is None
        waiting_id = waiting.id
        db.session.rollback()
    services.drop(actor=table.approver, import_id=waiting_id, clock=clock)
    propose(table.maker, home, clock)
    assert decisions() == set()


def test_what_changed_meanwhile_is_looked_at_again(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    made = propose(table.maker, home, clock, poverty_class=PovertyClass.NEAR_POOR)
    row = [1, "Nguyễn Thị Thử", None, None, None, home.code, "N"]
    head = ("STT", "Họ và tên chủ hộ", "Số CCCD", "Năm sinh", "Xóm", "Mã hộ", "Loại hộ")
    table.take(workbook([row], head=head), valid_from=date(2026, 6, 1), valid_to=date(2026, 12, 31), year=2026)
    services.approve(actor=table.approver, import_id=made, clock=clock)
    found = table.get(made)
    assert (found.state, found.read_again, found.approved_by, table.counts(made)) == (
        "ready",
        True,
        None,
        {"changed": 1},
    )
    assert class_on(home.id, DAY) == "poor"
    services.approve(actor=table.approver, import_id=made, clock=clock)
    assert (class_on(home.id, DAY), table.state(made)) == ("near_poor", State.APPLIED)


def test_the_database_refuses_one_persons_decision_in_plain_sql(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    waiting = propose(table.maker, home, clock)
    home_id, one, two = home.id, uuid4(), uuid4()
    statement = sa.text(
        "INSERT INTO poverty_status (id, household_id, class, year, decision_number, valid_from, valid_to, recorded_by,"
        " created_at, import_id, approved_by) VALUES (gen_random_uuid(), :home, 'poor', 2026, '1/QĐ', '2026-01-01',"
        " '2026-12-31', :by, now(), :list, :approver)"
    )
    tries: list[dict[str, UUID | None]] = [
        {"by": one, "list": None, "approver": None},
        {"by": one, "list": None, "approver": one},
        {"by": table.maker.user_id, "list": waiting, "approver": None},
        {"by": table.maker.user_id, "list": waiting, "approver": two},
    ]
    for values in tries:
        with pytest.raises(sa.exc.IntegrityError), acting_as(table.maker), transaction() as session:
            session.execute(statement, {"home": home_id, **values})
    poor_id = make.poor(clock=clock).id
    for change in ("approved_by = NULL", "approved_by = recorded_by", "recorded_by = approved_by", "import_id = NULL"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction(actor=SYSTEM) as session:
            session.execute(sa.text(f"UPDATE poverty_status SET {change} WHERE household_id = :id"), {"id": poor_id})
    for change in ("created_by = :by", "approved_by = created_by, approved_at = now(), state = 'applied'"):
        with pytest.raises((sa.exc.ProgrammingError, sa.exc.IntegrityError)), transaction(actor=SYSTEM) as session:
            session.execute(sa.text(f"UPDATE poverty_import SET {change} WHERE id = :id"), {"by": one, "id": waiting})
    with pytest.raises(sa.exc.IntegrityError, match="fk_poverty_status_people"), transaction(actor=SYSTEM) as session:
        session.execute(
            sa.text("UPDATE poverty_import SET approved_by = :by WHERE household_id = :id"), {"by": two, "id": poor_id}
        )
    assert class_on(home_id, DAY) is None


def test_a_waiting_decision_shows_nobody_to_givers(table: Desk, clock: FrozenClock) -> None:
    home, _account = make.with_welfare_account(clock=clock)
    make.no_longer_poor(home, from_day=date(2026, 1, 1), clock=clock)
    shown = sa.text("SELECT count(*) FROM welfare_public")
    made = propose(table.maker, home, clock)
    with transaction(actor=Actor()) as session:
        assert session.scalar(shown) == 0
    services.approve(actor=table.approver, import_id=made, clock=clock)
    with transaction(actor=Actor()) as session:
        assert session.scalar(shown) == 1
    assert registry.today(clock) == DAY
