"""Reads: who looked at a household and when, and what it asked about its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import EVERYWHERE, Actor
from app.core.audit import AuditEvent
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed, load_keys, unseal_by_id
from app.core.database import db
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.households.registry.models import Household, HouseholdAmendment
from app.households.registry.operations import SUBJECT
from app.identity import queries as accounts

from . import people
from .errors import NoSuchRequest
from .models import PrivacyRequest, RequestStatus

ANSWER = "privacy_request.answer"
LOOKS = frozenset({
    "household_unmasked", "household_opened_for_correction", "amendment_unmasked", "doorstep_conflict_opened",
    "doorstep_photo_seen", "own_data_opened", "own_data_exported",
})  # fmt: skip
"""Acts in which a person read personal data in full."""


@dataclass(frozen=True)
class Act:
    """One line of the household's log. `who` is a display name, or None for a machine.

    Attributes:
        role: role names of the account at that moment, as `Actor.label` has them.
        by_household: whether it was one of the household's own people; `through_contact` when they stood in for it.
        reason: the purpose that was written down, if any.
    """

    at: datetime
    action: str
    who: str | None
    role: str
    by_household: bool
    through_contact: bool
    field: str | None
    purpose: str | None
    reason: str | None

    @property
    def is_look(self) -> bool:
        """Whether somebody read personal data in full."""
        return self.action in LOOKS


@dataclass(frozen=True)
class Waiting:
    """One request in the officers' list."""

    request: PrivacyRequest
    household_code: str
    overdue: bool


def log_of(household: Household, *, looks_only: bool, cursor: str | None, limit: int) -> Page[Act]:
    """Who did what to a household, newest first."""
    wanted = sa.select(AuditEvent).where(AuditEvent.subject_kind == SUBJECT, AuditEvent.subject_id == household.id)
    if looks_only:
        wanted = wanted.where(AuditEvent.action.in_(sorted(LOOKS)))
    if cursor:
        wanted = wanted.where(AuditEvent.id < decode_uuid_cursor(cursor))
    rows = db.session.scalars(wanted.order_by(AuditEvent.id.desc()).limit(limit + 1)).all()
    names = accounts.display_names({row.actor_id for row in rows if row.actor_id})
    standing_in = people.contacts(household.id)
    acts = [_act(row, names, standing_in) for row in rows[:limit]]
    return Page(acts, encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None)


def requests_of(household_id: UUID) -> Sequence[PrivacyRequest]:
    """What the household asked, newest first."""
    found = sa.select(PrivacyRequest).where(PrivacyRequest.household_id == household_id)
    return db.session.scalars(found.order_by(PrivacyRequest.asked_at.desc(), PrivacyRequest.id).limit(50)).all()


def open_request(household_id: UUID, kind: str, *, for_update: bool = False) -> PrivacyRequest | None:
    """The open request of this kind; the erasure there can be but one of."""
    found = sa.select(PrivacyRequest).where(
        PrivacyRequest.household_id == household_id,
        PrivacyRequest.kind == kind,
        PrivacyRequest.status == RequestStatus.OPEN,
    )
    return db.session.scalar(found.with_for_update() if for_update else found)


def open_withdrawals(household_id: UUID) -> dict[str, PrivacyRequest]:
    """Open withdrawals by purpose, locked."""
    found = sa.select(PrivacyRequest).where(
        PrivacyRequest.household_id == household_id,
        PrivacyRequest.purpose.is_not(None),
        PrivacyRequest.status == RequestStatus.OPEN,
    )
    return {str(row.purpose): row for row in db.session.scalars(found.with_for_update())}


def household_of(actor: Actor, request_id: UUID) -> UUID:
    """The household a request is of, within the actor's communes.

    Raises:
        NoSuchRequest: none, or elsewhere.
    """
    wanted = sa.select(PrivacyRequest.household_id).where(PrivacyRequest.id == request_id, _in_reach(actor))
    household_id = db.session.scalar(wanted)
    if household_id is None:
        raise NoSuchRequest
    return household_id


def get(actor: Actor, request_id: UUID, *, for_update: bool = False) -> PrivacyRequest:
    """A request within the actor's communes.

    Raises:
        NoSuchRequest: none, or elsewhere.
    """
    wanted = sa.select(PrivacyRequest).where(PrivacyRequest.id == request_id, _in_reach(actor))
    if for_update:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted)
    if found is None:
        raise NoSuchRequest
    return found


def waiting(actor: Actor, *, clock: Clock, cursor: str | None, limit: int) -> Page[Waiting]:
    """Open requests in the actor's communes, the one due first on top."""
    wanted = (
        sa.select(PrivacyRequest, Household.code)
        .join(Household, Household.id == PrivacyRequest.household_id)
        .where(PrivacyRequest.status == RequestStatus.OPEN, _in_reach(actor))
        .order_by(PrivacyRequest.done_by, PrivacyRequest.id)
        .limit(limit + 1)
    )
    if cursor:
        due, last = decode_cursor(cursor, str, str)
        after = sa.tuple_(sa.cast(due, sa.DateTime(timezone=True)), sa.cast(last, sa.Uuid))
        wanted = wanted.where(sa.tuple_(PrivacyRequest.done_by, PrivacyRequest.id) > after)
    rows = db.session.execute(wanted).all()
    found = [Waiting(row, code, is_overdue(row, clock)) for row, code in rows[:limit]]
    last_row = found[-1].request if len(rows) > limit else None
    return Page(found, encode_cursor(last_row.done_by.isoformat(), str(last_row.id)) if last_row else None)


def counts(actor: Actor, *, clock: Clock) -> tuple[int, int]:
    """(open, overdue) requests in the actor's communes."""
    now = clock.now()
    late = sa.or_(
        PrivacyRequest.done_by <= now, sa.and_(PrivacyRequest.answered_at.is_(None), PrivacyRequest.answer_by <= now)
    )
    row = db.session.execute(
        sa.select(sa.func.count(), sa.func.count().filter(late)).where(
            PrivacyRequest.status == RequestStatus.OPEN, _in_reach(actor)
        )
    ).one()
    return row[0], row[1]


def is_overdue(request: PrivacyRequest, clock: Clock) -> bool:
    """Whether an open request should have been answered, or done, by now."""
    now = clock.now()
    unanswered = request.answered_at is None and request.answer_by <= now
    return request.status == RequestStatus.OPEN and (unanswered or request.done_by <= now)


def answer_of(household: Household, request: PrivacyRequest) -> str:
    """What the commune answered; empty before, and after an erasure."""
    if request.answer_enc is None:
        return ""
    try:
        return unseal_by_id(household.data_key_id, ANSWER, request.answer_enc)
    except KeyDestroyed:
        return ""


def amendments_of(household_id: UUID) -> Sequence[HouseholdAmendment]:
    """Corrections that were asked for, newest first."""
    found = sa.select(HouseholdAmendment).where(HouseholdAmendment.household_id == household_id)
    return db.session.scalars(found.order_by(HouseholdAmendment.created_at.desc()).limit(20)).all()


def names_of(household_ids: Sequence[UUID]) -> list[Household]:
    """Households that are there, by id, keys loaded: what a phone that serves several chooses from."""
    there = sa.select(Household).where(Household.id.in_(household_ids), Household.status != "erased")
    found = list(db.session.scalars(there.order_by(Household.id)))
    load_keys({household.data_key_id for household in found})
    return found


def _in_reach(actor: Actor) -> sa.ColumnElement[bool]:
    if EVERYWHERE in actor.areas:
        return sa.true()
    return PrivacyRequest.commune_code.in_(sorted(actor.areas))


def _act(row: AuditEvent, names: dict[UUID, str], standing_in: set[UUID]) -> Act:
    mine = "household" in row.actor_label.split("+")

    def told(name: str) -> str | None:
        value = row.details.get(name)
        return str(value) if value else None

    return Act(
        at=row.at,
        action=row.action,
        who=names.get(row.actor_id) if row.actor_id else None,
        role=row.actor_label,
        by_household=mine,
        through_contact=bool(row.details.get("through_contact")) or (mine and row.actor_id in standing_in),
        field=told("field"),
        purpose=told("purpose"),
        reason=told("reason"),
    )
