"""Steps of a batch; each needs an open transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.bulk import insert_rows
from app.core.clock import Clock
from app.core.crypto import DataKey, destroy_data_key, seal
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.households.registry import decisions
from app.households.registry.decisions import Held

from . import judging, queries
from .columns import Column
from .judging import Verdict
from .models import (
    CELLS_FIELD,
    FIRST_UNLISTED,
    Kind,
    PovertyColumns,
    PovertyImport,
    PovertyImportEffect,
    PovertyImportFile,
    PovertyImportRow,
)
from .sheet import Decision, Line, fault


class Changed(Exception):
    """The registry is no longer what the preview saw."""


def one_at_a_time() -> None:
    """Let no other batch write decisions before the end of this transaction."""
    require_transaction().execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('poverty imports', 0))"))


def remember_columns(of: PovertyImport, *, by: UUID, clock: Clock) -> None:
    """Keep the confirmed columns for the commune's next file under the same headings."""
    values = {"columns": of.columns, "confirmed_by": by, "confirmed_at": clock.now()}
    require_transaction().execute(
        insert(PovertyColumns)
        .values(area_code=of.area_code, headings_mark=of.headings_mark, **values)
        .on_conflict_do_update(index_elements=["area_code", "headings_mark"], set_=values)
    )


def forget_rows(import_id: UUID) -> None:
    """Read the file anew."""
    require_transaction().execute(sa.delete(PovertyImportRow).where(PovertyImportRow.import_id == import_id))


def decision_of(of: PovertyImport) -> Decision:
    """What the batch says of every row that says nothing else."""
    if of.decision_number is None or of.year is None or of.valid_from is None or of.valid_to is None:
        raise ValueError("the batch has no decision yet")
    return Decision(of.decision_number, of.year, of.valid_from, of.valid_to)


def verdicts(lines: Sequence[Line], matched: Mapping[int, UUID], *, hold: bool = False) -> dict[int, Verdict]:
    """What each matched row means beside what its household has, by place; one query for all."""
    since = min((_since(line) for line in lines if line.place in matched), default=None)
    held = decisions.held(matched.values(), since=since, hold=hold) if since else {}
    found = {}
    for line in lines:
        if line.place in matched:
            found[line.place] = _judge(line, held.get(matched[line.place], []))
    return found


def _since(line: Line) -> Any:
    return line.decision.valid_from if line.decision else line.ends_on


def _judge(line: Line, held: Sequence[Held]) -> Verdict:
    if line.decision is not None:
        return judging.joins(line.poverty_class, line.decision, held)
    assert line.ends_on is not None
    return judging.leaves(line.ends_on, held)


def add_rows(of: PovertyImport, lines: Sequence[Line], matched: Mapping[int, UUID]) -> None:
    """Write what was read; a household that an earlier row names is not named again."""
    session = require_transaction()
    key = session.get_one(DataKey, of.data_key_id)
    seen = queries.named_already(of.id, set(matched.values()))
    fresh: dict[int, UUID] = {}
    for line in lines:
        household_id = None if line.faults else matched.get(line.place)
        if household_id in seen:
            line.faults.append(fault(line.place, of.columns or {}, Column.NAME, "named_twice"))
        elif household_id is not None:
            seen.add(household_id)
            fresh[line.place] = household_id
    judged = verdicts(lines, fresh)
    values = [_row_values(of.id, line, fresh.get(line.place), judged.get(line.place), key) for line in lines]
    insert_rows(PovertyImportRow, values)


def _row_values(
    import_id: UUID, line: Line, household_id: UUID | None, verdict: Verdict | None, key: DataKey
) -> dict[str, Any]:
    decision = line.decision if verdict else None
    return {
        "import_id": import_id,
        "place": line.place,
        "kind": verdict.kind if verdict else Kind.ERROR,
        "household_id": household_id,
        "poverty_class": line.poverty_class if decision else None,
        "year": decision.year if decision else None,
        "decision_number": decision.number if decision else None,
        "valid_from": decision.valid_from if decision else None,
        "valid_to": decision.valid_to if decision else None,
        "ends_on": line.ends_on if verdict else None,
        "faults": line.faults,
        "cells_enc": seal(key, CELLS_FIELD, json.dumps(vars(line.who), ensure_ascii=False)),
    }


def judge_anew(of: PovertyImport) -> None:
    """Say again what a batch without a file means, beside what its household has by now."""
    rows = queries.every_row(of.id)
    forget_rows(of.id)
    add_rows(of, [_line(row) for row in rows], {row.place: row.household_id for row in rows})


def unlisted(of: PovertyImport) -> list[UUID]:
    """Households of the commune that have a decision and that the whole list does not name, in a fixed order."""
    if not of.whole_list or of.valid_from is None:
        return []
    have = decisions.of_commune(of.area_code, since=of.valid_from)
    named = {row.household_id for row in queries.every_row(of.id) if row.place < FIRST_UNLISTED}
    return sorted(have - named)


def add_unlisted(of: PovertyImport) -> None:
    """Write that these households leave on the day the new list begins."""
    values: list[dict[str, Any]] = [
        {
            "import_id": of.id,
            "place": FIRST_UNLISTED + number,
            "kind": Kind.ENDING,
            "household_id": household_id,
            "ends_on": of.valid_from,
            "faults": [],
        }
        for number, household_id in enumerate(unlisted(of))
    ]
    insert_rows(PovertyImportRow, values)


def apply(of: PovertyImport, *, clock: Clock) -> None:
    """Write all the batch says, or nothing of it.

    Raises:
        Changed: a decision, a household's commune or the list of those who leave is not what the preview saw.
        sqlalchemy.exc.IntegrityError: the same, noticed by the database.
    """
    assert of.approved_by is not None
    rows = queries.every_row(of.id)
    lines = [_line(row) for row in rows]
    matched = {row.place: row.household_id for row in rows}
    if of.area_code != "*" and decisions.outside(matched.values(), of.area_code):
        raise Changed
    if of.whole_list and unlisted(of) != [row.household_id for row in rows if row.place >= FIRST_UNLISTED]:
        raise Changed
    judged = verdicts(lines, matched, hold=True)
    if any(judged[row.place].kind != row.kind and row.place < FIRST_UNLISTED for row in rows):
        raise Changed
    given_way = {one.id for verdict in judged.values() for one in verdict.revoked}
    decisions.revoke(given_way, by=of.approved_by, at=clock.now())
    added = [*_cut(of, judged, clock), *_joined(of, lines, matched, judged, clock)]
    decisions.add(added)
    _note_effects(of.id, [(status["id"], True) for status in added] + [(status_id, False) for status_id in given_way])


def _line(row: Any) -> Line:
    from .sheet import Who

    decision = None
    if row.poverty_class is not None:
        decision = Decision(row.decision_number, row.year, row.valid_from, row.valid_to)
    return Line(row.place, Who(), row.poverty_class or "leaves", decision, row.ends_on)


def _cut(of: PovertyImport, judged: Mapping[int, Verdict], clock: Clock) -> list[dict[str, Any]]:
    """The days that decisions still held before they gave way, written anew with an earlier end."""
    return [
        _status(of, clock, one.household_id, one.poverty_class,
                Decision(one.decision_number, one.year, one.valid_from, last_day))
        for verdict in judged.values() for one, last_day in verdict.cut
    ]  # fmt: skip


def _joined(
    of: PovertyImport, lines: Sequence[Line], matched: Mapping[int, UUID], judged: Mapping[int, Verdict], clock: Clock
) -> list[dict[str, Any]]:
    return [
        _status(of, clock, matched[line.place], line.poverty_class, line.decision)
        for line in lines
        if line.decision is not None and judged[line.place].kind is not Kind.SAME
    ]


def _status(
    of: PovertyImport, clock: Clock, household_id: UUID, poverty_class: str, decision: Decision
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "household_id": household_id,
        "poverty_class": poverty_class,
        "year": decision.year,
        "decision_number": decision.number,
        "valid_from": decision.valid_from,
        "valid_to": decision.valid_to,
        "recorded_by": of.created_by,
        "created_at": clock.now(),
        "import_id": of.id,
        "approved_by": of.approved_by,
    }


def _note_effects(import_id: UUID, effects: Sequence[tuple[UUID, bool]]) -> None:
    insert_rows(
        PovertyImportEffect,
        [{"import_id": import_id, "status_id": status, "added": added, "kept": False} for status, added in effects],
    )


def take_back(of: PovertyImport, *, by: UUID, clock: Clock) -> None:
    """Revoke what the batch added and let hold what it revoked; what somebody changed since stays, and is noted."""
    added, given_way = queries.effects(of.id)
    revoked = decisions.revoke(added, by=by, at=clock.now())
    touched = set(decisions.households_of(added - revoked).values())
    free = {status for status, household in decisions.households_of(given_way).items() if household not in touched}
    restored = decisions.put_back(free)
    left = (added - revoked) | (given_way - restored)
    if left:
        require_transaction().execute(
            sa.update(PovertyImportEffect)
            .where(PovertyImportEffect.import_id == of.id)
            .where(PovertyImportEffect.status_id == sa.any_(sa.literal(list(left), sa.ARRAY(sa.Uuid))))
            .values(kept=True)
            .execution_options(synchronize_session=False)
        )


def destroy(of: PovertyImport, *, clock: Clock) -> None:
    """Make the file, its headings and its rows' cells unreadable for good. What the batch wrote stays."""
    destroy_data_key(of.data_key_id, clock=clock)
    require_transaction().execute(sa.delete(PovertyImportFile).where(PovertyImportFile.import_id == of.id))
    of.destroyed_at = clock.now()
