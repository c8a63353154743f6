"""A household and its own data: what it sees, takes back, corrects, and who signs in for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.database import acting_as, db
from app.core.errors import AppError, Forbidden, NotFound
from app.households.own import people, queries, services
from app.households.own.deadlines import counted_from
from app.households.own.errors import BadMember, HeadOnly, HeadStays, RequestClosed, ThroughContact
from app.households.own.models import Kind, Relation
from app.households.registry import amendments
from app.households.registry import queries as registry
from app.households.registry import services as registering
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.models import Household, How, Purpose
from app.households.registry.people import Field
from app.identity import queries as accounts
from tests.factories.households import DAI_PHUC, a_phone, an_officer, speaking_for, verified
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("app", "world")


def of_phone(phone: str, clock: FrozenClock) -> Actor:
    """What the owner of this phone may do."""
    user = accounts.by_phone(phone)
    assert user is not None
    return accounts.actor_of(user, clock=clock)


def with_contact(clock: FrozenClock) -> tuple[Household, Actor]:
    """A household with no phone of its own, and the person who stands in for it."""
    phone = a_phone()
    home = verified(clock=clock, phone=phone, phone_is_contact=True)
    return home, of_phone(phone, clock)


def log_of(home: Household) -> list[queries.Act]:
    with acting_as(SYSTEM):
        return list(queries.log_of(home, looks_only=False, cursor=None, limit=100).items)


def test_deadlines_leave_out_weekends_and_count_in_vietnam() -> None:
    friday_evening = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # 23:30 in Vietnam
    due = counted_from(friday_evening)
    assert due.answer_by == datetime(2026, 11, 24, 17, tzinfo=UTC)  # the end of Tuesday there
    assert due.done_by == datetime(2026, 12, 5, 17, tzinfo=UTC)
    assert due.rule.valid_from == date(2026, 1, 1)
    assert counted_from(friday_evening + timedelta(hours=1)).done_by == due.done_by + timedelta(days=1)


def test_deadlines_leave_out_holidays() -> None:
    eve = datetime(2026, 4, 29, 3, tzinfo=UTC)  # Wednesday before 30 April and 1 May
    assert counted_from(eve).answer_by == datetime(2026, 5, 5, 17, tzinfo=UTC)


def test_a_household_sees_all_of_its_own_and_the_look_is_written_down(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    shown = services.see_all(actor=speaking_for(home.id), clock=clock)
    assert shown["head_name"] == "Nguyễn Thị Thử"
    assert (shown["citizen_id"] or "").startswith("019180")
    assert log_of(home)[0].action == "own_data_opened"


def test_nobody_sees_another_household_this_way(clock: FrozenClock) -> None:
    verified(clock=clock)
    for actor in (Actor(), an_officer(), speaking_for(uuid4())):
        with pytest.raises((Forbidden, NotFound)):
            services.see_all(actor=actor, clock=clock)


def test_the_log_names_who_looked_and_why(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    officer = an_officer()
    registering.unmask_household(
        actor=officer, household_id=home.id, field=Field.PHONE, reason="gọi hẹn lịch", clock=clock
    )
    with acting_as(speaking_for(home.id)):
        (look,) = queries.log_of(home, looks_only=True, cursor=None, limit=10).items
    assert (look.field, look.reason, look.role, look.by_household) == (
        "phone",
        "gọi hẹn lịch",
        "commune_officer",
        False,
    )


def test_the_log_goes_on_page_by_page(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    for _look in range(5):
        services.see_all(actor=speaking_for(home.id), clock=clock)
    with acting_as(SYSTEM):
        first = queries.log_of(home, looks_only=True, cursor=None, limit=3)
        rest = queries.log_of(home, looks_only=True, cursor=first.next_cursor, limit=3)
    assert (len(first.items), len(rest.items), rest.next_cursor) == (3, 2, None)


def test_a_consent_taken_back_holds_at_once_and_is_tracked(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    own = speaking_for(home.id)
    services.set_consent(actor=own, purpose=Purpose.SYNDICATION, given=False, clock=clock)
    services.set_consent(actor=own, purpose=Purpose.SYNDICATION, given=False, clock=clock)
    with acting_as(own):
        assert not registry.has_consent(home.id, Purpose.SYNDICATION)
        (request,) = queries.requests_of(home.id)
    assert (request.kind, request.purpose, request.status) == ("withdraw", "syndication", "open")
    assert request.answer_by == counted_from(clock.now()).answer_by


def test_a_consent_given_again_settles_what_was_taken_back(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    own = speaking_for(home.id)
    for given in (False, True, False):
        services.set_consent(actor=own, purpose=Purpose.SELLING, given=given, clock=clock)
        clock.advance(seconds=1)
    with acting_as(own):
        assert [one.status for one in queries.requests_of(home.id)] == ["open", "taken_back"]


def test_a_consent_taken_back_at_the_office_is_tracked_as_well(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    officer = an_officer()
    registering.record_consent(
        actor=officer, household_id=home.id, purpose=Purpose.GIFT_PAGE, given=False, how=How.SPOKEN, clock=clock
    )
    with acting_as(officer):
        (request,) = queries.requests_of(home.id)
    services.answer_request(actor=officer, request_id=request.id, words="Đã gỡ trang ủng hộ.", clock=clock)
    services.finish_withdrawal(actor=officer, request_id=request.id, clock=clock)
    with acting_as(speaking_for(home.id)):
        (request,) = queries.requests_of(home.id)
        assert (request.status, queries.answer_of(home, request)) == ("done", "Đã gỡ trang ủng hộ.")
    with pytest.raises(RequestClosed):
        services.finish_withdrawal(actor=officer, request_id=request.id, clock=clock)


def test_officers_see_open_requests_of_their_commune_and_what_is_late(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    services.set_consent(actor=speaking_for(home.id), purpose=Purpose.SELLING, given=False, clock=clock)
    officer, elsewhere = an_officer(), an_officer(DAI_PHUC)
    with acting_as(elsewhere):
        assert queries.waiting(elsewhere, clock=clock, cursor=None, limit=10).items == []
    db.session.rollback()
    with acting_as(officer):
        (waiting,) = queries.waiting(officer, clock=clock, cursor=None, limit=10).items
        assert queries.counts(officer, clock=clock) == (1, 0)
        clock.advance(days=5)
        assert queries.counts(officer, clock=clock) == (1, 1)
        assert queries.is_overdue(waiting.request, clock)
    with pytest.raises(NotFound):
        services.answer_request(actor=elsewhere, request_id=waiting.request.id, words="Đã xong rồi", clock=clock)


def test_a_correction_waits_for_an_officer(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    own = speaking_for(home.id)
    asked = services.correct(
        actor=own, amendment_id=uuid4(), changes={"address": "Nhà mới đầu xóm"}, base_version=1, clock=clock
    )
    assert (asked.status, asked.source) == (amendments.AmendmentStatus.WAITING, "household")
    assert services.see_all(actor=own, clock=clock)["address"] == "Nhà sau đình xóm"


def test_what_is_taken_along_is_all_of_ones_own(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    own = speaking_for(home.id)
    services.add_member(actor=own, name="Người mẫu", relation=Relation.CHILD, birth_year=2001, phone="", clock=clock)
    taken = services.take_along(actor=own, clock=clock)
    assert taken["fields"]["head_name"] == "Nguyễn Thị Thử"
    assert {one["name"] for one in taken["members"]} == {"Nguyễn Thị Thử", "Người mẫu"}
    assert {one["purpose"] for one in taken["consents"]} == set(Purpose)
    assert taken["seen_by"][0]["action"] == "own_data_exported"


def test_several_members_act_for_one_household_each_with_their_phone(clock: FrozenClock) -> None:
    home, phone = verified(clock=clock), a_phone()
    member = services.add_member(
        actor=speaking_for(home.id), name="Người mẫu", relation=Relation.SPOUSE, birth_year=1980, phone=phone,
        clock=clock,
    )  # fmt: skip
    spouse = of_phone(phone, clock)
    assert spouse.household_id == home.id
    assert services.see_all(actor=spouse, clock=clock)["head_name"]
    with pytest.raises(HeadOnly):
        services.remove_member(actor=spouse, member_id=member.id, clock=clock)
    with pytest.raises(HeadOnly):
        services.ask_erasure(actor=spouse, request_id=uuid4(), clock=clock)


def test_a_removed_member_is_out_at_once(clock: FrozenClock) -> None:
    home, phone = verified(clock=clock), a_phone()
    own = speaking_for(home.id)
    member = services.add_member(
        actor=own, name="Người mẫu", relation=Relation.OTHER, birth_year=None, phone=phone, clock=clock
    )
    services.remove_member(actor=own, member_id=member.id, clock=clock)
    assert of_phone(phone, clock).household_id is None
    with pytest.raises(AppError):
        services.remove_member(actor=own, member_id=member.id, clock=clock)


def test_two_members_of_one_phone_lose_it_only_together(clock: FrozenClock) -> None:
    home, phone = verified(clock=clock), a_phone()
    own = speaking_for(home.id)
    two = [
        services.add_member(
            actor=own, name=f"Người mẫu {letter}", relation=Relation.CHILD, birth_year=None, phone=phone, clock=clock
        )
        for letter in "ab"
    ]
    services.remove_member(actor=own, member_id=two[0].id, clock=clock)
    assert of_phone(phone, clock).household_id == home.id
    services.remove_member(actor=own, member_id=two[1].id, clock=clock)
    assert of_phone(phone, clock).household_id is None


def test_the_head_stays(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    own = speaking_for(home.id)
    with acting_as(own):
        (head,) = people.of(home)
    assert head.relation == Relation.HEAD
    with pytest.raises(HeadStays):
        services.remove_member(actor=own, member_id=head.id, clock=clock)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "A1"}),
        ("phone", {"phone": "12"}),
        ("birth_year", {"birth_year": 1800}),
        ("relation", {"relation": Relation.HEAD}),
        ("phone", {"relation": Relation.CONTACT}),
    ],
)
def test_a_member_who_cannot_be_is_refused(clock: FrozenClock, field: str, changes: dict[str, object]) -> None:
    home = verified(clock=clock)
    told = {"name": "Người mẫu", "relation": Relation.CHILD, "birth_year": None, "phone": ""} | changes
    with pytest.raises(BadMember) as refused:
        services.add_member(actor=speaking_for(home.id), clock=clock, **told)  # type: ignore[arg-type]
    assert list(refused.value.details["errors"]) == [field]


def test_a_contact_acts_for_a_household_with_no_phone_and_it_shows(clock: FrozenClock) -> None:
    home, contact = with_contact(clock)
    assert contact.household_id == home.id
    services.set_consent(actor=contact, purpose=Purpose.SELLING, given=False, clock=clock)
    with acting_as(contact):
        (request,) = queries.requests_of(home.id)
    assert request.through_contact
    assert all(act.through_contact for act in log_of(home) if act.by_household)
    assert any(act.by_household for act in log_of(home))


def test_a_contact_does_not_do_what_only_the_household_may(clock: FrozenClock) -> None:
    _home, contact = with_contact(clock)
    for act in (
        lambda: services.see_all(actor=contact, clock=clock),
        lambda: services.take_along(actor=contact, clock=clock),
        lambda: services.set_consent(actor=contact, purpose=Purpose.SELLING, given=True, clock=clock),
        lambda: services.ask_erasure(actor=contact, request_id=uuid4(), clock=clock),
        lambda: services.add_member(
            actor=contact, name="Người mẫu", relation=Relation.CHILD, birth_year=None, phone="", clock=clock
        ),
    ):
        with pytest.raises(ThroughContact):
            act()


def test_a_contact_is_out_when_the_household_no_longer_agrees(clock: FrozenClock) -> None:
    phone = a_phone()
    home = verified(clock=clock, phone=phone, phone_is_contact=True)
    officer = an_officer()
    registering.record_consent(
        actor=officer, household_id=home.id, purpose=Purpose.CONTACT, given=False, how=How.SPOKEN, clock=clock
    )
    assert of_phone(phone, clock).household_id is None
    registering.record_consent(
        actor=officer, household_id=home.id, purpose=Purpose.CONTACT, given=True, how=How.SPOKEN, clock=clock
    )
    assert of_phone(phone, clock).household_id == home.id


def test_without_the_yes_to_be_reached_no_contact_comes_in(clock: FrozenClock) -> None:
    phone = a_phone()
    verified(clock=clock, phone=phone, phone_is_contact=True, consents={Purpose.SELLING: How.SPOKEN})
    user = accounts.by_phone(phone)
    assert user is None or accounts.actor_of(user, clock=clock).household_id is None


def test_members_are_behind_the_second_wall(clock: FrozenClock) -> None:
    home = verified(clock=clock)
    services.set_consent(actor=speaking_for(home.id), purpose=Purpose.SELLING, given=False, clock=clock)
    for outsider in (Actor(), an_officer(DAI_PHUC), speaking_for(uuid4())):
        db.session.rollback()
        with acting_as(outsider):
            for table in ("household_member", "privacy_request"):
                assert db.session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0


def test_personal_words_are_nowhere_in_the_audit(clock: FrozenClock) -> None:
    home, phone = verified(clock=clock), a_phone()
    own = speaking_for(home.id)
    services.add_member(
        actor=own, name="Người mẫu", relation=Relation.SPOUSE, birth_year=1980, phone=phone, clock=clock
    )
    services.take_along(actor=own, clock=clock)
    with acting_as(SYSTEM):
        told = str(db.session.scalars(sa.select(AuditEvent.details)).all())
    for word in ("Người mẫu", phone[1:], "Nguyễn Thị Thử", "1980"):
        assert word not in told


def test_an_officer_adds_and_asks_for_a_household_that_comes_to_the_office(clock: FrozenClock) -> None:
    home, officer = verified(clock=clock), an_officer()
    services.add_member(
        actor=officer, household_id=home.id, name="Người mẫu", relation=Relation.CONTACT, birth_year=None,
        phone=a_phone(), clock=clock,
    )  # fmt: skip
    request = services.ask_erasure(actor=officer, household_id=home.id, request_id=uuid4(), clock=clock)
    assert (request.kind, request.asked_by) == (Kind.ERASE, officer.user_id)
    with pytest.raises(NoSuchHousehold):
        services.ask_erasure(actor=an_officer(DAI_PHUC), household_id=home.id, request_id=uuid4(), clock=clock)
