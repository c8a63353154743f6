"""The life of a welfare account: each step by the right person, with a reason, on record."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.crypto import destroy_data_key
from app.core.database import acting_as, db, transaction
from app.households.own import services as own
from app.households.own.models import Relation
from app.households.registry import listeners, names
from app.households.registry.errors import NoSuchHousehold, NotAnOfficer
from app.households.welfare import errors, queries, services
from app.households.welfare.models import AccountStatus, RollEntry, WelfareAccount
from app.households.welfare.states import NEXT, Event, after
from app.payments.payees import queries as payees
from app.payments.payees.errors import AccountTaken
from tests.factories import households as make
from tests.fakes.clock import FrozenClock

WHY = "Hộ báo mất thẻ ngân hàng"


def issue(household_id: UUID, clock: FrozenClock, **changes: Any) -> WelfareAccount:
    fields: dict[str, Any] = {
        "actor": make.an_officer(), "household_id": household_id, "bin": "970405", "number": "8888000999",
        "holder": "NGUYEN THI THU", "need": "Mua sách vở cho con", "clock": clock,
    }  # fmt: skip
    return services.open_welfare_account(**(fields | changes))


def read(household_id: UUID) -> list[str]:
    with acting_as(SYSTEM):
        db.session.rollback()
        found = [account.status for account in queries.accounts(household_id)]
        db.session.rollback()
    return found


def roll_as_it_should_be() -> list[tuple[Any, ...]]:
    """What the roll holds, computed from what it stands for."""
    return db.session.execute(
        sa.text(
            "SELECT decision.id, household.commune_code, household.code, account.status,"
            " coalesce(account.status = 'active', false) FROM household"
            " JOIN poverty_status AS decision ON decision.household_id = household.id AND revoked_at IS NULL"
            " LEFT JOIN welfare_account AS account ON account.household_id = household.id"
            "   AND account.status NOT IN ('closed', 'replaced')"
            " WHERE household.status = 'verified' ORDER BY decision.id"
        )
    ).all()  # type: ignore[return-value]


def demand_true_roll() -> None:
    with acting_as(SYSTEM):
        db.session.rollback()
        held = db.session.execute(
            sa.select(
                RollEntry.poverty_status_id, RollEntry.commune_code, RollEntry.code, RollEntry.account_status,
                RollEntry.covered,
            ).order_by(RollEntry.poverty_status_id)
        ).all()  # fmt: skip
        assert [tuple(row) for row in held] == [tuple(row) for row in roll_as_it_should_be()]
        db.session.rollback()


@pytest.mark.parametrize(("status", "event"), list(itertools.product(AccountStatus, Event)))
def test_what_is_not_in_the_table_raises(app: Flask, status: AccountStatus, event: Event) -> None:
    if (status, event) in NEXT:
        assert after(status, event) == NEXT[status, event]
    else:
        with app.test_request_context(), pytest.raises(errors.WrongAccountStep):
            after(status, event)


def test_money_goes_to_an_account_only_while_it_is_active(app: Flask, clock: FrozenClock) -> None:
    household = make.poor(clock=clock)
    account = issue(household.id, clock)
    officer = make.an_officer()

    def pays() -> bool:
        db.session.rollback()
        return payees.active_account(account.payee_id) is not None

    assert not pays()
    services.verify_welfare_account(actor=officer, household_id=household.id, clock=clock)
    assert pays()
    services.suspend_welfare_account(actor=officer, household_id=household.id, reason=WHY, clock=clock)
    assert not pays()
    services.resume_welfare_account(actor=officer, household_id=household.id, reason="Hộ tìm lại thẻ", clock=clock)
    assert pays()
    services.close_welfare_account(actor=officer, household_id=household.id, reason="Hộ chuyển đi", clock=clock)
    assert not pays()
    demand_true_roll()


def test_steps_stay_on_record_with_their_reasons(app: Flask, clock: FrozenClock) -> None:
    household, _account = make.with_welfare_account(clock=clock)
    officer = make.an_officer()
    services.suspend_welfare_account(actor=officer, household_id=household.id, reason=WHY, clock=clock)
    services.replace_welfare_account(
        actor=officer, household_id=household.id, bin="970415", number="7777000123", holder="NGUYEN THI THU",
        need="Mua sách vở cho con", reason="Ngân hàng cấp thẻ mới", clock=clock,
    )  # fmt: skip
    with acting_as(officer):
        db.session.rollback()
        told = [(step.event, step.reason) for step in queries.steps(household.id)]
        new, old = queries.accounts(household.id)
        db.session.rollback()
    assert told == [
        ("issued", None),
        ("replaced", "Ngân hàng cấp thẻ mới"),
        ("suspended", WHY),
        ("verified", None),
        ("issued", None),
    ]
    assert (old.status, new.status, new.replaces_id) == ("replaced", "issued", old.id)
    assert db.session.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action LIKE 'welfare_account_%'")) == 5
    sealed = db.session.scalars(sa.text("SELECT details::text FROM audit_event")).all()
    assert not any("mất thẻ" in text for text in sealed)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction(actor=SYSTEM) as session:
        session.execute(sa.text("UPDATE welfare_account_step SET event = 'verified'"))
    demand_true_roll()


@pytest.mark.parametrize("reason", ["", "  x ", "y" * 301])
def test_stopping_replacing_and_closing_want_a_reason(app: Flask, clock: FrozenClock, reason: str) -> None:
    household, _account = make.with_welfare_account(clock=clock)
    here: dict[str, Any] = {"actor": make.an_officer(), "household_id": household.id, "reason": reason, "clock": clock}
    for act in (services.suspend_welfare_account, services.close_welfare_account):
        with pytest.raises(errors.ReasonMissing):
            act(**here)
    assert read(household.id) == ["active"]


def test_a_refused_replacement_leaves_the_old_account_in_use(app: Flask, clock: FrozenClock) -> None:
    household, account = make.with_welfare_account(clock=clock)
    with pytest.raises(errors.HolderDiffers):
        services.replace_welfare_account(
            actor=make.an_officer(), household_id=household.id, bin="970415", number="7777000123",
            holder="NGUYEN VAN KHAC", need="Mua sách vở cho con", reason=WHY, clock=clock,
        )  # fmt: skip
    assert read(household.id) == ["active"]
    assert payees.active_account(account.payee_id) is not None


def test_the_issuer_takes_back_only_their_own_stop(app: Flask, clock: FrozenClock) -> None:
    household, giver, other = make.poor(clock=clock), make.an_officer(), make.an_officer()
    issue(household.id, clock, actor=giver)
    here: dict[str, Any] = {"household_id": household.id, "clock": clock, "reason": WHY}
    with pytest.raises(errors.WrongAccountStep):
        services.suspend_welfare_account(actor=other, **here)
    services.verify_welfare_account(actor=other, household_id=household.id, clock=clock)
    services.suspend_welfare_account(actor=other, **here)
    with pytest.raises(errors.SuspendedByAnother):
        services.resume_welfare_account(actor=giver, **here)
    services.resume_welfare_account(actor=make.an_officer(), **here)
    services.suspend_welfare_account(actor=giver, **here)
    services.resume_welfare_account(actor=giver, **here)
    assert read(household.id) == ["active"]


def test_officers_elsewhere_and_neighbours_do_nothing(app: Flask, clock: FrozenClock) -> None:
    household, _account = make.with_welfare_account(clock=clock)
    here: dict[str, Any] = {"household_id": household.id, "clock": clock, "reason": WHY}
    for act in (
        services.suspend_welfare_account, services.resume_welfare_account, services.close_welfare_account
    ):  # fmt: skip
        with pytest.raises(NoSuchHousehold):
            act(actor=make.an_officer(make.DAI_PHUC), **here)
    with acting_as(make.a_team_member()), pytest.raises((NotAnOfficer, errors.NoOpenAccount)):
        services.suspend_welfare_account(actor=make.a_team_member(), **here)
    assert read(household.id) == ["active"]


def test_one_account_serves_one_household_in_the_whole_province(app: Flask, clock: FrozenClock) -> None:
    """Refused alike, whether the other household is of this commune or of another, stopped or not verified yet."""
    here = make.poor(clock=clock)
    there = make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    here_id, their_code = here.id, there.code
    issue(there.id, clock, actor=make.an_officer(make.DAI_PHUC))
    with pytest.raises(AccountTaken) as elsewhere:
        issue(here_id, clock, number="8888 000.999")
    issue(make.poor(clock=clock).id, clock, number="8888000111")
    with pytest.raises(AccountTaken) as near:
        issue(here_id, clock, number="8888000111")
    assert elsewhere.value.message == near.value.message
    assert their_code not in elsewhere.value.message
    issue(here_id, clock, bin="970415")  # the same digits at another bank are another account


def test_a_closed_accounts_number_is_free_again(app: Flask, clock: FrozenClock) -> None:
    one, other = make.poor(clock=clock), make.poor(clock=clock)
    issue(one.id, clock)
    services.close_welfare_account(actor=make.an_officer(), household_id=one.id, reason=WHY, clock=clock)
    issue(other.id, clock)
    services.verify_welfare_account(actor=make.an_officer(), household_id=other.id, clock=clock)
    assert read(other.id) == ["active"]


def test_of_two_who_register_one_account_at_once_one_is_refused(app: Flask, clock: FrozenClock) -> None:
    homes = [make.poor(clock=clock).id for _n in range(4)]

    def attempt(household_id: UUID) -> str:
        with app.app_context(), app.test_request_context():
            try:
                issue(household_id, clock)
            except AccountTaken:
                return "taken"
            return "given"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, homes)) == ["given", "taken", "taken", "taken"]
    demand_true_roll()


def test_chosen_accounts_are_decided_one_by_one(app: Flask, clock: FrozenClock) -> None:
    officer = make.an_officer()
    theirs = [issue(make.poor(clock=clock).id, clock, number=f"888800010{n}").id for n in range(2)]
    own = issue(make.poor(clock=clock).id, clock, actor=officer, number="8888000200").id
    far = make.poor(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01")
    foreign = issue(far.id, clock, actor=make.an_officer(make.DAI_PHUC), number="8888000300").id
    with acting_as(officer):
        db.session.rollback()
        shown = [one.account.id for one in queries.waiting(officer, cursor=None, limit=20).items]
        db.session.rollback()
    assert shown == theirs
    done, refused = services.verify_many(actor=officer, account_ids=[*theirs, own, foreign, theirs[0]], clock=clock)
    assert done == 2
    assert [type(error) for error in refused] == [errors.OwnIssue, errors.NoOpenAccount, errors.NoOpenAccount]


@pytest.mark.parametrize(
    ("typed", "known", "same"),
    [
        ("NGUYEN VAN A", "Nguyễn Văn A", True),
        ("nguyễn  văn-a", "NGUYEN VAN A", True),
        ("Bà Nguyễn Thị Ba", "Nguyễn Thị Ba", True),
        ("Thu Nguyen Thi", "Nguyễn Thị Thử", True),
        ("DANG VAN DAT", "Đặng Văn Đạt", True),
        ("Ba Nguyen", "Nguyen", False),
        ("NGUYEN VAN", "Nguyễn Văn A", False),
        ("NGUYEN VAN A B", "Nguyễn Văn A", False),
        ("", "Nguyễn Văn A", False),
        ("...", "", False),
    ],
)
def test_names_as_banks_write_them(typed: str, known: str, same: bool) -> None:
    assert names.matches(typed, [known]) is same


def test_a_members_name_counts_as_the_heads(app: Flask, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    household = make.poor(clock=clock)
    with pytest.raises(errors.HolderDiffers):
        issue(household.id, clock, holder="TRAN THI MAU")
    monkeypatch.setattr(names, "_SOURCES", [lambda found: {one.code: ["Trần Thị Mẫu"] for one in found}])
    issue(household.id, clock, holder="TRAN THI MAU")


def test_the_roll_follows_decisions_moves_and_verification(app: Flask, clock: FrozenClock) -> None:
    make.poor(clock=clock)
    moved, _account = make.with_welfare_account(clock=clock)
    revoked, _account = make.with_welfare_account(clock=clock)
    demand_true_roll()
    make.no_longer_poor(revoked, from_day=clock.now().date(), clock=clock)
    with transaction(actor=SYSTEM) as session:
        session.execute(
            sa.text("UPDATE household SET commune_code = :commune, hamlet_code = :hamlet WHERE id = :id"),
            {"commune": make.DAI_PHUC, "hamlet": f"{make.DAI_PHUC}-01", "id": moved.id},
        )
    demand_true_roll()
    day = clock.now().date()
    (there,) = _coverage(make.DAI_PHUC, day)
    assert (there.eligible, there.covered) == (1, 1)


def _coverage(commune: str, day: Any) -> list[queries.Coverage]:
    officer = make.an_officer(commune)
    with acting_as(officer):
        db.session.rollback()
        found = queries.coverage(officer, day)
        db.session.rollback()
    return found


def test_an_officer_reads_their_own_communes_roll_only_with_or_without_the_query(
    app: Flask, clock: FrozenClock
) -> None:
    make.poor(clock=clock)
    with acting_as(make.an_officer(make.DAI_PHUC)):
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RollEntry)) == 0
        db.session.rollback()
    with acting_as(make.a_team_member()):
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(RollEntry)) == 0
        db.session.rollback()
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction(actor=SYSTEM) as session:
        session.execute(sa.text("DELETE FROM welfare_roll"))


def test_a_member_may_hold_the_account_a_contact_or_one_who_left_may_not(app: Flask, clock: FrozenClock) -> None:
    household = make.poor(clock=clock)
    household_id, head = household.id, make.speaking_for(household.id)

    def add(name: str, relation: Relation, phone: str = "") -> UUID:
        return own.add_member(actor=head, name=name, relation=relation, birth_year=1980, phone=phone, clock=clock).id

    add("Trần Văn Mẫu", Relation.SPOUSE)
    add("Lê Thị Nhờ", Relation.CONTACT, make.a_phone())
    left = add("Phạm Văn Đi", Relation.CHILD)
    own.remove_member(actor=head, member_id=left, clock=clock)
    for holder in ("LE THI NHO", "PHAM VAN DI"):
        with pytest.raises(errors.HolderDiffers):
            issue(household_id, clock, holder=holder)
    issue(household_id, clock, holder="TRAN VAN MAU")


def test_an_erased_household_gets_no_money_and_its_account_is_closed(app: Flask, clock: FrozenClock) -> None:
    household, account = make.with_welfare_account(clock=clock)
    household_id, key_id, payee_id = household.id, household.data_key_id, account.payee_id
    with transaction(actor=SYSTEM):
        destroy_data_key(key_id, clock=clock)
        listeners.tell(household_id, listeners.What.ERASED, clock=clock)
    assert payees.active_account(payee_id) is None
    services.end_of_gone(household_id=household_id, clock=clock)
    assert read(household_id) == ["closed"]
    services.end_of_gone(household_id=household_id, clock=clock)
    demand_true_roll()


def test_a_merger_taken_back_before_the_work_leaves_the_account_in_use(app: Flask, clock: FrozenClock) -> None:
    household, account = make.with_welfare_account(clock=clock)
    household_id, payee_id = household.id, account.payee_id
    with transaction(actor=SYSTEM):
        listeners.tell(household_id, listeners.What.MERGED, clock=clock)
    assert payees.active_account(payee_id) is None
    services.end_of_gone(household_id=household_id, clock=clock)
    assert read(household_id) == ["active"]
    assert payees.active_account(payee_id) is not None
