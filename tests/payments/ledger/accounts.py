"""Accounts and transfers for the ledger's tests, committed for real."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from app.core.clock import Clock
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.payments.ledger import operations
from app.payments.ledger.models import Account, AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer, Posted


def make_account(kind: AccountKind, *, clock: Clock, owner: str | None = None) -> Account:
    """A fresh account; of an owner nobody else has when none is named."""
    with transaction():
        account = operations.open_account(kind, owner or str(uuid4()), clock=clock)
    return reread(account.id)


def filled_account(amount_vnd: int, *, clock: Clock) -> Account:
    """An account of received money that holds the amount."""
    world = make_account(AccountKind.OUTSIDE_BANK, clock=clock)
    account = make_account(AccountKind.RECEIVED, clock=clock)
    if amount_vnd:
        post(move(world, account, amount_vnd, at=clock.now()), clock=clock)
    return reread(account.id)


def move(source: Account, target: Account, amount_vnd: int, *, at: datetime, id: UUID | None = None) -> NewTransfer:
    """A plain transfer."""
    return NewTransfer(
        id=id or uuid7(), from_account_id=source.id, to_account_id=target.id, amount_vnd=amount_vnd, event_at=at
    )


def hold(
    source: Account, target: Account, amount_vnd: int, *, at: datetime, expires_at: datetime | None = None
) -> NewTransfer:
    """A pending transfer."""
    return NewTransfer(
        id=uuid7(),
        from_account_id=source.id,
        to_account_id=target.id,
        amount_vnd=amount_vnd,
        event_at=at,
        kind=TransferKind.PENDING,
        expires_at=expires_at,
    )


def resolve(held: NewTransfer, kind: TransferKind, amount_vnd: int, *, at: datetime) -> NewTransfer:
    """One end of a pending transfer."""
    return NewTransfer(
        id=uuid7(),
        from_account_id=held.from_account_id,
        to_account_id=held.to_account_id,
        amount_vnd=amount_vnd,
        event_at=at,
        kind=kind,
        pending_id=held.id,
    )


def post(*transfers: NewTransfer, clock: Clock) -> list[Posted]:
    """Post linked transfers in a transaction of their own."""
    with transaction():
        return operations.post(transfers, clock=clock)


def reread(account_id: UUID) -> Account:
    """The account as it is committed now, detached, so that any thread may read it."""
    db.session.rollback()
    account = db.session.get_one(Account, account_id, populate_existing=True)
    db.session.expunge(account)
    return account
