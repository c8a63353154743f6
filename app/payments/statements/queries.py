"""Reads of imports and their lines."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.crypto import unseal_record
from app.core.database import db
from app.core.masking import mask_tail
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.payouts.models import Payout
from app.payments.payouts.states import State
from app.payments.statements.errors import FaultNotFound, ImportNotFound
from app.payments.statements.lines import clean
from app.payments.statements.models import (
    ACCOUNT_FIELD,
    FAULT_FIELD,
    MEMO_FIELD,
    FeedCheckpoint,
    FeedFault,
    ImportState,
    LineState,
    StatementImport,
    StatementLine,
)

AT_WORK = (ImportState.APPLYING, ImportState.UNDOING)


@dataclass(frozen=True)
class Counts:
    """How many lines are what. `new` and `known` before applying are a preview."""

    new: int = 0
    known: int = 0
    ignored: int = 0
    ours: int = 0
    applied: int = 0
    undone: int = 0
    kept: int = 0


@dataclass(frozen=True)
class ShownLine:
    """A line as people see it."""

    place: int
    event_at: datetime
    amount_vnd: int
    direction: str
    account_masked: str
    memo: str
    reference: str
    state: str
    seen_before: bool
    kept_because: str | None


@dataclass(frozen=True)
class ShownFault:
    """An item of the feed that could not be read, as people see it; `said` is what it tells, without accounts."""

    id: UUID
    seq: int
    noticed_at: datetime
    reason: str
    said: str


def get(import_id: UUID, *, for_update: bool = False) -> StatementImport:
    """The import by id.

    Raises:
        ImportNotFound: there is none.
    """
    found = db.session.get(StatementImport, import_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise ImportNotFound()
    return found


def by_hash(file_hash: bytes) -> StatementImport | None:
    """The import of this very file that was neither dropped nor undone."""
    gone = (ImportState.UNDONE, ImportState.DROPPED)
    return db.session.scalar(
        sa.select(StatementImport).where(StatementImport.file_hash == file_hash, StatementImport.state.not_in(gone))
    )


def imports(*, cursor: str | None, limit: int) -> Page[StatementImport]:
    """Imports, newest first."""
    statement = sa.select(StatementImport).order_by(StatementImport.id.desc()).limit(limit + 1)
    if cursor:
        statement = statement.where(StatementImport.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(statement).all()
    items = found[:limit]
    return Page(items, encode_cursor(str(items[-1].id)) if len(found) > limit else None)


def counts(import_id: UUID) -> Counts:
    """How many lines of an import are what."""
    shown = sa.case(
        (sa.and_(StatementLine.state == LineState.NEW, StatementLine.seen_before), LineState.KNOWN),
        (StatementLine.state == LineState.CLAIMED, LineState.NEW),
        else_=StatementLine.state,
    ).label("shown")
    rows = db.session.execute(
        sa.select(shown, sa.func.count()).where(StatementLine.import_id == import_id).group_by(shown)
    )
    return Counts(**{str(state): count for state, count in rows})


def lines(import_id: UUID, *, state: LineState | None = None, cursor: str | None, limit: int) -> Page[ShownLine]:
    """Lines of an import in the file's order; those in one state when it is given."""
    statement = sa.select(StatementLine).where(StatementLine.import_id == import_id)
    if state is not None:
        statement = statement.where(StatementLine.state == state)
    if cursor:
        statement = statement.where(StatementLine.place > decode_cursor(cursor, int)[0])
    found = db.session.scalars(
        statement.order_by(StatementLine.place).limit(limit + 1).execution_options(populate_existing=True)
    ).all()
    items = [_shown(line) for line in found[:limit]]
    return Page(items, encode_cursor(items[-1].place) if len(found) > limit else None)


def _shown(line: StatementLine) -> ShownLine:
    return ShownLine(
        place=line.place,
        event_at=line.event_at,
        amount_vnd=line.amount_vnd,
        direction=line.direction,
        account_masked=mask_tail(unseal_record(ACCOUNT_FIELD, line.account_enc)),
        memo=unseal_record(MEMO_FIELD, line.memo_enc),
        reference=line.reference,
        state=line.state,
        seen_before=line.seen_before,
        kept_because=line.kept_because,
    )


def next_lines(import_id: UUID, states: Sequence[LineState], *, limit: int, for_update: bool) -> list[StatementLine]:
    """The next lines in these states, in the file's order."""
    statement = (
        sa.select(StatementLine)
        .where(StatementLine.import_id == import_id, StatementLine.state.in_(states))
        .order_by(StatementLine.place)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(statement.with_for_update() if for_update else statement))


def count_lines(import_id: UUID, states: Sequence[LineState]) -> int:
    """How many lines are in these states."""
    counted = sa.select(sa.func.count()).where(StatementLine.import_id == import_id, StatementLine.state.in_(states))
    return db.session.scalar(counted) or 0


def get_line(line_id: UUID, *, for_update: bool = False) -> StatementLine:
    """A line by id."""
    return db.session.get_one(StatementLine, line_id, with_for_update=for_update or None, populate_existing=True)


def counted_identities(identities: Collection[bytes], *, hold: bool = False) -> set[bytes]:
    """Which of these lines are counted already, through any import; held, nobody takes them back until the commit."""
    found = sa.select(StatementLine.identity).where(
        StatementLine.counted, StatementLine.identity == sa.any_(sa.literal(list(identities), sa.ARRAY(sa.LargeBinary)))
    )
    return set(db.session.scalars(found.with_for_update(read=True) if hold else found))


def is_relied_on(identity: bytes) -> bool:
    """Whether an import that was applied knows this money only from the line that counts it."""
    relying = (
        sa.exists()
        .where(StatementLine.identity == identity)
        .where(StatementLine.state == LineState.KNOWN, StatementLine.notice_id.is_(None))
        .where(StatementImport.id == StatementLine.import_id)
        .where(StatementImport.state.in_((ImportState.APPLYING, ImportState.APPLIED)))
    )
    return bool(db.session.scalar(sa.select(relying)))


def uncounted(import_id: UUID) -> Sequence[sa.Row[int, str, bytes, datetime, bool]]:
    """Lines that wait to be applied and that no import counts yet."""
    elsewhere = aliased(StatementLine)
    return db.session.execute(
        sa.select(
            StatementLine.amount_vnd,
            StatementLine.reference,
            StatementLine.account_enc,
            StatementLine.event_at,
            StatementLine.seen_before,
        )
        .where(
            StatementLine.import_id == import_id,
            StatementLine.state == LineState.NEW,
            ~sa.exists().where(elsewhere.identity == StatementLine.identity, elsewhere.counted),
        )
        .order_by(StatementLine.place)
    ).all()


def alone_vnd(user_id: UUID, *, since: datetime) -> int:
    """New money of the imports that this person both uploaded and let be counted since then, in đồng."""
    total = sa.select(sa.func.coalesce(sa.func.sum(StatementImport.new_vnd), 0)).where(
        StatementImport.applied_by == user_id, StatementImport.created_by == user_id, StatementImport.applied_at > since
    )
    return int(db.session.scalar(total) or 0)


def stuck(before: datetime) -> list[UUID]:
    """Imports at work that have not moved since."""
    found = sa.select(StatementImport.id).where(StatementImport.state.in_(AT_WORK), StatementImport.moved_at < before)
    return list(db.session.scalars(found))


def checkpoint(feed: str) -> FeedCheckpoint | None:
    """How far a feed was read."""
    return db.session.get(FeedCheckpoint, feed, populate_existing=True)


def fault(fault_id: UUID, *, for_update: bool = False) -> FeedFault:
    """An item of the feed that could not be read.

    Raises:
        FaultNotFound: there is none of this id.
    """
    found = db.session.get(FeedFault, fault_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise FaultNotFound()
    return found


def unseen_faults(*, limit: int) -> tuple[list[ShownFault], int]:
    """The oldest items of the feed that could not be read and that nobody saw to, and the number of all."""
    rows = db.session.execute(
        sa.select(FeedFault, sa.func.count().over())
        .where(FeedFault.seen_at.is_(None))
        .order_by(FeedFault.noticed_at, FeedFault.seq)
        .limit(limit)
    ).all()
    return [_shown_fault(found) for found, _count in rows], rows[0][1] if rows else 0


def _shown_fault(found: FeedFault) -> ShownFault:
    item = json.loads(unseal_record(FAULT_FIELD, found.raw_enc))
    said = (clean(item.get(name)) for name in ("reference", "amount_vnd", "memo", "transferred_at"))
    return ShownFault(found.id, found.seq, found.noticed_at, found.reason, " · ".join(filter(None, said))[:300])


def unread_items(*, limit: int) -> Queue:
    """Items of the feed that could not be read and that nobody saw to, oldest first."""
    return oldest(
        FeedFault.id,
        FeedFault.feed + " " + sa.cast(FeedFault.seq, sa.Text),
        sa.null(),
        FeedFault.noticed_at,
        where=sa.select(FeedFault).where(FeedFault.seen_at.is_(None)),
        limit=limit,
    )


def returned_payouts(*, limit: int) -> Queue:
    """Payouts that came back by a statement's line and are not answered as returned, oldest line first.

    One that is said to have arrived all the same stays here until its statement is taken back: bank and books differ.
    """
    gone = (ImportState.UNDONE, ImportState.DROPPED)
    since = (
        sa.select(StatementLine.payout_id, sa.func.min(StatementLine.event_at).label("came_at"))
        .join(StatementImport, StatementImport.id == StatementLine.import_id)
        .where(StatementLine.payout_id.is_not(None), StatementImport.state.not_in(gone))
        .group_by(StatementLine.payout_id)
        .subquery()
    )
    return oldest(
        Payout.id,
        Payout.code,
        Payout.amount_vnd,
        since.c.came_at,
        where=sa.select(Payout).join(since, since.c.payout_id == Payout.id).where(Payout.status != State.RETURNED),
        limit=limit,
    )


def standing_still(before: datetime, *, limit: int) -> Queue:
    """Imports at work that have not moved since, oldest first."""
    return oldest(
        StatementImport.id,
        StatementImport.file_name,
        sa.null(),
        StatementImport.moved_at,
        where=sa.select(StatementImport).where(StatementImport.state.in_(AT_WORK), StatementImport.moved_at < before),
        limit=limit,
    )
