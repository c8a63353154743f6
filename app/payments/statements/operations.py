"""Steps of an import; each needs an open transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import VIETNAM, Clock
from app.core.codes import normalise
from app.core.crypto import blind_index, seal_record, unseal_record
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.core.money import FOUR_EYES_VND
from app.payments.bank import twins, undoing
from app.payments.bank.undoing import NotFree
from app.payments.payees.operations import number_index
from app.payments.payouts import queries as payouts
from app.payments.statements import queries
from app.payments.statements.errors import NeedsAnother
from app.payments.statements.feed import Unread
from app.payments.statements.lines import Line
from app.payments.statements.models import (
    ACCOUNT_FIELD,
    FAULT_FIELD,
    MEMO_FIELD,
    FeedCheckpoint,
    FeedFault,
    KeptBecause,
    LineState,
    StatementImport,
    StatementLine,
)

ALONE_WITHIN = timedelta(hours=24)


def identities(lines: Sequence[Line]) -> list[bytes]:
    """Which money each line is, the same in every file that tells of it.

    Its bank reference and day name it: banks use a reference again. Without one it is all that the line says; of two
    that say the same, the second is another payment than the first.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for line in lines:
        day = line.event_at.astimezone(VIETNAM).date().isoformat()
        about = (line.reference, day) if line.reference else ("", line.event_at.isoformat(), line.memo)
        key = (line.account, line.direction, str(line.amount_vnd), *about)
        seen[key] += 1
        found.append(blind_index("statement_line.identity", "\x1f".join((*key, str(seen[key])))))
    return found


def add_lines(import_id: UUID, lines: Sequence[Line]) -> None:
    """Write the lines, each with what is known of it now."""
    named = identities(lines)
    counted = queries.counted_identities(named)
    told = twins.told_by_wires({line.reference for line in lines if line.reference})
    ours = payouts.sent_codes({normalise(line.end_to_end_id) for line in lines if line.end_to_end_id})
    rows: list[dict[str, Any]] = []
    for line, identity in zip(lines, named, strict=True):
        incoming = line.direction == "in" and _read_as(line, ours) is LineState.NEW
        told_of = (line.reference, line.amount_vnd, number_index(line.account))
        by_wire = incoming and identity not in counted and _found(told.get(told_of, []), line.event_at)
        rows.append(
            {
                "id": uuid7(),
                "import_id": import_id,
                "place": line.place,
                "identity": identity,
                "direction": line.direction,
                "amount_vnd": line.amount_vnd,
                "reference": line.reference,
                "account_enc": seal_record(ACCOUNT_FIELD, line.account),
                "memo_enc": seal_record(MEMO_FIELD, line.memo),
                "event_at": line.event_at,
                "seen_before": incoming and (identity in counted or by_wire),
                "state": (state := _read_as(line, ours)),
                "payout_id": ours[normalise(line.end_to_end_id)] if state is LineState.OURS else None,
                "counted": False,
            }
        )
    session = require_transaction()
    for start in range(0, len(rows), 1_000):
        session.execute(sa.insert(StatementLine), rows[start : start + 1_000])


def _read_as(line: Line, ours: Mapping[str, UUID]) -> LineState:
    if line.direction != "in":
        return LineState.IGNORED
    return LineState.OURS if normalise(line.end_to_end_id) in ours else LineState.NEW


def _found(told_at: list[datetime], event_at: datetime) -> bool:
    """Whether one of these is of the same days; it is taken out, for no other line to find."""
    same = next((at for at in told_at if abs(at - event_at) <= twins.SAME_REFERENCE), None)
    if same is not None:
        told_at.remove(same)
    return same is not None


def new_vnd(import_id: UUID) -> int:
    """What an import would count if it was applied now, in đồng."""
    lines = queries.uncounted(import_id)
    told = twins.told_by_wires({line.reference for line in lines if line.seen_before and line.reference})
    total = 0
    for line in lines:
        if line.seen_before and line.reference:
            index = number_index(unseal_record(ACCOUNT_FIELD, line.account_enc))
            if _found(told.get((line.reference, line.amount_vnd, index), []), line.event_at):
                continue
        total += line.amount_vnd
    return total


def needs_another(of: StatementImport, amount_vnd: int, by: UUID | None, *, clock: Clock) -> bool:
    """Whether so much new money of the import is too much for this person alone, with all they let in of late."""
    if by is None or by != of.created_by:
        return False
    return amount_vnd + queries.alone_vnd(by, since=clock.now() - ALONE_WITHIN) > FOUR_EYES_VND


def permit(of: StatementImport, *, by: UUID | None, clock: Clock) -> None:
    """Note who lets the locked import be counted, and how much of it is new.

    Raises:
        NeedsAnother: too much money for who uploaded it.
    """
    session = require_transaction()
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"statements alone {by}", 0))))
    amount_vnd = new_vnd(of.id)
    if needs_another(of, amount_vnd, by, clock=clock):
        raise NeedsAnother()
    of.new_vnd, of.applied_by, of.applied_at = amount_vnd, by, clock.now()


def claim(import_id: UUID, *, limit: int) -> list[StatementLine]:
    """The next lines to hand to the notices; those that another import counts already become known.

    Lines that an interrupted run had claimed come again: their notices are made once.
    """
    lines = queries.next_lines(import_id, (LineState.NEW, LineState.CLAIMED), limit=limit, for_update=True)
    fresh = [line for line in lines if line.state == LineState.NEW]
    counted = queries.counted_identities([line.identity for line in fresh], hold=True)
    for line in fresh:
        line.state, line.counted = (LineState.KNOWN, False) if line.identity in counted else (LineState.CLAIMED, True)
    require_transaction().flush()
    return [line for line in lines if line.state == LineState.CLAIMED]


def settle(line_ids_to_notices: Sequence[tuple[UUID, UUID, bool]]) -> None:
    """Note what became of claimed lines: (line, its notice, whether the money was known)."""
    session = require_transaction()
    for line_id, notice_id, known in line_ids_to_notices:
        session.execute(
            sa.update(StatementLine)
            .where(StatementLine.id == line_id, StatementLine.state == LineState.CLAIMED)
            .values(state=LineState.KNOWN if known else LineState.APPLIED, notice_id=notice_id)
        )


def take_back(line_id: UUID, *, clock: Clock) -> None:
    """Take the line's money back, or note why not.

    Raises:
        sqlalchemy.exc.IntegrityError: somebody at the desk touched the money.
    """
    line = queries.get_line(line_id, for_update=True)
    if line.state != LineState.APPLIED or line.notice_id is None:
        return
    if queries.is_relied_on(line.identity):
        line.state, line.kept_because = LineState.KEPT, KeptBecause.RELIED_ON
        return
    answer = undoing.take_back(line.notice_id, clock=clock)
    if answer is NotFree.KNOWN:
        line.state = LineState.KNOWN
    elif isinstance(answer, NotFree):
        line.state, line.kept_because = LineState.KEPT, KeptBecause(answer)
    else:
        line.state, line.counted, line.undo_transfer_id = LineState.UNDONE, False, answer


def keep(line_id: UUID, because: KeptBecause) -> None:
    """Note that a line stays counted, and why."""
    line = queries.get_line(line_id, for_update=True)
    if line.state == LineState.APPLIED:
        line.state, line.kept_because = LineState.KEPT, because


def advance(of: StatementImport, left: int, *, clock: Clock) -> None:
    """Note the progress of the locked import: `left` lines are still to do."""
    of.steps_done = of.steps_total - min(left, of.steps_total)
    of.moved_at = clock.now()


def keep_unread(feed: str, unread: Sequence[Unread], noticed_at: datetime) -> list[int]:
    """Keep items that could not be read; the numbers of those that were not kept before."""
    rows = [
        {
            "id": uuid7(),
            "feed": feed,
            "seq": item.seq,
            "raw_index": blind_index(FAULT_FIELD, text := item.raw.decode()),
            "raw_enc": seal_record(FAULT_FIELD, text),
            "reason": item.reason,
            "noticed_at": noticed_at,
        }
        for item in unread
    ]
    kept = insert(FeedFault).values(rows).on_conflict_do_nothing().returning(FeedFault.seq)
    return list(require_transaction().scalars(kept))


def save_checkpoint(feed: str, since: int, asked_at: datetime) -> None:
    """Remember that everything up to `since` was taken in."""
    values = {"since": since, "asked_at": asked_at}
    require_transaction().execute(
        insert(FeedCheckpoint).values(feed=feed, **values).on_conflict_do_update(index_elements=["feed"], set_=values)
    )
