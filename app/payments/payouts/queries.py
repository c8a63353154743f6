"""Reads of payouts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.ledger.models import Account, AccountKind
from app.payments.payees.models import BankAccount, Payee
from app.payments.payouts.errors import BatchNotFound, PayoutNotFound, ResultNotFound
from app.payments.payouts.limits import HOLD
from app.payments.payouts.models import SALES, HeldPayee, Payout, PayoutBatch, PayoutResult
from app.payments.payouts.states import RESERVED, BatchState, State

FREE = sa.func.coalesce(Account.balance_vnd, 0) - Account.pending_out_vnd


@dataclass(frozen=True)
class Due:
    """A payee with money due. `held_until` is set while a changed account waits; no account is None."""

    payee_id: UUID
    payee_kind: str
    free_vnd: int
    bank_account_id: UUID | None
    held_until: datetime | None


@dataclass(frozen=True)
class Standing:
    """How a drafted payout stands under our locks."""

    payable_id: UUID
    free_vnd: int
    account_fits: bool


@dataclass(frozen=True)
class Totals:
    """Number and sum in đồng by the payouts' state."""

    count: dict[str, int]
    sum_vnd: dict[str, int]

    @property
    def payouts(self) -> int:
        """How many are or were to be paid: all but the cancelled, unless all are."""
        return sum(self.count[state] for state in self._counted)

    @property
    def amount_vnd(self) -> int:
        """Their sum."""
        return sum(self.sum_vnd[state] for state in self._counted)

    @property
    def _counted(self) -> list[str]:
        live = [state for state in self.count if state != State.CANCELLED]
        return live or list(self.count)


NO_TOTALS = Totals({}, {})


@dataclass(frozen=True)
class BatchItem:
    """A batch with its totals."""

    batch: PayoutBatch
    totals: Totals


def due(*, purpose: str, period: date, minimum_vnd: int, now: datetime) -> list[Due]:
    """Every payee with at least so much free money who stands in no draft and was not paid for this period.

    Locks their payable accounts, in the ledger's order.
    """
    other = aliased(Payout)
    drafted = sa.exists().where(other.payee_id == Payee.id, other.status == State.DRAFT)
    paid = sa.exists().where(
        other.payee_id == Payee.id,
        other.purpose == purpose,
        other.period == period,
        other.status != State.CANCELLED,
    )
    changed_at = sa.case((_changed(), BankAccount.created_at))
    statement = (
        sa.select(Payee.id, Payee.kind, FREE, BankAccount.id, changed_at)
        .select_from(Account)
        .join(Payee, sa.cast(Payee.id, sa.Text) == Account.owner_id)
        .outerjoin(BankAccount, sa.and_(BankAccount.payee_id == Payee.id, BankAccount.active))
        .where(
            Account.kind == AccountKind.PAYABLE,
            Account.closed_at.is_(None),
            minimum_vnd <= FREE,
            ~drafted,
            ~paid,
        )
        .order_by(Account.id)
        .with_for_update(key_share=True, of=Account)
    )
    return [
        Due(payee_id, kind, free_vnd, account_id, _until(changed, now))
        for payee_id, kind, free_vnd, account_id, changed in db.session.execute(statement)
    ]


def standing(batch_id: UUID, *, now: datetime) -> dict[UUID, Standing]:
    """By payout: whether its money and its account are still as drafted. Locks the payable accounts."""
    settled = ~sa.and_(_changed(), BankAccount.created_at > now - HOLD)
    statement = (
        sa.select(Payout.id, Account.id, FREE, sa.and_(BankAccount.active, settled))
        .join(BankAccount, BankAccount.id == Payout.bank_account_id)
        .join(
            Account,
            sa.and_(Account.kind == AccountKind.PAYABLE, Account.owner_id == sa.cast(Payout.payee_id, sa.Text)),
        )
        .where(Payout.batch_id == batch_id)
        .order_by(Account.id)
        .with_for_update(key_share=True, of=Account)
    )
    return {row[0]: Standing(row[1], row[2], bool(row[3])) for row in db.session.execute(statement)}


def payable_accounts(payee_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The payees' accounts in the ledger."""
    owners = [str(payee_id) for payee_id in payee_ids]
    statement = sa.select(Account.owner_id, Account.id).where(
        Account.kind == AccountKind.PAYABLE, Account.owner_id.in_(owners)
    )
    return {UUID(owner): account_id for owner, account_id in db.session.execute(statement)}


def get_batch(batch_id: UUID, *, for_update: bool = False) -> PayoutBatch:
    """The batch.

    Raises:
        BatchNotFound.
    """
    found = db.session.get(
        PayoutBatch, batch_id, with_for_update={"key_share": True} if for_update else None, populate_existing=True
    )
    if found is None:
        raise BatchNotFound()
    return found


def sent_codes(codes: Collection[str]) -> dict[str, UUID]:
    """Those of these codes that name payouts whose file went to the bank, each with its payout."""
    at_bank = (State.SENT, State.CONFIRMED, State.RETURNED)
    if not codes:
        return {}
    found = sa.select(Payout.code, Payout.id).where(Payout.code.in_(codes), Payout.status.in_(at_bank))
    return dict(db.session.execute(found).all())


def batch_by_key(idempotency_key: str) -> PayoutBatch | None:
    """The batch this key made."""
    return db.session.scalar(sa.select(PayoutBatch).where(PayoutBatch.idempotency_key == idempotency_key))


def batches(*, cursor: str | None, limit: int, purpose: str | None = None) -> Page[BatchItem]:
    """All batches, or those of one purpose, newest first."""
    statement = sa.select(PayoutBatch).order_by(PayoutBatch.id.desc()).limit(limit + 1)
    if purpose:
        statement = statement.where(PayoutBatch.purpose == purpose)
    if cursor:
        statement = statement.where(PayoutBatch.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(statement).all()
    shown = found[:limit]
    sums = totals([batch.id for batch in shown])
    items = [BatchItem(batch, sums.get(batch.id, NO_TOTALS)) for batch in shown]
    return Page(items, encode_cursor(str(shown[-1].id)) if len(found) > limit else None)


def totals(batch_ids: Sequence[UUID]) -> dict[UUID, Totals]:
    """Number and sum of each batch's payouts by state."""
    statement = (
        sa.select(Payout.batch_id, Payout.status, sa.func.count(), sa.func.sum(Payout.amount_vnd))
        .where(Payout.batch_id.in_(batch_ids))
        .group_by(Payout.batch_id, Payout.status)
    )
    found: dict[UUID, Totals] = {}
    for batch_id, status, count, sum_vnd in db.session.execute(statement):
        of = found.setdefault(batch_id, Totals({}, {}))
        of.count[status], of.sum_vnd[status] = count, int(sum_vnd)
    return found


def batch_item(batch_id: UUID) -> BatchItem:
    """One batch with its totals.

    Raises:
        BatchNotFound.
    """
    return BatchItem(get_batch(batch_id), totals([batch_id]).get(batch_id, NO_TOTALS))


def get_payout(payout_id: UUID) -> Payout:
    """The payout.

    Raises:
        PayoutNotFound.
    """
    found = db.session.get(Payout, payout_id, populate_existing=True)
    if found is None:
        raise PayoutNotFound()
    return found


def payouts_of(batch_id: UUID, *, for_update: bool = False) -> list[Payout]:
    """All payouts of a batch, in the order of their making."""
    statement = sa.select(Payout).where(Payout.batch_id == batch_id).order_by(Payout.id)
    if for_update:
        statement = statement.with_for_update(key_share=True)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def payouts_to_pay(batch_id: UUID) -> list[tuple[Payout, BankAccount]]:
    """A batch's payouts that go to the bank, each with the account it goes to."""
    statement = (
        sa.select(Payout, BankAccount)
        .join(BankAccount, BankAccount.id == Payout.bank_account_id)
        .where(Payout.batch_id == batch_id, Payout.status != State.CANCELLED)
        .order_by(Payout.id)
    )
    return [(payout, account) for payout, account in db.session.execute(statement)]


def payouts_page(batch_id: UUID, *, cursor: str | None, limit: int) -> Page[Payout]:
    """A batch's payouts, a page at a time."""
    statement = sa.select(Payout).where(Payout.batch_id == batch_id).order_by(Payout.id).limit(limit + 1)
    if cursor:
        statement = statement.where(Payout.id > decode_uuid_cursor(cursor))
    found = db.session.scalars(statement).all()
    shown = found[:limit]
    return Page(shown, encode_cursor(str(shown[-1].id)) if len(found) > limit else None)


def said_returned(batch_id: UUID, user_id: UUID, *, since: datetime) -> bool:
    """Whether the batch pays anybody of whom this person said since then that a payout came back."""
    earlier = aliased(Payout)
    found = (
        sa.select(sa.literal(1))
        .select_from(Payout)
        .join(earlier, earlier.payee_id == Payout.payee_id)
        .where(
            Payout.batch_id == batch_id,
            Payout.status != State.CANCELLED,
            earlier.purpose == Payout.purpose,
            earlier.status == State.RETURNED,
            earlier.answered_by == user_id,
            earlier.updated_at > since,
        )
        .limit(1)
    )
    return db.session.scalar(found) is not None


def batch_holding(payee_id: UUID) -> PayoutBatch | None:
    """The batch for which the payee's money is reserved, or at the bank; the last of several."""
    return db.session.scalar(
        sa.select(PayoutBatch)
        .join(Payout, Payout.batch_id == PayoutBatch.id)
        .where(Payout.payee_id == payee_id, Payout.purpose == SALES, Payout.status.in_(RESERVED))
        .order_by(Payout.id.desc())
        .limit(1)
    )


def held(batch_id: UUID, *, limit: int = 200) -> list[HeldPayee]:
    """Who was left out of a batch, the largest first."""
    statement = (
        sa.select(HeldPayee)
        .where(HeldPayee.batch_id == batch_id)
        .order_by(HeldPayee.amount_vnd.desc(), HeldPayee.payee_id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


def get_result(result_id: UUID, *, for_update: bool = False) -> PayoutResult:
    """A result file as it was read.

    Raises:
        ResultNotFound.
    """
    found = db.session.get(
        PayoutResult, result_id, with_for_update={"key_share": True} if for_update else None, populate_existing=True
    )
    if found is None:
        raise ResultNotFound()
    return found


def result_by_hash(batch_id: UUID, file_hash: bytes) -> PayoutResult | None:
    """The result this very file made."""
    return db.session.scalar(
        sa.select(PayoutResult).where(PayoutResult.batch_id == batch_id, PayoutResult.file_hash == file_hash)
    )


def results_of(batch_id: UUID, *, limit: int = 20) -> list[PayoutResult]:
    """A batch's result files, newest first."""
    statement = (
        sa.select(PayoutResult).where(PayoutResult.batch_id == batch_id).order_by(PayoutResult.id.desc()).limit(limit)
    )
    return list(db.session.scalars(statement))


def of_payee(payee_id: UUID, *, cursor: str | None, limit: int) -> Page[Payout]:
    """A payee's own payouts, newest first; drafts and what never left are not theirs to see."""
    statement = (
        sa.select(Payout)
        .where(
            Payout.payee_id == payee_id,
            Payout.purpose == SALES,
            Payout.status.notin_([State.DRAFT, State.CANCELLED]),
        )
        .order_by(Payout.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        statement = statement.where(Payout.id < decode_uuid_cursor(cursor))
    found = db.session.scalars(statement).all()
    shown = found[:limit]
    return Page(shown, encode_cursor(str(shown[-1].id)) if len(found) > limit else None)


def _changed() -> sa.ColumnElement[bool]:
    """Whether the payee had another account before this one: the first one ever waits for nothing."""
    earlier = aliased(BankAccount)
    return sa.exists().where(
        earlier.payee_id == BankAccount.payee_id,
        earlier.id != BankAccount.id,
        earlier.created_at <= BankAccount.created_at,
    )


def _until(changed_at: datetime | None, now: datetime) -> datetime | None:
    return changed_at + HOLD if changed_at is not None and changed_at + HOLD > now else None


def unconfirmed(before: datetime, *, limit: int) -> Queue:
    """Batches approved or sent before then with payouts the bank has not answered for, oldest first.

    The amount is what is still unanswered, in đồng. An answered batch is settled, so few rows are looked at.
    """
    since = sa.func.coalesce(PayoutBatch.sent_at, PayoutBatch.approved_at)
    unanswered_vnd = (
        sa.select(sa.func.sum(Payout.amount_vnd))
        .where(Payout.batch_id == PayoutBatch.id, Payout.status.in_(RESERVED))
        .scalar_subquery()
    )
    under_way = (BatchState.APPROVED, BatchState.SENT)
    return oldest(
        PayoutBatch.id,
        PayoutBatch.code,
        unanswered_vnd,
        since,
        where=sa.select(PayoutBatch).where(PayoutBatch.status.in_(under_way), since < before),
        limit=limit,
    )
