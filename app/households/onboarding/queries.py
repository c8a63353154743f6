"""Reads of the doorstep's records."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.database import db

from .models import DoorstepRecord


def of_member(actor: Actor, ids: Sequence[UUID]) -> Sequence[DoorstepRecord]:
    """Records this person sent, of these ids, that were handled."""
    query = sa.select(DoorstepRecord).where(
        DoorstepRecord.id.in_(ids), DoorstepRecord.member_id == actor.user_id, DoorstepRecord.outcome.is_not(None)
    )
    return db.session.scalars(query.order_by(DoorstepRecord.id)).all()
