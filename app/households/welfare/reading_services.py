"""Judging a sheet that was read: at once when it is short, as a job with progress when it is long.

What died begins anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import seal_record, unseal_record
from app.core.database import transaction
from app.core.ids import uuid7
from app.households.registry import queries as households

from . import batch_queries, judging, sheet
from .models import READ_FIELD, TOLD_FIELD, BatchState, RowState, WelfareBatchRow
from .queries import Typed
from .sheet import Filled, Sheet

AT_ONCE = 500
"""Rows that are judged while the person waits, about a fifth of a second; longer sheets are a job's."""


def sealed(read: Sheet) -> bytes:
    """A sheet as read, to be kept until it is judged."""
    rows = [(row.place, row.code, asdict(row.typed)) for row in read.rows]
    told = {"rows": rows, "faults": read.faults, "letters": read.letters}
    return seal_record(READ_FIELD, json.dumps(told, ensure_ascii=False))


def judge(batch_id: UUID, *, actor: Actor, clock: Clock) -> None:
    """Judge the rows of a sheet with what this person may do now, and show the preview. A repeat changes nothing."""
    read = _read(batch_id)
    if read is None:
        return
    judged, done = judging.Judged(read), 0
    for rows in judging.chunks(read.rows):
        with transaction(actor=actor):
            judging.judge(judged, rows, actor, households.today(clock))
        done += len(rows)
        if not _moved(batch_id, done, clock):
            return
    with transaction(actor=SYSTEM):  # an account may be another commune's, which this officer can't see
        judging.refuse_taken(judged)
    _keep(batch_id, judged, clock)


def _read(batch_id: UUID) -> Sheet | None:
    with transaction(actor=SYSTEM):
        batch = batch_queries.get(batch_id)
        if batch.state != BatchState.READING or batch.read_enc is None:
            return None
        told = json.loads(unseal_record(READ_FIELD, batch.read_enc))
    rows = [Filled(place, code, Typed(**typed)) for place, code, typed in told["rows"]]
    return Sheet(rows=rows, faults=told["faults"], letters=told["letters"])


def _moved(batch_id: UUID, done: int, clock: Clock) -> bool:
    """Tell how far it is; whether anybody still wants it."""
    with transaction(actor=SYSTEM):
        batch = batch_queries.get(batch_id, for_update=True)
        wanted: bool = batch.state == BatchState.READING
        if wanted:
            batch.steps_done, batch.moved_at = done, clock.now()
        return wanted


def _keep(batch_id: UUID, judged: judging.Judged, clock: Clock) -> None:
    rows = [
        {
            "id": uuid7(), "batch_id": batch_id, "place": row.place, "household_id": judged.household_ids[row.code],
            "told_enc": seal_record(TOLD_FIELD, json.dumps(asdict(row.typed), ensure_ascii=False)),
            "state": RowState.NEW,
        }
        for row in judged.rows
    ]  # fmt: skip
    with transaction(actor=SYSTEM) as session:
        batch = batch_queries.get(batch_id, for_update=True)
        if batch.state != BatchState.READING:
            return
        for start in range(0, len(rows), 1_000):
            session.execute(sa.insert(WelfareBatchRow), rows[start : start + 1_000])
        batch.state, batch.read_enc, batch.moved_at = BatchState.READY, None, clock.now()
        batch.faults, batch.faults_total = judged.faults[: sheet.SHOWN_FAULTS], len(judged.faults)
        batch.steps_total = batch.steps_done = 0
