"""Posting. Every function needs an open transaction and takes its locks in sorted order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.ledger.errors import DifferentContent, InvalidTransfer, NotPending, Overdraft
from app.payments.ledger.models import (
    MAY_GO_NEGATIVE,
    MOVES_MONEY,
    RESOLUTIONS,
    WITHOUT_BALANCE,
    Account,
    AccountKind,
    Entry,
    Transfer,
    TransferKind,
)

MAX_BATCH = 8_000


@dataclass(frozen=True)
class NewTransfer:
    """A transfer to post.

    Attributes:
        id: made by the caller; the idempotency key.
        amount_vnd: positive đồng. For `post_pending` at most the pending amount (the rest is released); 0 for
            `void_pending` and `expire_pending`.
        pending_id: the pending transfer a resolution resolves.
        reverses_id: the transfer this one takes back.
        purpose: (kind, id) of what it is for; opaque here.
        event_at: when it happened in the world.
        expires_at: for `pending`: when it may be expired.
    """

    id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount_vnd: int
    event_at: datetime
    kind: TransferKind = TransferKind.POSTED
    pending_id: UUID | None = None
    reverses_id: UUID | None = None
    purpose: tuple[str, UUID] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Posted:
    """The answer for one transfer: `created` is false when the very same transfer had landed before."""

    id: UUID
    created: bool


def open_account(kind: AccountKind, owner_id: str, *, clock: Clock) -> Account:
    """The account of this kind and owner, made when new. Safe in parallel."""
    session = require_transaction()
    found = sa.select(Account).where(Account.kind == kind, Account.owner_id == owner_id)
    account = session.scalar(found)
    if account is None:
        session.execute(
            insert(Account)
            .values(
                id=uuid7(),
                kind=kind,
                owner_id=owner_id,
                may_go_negative=kind in MAY_GO_NEGATIVE,
                balance_vnd=None if kind in WITHOUT_BALANCE else 0,
                pending_in_vnd=0,
                pending_out_vnd=0,
                created_at=clock.now(),
            )
            .on_conflict_do_nothing()
        )
        account = session.scalars(found).one()
    return account


def post(transfers: Sequence[NewTransfer], *, clock: Clock) -> list[Posted]:
    """Post linked transfers: all of them land, or none.

    Raises:
        DifferentContent: an id landed before with other content.
        Overdraft: an account that may not go below zero would.
        NotPending: a resolution does not fit its pending transfer, or that is resolved already.
        InvalidTransfer: zero or negative amount, one account twice, unknown account, too many at once.
    """
    session = require_transaction()
    if not transfers:
        return []
    for transfer in transfers:
        _check_shape(transfer)
    if len({transfer.id for transfer in transfers}) != len(transfers) or len(transfers) > MAX_BATCH:
        raise InvalidTransfer(transfers[0].id, f"ids repeat, or more than {MAX_BATCH} at once")
    session.flush()
    accounts = _lock_accounts(session, transfers)
    created = _insert_transfers(session, transfers, clock)
    _demand_same_content(session, [transfer for transfer in transfers if transfer.id not in created])
    fresh = [transfer for transfer in transfers if transfer.id in created]
    pending = _pending_of(session, fresh)
    _demand_whole_reversals(session, fresh)
    entries = [entry for transfer in fresh for entry in _apply(transfer, accounts, pending, clock)]
    if entries:
        session.execute(sa.insert(Entry), entries)
    session.flush()
    return [Posted(transfer.id, transfer.id in created) for transfer in transfers]


def reverse(transfer_id: UUID, *, new_id: UUID, event_at: datetime, clock: Clock) -> Posted:
    """Take a posted transfer back with a new one; a second reversal of the same transfer is refused by the database."""
    original = require_transaction().get_one(Transfer, transfer_id)
    if original.kind not in MOVES_MONEY:
        raise InvalidTransfer(new_id, f"{transfer_id} moved nothing")
    purpose = (original.purpose_kind, original.purpose_id)
    back = NewTransfer(
        id=new_id,
        from_account_id=original.to_account_id,
        to_account_id=original.from_account_id,
        amount_vnd=original.amount_vnd,
        reverses_id=original.id,
        purpose=(purpose[0], purpose[1]) if purpose[0] and purpose[1] else None,
        event_at=event_at,
    )
    return post([back], clock=clock)[0]


def expire_due(*, clock: Clock, limit: int = 500) -> int:
    """Release pending transfers whose time has passed; the number released.

    Transfers are append-only, so their rows can't be locked: the accounts are, and what somebody resolved meanwhile
    is left out.
    """
    session = require_transaction()
    resolution = aliased(Transfer)
    due = (
        sa.select(Transfer)
        .where(
            Transfer.kind == TransferKind.PENDING,
            Transfer.expires_at <= clock.now(),
            ~sa.exists().where(resolution.pending_id == Transfer.id),
        )
        .order_by(Transfer.expires_at)
        .limit(limit)
    )
    found = session.scalars(due).all()
    if not found:
        return 0
    _lock_accounts(session, [_expiry_of(held, clock) for held in found])
    still = session.scalars(due.where(Transfer.id.in_([held.id for held in found]))).all()
    post([_expiry_of(held, clock) for held in still], clock=clock)
    return len(still)


def _expiry_of(held: Transfer, clock: Clock) -> NewTransfer:
    return NewTransfer(
        id=uuid7(),
        kind=TransferKind.EXPIRE_PENDING,
        from_account_id=held.from_account_id,
        to_account_id=held.to_account_id,
        amount_vnd=0,
        pending_id=held.id,
        event_at=clock.now(),
    )


def _check_shape(transfer: NewTransfer) -> None:
    releases = transfer.kind in RESOLUTIONS - MOVES_MONEY
    if (transfer.amount_vnd != 0) if releases else (transfer.amount_vnd <= 0):
        raise InvalidTransfer(transfer.id, f"amount {transfer.amount_vnd} does not fit {transfer.kind}")
    if transfer.from_account_id == transfer.to_account_id:
        raise InvalidTransfer(transfer.id, "from and to are the same account")
    if (transfer.pending_id is not None) != (transfer.kind in RESOLUTIONS):
        raise InvalidTransfer(transfer.id, "a resolution, and only a resolution, names its pending transfer")
    if transfer.expires_at is not None and transfer.kind is not TransferKind.PENDING:
        raise InvalidTransfer(transfer.id, "only a pending transfer expires")


def _lock_accounts(session: Session, transfers: Sequence[NewTransfer]) -> dict[UUID, Account]:
    """Load all accounts; lock those with a running balance, in id order."""
    ids = {side for transfer in transfers for side in (transfer.from_account_id, transfer.to_account_id)}
    fresh = {"populate_existing": True}
    locked = session.scalars(
        sa.select(Account)
        .where(Account.id.in_(ids), Account.balance_vnd.is_not(None))
        .order_by(Account.id)
        .with_for_update(key_share=True),
        execution_options=fresh,
    ).all()
    accounts = {account.id: account for account in locked}
    rest = ids - accounts.keys()
    if rest:
        accounts |= {account.id: account for account in session.scalars(sa.select(Account).where(Account.id.in_(rest)))}
    for transfer in transfers:
        if transfer.from_account_id not in accounts or transfer.to_account_id not in accounts:
            raise InvalidTransfer(transfer.id, "unknown account")
    return accounts


def _row(transfer: NewTransfer, now: datetime) -> dict[str, object]:
    purpose_kind, purpose_id = transfer.purpose or (None, None)
    return {
        "id": transfer.id,
        "kind": transfer.kind,
        "from_account_id": transfer.from_account_id,
        "to_account_id": transfer.to_account_id,
        "amount_vnd": transfer.amount_vnd,
        "pending_id": transfer.pending_id,
        "reverses_id": transfer.reverses_id,
        "purpose_kind": purpose_kind,
        "purpose_id": purpose_id,
        "event_at": transfer.event_at,
        "expires_at": transfer.expires_at,
        "created_at": now,
    }


def _insert_transfers(session: Session, transfers: Sequence[NewTransfer], clock: Clock) -> set[UUID]:
    """Insert the rows that are new, sorted by id; the ids inserted."""
    rows = [_row(transfer, clock.now()) for transfer in sorted(transfers, key=lambda transfer: transfer.id)]
    statement = insert(Transfer).on_conflict_do_nothing(index_elements=["id"]).returning(Transfer.id)
    try:
        return set(session.scalars(statement, rows).all())
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if constraint in ("uq_ledger_transfer_pending_id", "uq_ledger_transfer_reverses_id"):
            raise NotPending(transfers[0].id, "resolved or reversed before") from error
        if constraint in ("fk_ledger_transfer_pending_id", "fk_ledger_transfer_reverses_id"):
            raise NotPending(transfers[0].id, "it names no pending or posted transfer") from error
        raise


def _demand_same_content(session: Session, repeated: Sequence[NewTransfer]) -> None:
    if not repeated:
        return
    wanted = {transfer.id: transfer for transfer in repeated}
    for stored in session.scalars(sa.select(Transfer).where(Transfer.id.in_(wanted))):
        mine = _row(wanted[stored.id], stored.created_at)
        if any(getattr(stored, name) != value for name, value in mine.items()):
            raise DifferentContent(stored.id, "the id landed before with other content")


def _pending_of(session: Session, transfers: Sequence[NewTransfer]) -> dict[UUID, Transfer]:
    ids = {transfer.pending_id for transfer in transfers if transfer.pending_id}
    if not ids:
        return {}
    return {held.id: held for held in session.scalars(sa.select(Transfer).where(Transfer.id.in_(ids)))}


def _demand_whole_reversals(session: Session, transfers: Sequence[NewTransfer]) -> None:
    """A reversal takes back exactly one transfer that moved money, whole, and is never reversed itself."""
    ids = {transfer.reverses_id for transfer in transfers if transfer.reverses_id}
    if not ids:
        return
    originals = {original.id: original for original in session.scalars(sa.select(Transfer).where(Transfer.id.in_(ids)))}
    for transfer in transfers:
        original = originals.get(transfer.reverses_id) if transfer.reverses_id else None
        if original is None:
            continue
        mirrored = (original.to_account_id, original.from_account_id, original.amount_vnd)
        if mirrored != (transfer.from_account_id, transfer.to_account_id, transfer.amount_vnd):
            raise InvalidTransfer(transfer.id, f"does not take back {original.id} whole")
        if original.kind not in MOVES_MONEY or original.reverses_id is not None:
            raise InvalidTransfer(transfer.id, f"{original.id} moved nothing or is a reversal itself")


def _apply(
    transfer: NewTransfer, accounts: dict[UUID, Account], pending: dict[UUID, Transfer], clock: Clock
) -> list[dict[str, object]]:
    """Move balances and reservations in memory (the rows are locked); the entries to insert."""
    source, target = accounts[transfer.from_account_id], accounts[transfer.to_account_id]
    if transfer.kind is TransferKind.PENDING:
        _demand_cover(transfer, source)
        _reserve(source, target, transfer.amount_vnd)
        return []
    if transfer.kind in RESOLUTIONS:
        held = pending.get(transfer.pending_id) if transfer.pending_id else None
        _demand_fit(transfer, held)
        assert held is not None
        _reserve(source, target, -held.amount_vnd)
    if transfer.kind not in MOVES_MONEY:
        return []
    _demand_cover(transfer, source)
    return [
        _entry(transfer, source, -transfer.amount_vnd, clock.now()),
        _entry(transfer, target, transfer.amount_vnd, clock.now()),
    ]


def _demand_fit(transfer: NewTransfer, held: Transfer | None) -> None:
    if held is None or held.kind != TransferKind.PENDING:
        raise NotPending(transfer.id, "it names no pending transfer")
    if (held.from_account_id, held.to_account_id) != (transfer.from_account_id, transfer.to_account_id):
        raise NotPending(transfer.id, "the pending transfer is between other accounts")
    if transfer.amount_vnd > held.amount_vnd:
        raise NotPending(transfer.id, f"{transfer.amount_vnd} is more than the pending {held.amount_vnd}")


def _demand_cover(transfer: NewTransfer, source: Account) -> None:
    if source.may_go_negative or source.balance_vnd is None:
        return
    if source.balance_vnd - source.pending_out_vnd < transfer.amount_vnd:
        raise Overdraft(transfer.id, f"account {source.id} has less than {transfer.amount_vnd} free")


def _reserve(source: Account, target: Account, amount_vnd: int) -> None:
    """Hold (or with a negative amount release) on accounts whose rows we locked."""
    if source.balance_vnd is not None:
        source.pending_out_vnd += amount_vnd
    if target.balance_vnd is not None:
        target.pending_in_vnd += amount_vnd


def _entry(transfer: NewTransfer, account: Account, amount_vnd: int, now: datetime) -> dict[str, object]:
    before = account.balance_vnd
    after = None if before is None else before + amount_vnd
    account.balance_vnd = after
    return {
        "transfer_id": transfer.id,
        "account_id": account.id,
        "amount_vnd": amount_vnd,
        "balance_before_vnd": before,
        "balance_after_vnd": after,
        "created_at": now,
    }
