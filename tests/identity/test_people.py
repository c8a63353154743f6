"""People, their roles and what these let them do."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from app.core.actor import SYSTEM
from app.core.database import db, transaction
from app.core.errors import Forbidden
from app.identity import operations, queries, services
from app.identity.errors import BadPhone, PhoneTaken
from app.identity.models import User
from app.identity.operations import NewGrant
from app.identity.roles import Role
from tests.factories.people import actor_for, make_user, new_phone
from tests.fakes.clock import FrozenClock


def test_a_person_is_found_by_phone_however_it_is_written(app: Flask) -> None:
    user = make_user(phone="0912 345 678")
    for spelling in ("0912345678", "+84 912 345 678", "84912345678"):
        found = queries.by_phone(spelling)
        assert found is not None and found.id == user.id


def test_the_phone_is_kept_sealed(app: Flask) -> None:
    user = make_user(phone="0912345678")
    assert b"912345678" not in user.phone_enc + user.phone_index
    assert queries.phone_of(user) == "+84912345678"


def test_a_phone_belongs_to_one_person(app: Flask) -> None:
    make_user(phone="0912345678")
    with pytest.raises(PhoneTaken):
        make_user(phone="+84912345678")


@pytest.mark.parametrize("phone", ["", "12", "+1 202 555 0100", "không phải số"])
def test_what_is_no_vietnamese_phone_is_refused(app: Flask, phone: str) -> None:
    with pytest.raises(BadPhone):
        make_user(phone=phone)


def test_a_role_counts_only_in_its_time(app: Flask, clock: FrozenClock) -> None:
    start, end = clock.now().replace(day=21), clock.now().replace(day=22)
    user = make_user(Role.TEAM_MEMBER, areas=["05503-01"], valid_from=start, valid_to=end, clock=clock)
    assert not actor_for(user, clock).roles
    clock.advance(days=1)
    assert actor_for(user, clock).has_role(Role.TEAM_MEMBER)
    assert actor_for(user, clock).reaches("05503-01", "05503")
    assert not actor_for(user, clock).reaches("05503-02", "05503")
    clock.advance(days=1)
    assert not actor_for(user, clock).roles and not actor_for(user, clock).areas


def test_officer_roles_need_the_second_factor(app: Flask, clock: FrozenClock) -> None:
    officer = make_user(Role.COMMUNE_OFFICER, areas=["05503"])
    unproven = queries.actor_of(officer, clock=clock, second_factor=False)
    assert not unproven.roles and not unproven.areas


def test_a_person_switched_off_may_do_nothing(app: Flask, clock: FrozenClock) -> None:
    user = make_user(Role.TEAM_MEMBER)
    services.deactivate(actor=SYSTEM, user_id=user.id, clock=clock)
    actor = queries.actor_of(db.session.get_one(User, user.id, populate_existing=True), clock=clock)
    assert actor.user_id is None and not actor.roles


def test_a_household_gets_one_user_however_often_it_is_granted(app: Flask, clock: FrozenClock) -> None:
    phone, household_id = new_phone(), uuid4()
    for _ in range(2):
        with transaction():
            user = operations.grant_household(
                phone=phone, household_id=household_id, display_name="Chị Lan", clock=clock
            )
    actor = actor_for(user, clock)
    assert actor.household_id == household_id and actor.roles == {Role.HOUSEHOLD}
    assert len(queries.grants_in_force(user.id, clock.now())) == 1


def test_a_commune_officer_names_team_members_of_that_commune_and_nobody_else(app: Flask, clock: FrozenClock) -> None:
    officer = actor_for(make_user(Role.COMMUNE_OFFICER, areas=["05503"]))
    neighbour = make_user(Role.HOUSEHOLD, household_id=uuid4())
    services.grant_role(actor=officer, user_id=neighbour.id, grant=NewGrant(Role.TEAM_MEMBER, "05503-01"), clock=clock)
    for grant in (NewGrant(Role.TEAM_MEMBER, "05504-01"), NewGrant(Role.FINANCE, "*"), NewGrant(Role.TEAM_MEMBER, "*")):
        with pytest.raises(Forbidden):
            services.grant_role(actor=officer, user_id=neighbour.id, grant=grant, clock=clock)
    assert actor_for(neighbour, clock).has_role(Role.TEAM_MEMBER)
