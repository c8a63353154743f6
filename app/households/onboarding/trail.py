"""Where and how fast records of the doorstep were made; for the room that looks for signs of invention."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core import crypto
from app.core.crypto import DataKey
from app.core.database import db

from .models import DoorstepRecord, Kind, Outcome
from .records import CONTENT, Place


@dataclass(frozen=True)
class Step:
    """One registration as the phone made it."""

    record_id: UUID
    member_id: UUID
    commune_code: str
    hamlet_code: str
    made_at: datetime
    seconds_spent: int | None
    place: Place | None


def members_between(since: datetime, until: datetime) -> list[UUID]:
    """Who sent registrations that we received in this time, by id."""
    query = sa.select(DoorstepRecord.member_id).where(*_registered(), _received(since, until)).distinct()
    return sorted(db.session.scalars(query))


def of_member(member_id: UUID, since: datetime, until: datetime) -> list[Step]:
    """A member's registrations that we received in this time, in the order they were made; the erased have no place."""
    query = (
        sa.select(DoorstepRecord)
        .where(DoorstepRecord.member_id == member_id, *_registered(), _received(since, until))
        .order_by(DoorstepRecord.made_at, DoorstepRecord.id)
    )
    found = db.session.scalars(query).all()
    crypto.load_keys({record.data_key_id for record in found})
    return [
        Step(
            record_id=record.id,
            member_id=record.member_id,
            commune_code=record.commune_code or "",
            hamlet_code=record.hamlet_code or "",
            made_at=record.made_at,
            seconds_spent=record.seconds_spent,
            place=_place(record),
        )
        for record in found
    ]


def registrations_of(household_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """(household, commune where it was sent) by the ids of the records these households came from."""
    query = sa.select(DoorstepRecord.id, DoorstepRecord.household_id, DoorstepRecord.commune_code).where(
        DoorstepRecord.household_id.in_(household_ids), *_registered()
    )
    return {id: (home_id, commune) for id, home_id, commune in db.session.execute(query) if home_id and commune}


def _registered() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        DoorstepRecord.kind == Kind.REGISTRATION,
        DoorstepRecord.outcome == Outcome.STORED,
        DoorstepRecord.hamlet_code.is_not(None),
    )


def _received(since: datetime, until: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(DoorstepRecord.received_at >= since, DoorstepRecord.received_at < until)


def _place(record: DoorstepRecord) -> Place | None:
    key = db.session.get_one(DataKey, record.data_key_id)
    if key.wrapped is None:
        return None
    told = json.loads(crypto.unseal(key, CONTENT, record.content_enc)).get("place")
    return Place(*told) if told else None
