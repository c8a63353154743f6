"""Use cases: a household sees, takes along, corrects and takes back; its people; its erasure; officers answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock, in_vietnam
from app.core.database import acting_as, transaction
from app.core.masking import mask_name
from app.core.phones import normalise_phone
from app.core.texts import tidy
from app.households.registry import amendments, fields
from app.households.registry import operations as registry_operations
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.checks import checked_reason
from app.households.registry.errors import NoSuchHousehold
from app.households.registry.fields import Fields
from app.households.registry.models import Household, HouseholdAmendment, How, Purpose, Status
from app.households.registry.people import Field
from app.identity.roles import Role

from . import export, operations, people, queries
from .errors import (
    BadMember,
    HeadOnly,
    HeadStays,
    NoSuchMember,
    NotVerifiedYet,
    NotYourHousehold,
    RequestClosed,
    ThroughContact,
)
from .models import Kind, Member, PrivacyRequest, Relation, RequestStatus

MAX_NAME = 80


def own(actor: Actor, *, for_update: bool = False) -> Household:
    """The household the actor speaks for.

    Raises:
        NotYourHousehold: none.
        NoSuchHousehold: it was erased.
    """
    if actor.household_id is None or not actor.has_role(Role.HOUSEHOLD):
        raise NotYourHousehold
    return registry.find(actor.household_id, actor=actor, for_update=for_update)


def see_all(*, actor: Actor, clock: Clock) -> Fields:
    """Everything on the household's papers, in full; the look is written down. Not through a contact.

    Raises:
        NotYourHousehold, ThroughContact.
    """
    with transaction(actor=actor):
        household = _by_kin(actor)
        operations.note("own_data_opened", actor, household, clock)
    return fields.of(household)


def take_along(*, actor: Actor, clock: Clock) -> dict[str, Any]:
    """All that is known of the household, JSON-ready; the look is written down. Not through a contact.

    Raises:
        NotYourHousehold, ThroughContact.
    """
    with transaction(actor=actor):
        household = _by_kin(actor)
        operations.note("own_data_exported", actor, household, clock)
    return export.of(household, now=clock.now())


def set_consent(*, actor: Actor, purpose: Purpose, given: bool, clock: Clock) -> None:
    """Say yes or no to one purpose; it holds at once. A no becomes a request with the law's deadlines.

    A contact may say no in the household's name, which can only protect it; never yes. Saying what holds already
    changes nothing.

    Raises:
        NotYourHousehold, ThroughContact.
        RequestClosed: the household asked to be erased; take that back first.
    """
    with transaction(actor=actor):
        household = own(actor, for_update=True)
        if given and operations.is_through_contact(actor, household):
            raise ThroughContact
        if given and queries.open_request(household.id, Kind.ERASE):
            raise RequestClosed
        if registry.has_consent(household.id, purpose) != given:
            registry_operations.add_consent(actor, household, purpose=purpose, given=given, how=How.ONLINE, clock=clock)


def correct(
    *, actor: Actor, amendment_id: UUID, changes: Mapping[str, str | None], base_version: int, clock: Clock
) -> HouseholdAmendment:
    """Ask for a correction, which holds once an officer has looked at it. Sending the same twice is the same.

    Raises:
        NotYourHousehold, NotVerifiedYet.
        BadHousehold, OtherContent: see `registry.amendments.propose`.
    """
    with transaction(actor=actor):
        household = own(actor, for_update=True)
        if household.status != Status.VERIFIED:
            raise NotVerifiedYet
        asked = amendments.propose(
            actor,
            household,
            amendment_id=amendment_id,
            changes=changes,
            base_version=base_version,
            source="household",
            clock=clock,
        )
        if operations.is_through_contact(actor, household):
            operations.note("amendment_through_contact", actor, household, clock)
    return asked


def add_member(
    *,
    actor: Actor,
    household_id: UUID | None = None,
    name: str,
    relation: Relation,
    birth_year: int | None,
    phone: str,
    clock: Clock,
) -> Member:
    """Add a person of the household, or a contact who stands in for it; one with a phone signs in from now on.

    The head of the household does it, or an officer of its commune. A contact needs a phone, and the household's yes to
    being reached.

    Raises:
        NotYourHousehold, HeadOnly, NotAnOfficer.
        BadMember: fields that cannot be.
    """
    clean, e164 = _checked_member(name, relation, birth_year, phone, clock)
    with transaction(actor=actor):
        household = _headed(actor, household_id)
        if relation is Relation.CONTACT and not registry.has_consent(household.id, Purpose.CONTACT):
            raise BadMember({"relation": [_("Nhà mình bật mục Liên hệ trước đã.")]})
        return people.add(
            actor, household, name=clean, relation=relation, birth_year=birth_year, phone=e164, clock=clock
        )


def remove_member(*, actor: Actor, household_id: UUID | None = None, member_id: UUID, clock: Clock) -> None:
    """Take a person off; their way in ends at once. The head of the household does it, or an officer.

    Raises:
        NotYourHousehold, HeadOnly, NotAnOfficer, NoSuchMember.
        HeadStays: it is the head.
    """
    with transaction(actor=actor):
        household = _headed(actor, household_id)
        member = people.get(household.id, member_id)
        if member is None:
            raise NoSuchMember
        if member.relation == Relation.HEAD:
            raise HeadStays
        people.remove(actor, household, member, clock=clock)


def ask_erasure(*, actor: Actor, request_id: UUID, household_id: UUID | None = None, clock: Clock) -> PrivacyRequest:
    """Ask for everything about the household to be forgotten. Asking twice answers the request that is open.

    All consents end at once, so that nothing new begins while money comes to rest. The head asks, or an officer writes
    down that they did.

    Raises:
        NotYourHousehold, HeadOnly, NotAnOfficer.
    """
    with transaction(actor=actor):
        household = _headed(actor, household_id)
        known = queries.open_request(household.id, Kind.ERASE)
        if known is not None:
            return known
        request = operations.ask(actor, household, kind=Kind.ERASE, purpose=None, request_id=request_id, clock=clock)
        how = How.ONLINE if actor.household_id == household.id else How.SPOKEN
        for purpose, word in registry.consents(household.id).items():
            if word.given and purpose is not Purpose.CONTACT:
                registry_operations.add_consent(actor, household, purpose=purpose, given=False, how=how, clock=clock)
    return request


def take_back_erasure(*, actor: Actor, household_id: UUID | None = None, clock: Clock) -> None:
    """Keep everything after all, as long as it is there. What was agreed to before is to be agreed to anew.

    Raises:
        NotYourHousehold, HeadOnly, NotAnOfficer.
        RequestClosed: nothing is asked.
    """
    with transaction(actor=actor):
        household = _headed(actor, household_id)
        request = queries.open_request(household.id, Kind.ERASE, for_update=True)
        if request is None:
            raise RequestClosed
        operations.close(actor, household, request, RequestStatus.TAKEN_BACK, clock=clock)


def answer_request(*, actor: Actor, request_id: UUID, words: str, clock: Clock) -> None:
    """Answer a household's request, for it to read.

    Raises:
        NoSuchRequest, NotAnOfficer, RequestClosed.
        BadInput: nothing worth the name.
    """
    told = checked_reason(words)
    with transaction(actor=actor):
        household, request = _for_officer(actor, request_id)
        operations.answer(actor, household, request, words=told, clock=clock)


def finish_withdrawal(*, actor: Actor, request_id: UUID, clock: Clock) -> None:
    """Say that everything a withdrawal asks for is done, outside of here too (other marketplaces, paper lists).

    Raises:
        NoSuchRequest, NotAnOfficer, RequestClosed.
    """
    with transaction(actor=actor):
        household, request = _for_officer(actor, request_id)
        if request.kind != Kind.WITHDRAW:
            raise RequestClosed
        operations.close(actor, household, request, RequestStatus.DONE, clock=clock)


def erase(*, actor: Actor, request_id: UUID, clock: Clock) -> None:
    """Do what a household asked: forget it. For an officer of its commune who neither asked nor registered it.

    Raises:
        NoSuchRequest, NotAnOfficer.
        SecondPersonNeeded, MoneyWaits, RequestClosed: see `operations.erase`.
    """
    with transaction(actor=actor):
        household, request = _for_officer(actor, request_id)
        if request.kind != Kind.ERASE:
            raise RequestClosed
        operations.erase(actor, household, request, clock=clock)


def choices(household_ids: tuple[UUID, ...]) -> list[tuple[UUID, str, str]]:
    """(id, masked name, code) of the households one phone serves, for its owner to choose from."""
    with acting_as(SYSTEM):
        found = queries.names_of(household_ids)
        return [(one.id, mask_name(registry_people.open_field(one, Field.HEAD_NAME) or ""), one.code) for one in found]


def _by_kin(actor: Actor) -> Household:
    household = own(actor)
    if operations.is_through_contact(actor, household):
        raise ThroughContact
    return household


def _headed(actor: Actor, household_id: UUID | None) -> Household:
    """The household, locked, for its head or an officer of its commune (who names it)."""
    if household_id is not None:
        household = registry.find(household_id, actor=actor, for_update=True)
        registry_operations.demand_officer(actor, household)
        return household
    household = own(actor, for_update=True)
    relation = people.relation_of(actor, household)
    if relation is Relation.CONTACT:
        raise ThroughContact
    if relation is not Relation.HEAD:
        raise HeadOnly
    return household


def _for_officer(actor: Actor, request_id: UUID) -> tuple[Household, PrivacyRequest]:
    """Household and request, locked in this order, as every other way locks them."""
    household_id = queries.household_of(actor, request_id)
    try:
        household = registry.find(household_id, actor=actor, for_update=True)
    except NoSuchHousehold:
        raise RequestClosed from None  # erased a moment ago
    registry_operations.demand_officer(actor, household)
    return household, queries.get(actor, request_id, for_update=True)


def _checked_member(
    name: str, relation: Relation, birth_year: int | None, phone: str, clock: Clock
) -> tuple[str, str | None]:
    errors: dict[str, list[str]] = {}
    clean = tidy(name)
    if not 2 <= len(clean) <= MAX_NAME or any(character.isdigit() for character in clean):
        errors["name"] = [_("Viết họ tên, chỉ gồm chữ.")]
    if relation is Relation.HEAD:
        errors["relation"] = [_("Nhà mình đã có chủ hộ.")]
    if birth_year is not None and not 1900 <= birth_year <= in_vietnam(clock.now()).year:
        errors["birth_year"] = [_("Năm sinh chưa đúng, ví dụ 1968.")]
    e164 = None
    if phone.strip():
        try:
            e164 = normalise_phone(phone)
        except ValueError:
            errors["phone"] = [_("Số điện thoại chưa đúng. Viết đủ 10 số, ví dụ 0912 345 678.")]
    elif relation is Relation.CONTACT:
        errors["phone"] = [_("Người liên hệ giúp cần có số điện thoại.")]
    if errors:
        raise BadMember(errors)
    return clean, e164
