"""Promises of the registry: nobody twice, four eyes, each commune its own, every look written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.database import acting_as, db, transaction
from app.core.errors import BadInput
from app.households.registry import errors, people, queries, services
from app.households.registry.models import Household, How, Purpose, Status
from app.households.registry.people import Field
from app.identity import queries as identity
from app.identity.roles import Role
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def actions(household: Household) -> list[str]:
    rows = db.session.scalars(
        sa.select(AuditEvent.action).where(AuditEvent.subject_id == household.id).order_by(AuditEvent.id)
    )
    return list(rows)


def how_many() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Household)) or 0


def test_registering_twice_makes_one_household(app: Flask, clock: FrozenClock) -> None:
    member, data = make.a_team_member(), make.a_registration()
    first = services.register_household(actor=member, data=data, clock=clock)
    again = services.register_household(actor=member, data=data, clock=clock)
    assert first.id == again.id
    assert how_many() == 1


def test_registering_twice_at_the_same_moment_makes_one_household(app: Flask, clock: FrozenClock) -> None:
    member, data = make.a_team_member(), make.a_registration()

    def send(_n: int) -> str:
        with app.app_context():
            return services.register_household(actor=member, data=data, clock=clock).code

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert how_many() == 1


def test_the_same_client_id_with_other_content_waits_for_a_person(app: Flask, clock: FrozenClock) -> None:
    member, data = make.a_team_member(), make.a_registration()
    services.register_household(actor=member, data=data, clock=clock)
    with pytest.raises(errors.OtherContent):
        services.register_household(actor=member, data=replace(data, address="Nhà khác"), clock=clock)


def test_a_known_citizen_is_refused_and_nothing_told(app: Flask, clock: FrozenClock) -> None:
    there = make.verified(clock=clock, hamlet_code=f"{make.DAI_PHUC}-01", head_name="Hoàng Văn Kia")
    number = people.open_field(there, Field.CITIZEN_ID)
    with pytest.raises(errors.HouseholdKnown) as refused:
        make.register(clock=clock, citizen_id=number)
    told = refused.value.message + str(refused.value.details)
    assert all(word not in told for word in ("Hoàng", "Đại Phúc", there.code, make.DAI_PHUC, str(number)))
    assert how_many() == 1


def test_everything_wrong_is_told_at_once(app: Flask, clock: FrozenClock) -> None:
    bad = make.a_registration(head_name="Thử", citizen_id="123", phone="12", address="", consents={})
    with pytest.raises(errors.BadHousehold) as refused:
        services.register_household(actor=make.a_team_member(), data=bad, clock=clock)
    assert set(refused.value.details["errors"]) == {"head_name", "citizen_id", "phone", "address", "consents"}


def test_only_a_member_of_that_hamlet_registers_there(app: Flask, clock: FrozenClock) -> None:
    data = make.a_registration()
    strangers = [
        make.a_team_member(f"{make.TAN_CUONG}-02"),
        make.an_officer(make.DAI_PHUC),
        make.speaking_for(uuid4()),
        Actor(uuid4(), frozenset({Role.AUDITOR}), frozenset({"*"})),
    ]
    for stranger in strangers:
        with pytest.raises(errors.OutsideArea):
            services.register_household(actor=stranger, data=data, clock=clock)
    with pytest.raises(errors.BadHousehold):
        services.register_household(
            actor=make.a_team_member("05503-99"), data=replace(data, hamlet_code="05503-99"), clock=clock
        )


def test_personal_fields_are_sealed_in_the_table(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock, head_name="Nguyễn Thị Thử")
    row = db.session.execute(sa.text("SELECT * FROM household")).one()
    stored = b"|".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row)
    for field in Field:
        plain = people.open_field(household, field)
        assert plain is not None
        assert plain.encode() not in stored
    assert people.masked(household).head_name == "Nguyễn T. T."


def test_an_officer_of_the_commune_verifies_and_the_phone_speaks_for_the_household(
    app: Flask, clock: FrozenClock
) -> None:
    phone = make.a_phone()
    household = make.verified(clock=clock, phone=phone)
    assert household.status == Status.VERIFIED
    user = identity.by_phone(phone)
    assert user is not None
    assert identity.actor_of(user, clock=clock).household_id == household.id
    assert user.display_name == "Thử"
    assert db.session.scalar(sa.text("SELECT count(*) FROM sms_message")) == 1
    assert actions(household)[-2:] == ["household_verified", "member_added"]


def test_a_household_without_a_phone_is_verified_too(app: Flask, clock: FrozenClock) -> None:
    assert make.verified(clock=clock, phone=None).status == Status.VERIFIED


def test_another_communes_officer_sees_nothing_to_verify(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    with pytest.raises(errors.NoSuchHousehold):
        services.verify(actor=make.an_officer(make.DAI_PHUC), household_id=household.id, clock=clock)


def test_a_team_member_of_the_hamlet_does_not_verify(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    with pytest.raises(errors.NotAnOfficer):
        services.verify(actor=make.a_team_member(), household_id=household.id, clock=clock)


def test_the_registrar_never_verifies_their_own(app: Flask, clock: FrozenClock) -> None:
    officer = make.an_officer()
    household = make.register(clock=clock, actor=officer)
    with pytest.raises(errors.OwnWork):
        services.verify(actor=officer, household_id=household.id, clock=clock)
    with pytest.raises(sa.exc.IntegrityError, match="ck_household_four_eyes"), transaction() as session:
        session.execute(
            sa.text("UPDATE household SET status = 'verified', verified_by = registered_by, verified_at = now()")
        )


def test_a_returned_registration_is_corrected_by_who_made_it_and_sent_again(app: Flask, clock: FrozenClock) -> None:
    member = make.a_team_member()
    household = make.register(clock=clock, actor=member)
    services.return_to_team(actor=make.an_officer(), household_id=household.id, reason="Sai tên xóm", clock=clock)
    with pytest.raises(errors.OutsideArea):
        services.open_for_correction(actor=make.a_team_member(), household_id=household.id, clock=clock)
    data = services.open_for_correction(actor=member, household_id=household.id, clock=clock)
    fixed = services.resubmit(
        actor=member, household_id=household.id, data=replace(data, address="Nhà số 5", consents={}), clock=clock
    )
    assert (fixed.status, fixed.return_reason) == (Status.SUBMITTED, None)
    assert people.open_field(fixed, Field.ADDRESS) == "Nhà số 5"
    assert queries.has_consent(household.id, Purpose.SELLING)
    with pytest.raises(errors.WrongStep):
        services.resubmit(actor=member, household_id=household.id, data=data, clock=clock)


def test_what_was_verified_is_not_verified_or_returned_again(app: Flask, clock: FrozenClock) -> None:
    household = make.verified(clock=clock)
    with pytest.raises(errors.WrongStep):
        services.verify(actor=make.an_officer(), household_id=household.id, clock=clock)
    with pytest.raises(errors.WrongStep):
        services.return_to_team(actor=make.an_officer(), household_id=household.id, reason="Sai địa chỉ", clock=clock)


@pytest.mark.parametrize("table", ["household", "consent", "poverty_status", "welfare_profile", "welfare_account"])
def test_the_second_wall_stands_without_the_scoped_query(app: Flask, clock: FrozenClock, table: str) -> None:
    household, _account = make.with_welfare_account(clock=clock)

    def rows_for(actor: Actor) -> int:
        with acting_as(actor), transaction():
            return db.session.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0

    assert rows_for(make.an_officer(make.DAI_PHUC)) == 0
    assert rows_for(make.a_team_member(f"{make.TAN_CUONG}-02")) == 0
    assert rows_for(Actor()) == 0
    assert rows_for(make.speaking_for(uuid4())) == 0
    assert rows_for(make.an_officer()) >= 1
    assert rows_for(make.speaking_for(household.id)) >= 1
    assert rows_for(SYSTEM) >= 1


def test_poverty_is_not_for_the_neighbours_eyes(app: Flask, clock: FrozenClock) -> None:
    make.poor(clock=clock)
    with acting_as(make.a_team_member()), transaction():
        assert db.session.scalar(sa.text("SELECT count(*) FROM household")) == 1
        assert db.session.scalar(sa.text("SELECT count(*) FROM poverty_status")) == 0


def test_the_wall_also_stops_writing_into_another_commune(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock)
    with acting_as(make.an_officer(make.DAI_PHUC)), transaction() as session:
        changed = session.execute(sa.text("UPDATE household SET return_reason = 'x', status = 'returned' RETURNING id"))
        assert changed.all() == []
    with (
        pytest.raises(sa.exc.ProgrammingError, match="row-level security"),
        acting_as(make.an_officer(make.DAI_PHUC)),
        transaction() as session,
    ):
        session.execute(
            sa.text(
                "INSERT INTO consent (household_id, purpose, given, how, witnessed_by, at)"
                " VALUES (:id, 'selling', true, 'spoken', :id, now())"
            ),
            {"id": household.id},
        )


def test_consent_is_append_only_and_its_last_word_holds(app: Flask, clock: FrozenClock) -> None:
    household = make.verified(clock=clock)
    own = make.speaking_for(household.id)
    services.record_consent(
        actor=own, household_id=household.id, purpose=Purpose.SELLING, given=False, how=How.ONLINE, clock=clock
    )
    assert not queries.has_consent(household.id, Purpose.SELLING)
    assert queries.has_consent(household.id, Purpose.CONTACT)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction() as session:
        session.execute(sa.text("DELETE FROM consent"))
    with pytest.raises(errors.NoSuchHousehold):
        services.record_consent(
            actor=make.speaking_for(uuid4()), household_id=household.id, purpose=Purpose.SELLING, given=True,
            how=How.ONLINE, clock=clock,
        )  # fmt: skip


def test_an_unmasked_field_is_written_down_with_the_reason(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock, phone="0912345678")
    officer = make.an_officer()
    plain = services.unmask_household(
        actor=officer, household_id=household.id, field=Field.PHONE, reason="Gọi hẹn ngày đến", clock=clock
    )
    assert plain == "+84912345678"
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "household_unmasked")).one()
    assert (event.actor_id, event.details) == (officer.user_id, {"field": "phone", "reason": "Gọi hẹn ngày đến"})
    for actor, reason in ((officer, " "), (make.a_team_member(), "Tò mò thôi")):
        with pytest.raises((BadInput, errors.NotAnOfficer)):
            services.unmask_household(
                actor=actor, household_id=household.id, field=Field.PHONE, reason=reason, clock=clock
            )


def test_a_household_is_found_by_code_phone_number_or_whole_name_only_in_scope(app: Flask, clock: FrozenClock) -> None:
    household = make.register(clock=clock, head_name="Trần Văn Tìm", phone="0987 654 321")
    number = people.open_field(household, Field.CITIZEN_ID)
    for text in (household.code.lower(), "tran van tim", "0987654321", number or ""):
        for actor, expected in ((make.an_officer(), 1), (make.an_officer(make.DAI_PHUC), 0)):
            page = queries.listing(actor, queries.Filter(text=text), cursor=None, limit=5)
            assert len(page.items) == expected
