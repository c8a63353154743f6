"""Reads of the ledger."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.payments.ledger.models import Account, AccountKind, Entry


def find_account(kind: AccountKind, owner_id: str) -> Account | None:
    """The account of this kind and owner, if money ever touched it."""
    return db.session.scalar(sa.select(Account).where(Account.kind == kind, Account.owner_id == owner_id))


def balance_vnd(account_id: UUID) -> int:
    """The account's balance in đồng: the running one, or the sum of its entries."""
    account = db.session.get_one(Account, account_id, populate_existing=True)
    if account.balance_vnd is not None:
        return account.balance_vnd
    total = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Entry.amount_vnd), 0)).where(Entry.account_id == account_id)
    )
    return int(total or 0)


def entries(account_id: UUID, *, after_id: int = 0, limit: int = 100) -> list[Entry]:
    """The account's entries in the order they were posted."""
    return list(
        db.session.scalars(
            sa.select(Entry).where(Entry.account_id == account_id, Entry.id > after_id).order_by(Entry.id).limit(limit)
        )
    )
