"""Promises of back-checks: drawn by chance, never one's own, blind, compared by the system, decided by a third."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db, transaction
from app.households.fieldwork import backchecks, checks, errors, services
from app.households.fieldwork.backchecks import Answers
from app.households.fieldwork.models import BackCheck, BackCheckDraw, CheckStatus, Difference
from app.households.registry.models import Household
from app.households.registry.queries import today
from app.identity import queries as people
from app.identity.models import User
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.people import make_user
from tests.fakes.clock import FrozenClock

FIRST, SECOND = f"{make.TAN_CUONG}-01", f"{make.TAN_CUONG}-02"
PHONE = "0912345678"


@pytest.fixture
def registrar(clock: FrozenClock) -> Actor:
    return people.actor_of(make_user(Role.TEAM_MEMBER, areas=[FIRST], clock=clock), clock=clock)


@pytest.fixture
def second(clock: FrozenClock) -> User:
    return make_user(Role.TEAM_MEMBER, areas=[SECOND], clock=clock)


@pytest.fixture
def household(clock: FrozenClock, registrar: Actor) -> Household:
    return make.register(clock=clock, actor=registrar, phone=PHONE)


@pytest.fixture
def check(clock: FrozenClock, household: Household, second: User) -> BackCheck:
    """The household's registration, drawn the night after and given to the second member."""
    clock.advance(days=1)
    services.draw_back_checks(clock=clock)
    return db.session.scalars(sa.select(BackCheck)).one()


def truth(**changes: object) -> Answers:
    return replace(Answers("nguyen thi  thu", 1980, PHONE, reachable=True, visited=True), **changes)  # type: ignore[arg-type]


def answered(actor: Actor, check: BackCheck, answers: Answers, clock: FrozenClock) -> BackCheck:
    with acting_as(actor):
        db.session.rollback()
        return services.answer_check(actor=actor, check_id=check.id, answers=answers, clock=clock)


def test_one_in_twenty_is_drawn_and_the_seed_alone_decides_which() -> None:
    ids = [UUID(int=number) for number in range(1, 101)]
    seed = b"s" * 32
    chosen = backchecks.drawn(ids, seed)
    assert len(chosen) == 5
    assert backchecks.drawn(ids[::-1], seed) == chosen
    assert backchecks.drawn(ids, b"t" * 32) != chosen
    assert len(backchecks.drawn(ids[:21], seed)) == 2
    assert backchecks.drawn([], seed) == []


def test_a_day_is_drawn_once_and_can_be_drawn_again_from_what_is_kept(
    app: Flask, clock: FrozenClock, registrar: Actor, second: User
) -> None:
    made = [make.register(clock=clock, actor=registrar) for _n in range(21)]
    clock.advance(days=1)
    assert services.draw_back_checks(clock=clock) == 2
    assert services.draw_back_checks(clock=clock) == 0
    kept = db.session.get_one(BackCheckDraw, today(clock) - timedelta(days=1))
    assert (kept.registrations, kept.drawn) == (21, 2)
    again = backchecks.drawn([one.id for one in made], kept.seed)
    assert set(again) == set(db.session.scalars(sa.select(BackCheck.household_id)))


def test_today_is_not_drawn_before_it_is_over(app: Flask, clock: FrozenClock, household: Household) -> None:
    assert services.draw_back_checks(clock=clock) == 0


def test_a_check_goes_to_another_member_never_to_the_registrar(
    app: Flask, check: BackCheck, registrar: Actor, second: User
) -> None:
    assert (check.registrar_id, check.checker_id) == (registrar.user_id, second.id)


def test_without_another_member_a_check_waits_for_one(
    app: Flask, clock: FrozenClock, household: Household, registrar: Actor
) -> None:
    clock.advance(days=1)
    services.draw_back_checks(clock=clock)
    assert db.session.scalars(sa.select(BackCheck.checker_id)).one() is None
    new = make_user(Role.TEAM_MEMBER, areas=[SECOND], clock=clock)
    services.draw_back_checks(clock=clock)
    assert db.session.scalars(sa.select(BackCheck.checker_id)).one() == new.id


def test_the_database_refuses_a_registrar_who_checks_their_own(
    app: Flask, clock: FrozenClock, check: BackCheck, registrar: Actor, household: Household
) -> None:
    with pytest.raises(IntegrityError, match="ck_back_check_not_own"), transaction(actor=SYSTEM) as session:
        session.execute(sa.update(BackCheck).values(checker_id=registrar.user_id))
    with pytest.raises(ProgrammingError, match="permission denied"), transaction(actor=SYSTEM) as session:
        session.execute(sa.update(BackCheck).values(registrar_id=uuid4()))
    day = db.session.scalars(sa.select(BackCheckDraw.day)).first()
    other = make.register(clock=clock, actor=registrar)
    row = {"id": uuid4(), "household_id": other.id, "commune_code": make.TAN_CUONG, "day": day}
    lie: dict[str, object] = {
        "registrar_id": uuid4(),
        "checker_id": registrar.user_id,
        "status": "open",
        "differences": [],
    }
    with pytest.raises(IntegrityError, match="ck_back_check_not_own"), transaction(actor=SYSTEM) as session:
        session.execute(sa.insert(BackCheck).values(**row, **lie, created_at=clock.now()))


def test_a_registrar_does_not_even_see_that_they_are_checked(
    app: Flask, check: BackCheck, registrar: Actor, second: User, clock: FrozenClock
) -> None:
    wide = replace(registrar, areas=frozenset({make.TAN_CUONG}))
    for actor, seen in ((wide, 0), (people.actor_of(second, clock=clock), 1), (make.an_officer(), 1)):
        with acting_as(actor):
            db.session.rollback()
            assert db.session.scalar(sa.select(sa.func.count()).select_from(BackCheck)) == seen
            db.session.rollback()


def test_the_checker_learns_the_address_and_nothing_else(
    app: Flask, check: BackCheck, second: User, clock: FrozenClock
) -> None:
    me = people.actor_of(second, clock=clock)
    with acting_as(me):
        db.session.rollback()
        assert services.address_to_check(actor=me, check_id=check.id, clock=clock) == "Nhà sau đình xóm"
    stranger = make.a_team_member(SECOND)
    with pytest.raises(errors.NoSuchEntry):
        services.address_to_check(actor=stranger, check_id=check.id, clock=clock)


def test_the_same_answers_close_a_check(app: Flask, check: BackCheck, second: User, clock: FrozenClock) -> None:
    me = people.actor_of(second, clock=clock)
    assert answered(me, check, truth(), clock).status == CheckStatus.SAME
    assert answered(me, check, truth(), clock).status == CheckStatus.SAME
    with pytest.raises(errors.DecidedAlready):
        answered(me, check, truth(birth_year=1981), clock)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"name": "Nguyễn Thị Khác"}, Difference.NAME),
        ({"birth_year": 1990}, Difference.BIRTH_YEAR),
        ({"phone": "0912345679"}, Difference.PHONE),
        ({"phone": ""}, Difference.PHONE),
        ({"reachable": False}, Difference.UNREACHABLE),
        ({"visited": False}, Difference.NOT_VISITED),
    ],
)
def test_each_difference_is_named(
    app: Flask, check: BackCheck, second: User, clock: FrozenClock, changes: dict[str, object], difference: Difference
) -> None:
    done = answered(people.actor_of(second, clock=clock), check, truth(**changes), clock)
    assert (done.status, done.differences) == (CheckStatus.DIFFERS, [difference])
    assert b"Nguy" not in (done.answers_enc or b"")


def test_who_left_the_commune_answers_nothing_and_the_check_moves_on(
    app: Flask, check: BackCheck, second: User, clock: FrozenClock
) -> None:
    services.release_hamlet(actor=make.an_officer(), hamlet_code=SECOND, user_id=second.id, clock=clock)
    with pytest.raises(errors.NoSuchEntry):
        answered(people.actor_of(second, clock=clock), check, truth(), clock)
    third = make_user(Role.TEAM_MEMBER, areas=[SECOND], clock=clock)
    services.draw_back_checks(clock=clock)
    assert checks.in_reach(check.id).checker_id == third.id


def test_an_officer_who_had_no_part_in_it_decides_once(
    app: Flask, check: BackCheck, second: User, clock: FrozenClock
) -> None:
    office = make.an_officer()
    with pytest.raises(errors.DecidedAlready):
        services.decide_check(actor=office, check_id=check.id, sound=True, reason="Ổn", clock=clock)
    answered(people.actor_of(second, clock=clock), check, truth(birth_year=1990), clock)
    checker_in_office = replace(office, user_id=second.id)
    with pytest.raises(errors.NotOneself):
        services.decide_check(actor=checker_in_office, check_id=check.id, sound=True, reason="Ổn", clock=clock)
    with pytest.raises(errors.NotTheLeader):
        services.decide_check(actor=make.a_team_member(), check_id=check.id, sound=True, reason="Ổn", clock=clock)
    with pytest.raises(errors.BadEntry):
        services.decide_check(actor=office, check_id=check.id, sound=True, reason=" ", clock=clock)
    done = services.decide_check(actor=office, check_id=check.id, sound=False, reason="Nhà không có ai", clock=clock)
    assert done.status == CheckStatus.WRONG
    with pytest.raises(errors.DecidedAlready):
        services.decide_check(actor=office, check_id=check.id, sound=True, reason="Ổn", clock=clock)


def test_a_check_is_handed_to_another_member_but_never_to_the_registrar(
    app: Flask, check: BackCheck, registrar: Actor, clock: FrozenClock
) -> None:
    office = make.an_officer()
    third = make_user(Role.TEAM_MEMBER, areas=[FIRST], clock=clock)
    services.hand_over_check(actor=office, check_id=check.id, user_id=third.id, clock=clock)
    assert checks.in_reach(check.id).checker_id == third.id
    assert registrar.user_id
    with pytest.raises(errors.NotOneself):
        services.hand_over_check(actor=office, check_id=check.id, user_id=registrar.user_id, clock=clock)
    with pytest.raises(errors.NotAMember):
        services.hand_over_check(actor=office, check_id=check.id, user_id=uuid4(), clock=clock)
