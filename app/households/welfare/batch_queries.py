"""Reads of sheets and their rows, and of who is still to be given an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import EVERYWHERE, Actor
from app.core.crypto import load_keys
from app.core.database import db, require_transaction
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.households.areas import queries as areas
from app.households.registry.models import Household
from app.households.registry.people import masked

from .errors import NoSuchBatch
from .models import BatchState, RollEntry, RowState, WelfareBatch, WelfareBatchRow
from .sheet import MAX_ROWS, Blank

AT_WORK = (BatchState.READING, BatchState.APPLYING, BatchState.VERIFYING, BatchState.UNDOING)
GONE = (BatchState.UNDONE, BatchState.DROPPED)


@dataclass(frozen=True)
class ShownRow:
    """A row of a sheet with its household; data keys loaded."""

    row: WelfareBatchRow
    household: Household


def get(batch_id: UUID, *, for_update: bool = False) -> WelfareBatch:
    """A sheet by id, within what the actor may see.

    Raises:
        NoSuchBatch.
    """
    found = db.session.get(WelfareBatch, batch_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise NoSuchBatch
    return found


def by_hash(file_hash: bytes, actor: Actor) -> WelfareBatch | None:
    """The sheet that this person uploaded with this very content, unless it was dropped or undone."""
    return db.session.scalar(
        sa.select(WelfareBatch).where(
            WelfareBatch.created_by == actor.user_id,
            WelfareBatch.file_hash == file_hash,
            WelfareBatch.state.not_in(GONE),
        )
    )


def listing(actor: Actor, *, cursor: str | None, limit: int) -> Page[WelfareBatch]:
    """Sheets of the actor's communes, newest first."""
    query = sa.select(WelfareBatch).order_by(WelfareBatch.id.desc()).limit(limit + 1)
    if EVERYWHERE not in actor.areas:
        query = query.where(WelfareBatch.communes.overlap(sorted(actor.areas)))
    if cursor:
        query = query.where(WelfareBatch.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(query).all()
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def counts(batch_id: UUID) -> dict[str, int]:
    """How many rows are what."""
    rows = db.session.execute(
        sa.select(WelfareBatchRow.state, sa.func.count())
        .where(WelfareBatchRow.batch_id == batch_id)
        .group_by(WelfareBatchRow.state)
    )
    found = dict(rows.all())
    return {state.value: found.get(state, 0) for state in RowState}


def rows(batch_id: UUID, *, state: RowState | None, cursor: str | None, limit: int) -> Page[ShownRow]:
    """Rows of a sheet in its order; those in one state when it is given."""
    query = (
        sa.select(WelfareBatchRow, Household)
        .join(Household, Household.id == WelfareBatchRow.household_id)
        .where(WelfareBatchRow.batch_id == batch_id)
        .order_by(WelfareBatchRow.place)
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(WelfareBatchRow.state == state)
    if cursor:
        query = query.where(WelfareBatchRow.place > decode_cursor(cursor, int)[0])
    found = [ShownRow(row, household) for row, household in db.session.execute(query)]
    load_keys({one.household.data_key_id for one in found})
    return Page(found[:limit], encode_cursor(found[limit - 1].row.place) if len(found) > limit else None)


def next_rows(batch_id: UUID, state: RowState, *, limit: int) -> list[WelfareBatchRow]:
    """The next rows to work on: in this state, and not refused by the present work."""
    query = sa.select(WelfareBatchRow).where(*_todo(batch_id, state)).order_by(WelfareBatchRow.place).limit(limit)
    return list(db.session.scalars(query))


def left(batch_id: UUID, state: RowState) -> int:
    """How many are still to do."""
    query = sa.select(sa.func.count()).select_from(WelfareBatchRow).where(*_todo(batch_id, state))
    return db.session.scalar(query) or 0


def forget_problems(batch_id: UUID) -> None:
    """Let rows that earlier work refused be tried again."""
    require_transaction().execute(
        sa.update(WelfareBatchRow)
        .where(WelfareBatchRow.batch_id == batch_id, WelfareBatchRow.state == RowState.ISSUED)
        .values(problem=None)
    )


def stuck(before: datetime) -> list[UUID]:
    """Sheets at work of which nothing was heard since then."""
    query = sa.select(WelfareBatch.id).where(WelfareBatch.state.in_(AT_WORK), WelfareBatch.moved_at < before)
    return list(db.session.scalars(query))


def to_fill(actor: Actor, day: date, *, commune: str | None = None, hamlet: str | None = None) -> list[Blank]:
    """Eligible households in scope with no account at all, by hamlet and code, with masked names."""
    query = (
        sa.select(Household)
        .join(RollEntry, RollEntry.household_id == Household.id)
        .where(RollEntry.account_status.is_(None), RollEntry.valid_from <= day, RollEntry.valid_to >= day)
        .order_by(Household.hamlet_code, Household.code)
        .limit(MAX_ROWS)
    )
    if EVERYWHERE not in actor.areas:
        query = query.where(RollEntry.commune_code.in_(sorted(actor.areas)))
    if commune:
        query = query.where(RollEntry.commune_code == commune)
    if hamlet:
        query = query.where(Household.hamlet_code == hamlet)
    found = list(db.session.scalars(query))
    load_keys({one.data_key_id for one in found})
    names = areas.names({one.hamlet_code for one in found})
    return [Blank(one.code, names.get(one.hamlet_code, one.hamlet_code), masked(one).head_name) for one in found]


def _todo(batch_id: UUID, state: RowState) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        WelfareBatchRow.batch_id == batch_id,
        WelfareBatchRow.state == state,
        WelfareBatchRow.problem.is_(None),
    )
