"""Reads of merges; `scope` of the households is the first wall."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.households.registry import queries as registry
from app.households.registry.models import Household

from .errors import NoSuchMerge
from .models import Merge


def get(merge_id: UUID, *, actor: Actor, for_update: bool = False) -> Merge:
    """A merge whose remaining household the actor may see.

    Raises:
        NoSuchMerge: none, or not theirs.
    """
    query = (
        sa.select(Merge)
        .join(Household, Household.id == Merge.winner_id)
        .where(Merge.id == merge_id, registry.scope(actor))
    )
    if for_update:
        query = query.with_for_update(of=Merge).execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NoSuchMerge
    return found


def by_id(merge_id: UUID) -> Merge | None:
    """A merge, within what the database lets the current actor see."""
    return db.session.get(Merge, merge_id)


def listing(actor: Actor, *, cursor: str | None, limit: int) -> Page[Merge]:
    """One page of merges in scope, newest first."""
    query = (
        sa.select(Merge)
        .join(Household, Household.id == Merge.winner_id)
        .where(registry.scope(actor))
        .order_by(Merge.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(Merge.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(query).all()
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def of_household(household_id: UUID) -> Sequence[Merge]:
    """The merges a household was part of, newest first."""
    wanted = sa.or_(Merge.winner_id == household_id, Merge.loser_id == household_id)
    return db.session.scalars(sa.select(Merge).where(wanted).order_by(Merge.id.desc()).limit(20)).all()
