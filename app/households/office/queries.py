"""Reads of the office: what waits and for how long, who may be registered twice, amendments, work on many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core import crypto
from app.core.actor import Actor
from app.core.audit import AuditEvent
from app.core.clock import Clock
from app.core.database import db
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.households.registry import operations as registry_operations
from app.households.registry import queries as registry
from app.households.registry.amendments import AmendmentStatus
from app.households.registry.models import Household, HouseholdAmendment, Status

from .errors import NoSuchBulk
from .models import Bulk, BulkItem, Outcome

MOST_REGISTRARS, MOST_HAMLETS, MOST_TWINS, MOST_EVENTS = 50, 200, 10, 50


@dataclass(frozen=True)
class Wanted:
    """Which waiting registrations to show; None means any. `days`: waiting at least so long."""

    hamlet_code: str | None = None
    registered_by: UUID | None = None
    days: int | None = None


@dataclass(frozen=True)
class Backlog:
    """How much waits in the actor's area, and since when the oldest."""

    waiting: int
    oldest: datetime | None
    amendments: int


@dataclass(frozen=True)
class Twin:
    """Another record of the same commune that may be the same household."""

    household_id: UUID
    code: str
    status: str
    same_phone: bool
    near: bool


def backlog(actor: Actor) -> Backlog:
    """What waits in the actor's area."""
    waiting, oldest = db.session.execute(
        sa.select(sa.func.count(), sa.func.min(Household.created_at)).where(*_waiting(actor))
    ).one()
    amendments = db.session.scalar(sa.select(sa.func.count()).select_from(_amendments(actor).subquery()))
    return Backlog(waiting, oldest, amendments or 0)


def listing(actor: Actor, wanted: Wanted, *, cursor: str | None, limit: int, clock: Clock) -> Page[Household]:
    """One page of what waits, the oldest first, data keys loaded."""
    query = _filtered(actor, wanted, clock).order_by(Household.id).limit(limit + 1)
    if cursor:
        query = query.where(Household.id > decode_uuid_cursor(cursor))
    found = list(db.session.scalars(query))
    crypto.load_keys({one.data_key_id for one in found})
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def beside(actor: Actor, household: Household, wanted: Wanted, *, clock: Clock) -> tuple[str | None, str | None]:
    """The codes of the registrations that wait just before and just after this one under the same filter."""
    query = _filtered(actor, wanted, clock).with_only_columns(Household.code).limit(1)
    before = query.where(Household.id < household.id).order_by(Household.id.desc())
    after = query.where(Household.id > household.id).order_by(Household.id)
    return db.session.scalar(before), db.session.scalar(after)


def by_hamlet(actor: Actor) -> list[tuple[str, int]]:
    """(hamlet, how many wait) in the order of codes; of a whole province's, those where the most wait."""
    count = sa.func.count()
    query = sa.select(Household.hamlet_code, count).where(*_waiting(actor)).group_by(Household.hamlet_code)
    query = query.order_by(count.desc(), Household.hamlet_code).limit(MOST_HAMLETS)
    return sorted((code, many) for code, many in db.session.execute(query))


def by_registrar(actor: Actor) -> list[tuple[UUID, int]]:
    """(registrar, how many of theirs wait), the most first."""
    count = sa.func.count()
    query = sa.select(Household.registered_by, count).where(*_waiting(actor)).group_by(Household.registered_by)
    query = query.order_by(count.desc(), Household.registered_by).limit(MOST_REGISTRARS)
    return [(person, many) for person, many in db.session.execute(query)]


def twins(household_ids: Sequence[UUID]) -> dict[UUID, list[Twin]]:
    """Who may be registered twice, of many at once: the same phone (unless it is a relative's), or family name, given
    name, sex and year of birth alike, within the commune. The citizen's number itself cannot be there twice."""
    mine, other = aliased(Household), aliased(Household)
    phone = sa.and_(
        other.phone_index == mine.phone_index, sa.not_(other.phone_is_contact), sa.not_(mine.phone_is_contact)
    )
    near = other.near_index == mine.near_index
    why = sa.func.coalesce(phone, False), sa.func.coalesce(near, False)
    alike = (  # one index each; a join on either of the two would read the whole commune
        sa.select(mine.id.label("own"), other.id.label("twin"), other.code, other.status, *why)
        .join(other, sa.and_(other.commune_code == mine.commune_code, other.id != mine.id, way))
        .where(mine.id.in_(household_ids), other.status != Status.MERGED)
        for way in (phone, near)
    )
    query = sa.union(*alike).order_by("twin")
    found: dict[UUID, list[Twin]] = {}
    for own, twin, code, status, same_phone, is_near in db.session.execute(query) if household_ids else ():
        if len(found.setdefault(own, [])) < MOST_TWINS:
            found[own].append(Twin(twin, code, status, same_phone, is_near))
    return found


def amendments(actor: Actor, *, cursor: str | None, limit: int) -> Page[tuple[HouseholdAmendment, Household]]:
    """One page of amendments that wait, the oldest first, with their households; data keys loaded."""
    query = _amendments(actor).order_by(HouseholdAmendment.created_at, HouseholdAmendment.id).limit(limit + 1)
    if cursor:
        at, last = decode_cursor(cursor, str, str)
        query = query.where(
            sa.tuple_(HouseholdAmendment.created_at, HouseholdAmendment.id)
            > sa.tuple_(sa.cast(at, sa.DateTime(timezone=True)), sa.cast(last, sa.Uuid))
        )
    found = [(amendment, household) for amendment, household in db.session.execute(query)]
    crypto.load_keys({household.data_key_id for _amendment, household in found})
    last_one = found[limit - 1][0] if len(found) > limit else None
    following = encode_cursor(last_one.created_at.isoformat(), str(last_one.id)) if last_one else None
    return Page(found[:limit], following)


def amendments_of(household_id: UUID, *, limit: int = 20) -> Sequence[HouseholdAmendment]:
    """A household's amendments, newest first."""
    return db.session.scalars(
        sa.select(HouseholdAmendment)
        .where(HouseholdAmendment.household_id == household_id)
        .order_by(HouseholdAmendment.created_at.desc())
        .limit(limit)
    ).all()


def has_waiting_amendment(household_id: UUID) -> bool:
    """Whether a change to this household waits to be decided."""
    waiting = HouseholdAmendment.status == AmendmentStatus.WAITING
    return bool(
        db.session.scalar(
            sa.select(HouseholdAmendment.id).where(HouseholdAmendment.household_id == household_id, waiting).limit(1)
        )
    )


def events(household_id: UUID) -> Sequence[AuditEvent]:
    """What was done with a household, newest first."""
    return db.session.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.subject_kind == registry_operations.SUBJECT, AuditEvent.subject_id == household_id)
        .order_by(AuditEvent.id.desc())
        .limit(MOST_EVENTS)
    ).all()


def bulk(bulk_id: UUID, *, actor: Actor) -> Bulk:
    """A decision about many that this person made.

    Raises:
        NoSuchBulk: none, or somebody else's.
    """
    found = db.session.get(Bulk, bulk_id)
    if found is None or found.made_by != actor.user_id:
        raise NoSuchBulk
    return found


def bulk_or_none(bulk_id: UUID) -> Bulk | None:
    """A decision about many, within what the database lets the current actor see."""
    return db.session.get(Bulk, bulk_id)


def maker_of(bulk_id: UUID) -> UUID | None:
    """Who made a decision about many."""
    return db.session.scalar(sa.select(Bulk.made_by).where(Bulk.id == bulk_id))


def outcomes(bulk_id: UUID) -> dict[Outcome, int]:
    """How many registrations of a bulk came out each way."""
    query = sa.select(BulkItem.outcome, sa.func.count()).where(BulkItem.bulk_id == bulk_id).group_by(BulkItem.outcome)
    found = {Outcome(outcome): count for outcome, count in db.session.execute(query)}
    return {outcome: found.get(outcome, 0) for outcome in Outcome}


def left_out(bulk_id: UUID) -> list[tuple[str, str]]:
    """(code, why) of the registrations a bulk left out, as far as they are still in sight."""
    query = (
        sa.select(Household.code, BulkItem.why)
        .join(BulkItem, BulkItem.household_id == Household.id)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.outcome == Outcome.LEFT_OUT)
        .order_by(Household.code)
    )
    return [(code, why or "") for code, why in db.session.execute(query)]


def ids_of(actor: Actor, codes: Sequence[str]) -> list[UUID]:
    """Households in scope by their codes, in the order of their ids; codes of nobody in sight are passed over."""
    query = sa.select(Household.id).where(Household.code.in_(codes), registry.scope(actor)).order_by(Household.id)
    return list(db.session.scalars(query))


def left_waiting(before: datetime, *, limit: int) -> list[UUID]:
    """Bulks made before this moment of which something still waits, the oldest first."""
    waits = sa.exists().where(BulkItem.bulk_id == Bulk.id, BulkItem.outcome == Outcome.WAITING)
    query = sa.select(Bulk.id).where(Bulk.created_at < before, waits).order_by(Bulk.created_at, Bulk.id).limit(limit)
    return list(db.session.scalars(query))


def done_in(bulk_id: UUID) -> list[UUID]:
    """The households a bulk decided about."""
    wanted = sa.select(BulkItem.household_id).where(BulkItem.bulk_id == bulk_id, BulkItem.outcome == Outcome.DONE)
    return list(db.session.scalars(wanted.order_by(BulkItem.household_id)))


def _waiting(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return registry.scope(actor), Household.status == Status.SUBMITTED


def _filtered(actor: Actor, wanted: Wanted, clock: Clock) -> sa.Select[Household]:
    query = sa.select(Household).where(*_waiting(actor))
    if wanted.hamlet_code:
        query = query.where(Household.hamlet_code == wanted.hamlet_code)
    if wanted.registered_by:
        query = query.where(Household.registered_by == wanted.registered_by)
    if wanted.days:
        query = query.where(Household.created_at <= clock.now() - timedelta(days=wanted.days))
    return query


def _amendments(actor: Actor) -> sa.Select[HouseholdAmendment, Household]:
    return (
        sa.select(HouseholdAmendment, Household)
        .join(Household, Household.id == HouseholdAmendment.household_id)
        .where(registry.scope(actor), HouseholdAmendment.status == AmendmentStatus.WAITING)
    )
