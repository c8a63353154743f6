"""Promises of flags: what a second visit or an odd record says reaches the officer, with a way to look into it."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.database import acting_as, db
from app.households.fieldwork import services
from app.households.fieldwork.models import BackCheck
from app.households.office import services as office
from app.households.office.models import Kind
from app.households.office.queries import left_out
from app.households.registry import flags, queries
from app.households.registry import services as registry
from app.households.registry.flags import Flag
from app.households.registry.models import Household
from app.households.registry.queries import today
from app.identity import queries as people
from app.identity.models import User
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.office import a_change
from tests.factories.people import make_user
from tests.fakes.clock import FrozenClock
from tests.households.conftest import Browser, SignIn
from tests.households.test_backchecks import FIRST, PHONE, SECOND, answered, truth
from tests.households.test_signs import noted, send

WHY = "Người ở nhà nói chưa ai đến hỏi"


def seen_by(actor: Actor, household_id: UUID) -> list[Flag]:
    with acting_as(actor):
        db.session.rollback()
        return flags.of_many([household_id]).get(household_id, [])


def titles(actor: Actor, household_id: UUID) -> list[str]:
    return [one.title for one in seen_by(actor, household_id)]


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


@pytest.fixture
def ten_at_once(app: Flask, clock: FrozenClock) -> None:
    """Ten registrations of a member from one point within twenty minutes, and the nightly look at them."""
    actor = make.a_team_member()
    with acting_as(actor):
        db.session.rollback()
        send(actor, clock, 10)
    services.look_for_signs(day=today(clock), clock=clock)


@pytest.fixture
def wrong(check: BackCheck, second: User, clock: FrozenClock) -> BackCheck:
    """The household's registration, found wrong."""
    answered(people.actor_of(second, clock=clock), check, truth(birth_year=1990), clock)
    officer = make.an_officer()
    clock.advance(minutes=5)
    with acting_as(officer):
        return services.decide_check(actor=officer, check_id=check.id, sound=False, reason=WHY, clock=clock)


def test_what_a_second_visit_found_otherwise_is_flagged_until_somebody_concludes(
    app: Flask,
    check: BackCheck,
    second: User,
    clock: FrozenClock,
) -> None:
    officer = make.an_officer()
    assert titles(officer, check.household_id) == []
    answered(people.actor_of(second, clock=clock), check, truth(birth_year=1990), clock)
    (flag,) = seen_by(officer, check.household_id)
    assert "chờ kết luận" in flag.title and flag.words == "Năm sinh không khớp"
    assert (flag.endpoint, flag.arguments) == ("fieldwork.check_page", {"check_id": check.id})
    with acting_as(officer):
        services.decide_check(actor=officer, check_id=check.id, sound=True, reason="Nhớ nhầm năm", clock=clock)
    assert titles(officer, check.household_id) == []


def test_a_registration_found_wrong_says_why_and_is_not_approved_with_many(
    app: Flask,
    wrong: BackCheck,
    household: Household,
    clock: FrozenClock,
) -> None:
    officer = make.an_officer()
    (flag,) = seen_by(officer, wrong.household_id)
    assert (flag.title, flag.words) == ("Kiểm tra lại: hồ sơ sai", WHY)
    bulk = office.start_bulk(actor=officer, bulk_id=uuid4(), kind=Kind.APPROVE, codes=[household.code], clock=clock)
    with acting_as(officer):
        ((code, why),) = left_out(bulk.id)
    assert code == household.code and WHY in why


def test_who_registered_it_sees_no_flag_and_neither_does_another_commune(
    app: Flask,
    wrong: BackCheck,
    registrar: Actor,
    clock: FrozenClock,
) -> None:
    assert titles(registrar, wrong.household_id) == []
    assert titles(make.an_officer(make.DAI_PHUC), wrong.household_id) == []


def test_approving_it_by_itself_afterwards_ends_the_flag(app: Flask, wrong: BackCheck, clock: FrozenClock) -> None:
    clock.advance(minutes=5)
    officer = make.an_officer()
    registry.verify(actor=officer, household_id=wrong.household_id, clock=clock)
    assert titles(officer, wrong.household_id) == []


def test_a_household_approved_before_stays_flagged_until_it_is_mended(
    app: Flask,
    check: BackCheck,
    second: User,
    household: Household,
    clock: FrozenClock,
) -> None:
    officer = make.an_officer()
    registry.verify(actor=officer, household_id=household.id, clock=clock)
    answered(people.actor_of(second, clock=clock), check, truth(birth_year=1990), clock)
    clock.advance(minutes=5)
    with acting_as(officer):
        services.decide_check(actor=officer, check_id=check.id, sound=False, reason=WHY, clock=clock)
    assert titles(officer, household.id) == ["Kiểm tra lại: hồ sơ sai"]
    clock.advance(minutes=5)
    with acting_as(officer):
        db.session.rollback()
        asked = a_change(queries.get(household.id), clock=clock)
    office.accept_amendment(actor=officer, amendment_id=asked, seen_version=1, clock=clock)
    assert titles(officer, household.id) == []


def test_signs_about_records_flag_their_households_until_they_are_dismissed(
    ten_at_once: None,
    clock: FrozenClock,
) -> None:
    officer = make.an_officer()
    with acting_as(SYSTEM):
        home = db.session.scalars(sa.select(Household).order_by(Household.created_at)).first()
    assert home is not None
    assert sorted(titles(officer, home.id)) == ["Nhiều hộ cùng một chỗ", "Đăng ký quá nhanh"]
    assert titles(make.an_officer(make.DAI_PHUC), home.id) == []
    fast, point = noted()["fast"].id, noted()["same_point"].id
    clock.advance(minutes=1)
    with acting_as(officer):
        services.decide_sign(actor=officer, sign_id=fast, confirmed=False, reason="Ở nhà văn hóa", clock=clock)
        services.decide_sign(actor=officer, sign_id=point, confirmed=True, reason="Không có ai ở đó", clock=clock)
    (flag,) = seen_by(officer, home.id)
    assert (flag.title, flag.words) == ("Nhiều hộ cùng một chỗ, đã xác nhận", "Không có ai ở đó")
    clock.advance(minutes=1)
    registry.verify(actor=officer, household_id=home.id, clock=clock)
    assert titles(officer, home.id) == []


def test_flags_of_many_take_as_few_questions_as_of_one(ten_at_once: None, clock: FrozenClock) -> None:
    with acting_as(make.an_officer()):
        db.session.rollback()
        ids = list(db.session.scalars(sa.select(Household.id)))
        questions: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            questions.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        assert len(flags.of_many(ids)) == 10
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(questions) == 4


def test_the_officers_pages_show_it_with_a_way_to_look_into_it(
    wrong: BackCheck,
    household: Household,
    sign_in: SignIn,
    officer: Browser,
) -> None:
    home, check_id = household, wrong.id
    for page in (f"/dieu-hanh/duyet-ho/{home.code}", f"/dieu-hanh/ho-gia-dinh/{home.code}"):
        shown = officer.get(page).get_data(as_text=True)
        assert WHY in shown and f'href="/to-cong-nghe/doi/kiem-tra/{check_id}"' in shown
    queue = officer.get("/dieu-hanh/duyet-ho").get_data(as_text=True)
    assert WHY in queue and f"/dieu-hanh/duyet-ho/{home.code}" in queue
    assert officer.get(f"/to-cong-nghe/doi/kiem-tra/{check_id}").status_code == 200
    operator = sign_in(Role.PROVINCE_OPERATOR, "*").get(f"/dieu-hanh/duyet-ho/{home.code}").get_data(as_text=True)
    assert WHY in operator and str(check_id) not in operator  # that page is not for them
    elsewhere = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC).get("/dieu-hanh/duyet-ho").get_data(as_text=True)
    assert WHY not in elsewhere
