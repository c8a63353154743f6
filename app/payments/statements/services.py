"""Ask the feed; take a statement in, apply it, take it back. Long work goes in chunks that a job carries on."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from app.core import audit, jobs
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import unseal_record
from app.core.database import transaction
from app.core.ids import uuid7
from app.core.texts import tidy
from app.payments.bank import queries as notices
from app.payments.bank import services as bank
from app.payments.bank.models import NoticeOutcome, Wire
from app.payments.bank.wires import Notice
from app.payments.statements import operations, queries, readers
from app.payments.statements.errors import FeedUnavailable, NeedsAnother, WrongMoment
from app.payments.statements.feed import Feed, FeedPage
from app.payments.statements.models import (
    ACCOUNT_FIELD,
    MEMO_FIELD,
    ImportState,
    KeptBecause,
    LineState,
    StatementImport,
    StatementLine,
)

CHUNK = 100
OVERLAP = 100
MAX_PAGES = 100
STUCK_AFTER = timedelta(minutes=2)
SUBJECT = "statement_import"
log = structlog.get_logger()


def poll(feed: Feed, *, name: str, clock: Clock) -> int:
    """Take in every notice whose webhook never came; the number found.

    Asks from a little before the checkpoint, so that what became visible late is seen. The checkpoint moves only over
    what was taken in; items that could not be read are kept for people. A feed that is silent is asked next time.
    """
    found = 0
    with transaction(actor=SYSTEM):
        row = queries.checkpoint(name)
    reached = row.since if row else 0
    position = max(0, reached - OVERLAP)
    for _page in range(MAX_PAGES):
        try:
            page = feed.after(position)
        except FeedUnavailable as error:
            log.warning("bank_feed_unavailable", reason=error.details["reason"])
            return found
        if page.newest < reached:  # a feed that was begun anew numbers from one again
            log.error("bank_feed_begun_anew", newest=page.newest, reached=reached)
            position = reached = 0
            _reach(name, 0, clock)
            continue
        found += _take_in(page, clock)
        _keep_unread(name, page, clock)
        reached = _reach(name, max(reached, page.next_since), clock)
        position = page.next_since
        if not page.has_more:
            break
    return found


def _take_in(page: FeedPage, clock: Clock) -> int:
    with transaction(actor=SYSTEM):
        known = {
            (wire, number)
            for wire in {told.wire for told in page.told}
            for number in notices.known_external_ids(
                wire, [told.notice.external_id for told in page.told if told.wire is wire]
            )
        }
    fresh = [told for told in page.told if (told.wire, told.notice.external_id) not in known]
    for told in fresh:
        notice_id = bank.take_in(told.wire, told.raw, told.notice, clock=clock)
        bank.try_to_handle(notice_id, clock=clock)
    if fresh:
        log.info("bank_feed_found_lost_notices", count=len(fresh))
    return len(fresh)


def _keep_unread(name: str, page: FeedPage, clock: Clock) -> None:
    with transaction(actor=SYSTEM):
        fresh = operations.keep_unread(name, page.unread, clock.now()) if page.unread else []
    for seq in fresh:
        log.error("bank_feed_item_unreadable", seq=seq)


def see_fault(*, actor: Actor, fault_id: UUID, clock: Clock) -> None:
    """Note that somebody saw to an item of the feed that could not be read; a repeat changes nothing.

    Raises:
        FaultNotFound.
    """
    with transaction(actor=actor):
        fault = queries.fault(fault_id, for_update=True)
        if fault.seen_at is not None:
            return
        fault.seen_by, fault.seen_at = actor.user_id, clock.now()
        audit.record("feed_fault_seen", actor=actor, subject_kind="feed_fault", subject_id=fault_id, clock=clock)


def _reach(name: str, since: int, clock: Clock) -> int:
    with transaction(actor=SYSTEM):
        operations.save_checkpoint(name, since, clock.now())
    return since


def upload(*, actor: Actor, data: bytes, file_name: str, own_account: str = "", clock: Clock) -> StatementImport:
    """Read a statement for a preview; the same file again is the same import.

    Raises:
        UnreadableStatement: of no use as a whole.
    """
    file_hash = hashlib.sha256(own_account.strip().encode() + b"\n" + data).digest()
    with transaction(actor=actor):
        known = queries.by_hash(file_hash)
    if known is not None:
        return known
    statement = readers.read(data, own_account=own_account)
    try:
        with transaction(actor=actor) as session:
            made = StatementImport(
                id=uuid7(),
                file_hash=file_hash,
                file_name=tidy("".join(mark for mark in file_name if mark.isprintable()))[:200] or "–",
                format=statement.format,
                state=ImportState.READY,
                faults=[vars(fault) for fault in statement.faults],
                faults_total=statement.faults_total,
                steps_total=0,
                steps_done=0,
                created_by=actor.user_id,
                created_at=clock.now(),
                moved_at=clock.now(),
            )
            session.add(made)
            session.flush()
            operations.add_lines(made.id, statement.lines)
            audit.record("statement_uploaded", actor=actor, subject_kind=SUBJECT, subject_id=made.id, clock=clock)
    except IntegrityError:
        with transaction(actor=actor):
            known = queries.by_hash(file_hash)
        if known is None:
            raise
        return known
    return made


def drop(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Put a preview away; nothing was counted.

    Raises:
        ImportNotFound, WrongMoment.
    """
    with transaction(actor=actor):
        _locked(import_id, ImportState.READY).state = ImportState.DROPPED
        audit.record("statement_dropped", actor=actor, subject_kind=SUBJECT, subject_id=import_id, clock=clock)


def apply(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Begin to count the lines; a job goes on with it.

    Raises:
        ImportNotFound, WrongMoment; NeedsAnother: too much money for who uploaded it.
    """
    with transaction(actor=actor):
        found = _locked(import_id, ImportState.READY)
        operations.permit(found, by=actor.user_id, clock=clock)
        _begin(found, ImportState.APPLYING, LineState.NEW, actor=actor, clock=clock)


def why_not_apply(of: StatementImport, *, actor: Actor, clock: Clock) -> str:
    """Why this person can't have the import counted, in a sentence; nothing when they can."""
    too_much = operations.needs_another(of, operations.new_vnd(of.id), actor.user_id, clock=clock)
    return NeedsAnother().message if too_much else ""


def undo(*, actor: Actor, import_id: UUID, clock: Clock) -> None:
    """Begin to take the lines back; a job goes on with it. What paid something stays, and says why.

    Raises:
        ImportNotFound, WrongMoment.
    """
    with transaction(actor=actor):
        _begin(
            _locked(import_id, ImportState.APPLIED), ImportState.UNDOING, LineState.APPLIED, actor=actor, clock=clock
        )


def _begin(of: StatementImport, state: ImportState, todo: LineState, *, actor: Actor, clock: Clock) -> None:
    of.state, of.steps_done, of.moved_at = state, 0, clock.now()
    of.steps_total = queries.count_lines(of.id, (todo,))
    audit.record(
        f"statement_{state}",
        actor=actor,
        subject_kind=SUBJECT,
        subject_id=of.id,
        clock=clock,
        amount_vnd=of.new_vnd,
        uploaded_by=str(of.created_by),
    )
    _go_on(of.id)


def _locked(import_id: UUID, state: ImportState) -> StatementImport:
    found = queries.get(import_id, for_update=True)
    if found.state != state:
        raise WrongMoment(found.state)
    return found


def _go_on(import_id: UUID) -> None:
    from app.payments.statements import tasks

    jobs.enqueue(tasks.work, import_id=str(import_id))


def work(import_id: UUID, *, clock: Clock) -> bool:
    """Do one chunk of what the import is at, and ask for the next; whether there is one. A repeat repeats nothing."""
    with transaction(actor=SYSTEM):
        state = queries.get(import_id).state
    if state == ImportState.APPLYING:
        _apply_chunk(import_id, clock)
        return _chunk_done(
            import_id, ImportState.APPLYING, ImportState.APPLIED, (LineState.NEW, LineState.CLAIMED), clock
        )
    if state == ImportState.UNDOING:
        _undo_chunk(import_id, clock)
        return _chunk_done(import_id, ImportState.UNDOING, ImportState.UNDONE, (LineState.APPLIED,), clock)
    return False


def _apply_chunk(import_id: UUID, clock: Clock) -> None:
    with transaction(actor=SYSTEM):
        claimed = operations.claim(import_id, limit=CHUNK)
    settled = []
    for line in claimed:
        told = _told(line)
        notice_id = bank.take_in(Wire.STATEMENT, _raw(line, told), told, clock=clock)
        outcome = bank.try_to_handle(notice_id, clock=clock)
        settled.append((line.id, notice_id, outcome is NoticeOutcome.KNOWN))
    with transaction(actor=SYSTEM):
        operations.settle(settled)


def _told(line: StatementLine) -> Notice:
    return Notice(
        external_id=str(line.id),
        direction=line.direction,
        amount_vnd=line.amount_vnd,
        accounts=(unseal_record(ACCOUNT_FIELD, line.account_enc),),
        memo=unseal_record(MEMO_FIELD, line.memo_enc),
        reference=line.reference,
        event_at=line.event_at,
    )


def _raw(line: StatementLine, told: Notice) -> bytes:
    """What the statement said, as the record the law wants kept."""
    said = {"import": str(line.import_id), "place": line.place, **vars(told), "event_at": told.event_at.isoformat()}
    return json.dumps(said, ensure_ascii=False).encode()


def _undo_chunk(import_id: UUID, clock: Clock) -> None:
    with transaction(actor=SYSTEM):
        lines = queries.next_lines(import_id, (LineState.APPLIED,), limit=CHUNK, for_update=False)
    for line in lines:
        try:
            with transaction(actor=SYSTEM):
                operations.take_back(line.id, clock=clock)
        except IntegrityError:
            with transaction(actor=SYSTEM):
                operations.keep(line.id, KeptBecause.AT_DESK)


def _chunk_done(import_id: UUID, at: ImportState, then: ImportState, todo: tuple[LineState, ...], clock: Clock) -> bool:
    with transaction(actor=SYSTEM):
        found = queries.get(import_id, for_update=True)
        if found.state != at:
            return False
        left = queries.count_lines(import_id, todo)
        operations.advance(found, left, clock=clock)
        if left:
            _go_on(import_id)
        else:
            found.state = then
        return left > 0


def wake_stuck(*, clock: Clock) -> int:
    """Go on with imports whose job died; the number woken."""
    with transaction(actor=SYSTEM):
        stuck = queries.stuck(clock.now() - STUCK_AFTER)
        for import_id in stuck:
            _go_on(import_id)
    return len(stuck)
