"""The sign-in follows the number on the papers: a change that was accepted moves it, and back when it is undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.crypto import unseal_by_id
from app.core.database import acting_as, db, transaction
from app.core.phones import normalise_phone
from app.households.office import services as office
from app.households.own import people, services
from app.households.own.models import Relation
from app.households.registry import queries as registry
from app.households.registry import services as registering
from app.households.registry.models import Household, How, Purpose
from app.identity import queries as accounts
from app.identity.models import SmsMessage
from app.identity.operations import SMS_TEXT_FIELD, SMS_TO_FIELD
from tests.factories.households import a_phone, an_officer, speaking_for, verified
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("app", "world")


def speaks(phone: str, home: Household, clock: FrozenClock) -> bool:
    """Whether who holds this number speaks for the household now."""
    with acting_as(SYSTEM):
        user = accounts.by_phone(normalise_phone(phone))
        return user is not None and accounts.actor_of(user, clock=clock).household_id == home.id


def texts_to(phone: str) -> list[str]:
    """What this number was told, oldest first."""
    found = db.session.scalars(sa.select(SmsMessage).order_by(SmsMessage.id)).all()
    to = normalise_phone(phone)
    return [
        unseal_by_id(one.data_key_id, SMS_TEXT_FIELD, one.text_enc)
        for one in found
        if unseal_by_id(one.data_key_id, SMS_TO_FIELD, one.to_enc) == to
    ]


def accept(home: Household, changes: dict[str, Any], clock: FrozenClock) -> UUID:
    """The household asks, an officer says yes."""
    clock.advance(seconds=1)
    with acting_as(SYSTEM):
        version = registry.get(home.id).version
    asked = services.correct(
        actor=speaking_for(home.id), amendment_id=uuid4(), changes=changes, base_version=version, clock=clock
    )
    office.accept_amendment(actor=an_officer(), amendment_id=asked.id, seen_version=version, clock=clock)
    return asked.id


def test_a_new_number_signs_in_and_the_old_one_is_out_at_once_and_both_are_told(clock: FrozenClock) -> None:
    old, new = a_phone(), a_phone()
    home = verified(clock=clock, phone=old)
    assert speaks(old, home, clock)
    accept(home, {"phone": new}, clock)
    assert (speaks(old, home, clock), speaks(new, home, clock)) == (False, True)
    assert "không còn dùng" in texts_to(old)[-1]
    assert "đã ghi số này" in texts_to(new)[-1]
    with acting_as(SYSTEM):
        (head,) = people.of(registry.get(home.id))
        assert (head.relation, head.phone, head.signs_in) == (Relation.HEAD, normalise_phone(new), True)
        actions = db.session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-3:].count("role_ended") == 1
    assert "role_granted" in actions[-4:]


def test_taking_the_decision_back_moves_the_sign_in_back(clock: FrozenClock) -> None:
    old, new = a_phone(), a_phone()
    home = verified(clock=clock, phone=old)
    amendment_id = accept(home, {"phone": new}, clock)
    clock.advance(seconds=1)
    office.take_back_decision(actor=an_officer(), amendment_id=amendment_id, reason="Nhầm hộ khác", clock=clock)
    assert (speaks(old, home, clock), speaks(new, home, clock)) == (True, False)


def test_another_member_with_the_old_number_keeps_it(clock: FrozenClock) -> None:
    old, new = a_phone(), a_phone()
    home = verified(clock=clock, phone=old)
    services.add_member(
        actor=speaking_for(home.id), name="Người mẫu", relation=Relation.SPOUSE, birth_year=1980, phone=old, clock=clock
    )
    accept(home, {"phone": new}, clock)
    assert (speaks(old, home, clock), speaks(new, home, clock)) == (True, True)
    assert not any("không còn dùng" in text for text in texts_to(old))


def test_a_number_taken_off_lets_nobody_in(clock: FrozenClock) -> None:
    old = a_phone()
    home = verified(clock=clock, phone=old)
    accept(home, {"phone": None}, clock)
    assert not speaks(old, home, clock)
    with acting_as(SYSTEM):
        assert [one.phone for one in people.of(registry.get(home.id))] == [None]


def test_a_number_that_becomes_a_contacts_lets_in_a_contact_and_no_head(clock: FrozenClock) -> None:
    old, contact = a_phone(), a_phone()
    home = verified(clock=clock, phone=old)
    accept(home, {"phone": contact, "phone_is_contact": "1"}, clock)
    assert (speaks(old, home, clock), speaks(contact, home, clock)) == (False, True)
    with acting_as(SYSTEM):
        found = registry.get(home.id)
        user = accounts.by_phone(normalise_phone(contact))
        assert user is not None
        assert people.contacts(home.id) == {user.id}
        assert {one.relation for one in people.of(found)} == {Relation.HEAD, Relation.CONTACT}


def test_a_contacts_number_lets_nobody_in_without_the_households_yes_to_be_reached(clock: FrozenClock) -> None:
    old, contact = a_phone(), a_phone()
    home = verified(clock=clock, phone=old)
    registering.record_consent(
        actor=an_officer(), household_id=home.id, purpose=Purpose.CONTACT, given=False, how=How.SPOKEN, clock=clock
    )
    accept(home, {"phone": contact, "phone_is_contact": "1"}, clock)
    assert (speaks(old, home, clock), speaks(contact, home, clock)) == (False, False)
    assert texts_to(contact) == []


def test_the_same_number_that_becomes_a_contacts_no_longer_acts_as_the_head(clock: FrozenClock) -> None:
    phone = a_phone()
    home = verified(clock=clock, phone=phone)
    accept(home, {"phone": phone, "phone_is_contact": "1"}, clock)
    with acting_as(SYSTEM):
        user = accounts.by_phone(normalise_phone(phone))
        assert user is not None
        actor = accounts.actor_of(user, clock=clock)
        assert people.relation_of(actor, registry.get(home.id)) is Relation.CONTACT


def test_a_contact_who_is_replaced_is_out(clock: FrozenClock) -> None:
    old, new = a_phone(), a_phone()
    home = verified(clock=clock, phone=old, phone_is_contact=True)
    assert speaks(old, home, clock)
    accept(home, {"phone": new, "phone_is_contact": "1"}, clock)
    assert (speaks(old, home, clock), speaks(new, home, clock)) == (False, True)


def test_a_number_changed_while_the_approval_was_taken_back_signs_in_once_approved_again(clock: FrozenClock) -> None:
    old, new = a_phone(), a_phone()
    home, officer = verified(clock=clock, phone=old), an_officer()
    amendment_id = accept(home, {"phone": new}, clock)
    office.take_back_approval(actor=officer, household_id=home.id, reason="Xem lại hồ sơ", clock=clock)
    clock.advance(seconds=1)
    office.take_back_decision(actor=officer, amendment_id=amendment_id, reason="Nhầm hộ khác", clock=clock)
    assert (speaks(old, home, clock), speaks(new, home, clock)) == (False, False)
    with transaction(actor=SYSTEM):
        assert registry.get(home.id).status == "submitted"
    registering.verify(actor=an_officer(), household_id=home.id, clock=clock)
    assert speaks(old, home, clock)
    with acting_as(SYSTEM):
        (head,) = people.of(registry.get(home.id))
    assert head.phone == normalise_phone(old)
