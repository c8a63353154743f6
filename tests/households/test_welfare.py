"""Promises of welfare: money only to the person's own account, and a public list that leads back to nobody."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import GUEST
from app.core.database import acting_as, db, transaction
from app.core.paging import Page
from app.households.registry import services as registry
from app.households.registry.errors import NotAnOfficer
from app.households.registry.models import How, Purpose
from app.households.welfare import errors, queries, services
from app.households.welfare.queries import PublicHousehold
from app.payments.payees.errors import AccountTaken
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def as_a_guest(clock: FrozenClock, commune: str | None = None) -> Page[PublicHousehold]:
    with acting_as(GUEST):
        db.session.rollback()
        page = queries.public_list(commune=commune, cursor=None, limit=50, clock=clock)
        db.session.rollback()
    return page


def test_a_guest_sees_who_needs_help_by_code_and_nothing_more(app: Flask, clock: FrozenClock) -> None:
    household, _account = make.with_welfare_account(clock=clock)
    (shown,) = as_a_guest(clock).items
    assert shown.code.startswith("AS")
    assert (shown.commune_name, shown.poverty_class, shown.direct) == ("Xã Tân Cương", "poor", True)
    told = json.dumps(shown.__dict__, ensure_ascii=False)
    for secret in (household.code, str(household.id), household.hamlet_code, "Hồng Thái", "Nguyễn", "NGUYEN"):
        assert secret not in told


def test_the_public_view_holds_no_way_back_to_the_household(app: Flask) -> None:
    columns = db.session.scalars(
        sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = 'welfare_public'")
    )
    assert set(columns) == {
        "code", "commune_code", "poverty_class", "need", "payee_id", "direct", "valid_from", "valid_to"
    }  # fmt: skip


def test_withdrawing_consent_unlists_at_once(app: Flask, clock: FrozenClock) -> None:
    household, account = make.with_welfare_account(clock=clock)
    code = as_a_guest(clock).items[0].code
    assert queries.payee_for_gift(code, clock=clock) == account.payee_id
    registry.record_consent(
        actor=make.speaking_for(household.id), household_id=household.id, purpose=Purpose.GIFT_PAGE, given=False,
        how=How.ONLINE, clock=clock,
    )  # fmt: skip
    assert as_a_guest(clock).items == []
    with pytest.raises(errors.NotListed):
        queries.public_by_code(code, clock=clock)
    with pytest.raises(errors.NotListed):
        queries.payee_for_gift(code, clock=clock)


def test_without_consent_to_direct_gifts_no_direct_way_is_offered(app: Flask, clock: FrozenClock) -> None:
    consents = {Purpose.GIFT_PAGE: How.SIGNED}
    make.with_welfare_account(clock=clock, consents=consents)
    assert [one.direct for one in as_a_guest(clock).items] == [False]


def test_the_end_of_the_poverty_status_unlists_on_its_day(app: Flask, clock: FrozenClock) -> None:
    make.with_welfare_account(clock=clock)
    clock.advance(days=41, hours=11, minutes=59)  # 31 December 2026, 23:59 in Vietnam
    assert len(as_a_guest(clock).items) == 1
    clock.advance(minutes=1)
    assert as_a_guest(clock).items == []


def test_revoking_the_decision_or_closing_the_account_unlists_at_once(app: Flask, clock: FrozenClock) -> None:
    one, _account = make.with_welfare_account(clock=clock)
    other, _account = make.with_welfare_account(clock=clock)
    make.no_longer_poor(one, from_day=clock.now().date(), clock=clock)
    assert len(as_a_guest(clock).items) == 1
    services.close_welfare_account(actor=make.an_officer(), household_id=other.id, clock=clock)
    assert as_a_guest(clock).items == []


def test_an_account_waits_for_a_second_officer_before_it_is_listed(app: Flask, clock: FrozenClock) -> None:
    household, giver = make.poor(clock=clock), make.an_officer()
    services.open_welfare_account(
        actor=giver, household_id=household.id, bin="970405", number="8888000123", holder="Nguyen Thi Thu",
        need="Mua sách vở cho con", clock=clock,
    )  # fmt: skip
    assert as_a_guest(clock).items == []
    with pytest.raises(errors.OwnIssue):
        services.verify_welfare_account(actor=giver, household_id=household.id, clock=clock)
    with pytest.raises(sa.exc.IntegrityError, match="ck_welfare_account_four_eyes"), transaction() as session:
        session.execute(
            sa.text("UPDATE welfare_account SET status = 'active', verified_by = issued_by, verified_at = now()")
        )
    services.verify_welfare_account(actor=make.an_officer(), household_id=household.id, clock=clock)
    assert len(as_a_guest(clock).items) == 1


def open_for(household_id: UUID, clock: FrozenClock, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "actor": make.an_officer(), "household_id": household_id, "bin": "970405", "number": "8888000999",
        "holder": "NGUYEN THI THU", "need": "Mua sách vở cho con", "clock": clock,
    }  # fmt: skip
    services.open_welfare_account(**(fields | changes))


def test_the_account_is_in_the_heads_own_name(app: Flask, clock: FrozenClock) -> None:
    household = make.poor(clock=clock)
    with pytest.raises(errors.HolderDiffers):
        open_for(household.id, clock, holder="NGUYEN VAN KHAC")
    open_for(household.id, clock, holder="nguyễn  thị thử")


def test_the_same_account_for_two_households_is_refused(app: Flask, clock: FrozenClock) -> None:
    one, other = make.poor(clock=clock), make.poor(clock=clock)
    open_for(one.id, clock)
    with pytest.raises(AccountTaken):
        open_for(other.id, clock, number="8888 000 999")
    with pytest.raises(errors.AccountOpen):
        open_for(one.id, clock, number="7777000999")


def test_only_poor_and_verified_households_get_an_account(app: Flask, clock: FrozenClock) -> None:
    for household in (make.verified(clock=clock), make.register(clock=clock)):
        with pytest.raises(errors.NotEligible):
            open_for(household.id, clock)
    with pytest.raises(NotAnOfficer):
        open_for(make.poor(clock=clock).id, clock, actor=make.a_team_member())


@pytest.mark.parametrize(
    "need", ["Giúp Nguyễn Thị Thử", "giup nguyen thi thu", "Nhà ở xóm Hồng Thái", "Gọi 0912 345 678", "x", "y" * 201]
)
def test_public_words_that_tell_who_it_is_are_refused(app: Flask, clock: FrozenClock, need: str) -> None:
    household = make.poor(clock=clock)
    with pytest.raises(errors.TellingNeed):
        open_for(household.id, clock, need=need)


def test_the_welfare_payee_does_not_carry_the_households_id(app: Flask, clock: FrozenClock) -> None:
    household, account = make.with_welfare_account(clock=clock)
    owner = db.session.scalar(sa.text("SELECT owner_id FROM payee WHERE id = :id"), {"id": account.payee_id})
    assert owner not in (household.id, uuid4())


def test_the_counter_tells_who_is_still_without(app: Flask, clock: FrozenClock) -> None:
    make.with_welfare_account(clock=clock)
    missing = make.poor(clock=clock)
    make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    make.verified(clock=clock)
    day = clock.now().date()
    officer = make.an_officer()
    (mine,) = queries.coverage(officer, day)
    assert (mine.commune_code, mine.eligible, mine.covered, mine.percent) == (make.TAN_CUONG, 2, 1, 50)
    assert [one.household.id for one in queries.without_account(officer, day, cursor=None, limit=5).items] == [
        missing.id
    ]


def test_the_list_pages_through_every_household_once(app: Flask, clock: FrozenClock) -> None:
    for _n in range(5):
        make.with_welfare_account(clock=clock)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = queries.public_list(commune=make.TAN_CUONG, cursor=cursor, limit=2, clock=clock)
        seen += [one.code for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == 5
    assert as_a_guest(clock, commune=make.DAI_PHUC).items == []
