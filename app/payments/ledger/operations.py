"""Posting. Every function needs an open transaction and takes its locks in sorted order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.ledger import store
from app.payments.ledger.errors import AccountInUse, ConcurrentRepeat, InvalidTransfer, LedgerError
from app.payments.ledger.models import (
    MAY_GO_NEGATIVE,
    MOVES_MONEY,
    WITHOUT_BALANCE,
    Account,
    AccountKind,
    Transfer,
    TransferKind,
)
from app.payments.ledger.posting import NewTransfer, Posted, check_shapes

__all__ = [
    "NewTransfer",
    "Posted",
    "account_id",
    "close_account",
    "expire_due",
    "open_account",
    "post",
    "post_each",
    "reverse",
]

MAX_BATCH = 8_000


def open_account(kind: AccountKind, owner_id: str, *, clock: Clock) -> Account:
    """The account of this kind and owner, made when new. Safe in parallel."""
    session = require_transaction()
    found = sa.select(Account).where(Account.kind == kind, Account.owner_id == owner_id)
    with session.no_autoflush:
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


def account_id(kind: AccountKind, owner_id: str, *, clock: Clock) -> UUID:
    """The id of the account that `open_account` gives: for whoever only moves its money."""
    return store.find_id(require_transaction(), kind, owner_id) or open_account(kind, owner_id, clock=clock).id


def close_account(account_id: UUID, *, clock: Clock) -> None:
    """Let the account take part in nothing new; what is reserved on it can't be, so it must be empty.

    Raises:
        AccountInUse: it holds money, or has promised or expects some.
    """
    session = require_transaction()
    account = session.get_one(Account, account_id, with_for_update=True, populate_existing=True)
    if account.balance_vnd or account.pending_in_vnd or account.pending_out_vnd:
        raise AccountInUse(account_id)
    account.closed_at = account.closed_at or clock.now()
    session.flush()


def post(transfers: Sequence[NewTransfer], *, clock: Clock) -> list[Posted]:
    """Post linked transfers: all of them land, or none.

    Raises:
        DifferentContent: an id landed before with other content.
        Overdraft: an account that may not go below zero would.
        NotPending: a resolution does not fit its pending transfer, or that is resolved already or past its time.
        AccountClosed: an account takes part in nothing new.
        InvalidTransfer: zero or negative amount, one account twice, unknown account, too many at once.
    """
    if not transfers:
        return []
    (answer,) = post_each([transfers], clock=clock)
    if isinstance(answer, LedgerError):
        raise answer
    return answer


def post_each(sets: Sequence[Sequence[NewTransfer]], *, clock: Clock) -> list[list[Posted] | LedgerError]:
    """Post many sets of linked transfers under one lock and with one write; each lands or is refused by itself.

    As if `post` were called for one after the other, at a fraction of the cost: this is how an account on which many
    wait is served.

    Returns:
        For each set what `post` would answer or raise.

    Raises:
        InvalidTransfer: too many at once.
        ConcurrentRepeat: somebody else posted one of them at this moment; the transaction is to be begun again.
    """
    session = require_transaction()
    transfers = [transfer for linked in sets for transfer in linked]
    if len(transfers) > MAX_BATCH:
        raise InvalidTransfer(transfers[0].id, f"more than {MAX_BATCH} at once")
    session.flush()
    plain = len(transfers) == 1 and transfers[0].plain
    if plain and (posted := _post_plain(transfers[0], clock=clock)):
        return [[posted]]
    # A single transfer is rarely a repeat: it is written without looking, and looked up when it was refused or did not
    # go in.
    looked_up = plain or len(transfers) > 1
    while True:
        draft = store.load(session, transfers, clock=clock, look_up=looked_up)
        answers = [draft.post_set(linked) for linked in sets]
        refused = any(isinstance(answer, LedgerError) for answer in answers)
        if (looked_up or not refused) and store.write(session, draft):
            return answers
        if looked_up:
            raise ConcurrentRepeat(transfers[0].id, "it landed at this very moment; ask again")
        looked_up = True


def _post_plain(transfer: NewTransfer, *, clock: Clock) -> Posted | None:
    """The short way of most transfers; None when the rules have to look."""
    try:
        check_shapes([transfer])
    except InvalidTransfer:
        return None
    if not store.post_plain(require_transaction(), transfer, clock=clock):
        return None
    return Posted(transfer.id, True, transfer.amount_vnd)


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

    Transfers are append-only, so their rows can't be locked: what somebody resolved meanwhile is refused, and left out.
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
    answers = post_each([[_expiry_of(held, clock)] for held in found], clock=clock)
    return sum(not isinstance(answer, LedgerError) for answer in answers)


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
