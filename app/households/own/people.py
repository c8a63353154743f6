"""Who belongs to a household and who stands in for it; steps and reads inside what the database lets one see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, seal, unseal_by_id
from app.core.database import db, require_transaction
from app.core.masking import mask_name, mask_phone
from app.core.phones import national
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.models import Household, Purpose, Status
from app.households.registry.operations import SUBJECT
from app.households.registry.people import Field
from app.identity import operations as identity
from app.identity import queries as accounts

from .models import Member, Relation

NAME, BIRTH_YEAR, PHONE = "household_member.name", "household_member.birth_year", "household_member.phone"


@dataclass(frozen=True)
class Person:
    """A member in the open, for the household's own eyes."""

    id: UUID
    name: str
    birth_year: str | None
    relation: str
    phone: str | None
    signs_in: bool
    added_at: datetime
    removed_at: datetime | None
    user_id: UUID | None

    @property
    def phone_masked(self) -> str:
        """Enough of the number to know it again."""
        return mask_phone(national(self.phone)) if self.phone else ""


def of(household: Household, *, removed: bool = False) -> list[Person]:
    """The household's people, head first; with those who were removed when asked for.

    Raises:
        KeyDestroyed: the household was erased.
    """
    return [opened(household, row) for row in _rows(household.id) if removed or row.removed_at is None]


def shown(household: Household, *, masked: bool) -> list[Person]:
    """The present people; masked where nobody asked for more, and always for a contact: initials, no year of birth."""
    found = of(household)
    return [replace(one, name=mask_name(one.name), birth_year=None) for one in found] if masked else found


def relation_of(actor: Actor, household: Household) -> Relation:
    """What the acting person is to the household; the most they are when they are several things.

    Households approved before members were kept have no rows: then the phone's owner is the head, or the contact.
    """
    mine = {row.relation for row in _rows(household.id) if row.user_id == actor.user_id and row.removed_at is None}
    if not mine:
        return Relation.CONTACT if household.phone_is_contact else Relation.HEAD
    return next(relation for relation in Relation if relation in mine)


def contacts(household_id: UUID) -> set[UUID]:
    """The accounts of those who only ever stood in for the household."""
    rows = [row for row in _rows(household_id) if row.user_id]
    kin = {row.user_id for row in rows if row.relation != Relation.CONTACT}
    return {row.user_id for row in rows if row.user_id and row.user_id not in kin}


def add(
    actor: Actor,
    household: Household,
    *,
    name: str,
    relation: Relation,
    birth_year: int | None,
    phone: str | None,
    clock: Clock,
) -> Member:
    """Write down a person of the household; one with a phone signs in from now on. Needs the household's row locked.

    Args:
        phone: in E.164. It may be another member's too: one phone, one account.
    """
    session = require_transaction()
    key = session.get_one(DataKey, household.data_key_id)
    user = None
    if phone and household.status == Status.VERIFIED:
        user = identity.grant_household(
            phone=phone, household_id=household.id, display_name=_called(name, relation), clock=clock
        )
    member = Member(
        household_id=household.id,
        relation=relation,
        name_enc=seal(key, NAME, name),
        birth_year_enc=seal(key, BIRTH_YEAR, str(birth_year)) if birth_year else None,
        phone_enc=seal(key, PHONE, phone) if phone else None,
        user_id=user.id if user else None,
        added_by=actor.user_id,
        added_at=clock.now(),
    )
    session.add(member)
    session.flush()
    _note("member_added", actor, household, member, clock)
    return member


def remove(actor: Actor, household: Household, member: Member, *, clock: Clock) -> None:
    """Take a person off. Their way in ends at once, unless another member uses the same phone."""
    session = require_transaction()
    member.removed_at, member.removed_by = clock.now(), actor.user_id
    session.flush()
    others = {row.user_id for row in _rows(household.id) if row.removed_at is None}
    if member.user_id and member.user_id not in others:
        identity.end_household(user_id=member.user_id, household_id=household.id, clock=clock, actor=actor)
    _note("member_removed", actor, household, member, clock)


def get(household_id: UUID, member_id: UUID) -> Member | None:
    """One present member of this household."""
    return db.session.scalar(
        sa.select(Member).where(
            Member.id == member_id, Member.household_id == household_id, Member.removed_at.is_(None)
        )
    )


def follow(actor: Actor, household: Household, *, approved: bool, clock: Clock) -> None:
    """Once a household is approved, or says yes or no to something: who signs in for it, as its papers say.

    A contact may sign in only as long as the household agrees to be reached, so their way in begins and ends here.

    Args:
        approved: it was just approved; else it was asked for a consent.
    """
    phone = registry_people.open_field(household, Field.PHONE)
    rows = present(household.id)
    words = registry.consents(household.id)
    agreed = Purpose.CONTACT in words and words[Purpose.CONTACT].given
    if not any(row.relation == Relation.HEAD for row in rows):
        name = registry_people.open_field(household, Field.HEAD_NAME) or ""
        own = None if household.phone_is_contact else phone
        add(actor, household, name=name, relation=Relation.HEAD, birth_year=None, phone=own, clock=clock)
    standing_in = [row for row in rows if row.relation == Relation.CONTACT]
    if not agreed:
        for row in standing_in:
            remove(actor, household, row, clock=clock)
        if household.phone_is_contact and phone and not standing_in:
            _end_of_phone(actor, household, phone, clock)
        return
    just_agreed = max(words.values(), key=lambda word: word.id).purpose == Purpose.CONTACT
    if household.phone_is_contact and phone and not standing_in and (approved or just_agreed):
        add_contact(actor, household, phone, clock=clock)


def add_contact(actor: Actor, household: Household, phone: str, *, clock: Clock) -> Member:
    """Let the owner of the number on the papers stand in for the household, which agreed to it."""
    name = _("Người liên hệ giúp")
    return add(actor, household, name=name, relation=Relation.CONTACT, birth_year=None, phone=phone, clock=clock)


def end_all(actor: Actor, household_ids: Sequence[UUID], *, clock: Clock) -> None:
    """Nobody speaks for these households any more; who held nothing else is forgotten. For the erasure."""
    session = require_transaction()
    for household_id in household_ids:
        for user_id in accounts.speakers(household_id):
            identity.end_household(user_id=user_id, household_id=household_id, clock=clock, actor=actor)
            identity.forget_person(user_id, clock=clock, actor=actor)
        session.execute(
            sa.update(Member)
            .where(Member.household_id == household_id, Member.removed_at.is_(None))
            .values(removed_at=clock.now())
        )


def _called(name: str, relation: Relation) -> str:
    """What a new account is called: the given name."""
    return name if relation == Relation.CONTACT else name.rsplit(maxsplit=1)[-1]


def _end_of_phone(actor: Actor, household: Household, phone: str, clock: Clock) -> None:
    user = accounts.by_phone(phone)
    if user is not None:
        identity.end_household(user_id=user.id, household_id=household.id, clock=clock, actor=actor)


def present(household_id: UUID) -> list[Member]:
    """The rows of its people of today, head first."""
    return [row for row in _rows(household_id) if row.removed_at is None]


def _rows(household_id: UUID) -> Sequence[Member]:
    order = sa.case((Member.relation == Relation.HEAD, 0), else_=1)
    found = sa.select(Member).where(Member.household_id == household_id).order_by(order, Member.id)
    return db.session.scalars(found).all()


def opened(household: Household, row: Member) -> Person:
    """A person of the household in the open.

    Raises:
        KeyDestroyed: the household was erased.
    """

    def read(name: str, blob: bytes | None) -> str | None:
        return unseal_by_id(household.data_key_id, name, blob) if blob is not None else None

    return Person(
        id=row.id,
        name=read(NAME, row.name_enc) or "",
        birth_year=read(BIRTH_YEAR, row.birth_year_enc),
        relation=row.relation,
        phone=read(PHONE, row.phone_enc),
        signs_in=row.user_id is not None,
        added_at=row.added_at,
        removed_at=row.removed_at,
        user_id=row.user_id,
    )


def _note(action: str, actor: Actor, household: Household, member: Member, clock: Clock) -> None:
    record(
        action,
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=household.id,
        clock=clock,
        member_id=str(member.id),
        relation=member.relation,
    )
