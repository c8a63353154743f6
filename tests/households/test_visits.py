"""Promises of visits and classes: written once, seen by who works there, taken back within a day."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import Actor
from app.core.database import acting_as, db
from app.households.fieldwork import errors, queries, services
from app.households.fieldwork.models import Done, Visit
from app.households.fieldwork.visits import NewLesson, NewVisit
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Household
from app.households.registry.queries import today
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def a_visit(household: Household, **changes: Any) -> NewVisit:
    plain = NewVisit(uuid4(), household.code, frozenset({Done.APP_INSTALLED, Done.SHOP_OPENED}), "Hẹn dạy chụp ảnh")
    return replace(plain, **changes)


def a_lesson(clock: FrozenClock, **changes: Any) -> NewLesson:
    plain = NewLesson(uuid4(), f"{make.TAN_CUONG}-01", "Nhà văn hóa xóm", "Chụp ảnh hàng", clock.now())
    return replace(plain, **changes)


def visited(actor: Actor, new: NewVisit, clock: FrozenClock) -> Visit:
    with acting_as(actor):
        db.session.rollback()
        return services.record_visit(actor=actor, new=new, clock=clock)


def held(actor: Actor, new: NewLesson, clock: FrozenClock) -> UUID:
    with acting_as(actor):
        db.session.rollback()
        return services.hold_lesson(actor=actor, new=new, clock=clock).id


@contextmanager
def eyes_of(actor: Actor) -> Iterator[None]:
    """See with the actor's eyes only inside."""
    with acting_as(actor):
        db.session.rollback()
        yield
        db.session.rollback()
    db.session.expire_all()


def due_codes(actor: Actor, limit: int = 50) -> list[str]:
    with eyes_of(actor):
        codes, cursor = [], None
        while True:
            page = queries.due(actor, cursor=cursor, limit=limit)
            codes += [one.household.code for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return codes


def test_a_visit_is_in_the_history_with_its_note_and_the_note_lies_sealed(app: Flask, clock: FrozenClock) -> None:
    household, member = make.register(clock=clock), make.a_team_member()
    visit = visited(member, a_visit(household), clock)
    (past,) = queries.history(household)
    assert (past.note, past.visit.done) == ("Hẹn dạy chụp ảnh", ["app_installed", "shop_opened"])
    assert visit.note_enc is not None
    assert "chụp".encode() not in visit.note_enc


def test_the_same_visit_sent_twice_is_one_and_other_content_is_refused(app: Flask, clock: FrozenClock) -> None:
    household, member = make.register(clock=clock), make.a_team_member()
    new = a_visit(household)
    visited(member, new, clock)
    clock.advance(minutes=5)
    assert visited(member, new, clock).id == new.id
    assert len(queries.history(household)) == 1
    with pytest.raises(errors.OtherEntry):
        visited(member, replace(new, note="Khác"), clock)
    with pytest.raises(errors.OtherEntry):
        visited(make.a_team_member(), new, clock)


def test_the_same_visit_in_parallel_is_one(app: Flask, clock: FrozenClock) -> None:
    household, member = make.register(clock=clock), make.a_team_member()
    new = a_visit(household)

    def send(_n: int) -> UUID:
        with app.app_context(), acting_as(member):
            return services.record_visit(actor=member, new=new, clock=clock).id

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(4))) == {new.id}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) == 1


def test_an_id_used_out_of_sight_is_refused_without_a_word_about_it(app: Flask, clock: FrozenClock) -> None:
    ours, theirs = make.register(clock=clock), make.register(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    new = a_visit(ours)
    visited(make.a_team_member(), new, clock)
    with pytest.raises(errors.OtherEntry):
        visited(make.a_team_member(f"{make.DAI_PHUC}-01"), replace(new, household_code=theirs.code), clock)


def test_nobody_visits_a_household_of_another_hamlet(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    for stranger in (make.a_team_member(f"{make.TAN_CUONG}-02"), make.an_officer(make.DAI_PHUC)):
        with pytest.raises(NoSuchHousehold):
            visited(stranger, a_visit(household), clock)


def test_the_database_hides_visits_of_other_hamlets_without_any_scope(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    visited(make.a_team_member(), a_visit(household), clock)
    for actor, seen in ((make.a_team_member(f"{make.TAN_CUONG}-02"), 0), (make.an_officer(), 1)):
        with eyes_of(actor):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) == seen


def test_a_visit_that_cannot_be_says_why_for_each_field(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    wrong = a_visit(
        household,
        done=frozenset(),
        note="x" * 501,
        next_on=today(clock) - timedelta(days=1),
        visited_at=clock.now() + timedelta(hours=1),
    )
    with pytest.raises(errors.BadEntry) as refused:
        visited(make.a_team_member(), wrong, clock)
    assert set(refused.value.details["errors"]) == {"done", "note", "next_on", "visited_at"}


def test_whom_to_visit_next_begins_with_the_longest_overdue(app: Flask, clock: FrozenClock) -> None:
    member = make.a_team_member()
    never, soon, late, done = (make.register(clock=clock) for _n in range(4))
    elsewhere = make.register(clock=clock, hamlet_code=f"{make.TAN_CUONG}-02")
    visited(member, a_visit(soon, next_on=today(clock) + timedelta(days=20)), clock)
    visited(member, a_visit(late, next_on=today(clock) + timedelta(days=1)), clock)
    visited(member, a_visit(done), clock)
    assert due_codes(member) == due_codes(member, limit=1) == [late.code, never.code, soon.code]
    clock.advance(days=3)
    visited(member, a_visit(late, next_on=today(clock) + timedelta(days=60)), clock)
    assert due_codes(member) == [never.code, soon.code, late.code]
    assert elsewhere.code not in due_codes(member)
    assert elsewhere.code in due_codes(make.an_officer())


def test_a_visit_is_taken_back_within_a_day_by_its_maker_only(app: Flask, clock: FrozenClock) -> None:
    household, member = make.register(clock=clock), make.a_team_member()
    visit = visited(member, a_visit(household), clock)
    other = make.a_team_member()
    with acting_as(other), pytest.raises(errors.NoSuchEntry):
        services.undo_visit(actor=other, visit_id=visit.id, clock=clock)
    clock.advance(hours=23)
    with acting_as(member):
        services.undo_visit(actor=member, visit_id=visit.id, clock=clock)
        services.undo_visit(actor=member, visit_id=visit.id, clock=clock)
    assert queries.history(household) == []
    assert due_codes(member) == [household.code]


def test_after_a_day_a_visit_stays(app: Flask, clock: FrozenClock) -> None:
    member = make.a_team_member()
    visit = visited(member, a_visit(make.register(clock=clock)), clock)
    clock.advance(hours=25)
    with acting_as(member), pytest.raises(errors.TooLateToUndo):
        services.undo_visit(actor=member, visit_id=visit.id, clock=clock)


def test_a_class_counts_households_once_and_those_who_walked_in(app: Flask, clock: FrozenClock) -> None:
    member = make.a_team_member()
    one, two = make.register(clock=clock), make.register(clock=clock)
    new = a_lesson(clock, codes=(one.code, two.code, one.code), walk_ins=7)
    assert held(member, new, clock) == held(member, new, clock)
    (row,) = queries.lessons(make.an_officer(), cursor=None, limit=5).items
    assert (row.households, row.lesson.walk_ins) == (2, 7)
    assert queries.attendance([new.id]) == {new.id: sorted([one.code, two.code])}
    assert [lesson.id for lesson in queries.lessons_attended(one.id)] == [new.id]
    with pytest.raises(errors.OtherEntry):
        held(member, replace(new, codes=(one.code,)), clock)


def test_nobody_ticks_off_households_they_may_not_see(app: Flask, clock: FrozenClock) -> None:
    stranger = make.register(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    with pytest.raises(errors.BadEntry) as refused:
        held(make.a_team_member(), a_lesson(clock, codes=(stranger.code,)), clock)
    assert "codes" in refused.value.details["errors"]


def test_classes_are_listed_for_their_hamlet_and_commune_and_go_when_taken_back(app: Flask, clock: FrozenClock) -> None:
    member = make.a_team_member()
    ids = []
    for _n in range(3):
        ids.append(held(member, a_lesson(clock), clock))
        clock.advance(minutes=1)

    def listed(actor: Actor) -> list[UUID]:
        with eyes_of(actor):
            first = queries.lessons(actor, cursor=None, limit=2)
            rest = queries.lessons(actor, cursor=first.next_cursor, limit=2) if first.next_cursor else None
            return [row.lesson.id for page in (first, rest) if page for row in page.items]

    assert listed(member) == listed(make.an_officer()) == ids[::-1]
    assert listed(make.a_team_member(f"{make.TAN_CUONG}-02")) == listed(make.an_officer(make.DAI_PHUC)) == []
    with acting_as(member):
        services.undo_lesson(actor=member, lesson_id=ids[1], clock=clock)
    assert listed(member) == [ids[2], ids[0]]
    clock.advance(days=2)
    with acting_as(member), pytest.raises(errors.TooLateToUndo):
        services.undo_lesson(actor=member, lesson_id=ids[0], clock=clock)
