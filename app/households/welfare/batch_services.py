"""Sheets of accounts: read for a preview, given, verified by a second officer, taken back. Long work goes in chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import audit, jobs
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import unseal_record
from app.core.database import require_transaction, transaction
from app.core.errors import AppError
from app.core.ids import uuid7
from app.core.texts import tidy
from app.households.registry import operations as registry
from app.households.registry import queries as households
from app.households.registry.errors import NotAnOfficer
from app.identity import queries as identity
from app.identity.roles import Role

from . import batch_queries, operations, reading_services, sheet
from .errors import NoOpenAccount, OwnIssue, WrongBatchMoment
from .models import TOLD_FIELD, AccountStatus, BatchState, RowState, WelfareBatch, WelfareBatchRow
from .queries import Typed
from .states import Event

CHUNK = 50
STUCK_AFTER = timedelta(minutes=2)
SUBJECT = "welfare_batch"
UNDO_REASON = "Hoàn tác cả bảng"
AFTER = {
    BatchState.APPLYING: BatchState.APPLIED,
    BatchState.VERIFYING: BatchState.APPLIED,
    BatchState.UNDOING: BatchState.UNDONE,
}
"""What work leads to when it is through."""


def upload(*, actor: Actor, data: bytes, file_name: str, clock: Clock) -> WelfareBatch:
    """Read a filled sheet for a preview; the same file again is the same sheet. Nothing is given yet.

    The rows of a long sheet are judged by a job: until then it is `reading`.

    Raises:
        NotAnOfficer.
        UnreadableSheet: of no use as a whole.
    """
    if not actor.has_role(Role.COMMUNE_OFFICER):
        raise NotAnOfficer
    file_hash = hashlib.sha256(data).digest()
    with transaction(actor=actor):
        known = batch_queries.by_hash(file_hash, actor)
    if known is not None:
        return known
    read = sheet.read(data)
    made = WelfareBatch(
        id=uuid7(),
        file_hash=file_hash,
        file_name=tidy("".join(mark for mark in file_name if mark.isprintable()))[:200] or "–",
        communes=sorted(actor.areas),
        state=BatchState.READING,
        faults=[],
        faults_total=0,
        steps_total=len(read.rows),
        steps_done=0,
        created_by=registry.who(actor),
        created_at=clock.now(),
        working_for=registry.who(actor),
        moved_at=clock.now(),
        read_enc=reading_services.sealed(read),
    )
    at_once = len(read.rows) <= reading_services.AT_ONCE
    try:
        with transaction(actor=actor) as session:
            session.add(made)
            session.flush()
            _note("uploaded", actor, made, clock, rows=len(read.rows))
            if not at_once:
                _go_on(made.id)
    except IntegrityError:
        with transaction(actor=actor):
            known = batch_queries.by_hash(file_hash, actor)
        if known is None:
            raise
        return known
    if at_once:
        reading_services.judge(made.id, actor=actor, clock=clock)
    with transaction(actor=actor):
        return batch_queries.get(made.id)


def drop(*, actor: Actor, batch_id: UUID, clock: Clock) -> None:
    """Put a preview away; nothing was given.

    Raises:
        NoSuchBatch, WrongBatchMoment, NotAnOfficer: somebody else uploaded it.
    """
    with transaction(actor=actor):
        batch = _locked(batch_id, BatchState.READY, BatchState.READING)
        _demand_own(actor, batch)
        batch.state, batch.read_enc = BatchState.DROPPED, None
        _note("dropped", actor, batch, clock)


def apply(*, actor: Actor, batch_id: UUID, clock: Clock) -> None:
    """Begin to give the accounts; a job goes on with it, for who uploaded the sheet.

    Raises:
        NoSuchBatch, WrongBatchMoment, NotAnOfficer: somebody else uploaded it.
    """
    with transaction(actor=actor):
        batch = _locked(batch_id, BatchState.READY)
        _demand_own(actor, batch)
        _begin(batch, BatchState.APPLYING, RowState.NEW, actor, clock)


def verify(*, actor: Actor, batch_id: UUID, clock: Clock) -> None:
    """Begin to confirm the accounts of a colleague's sheet; a job decides each again, for this officer.

    Raises:
        NoSuchBatch, WrongBatchMoment.
        OwnIssue: the actor's own sheet.
    """
    with transaction(actor=actor):
        batch = _locked(batch_id, BatchState.APPLIED)
        if not actor.has_role(Role.COMMUNE_OFFICER):
            raise NotAnOfficer
        if batch.created_by == actor.user_id:
            raise OwnIssue
        batch_queries.forget_problems(batch.id)
        _begin(batch, BatchState.VERIFYING, RowState.ISSUED, actor, clock)


def undo(*, actor: Actor, batch_id: UUID, clock: Clock) -> None:
    """Begin to close the accounts of a sheet that nobody verified yet; the others stay, and say so.

    Raises:
        NoSuchBatch, WrongBatchMoment, NotAnOfficer.
    """
    with transaction(actor=actor):
        batch = _locked(batch_id, BatchState.APPLIED)
        if not actor.has_role(Role.COMMUNE_OFFICER):
            raise NotAnOfficer
        batch_queries.forget_problems(batch.id)
        _begin(batch, BatchState.UNDOING, RowState.ISSUED, actor, clock)


def work(batch_id: UUID, *, clock: Clock) -> bool:
    """Do one chunk of what the sheet is at, and ask for the next; whether there is one. A repeat repeats nothing.

    Each row is decided with what the officer who asked for it may do now, not with what they might do then.
    """
    with transaction(actor=SYSTEM):
        found = batch_queries.get(batch_id)
        user = identity.get(found.working_for) if found.working_for else None
        actor = identity.actor_of(user, clock=clock) if user else Actor()
    if found.state == BatchState.READING:
        reading_services.judge(batch_id, actor=actor, clock=clock)
        return False
    act, todo = _ACTS.get(BatchState(found.state), (None, RowState.NEW))
    if act is None:
        return False
    with transaction(actor=SYSTEM):
        batch = batch_queries.get(batch_id, for_update=True)
        if batch.state != found.state:
            return False
        for row in batch_queries.next_rows(batch_id, todo, limit=CHUNK):
            _one(row, act, actor, clock)
        left = batch_queries.left(batch_id, todo)
        batch.steps_done, batch.moved_at = batch.steps_total - min(left, batch.steps_total), clock.now()
        if left:
            _go_on(batch_id)
        else:
            batch.state = AFTER[BatchState(batch.state)]
            _note(f"{batch.state}", actor, batch, clock)
        return left > 0


def wake_stuck(*, clock: Clock) -> int:
    """Go on with sheets whose job died; the number woken."""
    with transaction(actor=SYSTEM):
        stuck = batch_queries.stuck(clock.now() - STUCK_AFTER)
        for batch_id in stuck:
            _go_on(batch_id)
    return len(stuck)


def typed_of(row: WelfareBatchRow) -> Typed:
    """What was typed in a row."""
    return Typed(**json.loads(unseal_record(TOLD_FIELD, row.told_enc)))


def _one(row: WelfareBatchRow, act: Callable[..., None], actor: Actor, clock: Clock) -> None:
    """One row in a savepoint of its own: what is refused says why, and holds up no other."""
    try:
        with require_transaction().begin_nested():
            act(row, actor, clock)
    except AppError as error:
        _refuse(row, error.code)
    except IntegrityError as error:
        if "uq_welfare_account" not in str(error.orig):
            raise
        _refuse(row, "bank_account_taken" if "number" in str(error.orig) else "welfare_account_open")


def _refuse(row: WelfareBatchRow, problem: str) -> None:
    row.problem = problem
    if row.state == RowState.NEW:
        row.state = RowState.REFUSED
    require_transaction().flush()


def _issue(row: WelfareBatchRow, actor: Actor, clock: Clock) -> None:
    household = households.find(row.household_id, actor=actor, for_update=True)
    account = operations.issue(actor, household, typed_of(row), clock=clock, batch_id=row.batch_id)
    row.state, row.account_id = RowState.ISSUED, account.id


def _verify(row: WelfareBatchRow, actor: Actor, clock: Clock) -> None:
    household, account = operations.locked(actor, row.household_id)
    if account.id != row.account_id or account.status != AccountStatus.ISSUED:
        raise NoOpenAccount
    operations.verify(actor, household, account, clock=clock)
    row.state = RowState.VERIFIED


def _take_back(row: WelfareBatchRow, actor: Actor, clock: Clock) -> None:
    household, account = operations.locked(actor, row.household_id)
    if account.id != row.account_id or account.status != AccountStatus.ISSUED:
        row.state = RowState.KEPT
        return
    operations.end(actor, household, account, Event.CLOSED, reason=UNDO_REASON, clock=clock)
    row.state = RowState.UNDONE


_ACTS: dict[BatchState, tuple[Callable[..., None] | None, RowState]] = {
    BatchState.APPLYING: (_issue, RowState.NEW),
    BatchState.VERIFYING: (_verify, RowState.ISSUED),
    BatchState.UNDOING: (_take_back, RowState.ISSUED),
}


def _begin(batch: WelfareBatch, state: BatchState, todo: RowState, actor: Actor, clock: Clock) -> None:
    batch.state, batch.steps_done, batch.moved_at = state, 0, clock.now()
    batch.working_for = registry.who(actor)
    batch.steps_total = batch_queries.left(batch.id, todo)
    _note(f"{state}", actor, batch, clock, rows=batch.steps_total)
    _go_on(batch.id)


def _locked(batch_id: UUID, *states: BatchState) -> WelfareBatch:
    batch = batch_queries.get(batch_id, for_update=True)
    if batch.state not in states:
        raise WrongBatchMoment
    return batch


def _demand_own(actor: Actor, batch: WelfareBatch) -> None:
    if batch.created_by != actor.user_id or not actor.has_role(Role.COMMUNE_OFFICER):
        raise NotAnOfficer


def _go_on(batch_id: UUID) -> None:
    from . import tasks

    jobs.enqueue(tasks.work, batch_id=str(batch_id))


def _note(action: str, actor: Actor, batch: WelfareBatch, clock: Clock, **details: int) -> None:
    audit.record(
        f"welfare_batch_{action}", actor=actor, subject_kind=SUBJECT, subject_id=batch.id, clock=clock, **details
    )
