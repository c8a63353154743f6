"""Welfare accounts tried with 1,000 đ: verified once they arrived, and by nothing less."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app.config import libpq_url
from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.registry.errors import NoSuchHousehold, NotAnOfficer
from app.households.registry.models import Household
from app.households.welfare import errors, queries, services
from app.households.welfare.models import WelfareAccount
from app.identity.roles import Role
from app.payments.payees import queries as payees
from app.payments.payouts import services as payouts
from app.payments.payouts.models import PayoutBatch
from app.payments.payouts.states import Event
from app.payments.probes import services as probes
from app.payments.probes.errors import ProbeGone
from app.payments.probes.models import AccountProbe
from tests.factories import households as make
from tests.factories.people import actor_for, make_user
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.bank import report
from tests.payments.payouts.world import OWN, by_hand, fresh, the_payout

from .conftest import Browser, SignIn
from .test_welfare_life import demand_true_roll

WELFARE = "/dieu-hanh/an-sinh"
WHY = "Hộ nhờ kiểm tra lại thẻ"


@pytest.fixture
def maker(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))


@pytest.fixture
def approver(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))


def issued(officer: Actor | None = None, number: str = "8888000999", **changes: Any) -> tuple[Household, Actor]:
    household = make.poor(clock=SYSTEM_CLOCK, **changes)
    officer = officer or make.an_officer(household.commune_code)
    services.open_welfare_account(
        actor=officer, household_id=household.id, bin="970405", number=number, holder="NGUYEN THI THU",
        need="Mua sách vở cho con", clock=SYSTEM_CLOCK,
    )  # fmt: skip
    return household, officer


def ask(household: Household, officer: Actor) -> WelfareAccount:
    return services.test_welfare_account(actor=officer, household_id=household.id, clock=SYSTEM_CLOCK)


def sent(maker: Actor, approver: Actor, key: str = "probe|1") -> PayoutBatch:
    batch = probes.build(idempotency_key=key, actor=maker, clock=SYSTEM_CLOCK)
    payouts.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    payouts.xml_file(batch.id, own=OWN, actor=approver, clock=SYSTEM_CLOCK)
    return fresh(batch)


def tell(batch: PayoutBatch, status: str, actor: Actor, reason: str = "") -> None:
    data = report(batch, [(the_payout(batch), status, reason)])
    result = payouts.upload(batch.id, data=data, file_name="kq.xml", actor=actor, clock=SYSTEM_CLOCK)
    payouts.apply(result.id, actor=actor, clock=SYSTEM_CLOCK)


def do_jobs(times: int = 1) -> int:
    """What the worker does with the bank's words, each job as often as this; how many there were."""
    with acting_as(SYSTEM):
        db.session.rollback()
        waiting = sa.text("SELECT id, args FROM procrastinate_jobs WHERE task_name = 'welfare.hear_test' ORDER BY id")
        found = db.session.execute(waiting).all()
        db.session.rollback()
        for _id, args in found:
            for _each in range(times):
                services.hear_test(bank_account_id=UUID(args["bank_account_id"]), clock=SYSTEM_CLOCK)
    return len(found)


def read(household: Household) -> WelfareAccount:
    with acting_as(SYSTEM):
        db.session.rollback()
        account = queries.accounts(household.id)[0]
        db.session.refresh(account)
        db.session.rollback()
    return account


def history(household: Household) -> list[tuple[str, str | None]]:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = [(step.event, step.reason) for step in queries.steps(household.id)]
        db.session.rollback()
    return found


def takes_money(household: Household) -> bool:
    account = read(household)
    db.session.rollback()
    return payees.active_account(account.payee_id) is not None


def test_who_gave_the_account_may_have_it_tried_and_it_is_verified_once_the_money_arrived(
    maker: Actor, approver: Actor
) -> None:
    household, officer = issued()
    assert ask(household, officer).status == "verifying"
    batch = sent(maker, approver)
    assert do_jobs() == 0
    assert not takes_money(household)
    demand_true_roll()
    tell(batch, "ACSC", maker)
    assert do_jobs(times=2) == 1
    account = read(household)
    assert (account.status, account.verified_how, account.verified_by) == ("active", "test_transfer", None)
    assert account.verified_at
    assert takes_money(household)
    assert [event for event, _why in history(household)] == ["test_passed", "tested", "issued"]
    demand_true_roll()


def test_one_that_does_not_arrive_is_as_before_with_the_reason(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    tell(sent(maker, approver), "RJCT", maker, "AC04")
    do_jobs(times=2)
    account = read(household)
    assert (account.status, account.verified_how) == ("issued", None)
    event, why = history(household)[0]
    assert event == "test_failed"
    assert why
    assert "đã đóng" in why
    assert not takes_money(household)
    services.verify_welfare_account(actor=make.an_officer(), household_id=household.id, clock=SYSTEM_CLOCK)
    assert read(household).verified_how == "second_person"


def test_money_that_comes_back_later_stops_the_account_and_only_another_officer_lets_it_go_on(
    maker: Actor, approver: Actor
) -> None:
    household, officer = issued()
    ask(household, officer)
    batch = sent(maker, approver)
    tell(batch, "ACSC", maker)
    do_jobs()
    by_hand(the_payout(batch), Event.RETURNED, maker, "Chủ thẻ không nhận")
    do_jobs(times=2)
    account = read(household)
    assert (account.status, account.suspended_by) == ("suspended", None)
    assert not takes_money(household)
    assert [event for event, _why in history(household)][:2] == ["test_returned", "test_passed"]
    assert "Chủ thẻ không nhận" in str(history(household)[0][1])
    here: dict[str, Any] = {"household_id": household.id, "reason": WHY, "clock": SYSTEM_CLOCK}
    with pytest.raises(errors.SuspendedByAnother):
        services.resume_welfare_account(actor=officer, **here)
    colleague = make.an_officer()
    services.resume_welfare_account(actor=colleague, **here)
    account = read(household)
    assert (account.status, account.verified_how, account.verified_by) == (
        "active", "second_person", colleague.user_id
    )  # fmt: skip
    do_jobs()
    assert read(household).status == "active"
    demand_true_roll()


def test_it_comes_back_while_who_gave_the_account_had_stopped_it(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    batch = sent(maker, approver)
    tell(batch, "ACSC", maker)
    do_jobs()
    here: dict[str, Any] = {"household_id": household.id, "reason": WHY, "clock": SYSTEM_CLOCK}
    services.suspend_welfare_account(actor=officer, **here)
    by_hand(the_payout(batch), Event.RETURNED, maker)
    with pytest.raises(errors.SuspendedByAnother):  # even before the machine came to it
        services.resume_welfare_account(actor=officer, **here)
    do_jobs(times=2)
    assert [event for event, _why in history(household)][:2] == ["test_returned", "suspended"]
    with pytest.raises(errors.SuspendedByAnother):
        services.resume_welfare_account(actor=officer, **here)


def test_the_machine_sees_where_things_stand_whatever_came_in_between(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    batch = sent(maker, approver)
    tell(batch, "ACSC", maker)
    by_hand(the_payout(batch), Event.RETURNED, maker)
    assert do_jobs() == 2
    assert (read(household).status, takes_money(household)) == ("issued", False)
    by_hand(the_payout(batch), Event.ARRIVED, approver)
    do_jobs()
    assert (read(household).status, takes_money(household)) == ("active", True)


def test_the_bank_answers_after_the_account_was_replaced_or_closed(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    batch = sent(maker, approver)
    services.replace_welfare_account(
        actor=officer, household_id=household.id, bin="970415", number="7777000123", holder="NGUYEN THI THU",
        need="Mua sách vở cho con", reason=WHY, clock=SYSTEM_CLOCK,
    )  # fmt: skip
    tell(batch, "ACSC", maker)
    do_jobs()
    with acting_as(SYSTEM):
        db.session.rollback()
        assert [one.status for one in queries.accounts(household.id)] == ["issued", "replaced"]
        db.session.rollback()
    assert not takes_money(household)


def test_an_account_closed_before_is_never_sent_anything(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    services.close_welfare_account(actor=officer, household_id=household.id, reason=WHY, clock=SYSTEM_CLOCK)
    db.session.rollback()
    assert db.session.scalars(sa.select(AccountProbe.status)).all() == ["withdrawn"]


def test_a_test_is_given_up_until_it_is_in_a_batch(maker: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    here: dict[str, Any] = {"actor": make.an_officer(), "household_id": household.id, "clock": SYSTEM_CLOCK}
    with pytest.raises(errors.NoOpenAccount):
        services.verify_welfare_account(**here)
    assert services.withdraw_test(**here).status == "issued"
    with pytest.raises(errors.WrongAccountStep):
        services.withdraw_test(**here)
    ask(household, officer)
    probes.build(idempotency_key="probe|1", actor=maker, clock=SYSTEM_CLOCK)
    with pytest.raises(ProbeGone):
        services.withdraw_test(**here)
    assert read(household).status == "verifying"


def test_a_hundred_who_press_at_once_have_one_sent(app: Flask) -> None:
    household, officer = issued()

    def press() -> WelfareAccount:
        with acting_as(officer):
            return ask(household, officer)

    found = at_once(app, [press] * 100)
    assert {one.status for one in found} == {"verifying"}
    db.session.rollback()
    assert len(db.session.scalars(sa.select(AccountProbe)).all()) == 1
    assert [event for event, _why in history(household)] == ["tested", "issued"]


def test_only_an_officer_of_that_commune_asks(app: Flask) -> None:
    household, _officer = issued()
    with pytest.raises(NoSuchHousehold):
        ask(household, make.an_officer(make.DAI_PHUC))
    with pytest.raises((NotAnOfficer, errors.NoOpenAccount)):
        ask(household, make.a_team_member())
    with acting_as(SYSTEM):
        db.session.rollback()
        chosen = [queries.accounts(household.id)[0].id]
        db.session.rollback()
    done, refused = services.test_many(actor=make.an_officer(make.DAI_PHUC), account_ids=chosen, clock=SYSTEM_CLOCK)
    assert (done, [type(one) for one in refused]) == (0, [errors.NoOpenAccount])
    assert read(household).status == "issued"


def test_a_verified_account_needs_no_test(app: Flask) -> None:
    household, _account = make.with_welfare_account(clock=SYSTEM_CLOCK)
    with pytest.raises(errors.WrongAccountStep):
        ask(household, make.an_officer())


def test_the_database_itself_takes_no_test_for_an_answer_that_did_not_arrive(
    database_url: str, maker: Actor, approver: Actor
) -> None:
    household, officer = issued()
    ask(household, officer)
    other, also = issued(number="7777000111")
    ask(other, also)
    passed = "UPDATE welfare_account SET status = 'active', verified_how = 'test_transfer', verified_at = now()"
    with psycopg.connect(libpq_url(database_url)) as superuser:
        for lie, name in (
            (passed, "no test transfer reached"),
            (f"{passed}, probe_id = NULL", "no test transfer reached"),
            ("UPDATE welfare_account SET status = 'active'", "ck_welfare_account_verified"),
            (passed.replace("test_transfer", "second_person"), "ck_welfare_account_verified"),
            (passed.replace("test_transfer", "hearsay"), "ck_welfare_account_verified"),
        ):
            with pytest.raises(psycopg.errors.IntegrityError, match=name), superuser.transaction():
                superuser.execute(lie)
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "UPDATE account_probe SET status = 'confirmed', payout_id = gen_random_uuid() WHERE bank_account_id ="
            " (SELECT bank_account_id FROM welfare_account WHERE household_id = %s)",
            [household.id],
        )
        superuser.execute("SET session_replication_role = origin")
        theirs = "UPDATE welfare_account SET probe_id = (SELECT id FROM account_probe WHERE status = 'confirmed')"
        with pytest.raises(psycopg.errors.IntegrityError, match="no test transfer reached"), superuser.transaction():
            superuser.execute(
                f"{theirs}, status = 'active', verified_how = 'test_transfer', verified_at = now()"
                " WHERE household_id = %s",
                [other.id],
            )
        superuser.rollback()


@pytest.fixture
def finance(sign_in: SignIn) -> Browser:
    return sign_in(Role.FINANCE, "*")


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_from_the_officers_button_to_the_finance_office_and_back(
    officer: Browser, finance: Browser, maker: Actor
) -> None:
    household, _giver = issued()
    path = f"{WELFARE}/{household.code}"
    assert "Thử bằng 1.000 đ" in text(officer.get(path))
    assert officer.post(f"{path}/thu", {}, path).status_code == 302
    shown = text(officer.get(path))
    assert "1.000 đ đang trên đường" in shown
    assert "Thôi chuyển thử" in shown
    office = "/dieu-hanh/chuyen-thu"
    page = text(finance.get(office))
    key = page.split('name="key" value="')[1].split('"')[0]
    assert finance.post(office, {"key": "?"}, office).status_code == 422
    drafted = finance.post(office, {"key": key}, office)
    assert drafted.status_code == 303
    assert "Chuyển thử" in text(finance.get(drafted.headers["Location"]))
    assert "Thôi chuyển thử" not in text(officer.get(path))
    assert officer.post(f"{path}/thoi-thu", {}, f"{WELFARE}/chuyen-thu").status_code in (404, 409)
    batch_id = UUID(drafted.headers["Location"].rsplit("/", 1)[-1])
    payouts.approve(batch_id, actor=maker, clock=SYSTEM_CLOCK)
    batch, _data = payouts.xml_file(batch_id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    by_hand(the_payout(batch), Event.CONFIRMED, finance.actor)
    do_jobs()
    shown = text(officer.get(path))
    assert "1.000 đ thử đã đến" in shown
    assert "Đang nhận ủng hộ" in shown
    by_hand(the_payout(batch), Event.RETURNED, finance.actor, "Chủ thẻ không nhận")
    do_jobs()
    assert "Chủ thẻ không nhận" in text(officer.get(path))
    assert "Ngân hàng trả lại tiền thử" in text(officer.get(WELFARE))
    payout = the_payout(batch)
    told = text(finance.get(f"/dieu-hanh/chi-tra/khoan/{payout.id}"))
    assert "Tiền của chợ" in told
    assert "8888000999" not in told


def test_many_at_once_and_nobody_elses(officer: Browser) -> None:
    mine, _giver = issued(officer.actor)
    there, _other = issued(number="7777000123", hamlet_code=f"{make.DAI_PHUC}-01")
    page = f"{WELFARE}/chuyen-thu"
    shown = text(officer.get(page))
    assert mine.code in shown
    assert there.code not in shown
    assert "8888000999" not in shown
    assert officer.post(page, {}, page).status_code == 422
    assert officer.post(page, {"chon": str(read(there).id)}, page).status_code == 303
    assert read(there).status == "issued"
    assert officer.post(page, {"chon": str(read(mine).id)}, page).status_code == 303
    assert read(mine).status == "verifying"
    assert mine.code in text(officer.get(f"{page}?dang=1"))


def test_by_api_twice_is_once(officer: Browser) -> None:
    household, _giver = issued()
    path = f"/api/v1/households/{household.code}/welfare-accounts"
    answers = [officer.api(f"{path}/test", key=f"test-key-{each}") for each in range(2)]
    assert [(one.status_code, one.json["status"]) for one in answers] == [(200, "verifying")] * 2
    assert officer.api(f"{path}/test/withdraw").json["status"] == "issued"
    assert officer.api(f"{path}/test/withdraw").status_code == 409


@pytest.mark.parametrize("role", [Role.TEAM_MEMBER, Role.COMMUNE_OFFICER])
def test_only_the_finance_office_sends_money(sign_in: SignIn, role: Role) -> None:
    who = sign_in(role)
    assert who.get("/dieu-hanh/chuyen-thu").status_code == 403
    assert who.client.post("/dieu-hanh/chuyen-thu", headers=who.headers).status_code in (400, 403)


@pytest.mark.parametrize("role", [Role.PROVINCE_OPERATOR, Role.AUDITOR])
def test_others_only_look(sign_in: SignIn, role: Role) -> None:
    household, officer = issued()
    ask(household, officer)
    who = sign_in(role, "*")
    shown = text(who.get("/dieu-hanh/chuyen-thu"))
    assert "Đang chờ chuyển thử" in shown
    assert "Lập đợt" not in shown


def test_nothing_personal_is_on_record_outside_the_vault(maker: Actor, approver: Actor) -> None:
    household, officer = issued()
    ask(household, officer)
    batch = sent(maker, approver)
    by_hand(the_payout(batch), Event.RETURNED, maker, "Số 8888000999 không có")
    do_jobs()
    with transaction(actor=SYSTEM) as session:
        told = str(session.execute(sa.text("SELECT args FROM procrastinate_jobs")).all())
        told += str(session.execute(sa.text("SELECT details FROM audit_event WHERE action LIKE 'welfare%'")).all())
    assert "8888000999" not in told
    assert read(household).status == "issued"
