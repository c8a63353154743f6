"""Reads of households. `scope` is the first wall; row-level security stands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core import codes, crypto
from app.core.actor import EVERYWHERE, Actor
from app.core.clock import Clock, in_vietnam
from app.core.database import db
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.phones import normalise_phone
from app.core.texts import tidy

from . import people
from .errors import NoSuchHousehold
from .models import Consent, Household, PovertyStatus, Purpose, Status

LONGEST_CHAIN = 5


@dataclass(frozen=True)
class Filter:
    """Which households a list shows; None means any."""

    status: Status | None = None
    hamlet_code: str | None = None
    registered_by: UUID | None = None
    text: str = ""


def scope(actor: Actor) -> sa.ColumnElement[bool]:
    """The households an actor may see: their hamlets, their communes, their own. Nobody sees an erased one."""
    there = Household.status != Status.ERASED
    if EVERYWHERE in actor.areas:
        return there
    own = Household.id == actor.household_id if actor.household_id else sa.false()
    areas = sorted(actor.areas)
    return sa.and_(there, sa.or_(own, Household.hamlet_code.in_(areas), Household.commune_code.in_(areas)))


def get(household_id: UUID, *, for_update: bool = False) -> Household:
    """A household by id, within what the database lets the current actor see.

    Raises:
        NoSuchHousehold: none, or not theirs.
    """
    return _one(sa.select(Household).where(Household.id == household_id), for_update)


def find(household_id: UUID, *, actor: Actor, for_update: bool = False) -> Household:
    """A household by id within the actor's scope.

    Raises:
        NoSuchHousehold: none, or not theirs.
    """
    return _one(sa.select(Household).where(Household.id == household_id, scope(actor)), for_update)


def by_code(code: str, *, actor: Actor, for_update: bool = False) -> Household:
    """A household by its public code within the actor's scope.

    Raises:
        NoSuchHousehold: none, or not theirs.
    """
    wanted = sa.select(Household).where(Household.code == codes.normalise(code), scope(actor))
    return _one(wanted, for_update)


def standing(household: Household) -> Household:
    """The record that stands for this one now: itself, or what it was merged into, and so on."""
    for _step in range(LONGEST_CHAIN):
        if household.merged_into is None:
            break
        household = get(household.merged_into)
    return household


def by_client_id(client_id: UUID) -> Household | None:
    """The household a phone registered under this id."""
    return db.session.scalar(sa.select(Household).where(Household.client_id == client_id))


def listing(actor: Actor, chosen: Filter, *, cursor: str | None, limit: int) -> Page[Household]:
    """One page of households in scope, newest first, data keys loaded."""
    query = sa.select(Household).where(scope(actor)).order_by(Household.id.desc()).limit(limit + 1)
    if chosen.status:
        query = query.where(Household.status == chosen.status)
    if chosen.hamlet_code:
        query = query.where(Household.hamlet_code == chosen.hamlet_code)
    if chosen.registered_by:
        query = query.where(Household.registered_by == chosen.registered_by)
    if chosen.text.strip():
        query = query.where(_looks_like(chosen.text))
    if cursor:
        query = query.where(Household.id < _cursor_id(cursor))
    found = db.session.scalars(query).all()
    crypto.load_keys({household.data_key_id for household in found})
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def counts(actor: Actor, *, registered_by: UUID | None = None) -> Mapping[Status, int]:
    """How many households in scope stand at each step."""
    query = sa.select(Household.status, sa.func.count()).where(scope(actor)).group_by(Household.status)
    if registered_by:
        query = query.where(Household.registered_by == registered_by)
    found = {Status(status): count for status, count in db.session.execute(query)}
    return {status: found.get(status, 0) for status in Status}


def hamlet_counts(actor: Actor) -> dict[str, int]:
    """How many households in scope each hamlet has."""
    query = sa.select(Household.hamlet_code, sa.func.count()).where(scope(actor)).group_by(Household.hamlet_code)
    return dict(db.session.execute(query).all())


def has_consent(household_id: UUID, purpose: Purpose) -> bool:
    """Whether the latest word on this purpose was a yes."""
    latest = (
        sa.select(Consent.given)
        .where(Consent.household_id == household_id, Consent.purpose == purpose)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    return bool(db.session.scalar(latest))


def consent(consent_id: int) -> Consent | None:
    """One word by its number."""
    return db.session.get(Consent, consent_id)


def consents(household_id: UUID) -> dict[Purpose, Consent]:
    """The latest word on each purpose that was asked."""
    rows = db.session.scalars(sa.select(Consent).where(Consent.household_id == household_id).order_by(Consent.id))
    return {Purpose(row.purpose): row for row in rows}


def today(clock: Clock) -> date:
    """The day it is in Vietnam."""
    return in_vietnam(clock.now()).date()


def poverty_on(household_id: UUID, day: date) -> PovertyStatus | None:
    """The decision that holds on a day."""
    return db.session.scalar(
        sa.select(PovertyStatus).where(PovertyStatus.household_id == household_id, *_holds_on(day))
    )


def eligible(actor: Actor, day: date) -> sa.Select[UUID, str, str]:
    """(id, code, commune_code) of verified households in scope that are poor or near poor on a day; to join on."""
    return (
        sa.select(Household.id, Household.code, Household.commune_code)
        .join(PovertyStatus, PovertyStatus.household_id == Household.id)
        .where(scope(actor), Household.status == Status.VERIFIED, *_holds_on(day))
    )


def communes_of(hamlets: Iterable[str]) -> sa.Select[UUID, str]:
    """(id, commune_code) of the households in these hamlets; to join on."""
    return sa.select(Household.id, Household.commune_code).where(Household.hamlet_code.in_(sorted(hamlets)))


def many(household_ids: Sequence[UUID]) -> list[Household]:
    """Households by id in the order of their codes, data keys loaded."""
    query = sa.select(Household).where(Household.id.in_(household_ids)).order_by(Household.code)
    found = list(db.session.scalars(query))
    crypto.load_keys({household.data_key_id for household in found})
    return found


def lock_many(actor: Actor, *, codes: Iterable[str], ids: Iterable[UUID]) -> list[Household]:
    """Households in scope by code or id, locked in the order of their ids, data keys loaded. Needs a transaction."""
    chosen = sa.or_(Household.code.in_(sorted(set(codes))), Household.id.in_(sorted(set(ids))))
    query = sa.select(Household).where(chosen, scope(actor)).order_by(Household.id).with_for_update(key_share=True)
    found = list(db.session.scalars(query.execution_options(populate_existing=True)))
    crypto.load_keys({household.data_key_id for household in found})
    return found


def stand_ins(*, codes: Iterable[str], ids: Iterable[UUID]) -> set[UUID]:
    """Whatever stands for merged records among these, step by step, within what the database lets the actor see."""
    found: set[UUID] = set()
    chosen = sa.or_(Household.code.in_(sorted(set(codes))), Household.id.in_(sorted(set(ids))))
    for _step in range(LONGEST_CHAIN):
        query = sa.select(Household.merged_into).where(chosen, Household.merged_into.is_not(None))
        following = {one for one in db.session.scalars(query) if one} - found
        if not following:
            break
        found |= following
        chosen = Household.id.in_(sorted(following))
    return found


def erased_among(*, codes: Iterable[str] = (), ids: Iterable[UUID] = ()) -> list[tuple[UUID, str]]:
    """(id, code) of the erased among these, within what the database lets the current actor see."""
    chosen = sa.or_(Household.code.in_(sorted(set(codes))), Household.id.in_(sorted(set(ids))))
    query = sa.select(Household.id, Household.code).where(chosen, Household.status == Status.ERASED)
    return [(id, code) for id, code in db.session.execute(query)]


def keys_by_code(actor: Actor, codes: Iterable[str]) -> dict[str, tuple[UUID, UUID, str, str]]:
    """(id, data key, commune, hamlet) of households in scope, by code; the erased are missing."""
    wanted = (
        sa.select(Household.code, Household.id, Household.data_key_id, Household.commune_code, Household.hamlet_code)
        .join(crypto.DataKey, crypto.DataKey.id == Household.data_key_id)
        .where(Household.code.in_(sorted(set(codes))), scope(actor), crypto.DataKey.destroyed_at.is_(None))
    )
    return {code: (id, key, commune, hamlet) for code, id, key, commune, hamlet in db.session.execute(wanted)}


def codes_of(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Public codes by id, of those the database lets the current actor see."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return dict(db.session.execute(sa.select(Household.id, Household.code).where(Household.id.in_(wanted))).all())


def citizens_in_sight(indexes: Iterable[bytes]) -> set[bytes]:
    """Which of these blind indexes of citizens' numbers belong to households the current actor sees."""
    wanted = sa.select(Household.citizen_index).where(Household.citizen_index.in_(sorted(set(indexes))))
    return set(db.session.scalars(wanted))


def with_numbers(actor: Actor, *, citizen_index: bytes, phone_index: bytes) -> list[Household]:
    """Households in scope with this citizen's number or this phone, by their blind indexes; a handful at most."""
    either = sa.or_(Household.citizen_index == citizen_index, Household.phone_index == phone_index)
    query = sa.select(Household).where(either, scope(actor)).order_by(Household.id).limit(10)
    return list(db.session.scalars(query))


def of_hamlet(actor: Actor, hamlet_code: str, *, limit: int) -> list[Household]:
    """Households of one hamlet in scope, newest first, data keys loaded."""
    query = sa.select(Household).where(Household.hamlet_code == hamlet_code, scope(actor))
    found = list(db.session.scalars(query.order_by(Household.id.desc()).limit(limit)))
    crypto.load_keys({household.data_key_id for household in found})
    return found


def poverty_history(household_id: UUID) -> Sequence[PovertyStatus]:
    """All decisions, newest first."""
    return db.session.scalars(
        sa.select(PovertyStatus)
        .where(PovertyStatus.household_id == household_id)
        .order_by(PovertyStatus.valid_from.desc(), PovertyStatus.id.desc())
    ).all()


def _holds_on(day: date) -> tuple[sa.ColumnElement[bool], ...]:
    return PovertyStatus.valid_from <= day, PovertyStatus.valid_to >= day, PovertyStatus.revoked_at.is_(None)


def _one(query: sa.Select[Household], for_update: bool) -> Household:
    if for_update:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    household = db.session.scalar(query)
    if household is None:
        raise NoSuchHousehold
    return household


def _looks_like(text: str) -> sa.ColumnElement[bool]:
    """Code (of a record merged away as well), citizen's number, phone, or a whole name, whichever the text could be."""
    plain, merged = codes.normalise(text), aliased(Household)
    by_name = Household.name_index == people.name_index(tidy(text))
    ways: list[sa.ColumnElement[bool]] = [
        Household.code == plain,
        Household.citizen_index == people.citizen_index(plain),
    ]
    with suppress(ValueError):
        ways.append(Household.phone_index == people.phone_index(normalise_phone(text)))
    # Each way by its own index: one condition with them all would be looked for through the whole list.
    found = [sa.select(Household.id).where(way) for way in (*ways, by_name)]
    return Household.id.in_(sa.union(*found, sa.select(merged.merged_into).where(merged.code == plain)))


def _cursor_id(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchHousehold from None
