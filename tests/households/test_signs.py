"""Promises of signs: what nobody can do is noticed, a day's honest work is not, and an officer has the last word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import Actor
from app.core.database import acting_as, db
from app.households.areas.models import Area
from app.households.fieldwork import errors, services, signs
from app.households.fieldwork.models import FieldSign, SignKind, SignStatus
from app.households.onboarding import services as onboarding
from app.households.onboarding.models import Kind, Outcome
from app.households.onboarding.records import Place, Said, Sent
from app.households.onboarding.trail import Step
from app.households.registry import fields
from app.households.registry.models import How, Purpose
from app.households.registry.queries import today
from tests.factories import households as make
from tests.fakes.clock import FrozenClock

BEGIN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
MEMBER = uuid4()
HAMLET = f"{make.TAN_CUONG}-01"
# A made-up point, and how many degrees of latitude a metre is.
HOME = Place(21.55, 105.75, 10.0)
DEGREES_PER_M = 1 / 111_195
NO_PLACES: dict[str, Area] = {}


def step(number: int, *, minutes: float = 20, north_m: float | None = 300, seconds: int | None = 300) -> Step:
    """The nth of a day: by default a house every twenty minutes, three hundred metres on."""
    place = None if north_m is None else replace(HOME, latitude=HOME.latitude + number * north_m * DEGREES_PER_M)
    made_at = BEGIN + timedelta(minutes=number * minutes)
    return Step(UUID(int=number + 1), MEMBER, make.TAN_CUONG, HAMLET, made_at, seconds, place)


def kinds(steps: list[Step], places: dict[str, Area] | None = None) -> list[SignKind]:
    return [found.kind for found in signs.look(steps, places or NO_PLACES)]


def a_unit(code: str, *, north_m: float) -> Area:
    return Area(code=code, latitude=HOME.latitude + north_m * DEGREES_PER_M, longitude=HOME.longitude)


def test_an_honest_day_gives_no_sign() -> None:
    assert kinds([step(n) for n in range(20)], {HAMLET: a_unit(HAMLET, north_m=2000)}) == []
    assert kinds([]) == []


def test_a_day_without_places_and_times_gives_no_sign() -> None:
    assert kinds([step(n, north_m=None, seconds=None) for n in range(20)]) == []


def test_eight_in_half_an_hour_is_noticed_and_seven_are_not() -> None:
    assert kinds([step(n, minutes=30 / 7) for n in range(8)]) == [SignKind.FAST]
    assert kinds([step(n, minutes=30 / 7) for n in range(7)]) == []
    (found,) = signs.look([step(n, minutes=4) for n in range(12)], NO_PLACES)
    assert found.figures == {"households": 8, "minutes": 28}


def test_three_forms_filled_within_a_minute_each_are_noticed() -> None:
    assert kinds([step(n, seconds=59) for n in range(3)]) == [SignKind.HASTY]
    assert kinds([step(n, seconds=60) for n in range(3)]) == []


def test_four_households_at_one_point_are_noticed_unless_the_phone_was_unsure() -> None:
    assert kinds([step(n, north_m=3) for n in range(4)]) == [SignKind.SAME_POINT]
    assert kinds([step(n, north_m=3) for n in range(3)]) == []
    blurred = [replace(one, place=replace(HOME, accuracy_m=500)) for one in (step(n) for n in range(4))]
    assert kinds(blurred) == []


def test_far_from_the_hamlet_is_noticed_by_its_centre_or_the_communes() -> None:
    steps = [step(0)]
    assert kinds(steps, {HAMLET: a_unit(HAMLET, north_m=5100)}) == [SignKind.FAR_AWAY]
    assert kinds(steps, {HAMLET: a_unit(HAMLET, north_m=4900)}) == []
    assert kinds(steps, {make.TAN_CUONG: a_unit(make.TAN_CUONG, north_m=5100)}) == []
    assert kinds(steps, {make.TAN_CUONG: a_unit(make.TAN_CUONG, north_m=26_000)}) == [SignKind.FAR_AWAY]


def test_two_places_too_far_apart_for_the_time_are_noticed() -> None:
    assert kinds([step(n, minutes=2, north_m=5000) for n in range(2)]) == [SignKind.LEAP]
    assert kinds([step(n, minutes=20, north_m=5000) for n in range(2)]) == []
    assert kinds([step(n, minutes=0.1, north_m=900) for n in range(2)]) == []


def send(actor: Actor, clock: FrozenClock, count: int) -> None:
    """Registrations through the doorstep, all at one point and one every two minutes."""
    sent = []
    for number in range(count):
        said = (Said(Purpose.SELLING, How.SPOKEN, clock.now()),)
        told = fields.of_data(make.a_registration())
        made_at = clock.now() - timedelta(minutes=2 * (count - number))
        sent.append(
            Sent(uuid4(), Kind.REGISTRATION, made_at, clock.now(), told, place=HOME, seconds_spent=90, consents=said)
        )
    results = onboarding.sync(actor=actor, records=sent, clock=clock)
    assert {(result.outcome, str(result.errors)) for result in results} == {(Outcome.STORED, "None")}


def noted() -> dict[str, FieldSign]:
    db.session.rollback()
    return {sign.kind: sign for sign in db.session.scalars(sa.select(FieldSign))}


@pytest.fixture
def member(app: Flask, clock: FrozenClock) -> Actor:
    """A member whose ten registrations of today came from one point within twenty minutes."""
    actor = make.a_team_member()
    with acting_as(actor):
        db.session.rollback()
        send(actor, clock, 10)
    db.session.rollback()
    return actor


def test_the_nightly_look_reads_the_doorsteps_records_once(member: Actor, clock: FrozenClock) -> None:
    assert services.look_for_signs(day=today(clock), clock=clock) == 2
    assert services.look_for_signs(day=today(clock), clock=clock) == 0
    found = noted()
    assert set(found) == {"fast", "same_point"}
    assert found["same_point"].figures == {"households": 10, "hamlets": 1}
    assert found["fast"].member_id == member.user_id


def test_an_officer_decides_once_and_who_it_is_about_never_sees_it(member: Actor, clock: FrozenClock) -> None:
    services.look_for_signs(day=today(clock), clock=clock)
    sign_id = noted()["fast"].id
    office = make.an_officer()
    about = replace(member, areas=frozenset({make.TAN_CUONG}), roles=office.roles)
    with acting_as(about), pytest.raises(errors.NoSuchEntry):
        services.decide_sign(actor=about, sign_id=sign_id, confirmed=False, reason="Ổn", clock=clock)
    foreign = make.an_officer(make.DAI_PHUC)
    with acting_as(foreign), pytest.raises(errors.NoSuchEntry):
        services.decide_sign(actor=foreign, sign_id=sign_id, confirmed=False, reason="Ổn", clock=clock)
    with acting_as(office):
        done = services.decide_sign(
            actor=office, sign_id=sign_id, confirmed=False, reason="Đăng ký ở nhà văn hóa", clock=clock
        )
        assert done.status == SignStatus.DISMISSED
        with pytest.raises(errors.DecidedAlready):
            services.decide_sign(actor=office, sign_id=sign_id, confirmed=True, reason="Ổn", clock=clock)
