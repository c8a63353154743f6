"""Promises of teams: who leads, who works where, and that a hamlet taken away is out of reach at once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.households.fieldwork import coverage, errors, services, teams
from app.households.fieldwork.models import Done
from app.households.fieldwork.visits import NewVisit
from app.identity import queries as people
from app.identity.models import User
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.people import make_user
from tests.fakes.clock import FrozenClock
from tests.households.conftest import Browser

FIRST, SECOND = f"{make.TAN_CUONG}-01", f"{make.TAN_CUONG}-02"
ELSEWHERE = f"{make.DAI_PHUC}-01"


@pytest.fixture
def member(clock: FrozenClock) -> User:
    return make_user(Role.TEAM_MEMBER, areas=[FIRST], clock=clock, display_name="Người mẫu Một")


@pytest.fixture
def other(clock: FrozenClock) -> User:
    return make_user(Role.TEAM_MEMBER, areas=[SECOND], clock=clock, display_name="Người mẫu Hai")


@pytest.fixture
def office(clock: FrozenClock) -> Actor:
    user = make_user(Role.COMMUNE_OFFICER, areas=[make.TAN_CUONG], clock=clock)
    return people.actor_of(user, clock=clock)


def actor(user: User, clock: FrozenClock) -> Actor:
    return people.actor_of(user, clock=clock)


def leading(user: User, office: Actor, clock: FrozenClock) -> Actor:
    services.name_leader(actor=office, commune_code=make.TAN_CUONG, user_id=user.id, clock=clock)
    return actor(user, clock)


def test_a_leader_reaches_the_whole_commune_for_as_long_as_they_lead(
    app: Flask, clock: FrozenClock, member: User, office: Actor
) -> None:
    leader = leading(member, office, clock)
    assert leader.areas == {FIRST, make.TAN_CUONG}
    with acting_as(leader):
        assert teams.led_by(leader) == teams.overseen(leader) == [make.TAN_CUONG]
    services.end_leader(actor=office, commune_code=make.TAN_CUONG, user_id=member.id, clock=clock)
    assert actor(member, clock).areas == {FIRST}
    with acting_as(leader):
        db.session.rollback()
        assert teams.led_by(leader) == []


def test_only_an_officer_of_the_commune_names_a_leader_and_never_a_stranger(
    app: Flask, clock: FrozenClock, member: User, other: User, office: Actor
) -> None:
    for nobody in (actor(member, clock), make.an_officer(make.DAI_PHUC)):
        with pytest.raises(errors.NotTheLeader):
            services.name_leader(actor=nobody, commune_code=make.TAN_CUONG, user_id=other.id, clock=clock)
    stranger = make_user(Role.TEAM_MEMBER, areas=[ELSEWHERE], clock=clock)
    with pytest.raises(errors.NotAMember):
        services.name_leader(actor=office, commune_code=make.TAN_CUONG, user_id=stranger.id, clock=clock)
    leader = leading(member, office, clock)
    with pytest.raises(errors.NotTheLeader):
        services.name_leader(actor=leader, commune_code=make.TAN_CUONG, user_id=other.id, clock=clock)


def test_a_leader_gives_and_takes_hamlets_but_not_their_own_nor_elsewhere(
    app: Flask, clock: FrozenClock, member: User, other: User, office: Actor
) -> None:
    leader = leading(member, office, clock)
    services.assign_hamlet(actor=leader, hamlet_code=FIRST, user_id=other.id, clock=clock)
    services.assign_hamlet(actor=leader, hamlet_code=FIRST, user_id=other.id, clock=clock)
    assert actor(other, clock).areas == {FIRST, SECOND}
    with pytest.raises(errors.NotOneself):
        services.assign_hamlet(actor=leader, hamlet_code=SECOND, user_id=member.id, clock=clock)
    with pytest.raises(errors.NotTheLeader):
        services.assign_hamlet(actor=leader, hamlet_code=ELSEWHERE, user_id=other.id, clock=clock)
    with pytest.raises(errors.BadEntry):
        services.assign_hamlet(actor=leader, hamlet_code=make.TAN_CUONG, user_id=other.id, clock=clock)
    plain = actor(other, clock)
    with pytest.raises(errors.NotTheLeader):
        services.release_hamlet(actor=plain, hamlet_code=FIRST, user_id=member.id, clock=clock)


def test_a_hamlet_passes_from_one_to_another_or_not_at_all(
    app: Flask, clock: FrozenClock, member: User, other: User, office: Actor
) -> None:
    services.reassign_hamlet(actor=office, hamlet_code=FIRST, from_id=member.id, to_id=other.id, clock=clock)
    assert actor(member, clock).areas == set()
    assert actor(other, clock).areas == {FIRST, SECOND}
    third = make_user(Role.TEAM_MEMBER, areas=[SECOND], clock=clock)
    with pytest.raises(errors.NoSuchEntry):
        services.reassign_hamlet(actor=office, hamlet_code=FIRST, from_id=member.id, to_id=third.id, clock=clock)
    assert actor(third, clock).areas == {SECOND}


def test_a_leaver_sees_nothing_from_the_next_page_on(app: Flask, neighbour: Browser, officer: Browser) -> None:
    household = make.register(clock=SYSTEM_CLOCK)
    page = f"/to-cong-nghe/ho/{household.code}"
    assert neighbour.get(page).status_code == 200
    assert neighbour.actor.user_id
    services.release_hamlet(actor=officer.actor, hamlet_code=FIRST, user_id=neighbour.actor.user_id, clock=SYSTEM_CLOCK)
    assert neighbour.get(page).status_code == 403
    assert neighbour.get("/to-cong-nghe/di-tham").status_code == 403
    services.add_member(
        actor=officer.actor,
        hamlet_code=FIRST,
        phone=people.phone_of(db.session.get_one(User, neighbour.actor.user_id)),
        name="Người thử",
        clock=SYSTEM_CLOCK,
    )
    assert neighbour.get(page).status_code == 200


def test_an_officer_takes_new_people_into_the_team_by_their_phone(
    app: Flask, clock: FrozenClock, office: Actor, member: User
) -> None:
    phone = make.a_phone()
    new = services.add_member(actor=office, hamlet_code=SECOND, phone=phone, name="Người mẫu Ba", clock=clock)
    again = services.add_member(actor=office, hamlet_code=SECOND, phone=phone, name="Người mẫu Ba", clock=clock)
    assert new == again
    assert [one.name for one in teams.members(make.TAN_CUONG, clock=clock)] == ["Người mẫu Ba", "Người mẫu Một"]
    with pytest.raises(errors.NotTheLeader):
        services.add_member(
            actor=leading(member, office, clock), hamlet_code=SECOND, phone=phone, name="Người", clock=clock
        )


def test_coverage_counts_each_hamlet_and_each_members_month(
    app: Flask, clock: FrozenClock, member: User, office: Actor
) -> None:
    me = actor(member, clock)
    home = make.verified(clock=clock)
    make.register(clock=clock, actor=me)
    with acting_as(me):
        db.session.rollback()
        visit = NewVisit(uuid4(), home.code, frozenset({Done.LESSON}))
        services.record_visit(actor=me, new=visit, clock=clock)
    with acting_as(office):
        db.session.rollback()
        seen = coverage.of_commune(make.TAN_CUONG, clock=clock)
    first, second = seen.hamlets
    assert (first.registered, first.verified, first.visited, first.share) == (2, 1, 1, 50)
    assert (first.members, second.registered, second.share) == (("Người mẫu Một",), 0, 0)
    (month,) = seen.activity
    assert (month.registered, month.visits, month.lessons) == (1, 1, 0)
    clock.advance(days=31)
    assert [(one.registered, one.visits) for one in coverage.of_commune(make.TAN_CUONG, clock=clock).activity] == [
        (0, 0)
    ]


def test_the_map_keeps_north_up_and_leaves_out_what_has_no_place() -> None:
    rows = [coverage.HamletRow(str(n), f"Xóm {n}", n, 0, 0, ()) for n in range(3)]
    north, nowhere, south = (105.8, 21.6), (None, None), (105.9, 21.5)
    first, last = coverage.dots(rows, [north, nowhere, south])
    assert (first.number, last.number) == (1, 3)
    assert first.y < last.y
    assert first.x < last.x
    assert coverage.dots(rows, [nowhere] * 3) == []
    (alone,) = coverage.dots(rows[:1], [north])
    assert (alone.x, alone.y) == (320, 240)
