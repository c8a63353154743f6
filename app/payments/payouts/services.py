"""Use cases of payouts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock, in_vietnam
from app.core.crypto import load_keys
from app.core.database import transaction
from app.core.ids import uuid7
from app.core.texts import tidy
from app.payments.payees import queries as payees
from app.payments.payouts import answer_files, answers, operations, queries, told
from app.payments.payouts.answers import Act, Planned
from app.payments.payouts.bank_files import File, Line, OwnAccount, to_xlsx, to_xml
from app.payments.payouts.errors import NothingToPay, UnreadableResult, WrongMoment
from app.payments.payouts.limits import LIMITS, Limits
from app.payments.payouts.models import SALES, Payout, PayoutBatch, PayoutResult
from app.payments.payouts.operations import Answer
from app.payments.payouts.states import BatchState, Event

EVENT_OF = {Act.CONFIRM: Event.CONFIRMED, Act.RETURN: Event.RETURNED, Act.TAKE_BACK: Event.RETURNED}
log = structlog.get_logger()


def build(
    *, idempotency_key: str, actor: Actor, clock: Clock, limits: Limits = LIMITS, period: date | None = None
) -> PayoutBatch:
    """Draft a batch of everybody who can be paid now; the same key gets the same batch.

    Args:
        period: the day it is for, in Vietnam; today when left out.

    Raises:
        NothingToPay: nobody is due, or all are held.
        KeyReused: the key made a batch of another day.
    """
    with transaction(actor=SYSTEM):
        built = operations.build(
            purpose=SALES,
            period=period or in_vietnam(clock.now()).date(),
            idempotency_key=idempotency_key,
            limits=limits,
            actor=actor,
            clock=clock,
        )
    if built.batch is None:
        raise NothingToPay(built.held)
    return built.batch


def build_daily(*, clock: Clock) -> PayoutBatch | None:
    """The day's batch as the clock drafts it; a second call of the day makes nothing new."""
    try:
        today = in_vietnam(clock.now()).date()
        return build(idempotency_key=f"daily|{today:%Y-%m-%d}", actor=SYSTEM, clock=clock, period=today)
    except NothingToPay as nothing:
        log.info("payouts_nothing_to_pay", **nothing.details)
        return None


def approve(batch_id: UUID, *, actor: Actor, clock: Clock) -> PayoutBatch:
    """As `operations.approve`."""
    with transaction(actor=SYSTEM):
        return operations.approve(batch_id, actor=actor, clock=clock)


def cancel(batch_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> PayoutBatch:
    """As `operations.cancel`."""
    with transaction(actor=SYSTEM):
        return operations.cancel(batch_id, reason=reason, actor=actor, clock=clock)


def xml_file(batch_id: UUID, *, own: OwnAccount, actor: Actor, clock: Clock) -> tuple[PayoutBatch, bytes]:
    """The batch for the bank as pain.001; from the first time on it counts as sent.

    Raises:
        BatchNotFound, WrongMoment, AlreadyAnswered.
    """
    with transaction(actor=SYSTEM):
        batch = operations.send(batch_id, form="xml", actor=actor, clock=clock)
        return batch, to_xml(_file(batch, own, clock))


def xlsx_file(
    batch_id: UUID, *, own: OwnAccount, columns: Sequence[tuple[str, str]], actor: Actor, clock: Clock
) -> tuple[PayoutBatch, bytes]:
    """The batch for the bank as a sheet; from the first time on it counts as sent.

    Raises:
        BatchNotFound, WrongMoment, AlreadyAnswered.
    """
    with transaction(actor=SYSTEM):
        batch = operations.send(batch_id, form="xlsx", actor=actor, clock=clock)
        return batch, to_xlsx(_file(batch, own, clock), columns)


def answer_by_hand(
    payout_id: UUID, event: Event, *, reason: str, bank_reference: str | None, actor: Actor, clock: Clock
) -> Payout:
    """As `operations.answer_by_hand`."""
    with transaction(actor=SYSTEM):
        return operations.answer_by_hand(
            payout_id, event, reason=reason, bank_reference=bank_reference, actor=actor, clock=clock
        )


def upload(batch_id: UUID, *, data: bytes, file_name: str, actor: Actor, clock: Clock) -> PayoutResult:
    """Read the bank's answers for a preview; the same file again is the same result.

    Raises:
        BatchNotFound.
        WrongMoment: the batch was not sent yet.
        UnreadableResult: the file is of no use as a whole; nothing was changed.
    """
    file_hash = hashlib.sha256(data).digest()
    with transaction(actor=SYSTEM):
        batch = queries.get_batch(batch_id)
        _demand_sent(batch)
        known = queries.result_by_hash(batch_id, file_hash)
        payouts = queries.payouts_of(batch_id)
    if known is not None:
        return known
    read = answers.checked(answer_files.read(data, batch_code=batch.code), payouts)
    if not read.rows and all(fault.problem == "unknown_code" for fault in read.faults):
        raise UnreadableResult("other_batch")
    made = PayoutResult(
        id=uuid7(),
        batch_id=batch_id,
        file_hash=file_hash,
        file_name=tidy("".join(mark for mark in file_name if mark.isprintable()))[:200] or "–",
        **told.kept(read.rows, read.faults),
        created_by=actor.user_id,
        created_at=clock.now(),
    )
    try:
        with transaction(actor=SYSTEM) as session:
            session.add(made)
            audit.record(
                "payout_result_uploaded", actor=actor, subject_kind=operations.SUBJECT_OF_BATCH, subject_id=batch_id,
                clock=clock, result_id=str(made.id),
            )  # fmt: skip
    except IntegrityError:
        with transaction(actor=SYSTEM):
            known = queries.result_by_hash(batch_id, file_hash)
        if known is None:
            raise
        return known
    return made


def preview(result_id: UUID) -> tuple[PayoutResult, list[Planned]]:
    """A result file, and what each of its rows would do as things stand.

    Raises:
        ResultNotFound.
    """
    result = queries.get_result(result_id)
    return result, _plan(result, queries.payouts_of(result.batch_id))


def apply(result_id: UUID, *, actor: Actor, clock: Clock) -> PayoutResult:
    """Do what a result file says; a repeat changes nothing, and rows that contradict a return are left for a person.

    Raises:
        ResultNotFound, WrongMoment.
        ReturnedByApprover: it says that something came back, and it is who approved the batch who applies it.
    """
    with transaction(actor=SYSTEM):
        batch = queries.get_batch(queries.get_result(result_id).batch_id, for_update=True)
        result = queries.get_result(result_id, for_update=True)
        if result.applied_at is not None:
            return result
        _demand_sent(batch)
        planned = _plan(result, queries.payouts_of(batch.id, for_update=True))
        words = [_answer(each) for each in planned if each.act in EVENT_OF]
        operations.answer(batch, words, actor=actor, clock=clock)
        result.applied_by, result.applied_at = actor.user_id, clock.now()
        audit.record(
            "payout_result_applied", actor=actor, subject_kind=operations.SUBJECT_OF_BATCH, subject_id=batch.id,
            clock=clock, result_id=str(result.id),
            **{act.value: sum(each.act is act for each in planned) for act in Act},
        )  # fmt: skip
        return result


def _answer(planned: Planned) -> Answer:
    row = planned.row
    return Answer(planned.payout, EVENT_OF[planned.act], row.reason_code, row.reason, row.bank_reference)


def _plan(result: PayoutResult, payouts: Sequence[Payout]) -> list[Planned]:
    return answers.plan(told.rows_of(result), {payout.code: payout for payout in payouts})


def _demand_sent(batch: PayoutBatch) -> None:
    if batch.status not in (BatchState.SENT, BatchState.SETTLED):
        raise WrongMoment(batch.status)


def _file(batch: PayoutBatch, own: OwnAccount, clock: Clock) -> File:
    to_pay = queries.payouts_to_pay(batch.id)
    load_keys({account.data_key_id for _payout, account in to_pay})
    lines = [
        Line(
            payout.code, account.bin, payees.account_number(account), payees.account_holder(account), payout.amount_vnd
        )
        for payout, account in to_pay
    ]
    return File(batch.code, batch.period, batch.sent_at or clock.now(), own, lines)
