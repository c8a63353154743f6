"""Reading a list row by row in chunks, each in a transaction of its own that also says how far it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.clock import Clock, in_vietnam
from app.core.crypto import KeyDestroyed
from app.core.database import transaction
from app.core.uploads import Row
from app.households.poverty import operations, queries, sheet
from app.households.poverty.errors import UnreadableList
from app.households.poverty.matching import Matcher
from app.households.poverty.models import Kind, PovertyImport, State
from app.households.poverty.sheet import Line, Reader

CHUNK = 1_000
Chunk = tuple[int, int, list[Line]]


def read(import_id: UUID, *, clock: Clock) -> None:
    """Read on from where the last run came to; then the preview is ready. A second run at the same time steps aside."""
    this_year = in_vietnam(clock.now()).year
    with transaction(actor=SYSTEM):
        found = queries.get(import_id, actor=SYSTEM)
        if found.state != State.READING or found.columns is None:
            return
        try:
            rows = sheet.open_list(queries.file(found))
        except (UnreadableList, KeyDestroyed):  # it was read when it came in: the file was destroyed since
            found.state = State.DROPPED
            return
        start = sheet.layout_of(rows).first_row - 1
        matcher = Matcher(found.area_code, found.columns, this_year=this_year)
        reader = Reader(found.columns, operations.decision_of(found), this_year=this_year)
        done = found.steps_done
    for chunk in _chunks(rows[start:], start + 1, reader):
        if chunk[1] > done and not _write(import_id, chunk, matcher, skipped=reader.skipped, clock=clock):
            return
    _finish(import_id, clock)


def _chunks(rows: Sequence[Row], first_place: int, reader: Reader) -> Iterator[Chunk]:
    """(first step, step after the last, the lines). A resumed run reads all again, for the hamlets and the count."""
    for begins in range(0, len(rows), CHUNK):
        part = rows[begins : begins + CHUNK]
        lines = [reader.read(row, first_place + begins + at) for at, row in enumerate(part)]
        yield begins, begins + len(part), [line for line in lines if line is not None]


def _write(import_id: UUID, chunk: Chunk, matcher: Matcher, *, skipped: int, clock: Clock) -> bool:
    """Whether the chunk was ours to write."""
    begins, ends, lines = chunk
    with transaction(actor=SYSTEM):
        found = queries.get(import_id, actor=SYSTEM, for_update=True)
        if found.state != State.READING or found.steps_done != begins:
            return False
        operations.add_rows(found, lines, matcher.match(lines))
        found.steps_done, found.skipped, found.moved_at = ends, skipped, clock.now()
    return True


def _finish(import_id: UUID, clock: Clock) -> None:
    with transaction(actor=SYSTEM):
        found = queries.get(import_id, actor=SYSTEM, for_update=True)
        if found.state != State.READING or found.steps_done != found.steps_total:
            return
        if not _has_errors(found):
            operations.add_unlisted(found)
        found.state, found.moved_at = State.READY, clock.now()


def _has_errors(found: PovertyImport) -> bool:
    return queries.counts(found.id)[Kind.ERROR] > 0
