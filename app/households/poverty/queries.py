"""Reads of batches and their rows. `scope` is the first wall; row-level security stands behind it."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core import crypto
from app.core.actor import EVERYWHERE, Actor
from app.core.database import db
from app.core.masking import mask_name, mask_tail
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.households.registry import decisions

from .columns import Layout
from .errors import NoSuchImport
from .models import (
    CELLS_FIELD,
    FILE_FIELD,
    FIRST_UNLISTED,
    LAYOUT_FIELD,
    Kind,
    PovertyColumns,
    PovertyImport,
    PovertyImportEffect,
    PovertyImportFile,
    PovertyImportRow,
    State,
)

AT_WORK = (State.READING, State.APPLYING, State.UNDOING)
DONE = (State.APPLIED, State.UNDONE, State.DROPPED)
MAX_EXPORTED = 60_000


@dataclass(frozen=True)
class ShownRow:
    """A row as people see it: masked. `place` is None for a household the file does not name."""

    place: int | None
    kind: str
    name: str
    citizen_id: str
    hamlet: str
    household_code: str
    poverty_class: str | None
    decision_number: str | None
    valid_from: date | None
    valid_to: date | None
    ends_on: date | None
    faults: Sequence[Mapping[str, Any]]


def scope(actor: Actor) -> sa.ColumnElement[bool]:
    """The batches an actor may see: of their communes; those of many communes only who sees all."""
    return sa.true() if EVERYWHERE in actor.areas else PovertyImport.area_code.in_(sorted(actor.areas))


def get(import_id: UUID, *, actor: Actor, for_update: bool = False) -> PovertyImport:
    """The batch by id within the actor's scope.

    Raises:
        NoSuchImport: none, or not theirs.
    """
    query = sa.select(PovertyImport).where(PovertyImport.id == import_id, scope(actor))
    query = query.execution_options(populate_existing=True)
    found = db.session.scalar(query.with_for_update() if for_update else query)
    if found is None:
        raise NoSuchImport
    return found


def by_hash(area_code: str, file_hash: bytes) -> PovertyImport | None:
    """The batch of this very file for this area that was neither dropped nor undone."""
    return db.session.scalar(
        sa.select(PovertyImport).where(
            PovertyImport.area_code == area_code,
            PovertyImport.file_hash == file_hash,
            PovertyImport.state.not_in((State.UNDONE, State.DROPPED)),
        )
    )


def waiting(actor: Actor, household_id: UUID) -> PovertyImport | None:
    """The decision about this one household that waits for a second officer."""
    return db.session.scalar(
        sa.select(PovertyImport).where(
            PovertyImport.household_id == household_id,
            PovertyImport.state.in_((State.READY, State.APPLYING)),
            scope(actor),
        )
    )


def only_row(import_id: UUID) -> PovertyImportRow:
    """The row of a decision about one household."""
    return db.session.scalars(sa.select(PovertyImportRow).where(PovertyImportRow.import_id == import_id)).one()


def reason(of: PovertyImport) -> str:
    """Why a household is said to leave; nothing for a file, and once the batch was destroyed."""
    if of.household_id is None or of.destroyed_at is not None:
        return ""
    return layout(of).samples[0][0]


def listing(actor: Actor, *, cursor: str | None, limit: int) -> Page[PovertyImport]:
    """One page of batches in scope, newest first."""
    query = sa.select(PovertyImport).where(scope(actor)).order_by(PovertyImport.id.desc()).limit(limit + 1)
    if cursor:
        query = query.where(PovertyImport.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(query).all()
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def counts(import_id: UUID) -> dict[Kind, int]:
    """How many rows are of each kind."""
    rows = db.session.execute(
        sa.select(PovertyImportRow.kind, sa.func.count())
        .where(PovertyImportRow.import_id == import_id)
        .group_by(PovertyImportRow.kind)
    )
    found = {Kind(kind): count for kind, count in rows}
    return {kind: found.get(kind, 0) for kind in Kind}


def kept(import_id: UUID) -> int:
    """How many decisions an undo left as they were, because somebody had changed them since."""
    query = sa.select(sa.func.count()).where(PovertyImportEffect.import_id == import_id, PovertyImportEffect.kept)
    return db.session.scalar(query) or 0


def rows(of: PovertyImport, *, kind: Kind | None, cursor: str | None, limit: int) -> Page[ShownRow]:
    """One page of rows in the file's order, those the file does not name last."""
    query = sa.select(PovertyImportRow).where(PovertyImportRow.import_id == of.id)
    if kind is not None:
        query = query.where(PovertyImportRow.kind == kind)
    if cursor:
        query = query.where(PovertyImportRow.place > decode_cursor(cursor, int)[0])
    found = db.session.scalars(query.order_by(PovertyImportRow.place).limit(limit + 1)).all()
    items = found[:limit]
    codes = decisions.codes_of({row.household_id for row in items if row.household_id})
    shown = [_shown(of, row, codes) for row in items]
    return Page(shown, encode_cursor(items[-1].place) if len(found) > limit else None)


def _shown(of: PovertyImport, row: PovertyImportRow, codes: Mapping[UUID, str]) -> ShownRow:
    cells = cells_of(of, row)
    return ShownRow(
        place=row.place if row.place < FIRST_UNLISTED else None,
        kind=row.kind,
        name=mask_name(cells.get("name", "")),
        citizen_id=mask_tail(cells.get("citizen_id", ""), keep=3),
        hamlet=cells.get("hamlet", ""),
        household_code=codes.get(row.household_id, "") if row.household_id else "",
        poverty_class=row.poverty_class,
        decision_number=row.decision_number,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        ends_on=row.ends_on,
        faults=row.faults,
    )


def cells_of(of: PovertyImport, row: PovertyImportRow) -> dict[str, str]:
    """Who the file says the row is; nothing once the batch was destroyed."""
    if of.destroyed_at is not None or row.cells_enc is None:
        return {}
    said: dict[str, str] = json.loads(crypto.unseal_by_id(of.data_key_id, CELLS_FIELD, row.cells_enc))
    return said


def error_rows(import_id: UUID) -> Sequence[PovertyImportRow]:
    """All rows that name nobody or can't be read."""
    query = sa.select(PovertyImportRow).where(
        PovertyImportRow.import_id == import_id, PovertyImportRow.kind == Kind.ERROR
    )
    return db.session.scalars(query.order_by(PovertyImportRow.place).limit(MAX_EXPORTED)).all()


def every_row(import_id: UUID) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """(place, kind, household, class, year, number, from, to, ends_on) of rows that name a household."""
    row = PovertyImportRow
    columns = (row.place, row.kind, row.household_id, row.poverty_class, row.year, row.decision_number, row.valid_from,
               row.valid_to, row.ends_on)  # fmt: skip
    return db.session.execute(
        sa.select(*columns).where(row.import_id == import_id, row.kind != Kind.ERROR).order_by(row.place)
    ).all()


def named_already(import_id: UUID, household_ids: Collection[UUID]) -> set[UUID]:
    """Which of these households an earlier row of the batch names."""
    query = sa.select(PovertyImportRow.household_id).where(
        PovertyImportRow.import_id == import_id,
        PovertyImportRow.kind != Kind.ERROR,
        PovertyImportRow.household_id == sa.any_(sa.literal(list(household_ids), sa.ARRAY(sa.Uuid))),
    )
    return {found for found in db.session.scalars(query) if found is not None} if household_ids else set()


def layout(of: PovertyImport) -> Layout:
    """Headings and samples, for choosing columns.

    Raises:
        KeyDestroyed: the batch was put away a while ago.
    """
    return Layout(**json.loads(crypto.unseal_by_id(of.data_key_id, LAYOUT_FIELD, of.layout_enc)))


def file(of: PovertyImport) -> bytes:
    """The file as it came.

    Raises:
        KeyDestroyed: the batch was put away a while ago.
    """
    stored = db.session.get_one(PovertyImportFile, of.id)
    data = base64.b64decode(crypto.unseal_by_id(of.data_key_id, FILE_FIELD, stored.file_enc))
    db.session.expunge(stored)
    return data


def remembered(area_code: str, headings_mark: bytes) -> dict[str, int] | None:
    """The columns that somebody confirmed for these headings."""
    return db.session.scalar(
        sa.select(PovertyColumns.columns).where(
            PovertyColumns.area_code == area_code, PovertyColumns.headings_mark == headings_mark
        )
    )


def effects(import_id: UUID) -> tuple[set[UUID], set[UUID]]:
    """(decisions the batch added, decisions it revoked)."""
    rows = db.session.execute(
        sa.select(PovertyImportEffect.status_id, PovertyImportEffect.added).where(
            PovertyImportEffect.import_id == import_id
        )
    ).all()
    return {row.status_id for row in rows if row.added}, {row.status_id for row in rows if not row.added}


def is_built_on(import_id: UUID) -> bool:
    """Whether a later batch revoked or cut what this one added, and stands."""
    later = aliased(PovertyImportEffect)
    query = (
        sa.select(later.import_id)
        .join(PovertyImportEffect, PovertyImportEffect.status_id == later.status_id)
        .join(PovertyImport, PovertyImport.id == later.import_id)
        .where(PovertyImportEffect.import_id == import_id, PovertyImportEffect.added)
        .where(later.import_id != import_id, ~later.added)
        .where(PovertyImport.state.in_((State.APPLIED, State.UNDOING)))
        .limit(1)
    )
    return db.session.scalar(query) is not None


def stuck(before: datetime) -> Sequence[UUID]:
    """Batches at work that did not move since."""
    return db.session.scalars(
        sa.select(PovertyImport.id).where(PovertyImport.state.in_(AT_WORK), PovertyImport.moved_at < before)
    ).all()


def to_destroy(*, done_before: datetime, idle_before: datetime, limit: int) -> Sequence[UUID]:
    """Batches whose file is no longer needed: done with for a while, or left lying for long."""
    return db.session.scalars(
        sa.select(PovertyImport.id)
        .where(PovertyImport.destroyed_at.is_(None), PovertyImport.state.not_in(AT_WORK))
        .where(PovertyImport.moved_at < sa.case((PovertyImport.state.in_(DONE), done_before), else_=idle_before))
        .order_by(PovertyImport.moved_at)
        .limit(limit)
    ).all()
