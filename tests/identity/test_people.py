"""Who gives which role to whom, for how long, and that a leaver loses access at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.core.errors import BadInput, Forbidden
from app.identity import queries as identity
from app.identity import session
from app.identity.errors import MixedReach
from app.identity.operations import NewGrant
from app.identity.people import queries, services
from app.identity.people.errors import GrantEnded, NoSuchGrant, NoSuchPerson
from app.identity.people.queries import Filter
from app.identity.roles import Role
from tests.factories.households import DAI_PHUC, TAN_CUONG, load_areas
from tests.factories.people import actor_for, make_user, new_phone, texts_to
from tests.fakes.clock import FrozenClock

OFFICER = Actor(uuid4(), frozenset({Role.COMMUNE_OFFICER}), frozenset({TAN_CUONG}), label="commune_officer")
PROVINCE = Actor(uuid4(), frozenset({Role.PROVINCE_OPERATOR}), frozenset({"*"}), label="province_operator")
TEAM = NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01")


@pytest.fixture(autouse=True)
def places(app: Flask) -> None:
    load_areas()


def bring_in(clock: FrozenClock, *, actor: Actor, grant: NewGrant = TEAM, phone: str = "") -> Any:
    giver = make_user(Role.PROVINCE_OPERATOR, clock=clock)
    actor = Actor(giver.id, actor.roles, actor.areas, label=actor.label)
    return services.bring_in(actor=actor, phone=phone or new_phone(), name="Người mẫu", grant=grant, clock=clock)


def test_a_new_person_gets_the_role_and_a_text_message(clock: FrozenClock) -> None:
    phone = new_phone()
    user = bring_in(clock, actor=OFFICER, phone=phone)
    assert actor_for(user, clock).areas == {f"{TAN_CUONG}-01"}
    assert len(texts_to(phone)) == 1
    again = bring_in(clock, actor=OFFICER, phone=phone)
    assert again.id == user.id
    assert len(queries.find(OFFICER, user.id).grants) == 1


@pytest.mark.parametrize(
    "grant",
    [
        NewGrant(Role.TEAM_MEMBER, f"{DAI_PHUC}-01"),
        NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG),
        NewGrant(Role.FINANCE, "*"),
        NewGrant(Role.HOUSEHOLD, household_id=uuid4()),
    ],
)
def test_an_officer_gives_teams_of_the_own_commune_only(clock: FrozenClock, grant: NewGrant) -> None:
    with pytest.raises(Forbidden):
        bring_in(clock, actor=OFFICER, grant=grant)


def test_a_role_ends_by_itself_on_its_day_and_at_once_by_a_person(clock: FrozenClock) -> None:
    until = NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01", valid_to=clock.now() + timedelta(days=2))
    user = bring_in(clock, actor=OFFICER, grant=until)
    other = bring_in(clock, actor=OFFICER)
    clock.advance(days=2)
    assert actor_for(user, clock).areas == set()
    [held] = queries.find(OFFICER, other.id).in_force(clock.now())
    services.end(actor=OFFICER, grant_id=held.id, reason="Chuyển đi nơi khác", clock=clock)
    assert actor_for(other, clock).areas == set()
    with pytest.raises(GrantEnded):
        services.end(actor=OFFICER, grant_id=held.id, reason="Chuyển đi nơi khác", clock=clock)


def test_nobody_ends_their_own_or_a_strangers_role(clock: FrozenClock) -> None:
    user = bring_in(clock, actor=PROVINCE, grant=NewGrant(Role.COMMUNE_OFFICER, DAI_PHUC))
    [held] = queries.find(PROVINCE, user.id).grants
    with pytest.raises(NoSuchGrant):
        services.end(actor=OFFICER, grant_id=held.id, reason="Không thuộc xã", clock=clock)
    with pytest.raises(NoSuchPerson):
        queries.find(OFFICER, user.id)
    neighbour = bring_in(clock, actor=PROVINCE, grant=NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG))
    [held] = queries.find(OFFICER, neighbour.id).grants
    with pytest.raises(Forbidden):
        services.end(actor=OFFICER, grant_id=held.id, reason="Cùng xã, cùng việc", clock=clock)
    with pytest.raises(Forbidden):
        services.end(actor=actor_for(neighbour, clock), grant_id=held.id, reason="Của chính mình", clock=clock)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NewGrant(Role.FINANCE, "*"), NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG)),
        (NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01"), NewGrant(Role.AUDITOR, "*")),
        (NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG), NewGrant(Role.TEAM_MEMBER, DAI_PHUC)),
        (NewGrant(Role.TEAM_MEMBER, f"{DAI_PHUC}-01"), NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG)),
    ],
)
def test_no_role_reaches_where_only_another_was_given(clock: FrozenClock, first: NewGrant, second: NewGrant) -> None:
    phone = new_phone()
    bring_in(clock, actor=PROVINCE, grant=first, phone=phone)
    with pytest.raises(MixedReach):
        bring_in(clock, actor=PROVINCE, grant=second, phone=phone)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (NewGrant(Role.COMMUNE_OFFICER, TAN_CUONG), NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01")),
        (NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01"), NewGrant(Role.TEAM_MEMBER, f"{DAI_PHUC}-01")),
        (NewGrant(Role.FINANCE, "*"), NewGrant(Role.AUDITOR, "*")),
    ],
)
def test_roles_of_one_reach_and_one_role_in_two_places_are_held_together(
    clock: FrozenClock, first: NewGrant, second: NewGrant
) -> None:
    phone = new_phone()
    bring_in(clock, actor=PROVINCE, grant=first, phone=phone)
    user = bring_in(clock, actor=PROVINCE, grant=second, phone=phone)
    assert actor_for(user, clock).areas == {first.area_code, second.area_code}


def test_an_end_before_the_beginning_is_refused(clock: FrozenClock) -> None:
    with pytest.raises(BadInput):
        bring_in(clock, actor=OFFICER, grant=NewGrant(Role.TEAM_MEMBER, f"{TAN_CUONG}-01", valid_to=clock.now()))


def test_lists_show_whom_one_looks_after(clock: FrozenClock) -> None:
    here = bring_in(clock, actor=OFFICER)
    there = bring_in(clock, actor=PROVINCE, grant=NewGrant(Role.TEAM_MEMBER, f"{DAI_PHUC}-01"))
    phone = new_phone()
    finance = bring_in(clock, actor=PROVINCE, grant=NewGrant(Role.FINANCE, "*"), phone=phone)

    def listed(actor: Actor, chosen: Filter | None = None) -> set[Any]:
        with acting_as(actor):
            page = queries.listing(actor, chosen or Filter(), at=clock.now(), cursor=None, limit=50)
        return {one.user_id for one in page.items}

    assert listed(OFFICER) == {here.id}
    assert {here.id, there.id, finance.id} <= listed(PROVINCE)
    assert listed(PROVINCE, Filter(role=Role.FINANCE)) == {finance.id}
    assert listed(PROVINCE, Filter(area=DAI_PHUC)) == {there.id}
    assert listed(PROVINCE, Filter(text=phone)) == {finance.id}
    team = Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), frozenset({f"{TAN_CUONG}-01"}))
    assert listed(team) == set()


def test_switched_off_means_out_at_once_and_on_again_means_signing_in_anew(app: Flask, client: FlaskClient) -> None:
    user = make_user(Role.AUDITOR, clock=SYSTEM_CLOCK)
    headers = {session.TOKEN_HEADER: session.new_token(user, second_factor=True)[0]}
    assert client.get("/dieu-hanh", headers=headers).status_code == 200
    services.switch_off(actor=PROVINCE, user_id=user.id, reason="Mất điện thoại", clock=SYSTEM_CLOCK)
    assert client.get("/dieu-hanh", headers=headers).status_code in (302, 401)
    services.switch_on(actor=PROVINCE, user_id=user.id, clock=SYSTEM_CLOCK)
    assert client.get("/dieu-hanh", headers=headers).status_code in (302, 401)
    assert identity.get(user.id).active  # type: ignore[union-attr]
    with pytest.raises(Forbidden):
        services.switch_off(actor=OFFICER, user_id=user.id, reason="Không được giao", clock=SYSTEM_CLOCK)


def test_a_leaver_loses_access_with_the_next_request(app: Flask, client: FlaskClient) -> None:
    user = make_user(Role.COMMUNE_OFFICER, areas=(TAN_CUONG,), clock=SYSTEM_CLOCK)
    headers = {session.TOKEN_HEADER: session.new_token(user, second_factor=True)[0]}
    assert client.get("/dieu-hanh", headers=headers).status_code == 200
    [held] = queries.find(PROVINCE, user.id).grants
    services.end(actor=PROVINCE, grant_id=held.id, reason="Nghỉ hưu từ hôm nay", clock=SYSTEM_CLOCK)
    assert client.get("/dieu-hanh", headers=headers).status_code == 403


def test_the_pages_lead_through_it(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.csrf.protect", lambda: None)
    chief = make_user(Role.PROVINCE_OPERATOR, clock=SYSTEM_CLOCK)
    headers = {session.TOKEN_HEADER: session.new_token(chief, second_factor=True)[0]}
    form = {"phone": "0912000999", "name": "Người mẫu mới", "role": "commune_officer", "area": TAN_CUONG}
    wrong = client.post("/dieu-hanh/nguoi-lam", data=form | {"area": f"{TAN_CUONG}-01"}, headers=headers)
    assert wrong.status_code in (400, 422)
    assert "Người mẫu mới" in wrong.text
    made = client.post("/dieu-hanh/nguoi-lam", data=form, headers=headers)
    assert made.status_code == 303
    page = client.get(made.location, headers=headers)
    assert "Cán bộ xã" in page.text and "Xã Tân Cương" in page.text
    assert "0912000999" not in page.text
    assert "Người mẫu mới" in client.post("/dieu-hanh/nguoi-lam/tim", data={"q": "0912000999"}, headers=headers).text
    more = client.post(f"{made.location}/giao", data={"role": "finance", "area": "*"}, headers=headers)
    assert more.status_code == 409
    user_id = made.location.rsplit("/", 1)[1]
    with acting_as(PROVINCE):
        [held] = queries.find(PROVINCE, UUID(user_id)).grants
    ended = client.post(f"{made.location}/thoi/{held.id}", data={"reason": "Chuyển công tác"}, headers=headers)
    assert ended.status_code == 303
    assert "Hiện không giữ việc nào" in client.get(made.location, headers=headers).text
