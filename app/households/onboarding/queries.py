"""Reads of the doorstep's records."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.crypto import DataKey
from app.core.database import db
from app.households.registry.models import Household

from .models import DoorstepPhoto, DoorstepRecord


def of_member(actor: Actor, ids: Sequence[UUID]) -> Sequence[DoorstepRecord]:
    """Records this person sent, of these ids, that were handled."""
    query = sa.select(DoorstepRecord).where(
        DoorstepRecord.id.in_(ids), DoorstepRecord.member_id == actor.user_id, DoorstepRecord.outcome.is_not(None)
    )
    return db.session.scalars(query.order_by(DoorstepRecord.id)).all()


def outcome_of(record_id: UUID) -> str | None:
    """How a record stands, within what the database lets the current actor see."""
    return db.session.scalar(sa.select(DoorstepRecord.outcome).where(DoorstepRecord.id == record_id))


def photos_of(household_id: UUID) -> Sequence[DoorstepPhoto]:
    """Whole photos of a household, and of those merged into it, that came from the doorstep, oldest first."""
    merged = sa.select(Household.id).where(Household.merged_into == household_id)
    query = (
        sa.select(DoorstepPhoto)
        .join(DoorstepRecord, DoorstepRecord.id == DoorstepPhoto.record_id)
        .where(
            sa.or_(DoorstepRecord.household_id == household_id, DoorstepRecord.household_id.in_(merged)),
            DoorstepPhoto.completed_at.is_not(None),
        )
    )
    return db.session.scalars(query.order_by(DoorstepPhoto.created_at, DoorstepPhoto.id).limit(30)).all()


def is_erased(home: Household) -> bool:
    """Whether its data key was destroyed; load the keys first when there are many."""
    return db.session.get_one(DataKey, home.data_key_id).wrapped is None
