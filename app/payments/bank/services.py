"""Take a notice in, then handle it: two transactions, so that a fault in the second loses nothing."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from app.core.actor import SYSTEM, Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import seal_record
from app.core.database import Model, again_after_deadlock, db, transaction
from app.core.ids import uuid7
from app.core.sweeps import in_batches
from app.payments.bank import matching, queries, twins
from app.payments.bank.models import ACCOUNT_FIELD, MEMO_FIELD, RAW_FIELD, BankNotice, NoticeOutcome, Wire
from app.payments.bank.wires import Notice
from app.payments.payees.operations import number_index

BATCH = 100
_INBOX = Model.metadata.tables["bank_notice"]
_TAKE_IN = insert(_INBOX).on_conflict_do_nothing().returning(_INBOX.c.id)
log = structlog.get_logger()


def take_in(wire: Wire, raw: bytes, notice: Notice, *, clock: Clock) -> UUID:
    """Store a verified notice once and commit; its id, also when it came before."""
    indexes = [number_index(number) for number in notice.accounts]
    values = {
        "id": uuid7(),
        "wire": wire,
        "external_id": notice.external_id,
        "direction": notice.direction,
        "amount_vnd": notice.amount_vnd,
        "account_indexes": indexes,
        "reference": notice.reference,
        "raw_enc": seal_record(RAW_FIELD, raw.decode(errors="replace")),
        "memo_enc": seal_record(MEMO_FIELD, notice.memo),
        "account_enc": seal_record(ACCOUNT_FIELD, notice.accounts[0] if notice.accounts else ""),
        "event_at": notice.event_at,
        "received_at": clock.now(),
        "attempts": 0,
    }
    with transaction(actor=SYSTEM) as session:
        inserted = session.scalar(_TAKE_IN, values)
        if inserted is not None:
            return UUID(str(inserted))
        known = session.scalars(
            sa.select(BankNotice).where(BankNotice.wire == wire, BankNotice.external_id == notice.external_id)
        ).one()
        if (known.amount_vnd, set(known.account_indexes)) != (notice.amount_vnd, set(indexes)):
            log.error("bank_notice_id_reused_for_other_money", wire=wire, notice_id=str(known.id))
        return known.id


@again_after_deadlock
def handle(notice_id: UUID, *, clock: Clock) -> NoticeOutcome:
    """Match the notice and move the books, once; a repeat answers what was done."""
    with transaction(actor=SYSTEM):
        notice = queries.get_notice(notice_id, for_update=True)
        if notice.outcome is not None:
            return NoticeOutcome(notice.outcome)
        outcome = twins.outcome_of_known(notice)
        if outcome is None and twins.may_be_known(notice):
            outcome = matching.leave_to_people(notice, clock=clock)
        outcome = outcome or matching.match(notice, clock=clock)
        notice.outcome = outcome
        notice.handled_at = clock.now()
        notice.attempts += 1
        if outcome is NoticeOutcome.KNOWN:
            matching.name_request_of_twin(notice)
    log.info("bank_notice_handled", notice_id=str(notice_id), outcome=outcome)
    return outcome


def try_to_handle(notice_id: UUID, *, clock: Clock) -> NoticeOutcome | None:
    """As `handle`, but a fault is counted and leaves the notice in the inbox for the pump; None then."""
    try:
        return handle(notice_id, clock=clock)
    except Exception as error:
        log.error("bank_notice_left_for_the_pump", notice_id=str(notice_id), exc_info=error)
        _count_attempt(notice_id)
        return None


def try_again(notice_id: UUID, *, actor: Actor, clock: Clock) -> NoticeOutcome | None:
    """As `try_to_handle`, because a person asked for it now; that they did is written down.

    Raises:
        NoticeNotFound: there is no such notice.
    """
    with transaction():
        queries.demand(notice_id)
        record("bank.notice_tried", actor=actor, subject_kind="bank_notice", subject_id=notice_id, clock=clock)
    return try_to_handle(notice_id, clock=clock)


def pump(*, clock: Clock) -> int:
    """Handle what is still in the inbox, oldest first; the number handled. One that fails does not hold up the rest."""
    waiting = in_batches(lambda after: queries.waiting_ids(after=after, limit=BATCH))
    return sum(try_to_handle(notice_id, clock=clock) is not None for notice_id in waiting)


def _count_attempt(notice_id: UUID) -> None:
    """Count an attempt in vain; when even that fails (the database is away), the notice waits as it was stored."""
    try:
        db.session.rollback()
        with transaction(actor=SYSTEM):
            notice = queries.claim(notice_id)
            if notice is not None and notice.outcome is None:
                notice.attempts += 1
    except Exception as second:
        log.error("bank_notice_fault_not_noted", notice_id=str(notice_id), exc_info=second)
        db.session.rollback()
