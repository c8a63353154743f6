"""Reads of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import aliased

from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_cursor, decode_uuid_cursor, encode_cursor
from app.payments.ledger.models import Account, AccountKind, Entry, Transfer


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


def balance_at(account_id: UUID, at: datetime) -> int:
    """The account's balance in đồng as it was booked at that moment (entries of the moment itself not yet counted)."""
    account = db.session.get_one(Account, account_id)
    before = sa.and_(Entry.account_id == account_id, Entry.created_at < at)
    if account.balance_vnd is None:
        return int(db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(Entry.amount_vnd), 0)).where(before)) or 0)
    last = sa.select(Entry.balance_after_vnd).where(before).order_by(Entry.created_at.desc(), Entry.id.desc()).limit(1)
    return int(db.session.scalar(last) or 0)


@dataclass(frozen=True)
class Movement:
    """One line of a statement. `balance_vnd` is the balance after it; None where no running balance is kept."""

    id: int
    booked_at: datetime
    event_at: datetime
    amount_vnd: int
    balance_vnd: int | None
    transfer_id: UUID
    purpose_kind: str | None
    purpose_id: UUID | None
    other_kind: str
    other_owner_id: str


@dataclass(frozen=True)
class Statement:
    """An account from one moment to another: what it held, what came and went, what it held then; all in đồng."""

    account: Account
    since: datetime
    until: datetime
    opening_vnd: int
    came_vnd: int
    went_vnd: int
    closing_vnd: int


def owed(owner_ids: Collection[str]) -> tuple[int, int, bool]:
    """(what we owe these owners, what they owe us, whether a payout is on its way), in đồng."""
    rows = db.session.execute(
        sa.select(Account.kind, Account.balance_vnd, Account.pending_in_vnd + Account.pending_out_vnd).where(
            Account.kind.in_((AccountKind.PAYABLE, AccountKind.SELLER_DEBT)), Account.owner_id.in_(list(owner_ids))
        )
    ).all()
    sums = {kind: sum(balance or 0 for one, balance, _moving in rows if one == kind) for kind, *_more in rows}
    moving = any(pending for _kind, _balance, pending in rows)
    return sums.get(AccountKind.PAYABLE, 0), -sums.get(AccountKind.SELLER_DEBT, 0), moving


def get_account(account_id: UUID) -> Account | None:
    """The account by id, as it is now."""
    return db.session.get(Account, account_id, populate_existing=True)


def list_accounts(*, kind: str | None, owner_id: str | None, cursor: str | None, limit: int) -> Page[Account]:
    """Accounts, newest first; of one kind or owner when named."""
    statement = sa.select(Account).order_by(Account.id.desc()).limit(limit + 1)
    if kind:
        statement = statement.where(Account.kind == kind)
    if owner_id:
        statement = statement.where(Account.owner_id == owner_id)
    if cursor:
        statement = statement.where(Account.id < decode_uuid_cursor(cursor))
    found = list(db.session.scalars(statement))
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def statement(account: Account, *, since: datetime, until: datetime) -> Statement:
    """The account's statement for [since, until), by the time of booking."""
    within = (Entry.account_id == account.id, Entry.created_at >= since, Entry.created_at < until)
    came = sa.func.coalesce(sa.func.sum(Entry.amount_vnd).filter(Entry.amount_vnd > 0), 0)
    went = sa.func.coalesce(sa.func.sum(-Entry.amount_vnd).filter(Entry.amount_vnd < 0), 0)
    came_vnd, went_vnd = map(int, db.session.execute(sa.select(came, went).where(*within)).one())
    opening_vnd = balance_at(account.id, since)
    closing_vnd = opening_vnd + came_vnd - went_vnd
    return Statement(account, since, until, opening_vnd, came_vnd, went_vnd, closing_vnd)


def movements(
    account: Account, *, since: datetime, until: datetime, cursor: str | None = None, limit: int = 50
) -> Page[Movement]:
    """The statement's lines in the order they were booked."""
    other = aliased(Account)
    rows = (
        sa.select(Entry, Transfer, other.kind, other.owner_id)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .join(
            other,
            other.id
            == sa.case(
                (Transfer.from_account_id == account.id, Transfer.to_account_id), else_=Transfer.from_account_id
            ),
        )
        .where(Entry.account_id == account.id, Entry.created_at >= since, Entry.created_at < until)
        .order_by(Entry.created_at, Entry.id)
        .limit(limit + 1)
    )
    if cursor:
        moment, number = decode_cursor(cursor, str, int)
        rows = rows.where(sa.tuple_(Entry.created_at, Entry.id) > sa.tuple_(_moment(moment), number))
    found = [
        Movement(
            id=entry.id,
            booked_at=entry.created_at,
            event_at=transfer.event_at,
            amount_vnd=entry.amount_vnd,
            balance_vnd=entry.balance_after_vnd,
            transfer_id=transfer.id,
            purpose_kind=transfer.purpose_kind,
            purpose_id=transfer.purpose_id,
            other_kind=kind,
            other_owner_id=owner_id,
        )
        for entry, transfer, kind, owner_id in db.session.execute(rows)
    ]
    page = found[:limit]
    more = len(found) > limit
    return Page(page, encode_cursor(page[-1].booked_at.isoformat(), page[-1].id) if more else None)


def all_movements(account: Account, *, since: datetime, until: datetime) -> Iterator[Movement]:
    """Every line of the statement, read in pieces; for files."""
    cursor: str | None = None
    while True:
        page = movements(account, since=since, until=until, cursor=cursor, limit=1000)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(_("Dấu trang không đúng; hãy mở lại danh sách từ đầu.")) from None
