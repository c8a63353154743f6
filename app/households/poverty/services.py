"""Bring a list, say what its columns are, look, have another officer approve, take back. Long work is a job's."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core import audit, jobs
from app.core.actor import EVERYWHERE, SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import blind_index, new_data_key, seal
from app.core.database import transaction
from app.core.ids import uuid7
from app.core.texts import tidy
from app.households.areas import queries as areas
from app.identity.roles import Role

from . import operations, queries, sheet
from .columns import Column
from .errors import BadMapping, LaterImport, MendFirst, NeedsAnother, NothingToDo, NotYours, TakesTwo, WrongMoment
from .models import FILE_FIELD, LAYOUT_FIELD, Kind, PovertyImport, PovertyImportFile, State
from .reading import services as reading

SUBJECT = "poverty_import"
STUCK_AFTER = timedelta(minutes=2)
KEPT_FOR = timedelta(days=7)
IDLE_FOR = timedelta(days=30)
BATCH = 50
OFFICERS = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)
_WHO = (Column.NAME, Column.CITIZEN, Column.CODE)
_WHAT = (Column.CLASS, Column.POOR_MARK, Column.NEAR_MARK, Column.LEAVES)


def upload(*, actor: Actor, data: bytes, file_name: str, area_code: str, clock: Clock) -> PovertyImport:
    """Take a list in, sealed; the same file for the same area again is the same batch.

    Args:
        area_code: the commune the list is of; `*` for many communes, by who sees all of them.

    Raises:
        NotYours: not an officer of that area.
        UnreadableList: of no use as a whole.
    """
    if actor.user_id is None or not actor.has_role(*OFFICERS) or not _may_bring(actor, area_code):
        raise NotYours
    file_hash = blind_index("poverty_import.file", hashlib.sha256(data).hexdigest())
    with transaction(actor=actor):
        known = queries.by_hash(area_code, file_hash)
        is_commune = area_code == EVERYWHERE or getattr(areas.get(area_code), "kind", "") == "commune"
    if not is_commune:
        raise NotYours
    if known is not None:
        return known
    rows = sheet.open_list(data)
    layout = sheet.layout_of(rows)
    try:
        with transaction(actor=actor) as session:
            key = new_data_key(clock=clock)
            made = PovertyImport(
                id=uuid7(),
                area_code=area_code,
                file_hash=file_hash,
                file_name=tidy("".join(mark for mark in file_name if mark.isprintable()))[:200] or "–",
                data_key_id=key.id,
                layout_enc=seal(key, LAYOUT_FIELD, json.dumps(asdict(layout), ensure_ascii=False)),
                headings_mark=layout.mark(),
                state=State.UPLOADED,
                whole_list=False,
                steps_total=len(rows) - layout.first_row + 1,
                steps_done=0,
                skipped=0,
                read_again=False,
                created_by=actor.user_id,
                created_at=clock.now(),
                moved_at=clock.now(),
            )
            session.add(made)
            session.flush()
            sealed = seal(key, FILE_FIELD, base64.b64encode(data).decode())
            session.add(PovertyImportFile(import_id=made.id, file_enc=sealed))
            _note("poverty_list_uploaded", actor, made, clock)
    except IntegrityError:
        with transaction(actor=actor):
            known = queries.by_hash(area_code, file_hash)
        if known is None:
            raise
        return known
    return made


def _may_bring(actor: Actor, area_code: str) -> bool:
    return EVERYWHERE in actor.areas or (area_code != EVERYWHERE and area_code in actor.areas)


def confirm_columns(
    *,
    actor: Actor,
    import_id: UUID,
    columns: Mapping[str, int],
    decision_number: str,
    year: int | None,
    valid_from: date | None,
    valid_to: date | None,
    whole_list: bool,
    clock: Clock,
) -> None:
    """Say which column holds what, and what the decision is where a row doesn't say; a job then reads the rows.

    The columns are remembered for the area's next file under the same headings. Only who brought the list; again,
    as long as nobody approved it.

    Args:
        whole_list: households of the commune that the file does not name leave on `valid_from`.

    Raises:
        NoSuchImport, NotYours, WrongMoment.
        BadMapping: a column twice, no column that names a household or its class, or a decision that cannot be.
    """
    with transaction(actor=actor) as session:
        found = queries.get(import_id, actor=actor, for_update=True)
        if found.created_by != actor.user_id:
            raise NotYours
        if found.state not in (State.UPLOADED, State.READY) or found.household_id is not None:
            raise WrongMoment
        width = len(queries.layout(found).labels)
        number = tidy(decision_number)
        if errors := _column_errors(columns, width) | _decision_errors(number, year, valid_from, valid_to):
            raise BadMapping(errors)
        if whole_list and found.area_code == EVERYWHERE:
            raise BadMapping({"whole_list": [_("Danh sách của nhiều xã thì không chọn mục này được.")]})
        found.columns = dict(columns)
        found.decision_number, found.year, found.whole_list = number, year, whole_list
        found.valid_from, found.valid_to = valid_from, valid_to
        session.flush()
        operations.remember_columns(found, by=found.created_by, clock=clock)
        _read_anew(found, clock)
        _note("poverty_list_columns_confirmed", actor, found, clock, whole_list=whole_list)


def _column_errors(columns: Mapping[str, int], width: int) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    known = set(Column)
    if any(name not in known or not 0 <= at < width for name, at in columns.items()):
        errors["columns"] = [_("Có cột không nằm trong tệp.")]
    elif len(set(columns.values())) != len(columns):
        errors["columns"] = [_("Một cột đang được chọn cho hai mục.")]
    elif not any(name in columns for name in _WHO):
        errors["columns"] = [_("Chọn ít nhất một cột để biết là hộ nào: họ tên, số căn cước hoặc mã hộ.")]
    elif not any(name in columns for name in _WHAT):
        errors["columns"] = [_("Chọn cột loại hộ, hoặc cột đánh dấu hộ nghèo, hộ cận nghèo.")]
    return errors


def _decision_errors(number: str, year: int | None, start: date | None, end: date | None) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not 1 <= len(number) <= 60:
        errors["decision_number"] = [_("Ghi số quyết định.")]
    if year is None or not 2016 <= year <= 2100:
        errors["year"] = [_("Ghi năm, ví dụ 2026.")]
    if start is None or not 2016 <= start.year <= 2100:
        errors["valid_from"] = [_("Chọn ngày.")]
    if end is None or end.year > 2100:
        errors["valid_to"] = [_("Chọn ngày.")]
    elif start is not None and end < start:
        errors["valid_to"] = [_("Ngày kết thúc phải sau ngày bắt đầu.")]
    return errors


def _read_anew(found: PovertyImport, clock: Clock) -> None:
    found.approved_by, found.approved_at, found.moved_at = None, None, clock.now()
    if found.household_id is not None:
        found.state = State.READY
        operations.judge_anew(found)
        return
    found.state, found.steps_done, found.skipped = State.READING, 0, 0
    operations.forget_rows(found.id)
    _go_on(found.id)


def why_not_approve(of: PovertyImport, counts: Mapping[Kind, int], *, actor: Actor) -> str:
    """Why this person can't approve the batch, in a sentence; nothing when they can."""
    refusal = _refusal(of, counts, actor)
    return refusal.message if refusal else ""


def _refusal(
    of: PovertyImport, counts: Mapping[Kind, int], actor: Actor
) -> NeedsAnother | MendFirst | NothingToDo | None:
    if of.whole_list and counts[Kind.ERROR]:
        return MendFirst()
    if not any(counts[kind] for kind in (Kind.NEW, Kind.CONTINUING, Kind.CHANGED, Kind.ENDING)):
        return NothingToDo()
    return NeedsAnother() if of.created_by == actor.user_id else None


def approve(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Let the batch hold: an officer of the area who did not bring it. Doing so twice is the same.

    A decision about one household holds at once.

    Raises:
        NoSuchImport, WrongMoment.
        NotYours: no officer.
        NeedsAnother: the actor brought it.
        MendFirst: a whole list with rows that name nobody.
        NothingToDo: it changes nothing.
    """
    with transaction(actor=actor):
        found = queries.get(import_id, actor=actor, for_update=True)
        if actor.user_id is None or not actor.has_role(*OFFICERS):
            raise NotYours
        if found.state in (State.APPLYING, State.APPLIED) and found.approved_by == actor.user_id:
            return
        if found.state != State.READY:
            raise WrongMoment
        counts = queries.counts(found.id)
        if refusal := _refusal(found, counts, actor):
            raise refusal
        found.state, found.approved_by, found.approved_at = State.APPLYING, actor.user_id, clock.now()
        found.read_again, found.moved_at = False, clock.now()
        _note("poverty_list_approved", actor, found, clock, **{str(kind): count for kind, count in counts.items()})
        if single := found.household_id is not None:
            act = "poverty_status_revoked" if counts[Kind.ENDING] else "poverty_status_set"
            audit.record(act, actor=actor, subject_kind="household", subject_id=found.household_id, clock=clock,
                         year=found.year)  # fmt: skip
        _go_on(found.id)
    if single:
        work(import_id, clock=clock)


def undo(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Begin to take a batch back: what it added is revoked, what it revoked holds again.

    Raises:
        NoSuchImport, NotYours, WrongMoment.
        TakesTwo: it is a decision about one household.
        LaterImport: a later batch changed what this one wrote.
    """
    with transaction(actor=actor):
        found = queries.get(import_id, actor=actor, for_update=True)
        if actor.user_id is None or not actor.has_role(*OFFICERS):
            raise NotYours
        if found.state != State.APPLIED:
            raise WrongMoment
        if found.household_id is not None:
            raise TakesTwo
        if queries.is_built_on(found.id):
            raise LaterImport
        found.state, found.undone_by, found.moved_at = State.UNDOING, actor.user_id, clock.now()
        _note("poverty_list_undone", actor, found, clock)
        _go_on(found.id)


def drop(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Put a batch away that nobody approved.

    Raises:
        NoSuchImport, NotYours, WrongMoment.
    """
    with transaction(actor=actor):
        found = queries.get(import_id, actor=actor, for_update=True)
        if not actor.has_role(*OFFICERS):
            raise NotYours
        if found.state not in (State.UPLOADED, State.READING, State.READY):
            raise WrongMoment
        found.state, found.moved_at = State.DROPPED, clock.now()
        operations.forget_rows(found.id)
        _note("poverty_list_dropped", actor, found, clock)


def note_export(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Write down that somebody took the rows with errors, names and all, out of the house.

    Raises:
        NoSuchImport.
    """
    with transaction(actor=actor):
        found = queries.get(import_id, actor=actor)
        _note("poverty_list_errors_exported", actor, found, clock)


def note_present(*, actor: Actor, clock: Clock) -> None:
    """Write down that somebody took today's list, codes and classes, out of the house."""
    if actor.user_id is None:
        raise NotYours
    with transaction(actor=actor):
        audit.record(
            "poverty_present_exported", actor=actor, subject_kind="user", subject_id=actor.user_id, clock=clock
        )


def work(import_id: UUID, *, clock: Clock) -> None:
    """Go on with what the batch is at. A repeat repeats nothing; two at once are as good as one."""
    with transaction(actor=SYSTEM):
        state = queries.get(import_id, actor=SYSTEM).state
    if state == State.READING:
        reading.read(import_id, clock=clock)
    elif state == State.APPLYING:
        _apply(import_id, clock)
    elif state == State.UNDOING:
        _take_back(import_id, clock)


def _apply(import_id: UUID, clock: Clock) -> None:
    """One transaction: from one moment to the next all of it holds."""
    try:
        with transaction(actor=SYSTEM):
            operations.one_at_a_time()
            found = queries.get(import_id, actor=SYSTEM, for_update=True)
            if found.state != State.APPLYING:
                return
            operations.apply(found, clock=clock)
            found.state, found.moved_at = State.APPLIED, clock.now()
    except operations.Changed:
        _look_again(import_id, clock)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != "ex_poverty_status_one_a_day":
            raise
        _look_again(import_id, clock)


def _look_again(import_id: UUID, clock: Clock) -> None:
    """The registry moved under the preview: read anew, and let people look anew."""
    with transaction(actor=SYSTEM):
        found = queries.get(import_id, actor=SYSTEM, for_update=True)
        if found.state == State.APPLYING:
            found.read_again = True
            _read_anew(found, clock)


def _take_back(import_id: UUID, clock: Clock) -> None:
    with transaction(actor=SYSTEM):
        operations.one_at_a_time()
        found = queries.get(import_id, actor=SYSTEM, for_update=True)
        if found.state != State.UNDOING or found.undone_by is None:
            return
        operations.take_back(found, by=found.undone_by, clock=clock)
        found.state, found.moved_at = State.UNDONE, clock.now()


def wake_stuck(*, clock: Clock) -> int:
    """Go on with batches whose job died; the number woken."""
    with transaction(actor=SYSTEM):
        stuck = queries.stuck(clock.now() - STUCK_AFTER)
        for import_id in stuck:
            _go_on(import_id)
    return len(stuck)


def destroy_old(*, clock: Clock) -> int:
    """Destroy the files of batches done with for a week or left lying for a month; the number destroyed.

    One that was left lying is dropped.
    """
    now = clock.now()
    with transaction(actor=SYSTEM):
        ids = queries.to_destroy(done_before=now - KEPT_FOR, idle_before=now - IDLE_FOR, limit=BATCH)
        for import_id in ids:
            found = queries.get(import_id, actor=SYSTEM, for_update=True)
            if found.state in (State.UPLOADED, State.READY):
                found.state = State.DROPPED
                operations.forget_rows(found.id)
            operations.destroy(found, clock=clock)
            _note("poverty_list_file_destroyed", SYSTEM, found, clock)
    return len(ids)


def _go_on(import_id: UUID) -> None:
    from . import tasks

    jobs.enqueue(tasks.work, import_id=str(import_id))


def _note(action: str, actor: Actor, found: PovertyImport, clock: Clock, **details: object) -> None:
    audit.record(action, actor=actor, subject_kind=SUBJECT, subject_id=found.id, clock=clock, **details)
