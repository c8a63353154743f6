"""A household keeps who it is when communes change; people's reach and old names follow."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.database import Model, acting_as, db, transaction
from app.core.errors import Forbidden
from app.core.sheets import as_xlsx
from app.core.states import ImpossibleStep
from app.households.areas import queries as areas
from app.households.areas.models import Area, AreaChange
from app.households.onboarding import duplicates
from app.households.onboarding import services as doorstep
from app.households.onboarding.duplicates import Question
from app.households.onboarding.models import DoorstepRecord, Kind
from app.households.onboarding.records import Said, Sent
from app.households.reform import queries, services, sheet
from app.households.reform.errors import AreasChanged, OwnPlan
from app.households.reform.models import AreaReform
from app.households.registry import fields
from app.households.registry import queries as registry
from app.households.registry import services as registry_services
from app.households.registry.models import How, Purpose
from app.identity.roles import Role
from app.market.catalogue.models import Product, Shop
from tests.factories.households import TAN_CUONG, a_registration, register, with_welfare_account
from tests.factories.market import a_shop_of, make_product
from tests.factories.people import actor_for, make_user
from tests.fakes.clock import FrozenClock

OLD, NEW = "05503", "99001"
NAME = "Xã Mẫu Hợp Nhất"


@pytest.fixture(autouse=True)
def areas_as_they_were(request: pytest.FixtureRequest) -> Any:
    """Areas outlive a test: put back what a reform did to them."""
    yield
    request.getfixturevalue("app")
    url = request.getfixturevalue("database_url")
    with psycopg.connect(url, autocommit=True) as superuser:
        db.session.rollback()
        superuser.execute("TRUNCATE household, team_leader, lesson, shop, market CASCADE")
        superuser.execute("DELETE FROM area_change WHERE changed_on > '2025-07-01'")
        superuser.execute("DELETE FROM area WHERE valid_from > '2025-07-01' AND kind = 'hamlet'")
        superuser.execute("DELETE FROM area WHERE valid_from > '2025-07-01'")
        superuser.execute("UPDATE area SET valid_to = NULL")


def an_operator() -> Actor:
    return Actor(uuid4(), frozenset({Role.PROVINCE_OPERATOR}), frozenset({"*"}), label="province_operator")


def filled(**targets: str) -> bytes:
    """A sheet: hamlet (with _ for -) → new commune's code."""
    rows = [(hamlet.strip("h").replace("_", "-"), "", "", target, NAME) for hamlet, target in targets.items()]
    return as_xlsx(sheet.HEADS, rows, title="x")


WHOLE = {"h05503_01": NEW, "h05503_02": NEW}


def planned(clock: FrozenClock, targets: dict[str, str] = WHOLE, *, days: int = 0) -> AreaReform:
    return services.plan(
        actor=an_operator(),
        data=filled(**targets),
        decision_number="99/NQ",
        effective_on=registry.today(clock) + timedelta(days=days),
        clock=clock,
    )


def reform(clock: FrozenClock, targets: dict[str, str] = WHOLE) -> AreaReform:
    return services.approve(actor=an_operator(), reform_id=planned(clock, targets).id, clock=clock)


def fresh(household_id: UUID) -> Any:
    db.session.expire_all()
    return registry.get(household_id)


def test_a_household_is_who_it_was_and_lies_in_the_new_commune(app: Flask, clock: FrozenClock) -> None:
    home, _account = with_welfare_account(clock=clock)
    seller = a_shop_of(home, clock=clock)
    product = make_product(clock=clock, seller=seller)
    before = (home.id, home.code, home.status)
    reform(clock)
    home = fresh(home.id)
    assert (home.id, home.code, home.status) == before
    assert (home.commune_code, home.hamlet_code) == (NEW, f"{NEW}-01")
    assert db.session.get_one(Shop, seller.shop.id).commune_code == NEW
    assert db.session.get_one(Product, product.id).commune_code == NEW
    profile = Model.metadata.tables["welfare_profile"]
    assert db.session.scalars(sa.select(profile.c.commune_code)).all() == [NEW]
    roll = Model.metadata.tables["welfare_roll"]
    assert set(db.session.scalars(sa.select(roll.c.commune_code))) == {NEW}


def test_old_names_and_codes_lead_to_the_unit_of_today(app: Flask, clock: FrozenClock) -> None:
    reform(clock)
    assert areas.get(OLD) is None
    assert [one.code for one in areas.successors(OLD)] == [NEW]
    found = areas.search(parent="19", text="tân cương", cursor=None, limit=10).items
    assert [(one.code, one.name) for one in found] == [(NEW, NAME)]
    assert "Xã Tân Cương" in found[0].formerly[0]
    # Communes that went into this one in 2025 are found in it still.
    earlier = db.session.scalars(sa.select(AreaChange.old_code).where(AreaChange.new_code == OLD)).all()
    assert earlier
    assert all(NEW in [one.code for one in areas.successors(code)] for code in earlier)
    assert len(areas.children("19")) == 92
    closed = db.session.get_one(Area, OLD)
    assert closed.valid_to == registry.today(clock) - timedelta(days=1)


def test_people_reach_what_their_area_became_and_nothing_else(app: Flask, clock: FrozenClock) -> None:
    home_id = register(clock=clock).id
    officer = make_user(Role.COMMUNE_OFFICER, areas=(OLD,), clock=clock)
    neighbour = make_user(Role.TEAM_MEMBER, areas=(f"{OLD}-01",), clock=clock)
    other = make_user(Role.TEAM_MEMBER, areas=(f"{OLD}-02",), clock=clock)
    reform(clock)
    assert actor_for(officer, clock).areas == {NEW}
    assert actor_for(neighbour, clock).areas == {f"{NEW}-01"}
    for user, sees in ((officer, True), (neighbour, True), (other, False)):
        actor = actor_for(user, clock)
        with acting_as(actor):
            db.session.rollback()
            assert bool(registry.many([home_id])) is sees


def test_a_phone_that_knows_only_the_old_hamlet_still_registers(app: Flask, clock: FrozenClock) -> None:
    reform(clock)
    neighbour = Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), frozenset({f"{NEW}-01"}), label="team_member")
    data = a_registration(hamlet_code=f"{OLD}-01")
    home = registry_services.register_household(actor=neighbour, data=data, clock=clock)
    assert (home.commune_code, home.hamlet_code) == (NEW, f"{NEW}-01")


def test_a_doorstep_record_with_the_old_hamlet_is_kept_in_the_new_one(app: Flask, clock: FrozenClock) -> None:
    reform(clock)
    neighbour = Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), frozenset({f"{NEW}-01"}), label="team_member")
    told = {**dict.fromkeys(fields.NAMES), **fields.of_data(a_registration(hamlet_code=f"{OLD}-01"))}
    said = (Said(Purpose.SELLING, How.SPOKEN, clock.now()),)
    sent = Sent(uuid4(), Kind.REGISTRATION, clock.now(), clock.now(), told, consents=said, witness_name="Người Mẫu")
    (result,) = doorstep.sync(actor=neighbour, records=[sent], clock=clock)
    assert result.outcome == "stored", result.errors
    with acting_as(SYSTEM):
        row = db.session.get_one(DoorstepRecord, sent.id)
        assert (row.commune_code, row.hamlet_code) == (NEW, f"{NEW}-01")


def test_a_duplicate_is_found_by_the_hamlets_old_code(app: Flask, clock: FrozenClock) -> None:
    home = register(clock=clock, head_name="Nguyễn Thị Mẫu")
    reform(clock)
    neighbour = Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), frozenset({f"{NEW}-01"}), label="team_member")
    with acting_as(neighbour):
        hint = duplicates.ask(neighbour, Question(f"{OLD}-01", head_name="Nguyễn Thị Mẫu"), clock=clock)
    assert hint.similar == [home.code]


def test_a_split_gives_each_hamlet_to_its_part(app: Flask, clock: FrozenClock) -> None:
    one = register(clock=clock, hamlet_code=f"{OLD}-01")
    two = register(clock=clock, hamlet_code=f"{OLD}-02")
    officer = make_user(Role.COMMUNE_OFFICER, areas=(OLD,), clock=clock)
    reform(clock, {"h05503_01": NEW, "h05503_02": "05488"})
    assert (fresh(one.id).commune_code, fresh(two.id).commune_code) == (NEW, "05488")
    assert fresh(two.id).hamlet_code == "05488-02"  # 05488-01 was there before
    assert actor_for(officer, clock).areas == {NEW, "05488"}
    assert {part.choose for part in areas.successors(OLD)} == {True}


def test_a_second_reform_finds_what_the_first_made(app: Flask, clock: FrozenClock) -> None:
    home = register(clock=clock)
    reform(clock)
    reform(clock, {f"h{NEW}_01": "05488", f"h{NEW}_02": "05488"})
    assert fresh(home.id).commune_code == "05488"
    assert [one.code for one in areas.successors(OLD)] == ["05488"]
    assert areas.current(f"{OLD}-01").code == fresh(home.id).hamlet_code  # type: ignore[union-attr]


def test_who_planned_it_can_not_approve_it_and_the_database_says_so_too(app: Flask, clock: FrozenClock) -> None:
    operator = an_operator()
    made = services.plan(
        actor=operator, data=filled(**WHOLE), decision_number="1/NQ", effective_on=registry.today(clock), clock=clock
    )
    with pytest.raises(OwnPlan):
        services.approve(actor=operator, reform_id=made.id, clock=clock)
    with pytest.raises(sa.exc.IntegrityError, match="four_eyes"), transaction(actor=SYSTEM):
        reform_row = queries.get(made.id, for_update=True)
        reform_row.state, reform_row.approved_by, reform_row.approved_at = "approved", operator.user_id, clock.now()


def test_only_the_province_operator_may(app: Flask, clock: FrozenClock) -> None:
    made = planned(clock)
    for role in set(Role) - {Role.PROVINCE_OPERATOR}:
        actor = Actor(uuid4(), frozenset({role}), frozenset({"*"}))
        for act in (services.approve, services.withdraw):
            with pytest.raises(Forbidden):
                act(actor=actor, reform_id=made.id, clock=clock)


def test_it_waits_for_its_day_and_happens_once(app: Flask, clock: FrozenClock) -> None:
    home = register(clock=clock)
    made = planned(clock, days=3)
    services.approve(actor=an_operator(), reform_id=made.id, clock=clock)
    assert services.carry_out_due(clock=clock) == 0
    assert fresh(home.id).commune_code == TAN_CUONG
    clock.advance(days=3)
    assert [services.carry_out_due(clock=clock) for _time in range(2)] == [1, 0]
    assert fresh(home.id).commune_code == NEW


def test_in_parallel_it_is_carried_out_once(app: Flask, clock: FrozenClock) -> None:
    made = planned(clock, days=1)
    services.approve(actor=an_operator(), reform_id=made.id, clock=clock)
    clock.advance(days=1)
    done: list[bool] = []

    def run() -> None:
        with app.app_context(), acting_as(SYSTEM):
            done.append(services.carry_out(reform_id=made.id, clock=clock))

    threads = [threading.Thread(target=run) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 5 + [True]


def test_a_plan_overtaken_by_another_is_refused_whole(app: Flask, clock: FrozenClock) -> None:
    home = register(clock=clock)
    late = planned(clock, {"h05503_01": "05488", "h05503_02": "05488"})
    reform(clock)
    with pytest.raises(AreasChanged):
        services.approve(actor=an_operator(), reform_id=late.id, clock=clock)
    assert fresh(home.id).commune_code == NEW
    services.withdraw(actor=an_operator(), reform_id=late.id, clock=clock)


def test_withdrawn_is_withdrawn(app: Flask, clock: FrozenClock) -> None:
    made = planned(clock)
    services.withdraw(actor=an_operator(), reform_id=made.id, clock=clock)
    with pytest.raises(ImpossibleStep):
        services.approve(actor=an_operator(), reform_id=made.id, clock=clock)


STAYS = {
    "checkout": "where it was to be brought, as ordered",
    "gift": "the commune it was given to, as the public log says",
    "poverty_import": "the office that sent the file",
    "poverty_columns": "a commune's way of writing files",
    "role_grant": "carried by identity.carry_grants",
    "welfare_roll": "kept by triggers on household",
    "commune_week": "counted anew every five minutes",
    "commune_now": "counted anew every five minutes",
    "household": "the first of all",
}


def test_every_column_that_names_an_area_is_carried_or_stays_on_purpose(app: Flask) -> None:
    from app.households.reform import operations

    carried = {
        *operations.IN_A_HAMLET,
        *operations.OF_A_HOUSEHOLD,
        *operations.OF_A_COMMUNE,
        "shop",
        "product",
        "market",
    }
    naming = {
        table.name
        for table in Model.metadata.tables.values()
        for column in table.columns
        if column.name in ("commune_code", "hamlet_code", "area_code")
    }
    assert naming - carried - set(STAYS) == set()
    assert (carried | set(STAYS)) - naming == set()
