"""What a set of linked transfers does to accounts: plain computing on rows already locked, no database here.

Sets are taken in order; one that is refused leaves no trace on those after it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.payments.ledger.errors import (
    AccountClosed,
    DifferentContent,
    InvalidTransfer,
    LedgerError,
    NotPending,
    Overdraft,
)
from app.payments.ledger.models import MOVES_MONEY, RESOLUTIONS, AccountKind, TransferKind

DAY_MS = 86_400_000


@dataclass(frozen=True)
class NewTransfer:
    """A transfer to post.

    Attributes:
        id: made by the caller (UUIDv7, it names the month's partition); the idempotency key.
        amount_vnd: positive đồng. For `post_pending` at most the pending amount (the rest is released); 0 for
            `void_pending` and `expire_pending`.
        pending_id: the pending transfer a resolution resolves.
        reverses_id: the transfer this one takes back.
        purpose: (kind, id) of what it is for; opaque here.
        event_at: when it happened in the world.
        expires_at: for `pending`: when it may be expired, and can be posted no more.
        balancing: move what is available, up to `amount_vnd` (even nothing): no more than the account it leaves has
            free, nor than a debt it repays. For `posted` and `pending`.
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
    balancing: bool = False

    @property
    def plain(self) -> bool:
        """Whether it just moves its amount: no reservation, resolution or reversal, and no less than asked."""
        return self.kind is TransferKind.POSTED and self.reverses_id is None and not self.balancing


@dataclass(frozen=True)
class Posted:
    """The answer for one transfer.

    Attributes:
        created: false when the very same transfer had landed before.
        amount_vnd: what was moved or reserved; of a balancing transfer maybe less than asked.
    """

    id: UUID
    created: bool
    amount_vnd: int


@dataclass(slots=True)
class Standing:
    """An account as it stands under our lock. `balance_vnd` is None where no running balance is kept."""

    id: UUID
    kind: str
    may_go_negative: bool
    balance_vnd: int | None
    pending_in_vnd: int
    pending_out_vnd: int
    closed_at: datetime | None

    @property
    def barred(self) -> bool:
        """Whether it may give no more than it has free."""
        return not self.may_go_negative and self.balance_vnd is not None

    @property
    def free_vnd(self) -> int:
        """What it has and has not promised."""
        return (self.balance_vnd or 0) - self.pending_out_vnd


@dataclass(frozen=True, slots=True)
class Landed:
    """A transfer that landed, as asked for, with what it moved or reserved."""

    asked: NewTransfer
    amount_vnd: int


@dataclass(frozen=True, slots=True)
class Addition(Landed):
    """A transfer to be written, with what its accounts held before; None where no running balance is kept."""

    source_before_vnd: int | None
    target_before_vnd: int | None


@dataclass
class Draft:
    """The accounts of some sets, what landed before of all they name, and what the sets add."""

    accounts: dict[UUID, Standing]
    landed: dict[UUID, Landed]
    closed: set[UUID]
    now: datetime
    rows: list[Addition] = field(default_factory=list)
    touched: dict[UUID, Standing] = field(default_factory=dict)

    def post_set(self, transfers: Sequence[NewTransfer]) -> list[Posted] | LedgerError:
        """Apply one linked set, or nothing of it."""
        try:
            check_shapes(transfers)
            sides = {side for one in transfers for side in (one.from_account_id, one.to_account_id)}
            self._demand_known(transfers)
            before = {side: replace(self.accounts[side]) for side in sides}
        except LedgerError as refusal:
            return refusal
        mark = len(self.rows)
        try:
            return self._apply_all(transfers)
        except LedgerError as refusal:
            self._forget(mark, before)
            return refusal

    def _forget(self, mark: int, before: dict[UUID, Standing]) -> None:
        for row in self.rows[mark:]:
            del self.landed[row.asked.id]
            self.closed.discard(_closes(row.asked) or row.asked.id)
        del self.rows[mark:]
        self.accounts |= before
        self.touched |= {side: standing for side, standing in before.items() if side in self.touched}

    def _demand_known(self, transfers: Iterable[NewTransfer]) -> None:
        for transfer in transfers:
            if transfer.from_account_id not in self.accounts or transfer.to_account_id not in self.accounts:
                raise InvalidTransfer(transfer.id, "unknown account")

    def _apply_all(self, transfers: Sequence[NewTransfer]) -> list[Posted]:
        fresh = [transfer for transfer in transfers if transfer.id not in self.landed]
        self._demand_open_ends(fresh)
        for transfer in transfers:
            known = self.landed.get(transfer.id)
            if known is not None and known.asked != transfer:
                raise DifferentContent(transfer.id, "the id landed before with other content")
        new = {transfer.id for transfer in fresh}
        for transfer in fresh:
            self._apply(transfer)
        return [Posted(one.id, one.id in new, self.landed[one.id].amount_vnd) for one in transfers]

    def _demand_open_ends(self, fresh: Iterable[NewTransfer]) -> None:
        seen: set[UUID] = set()
        for transfer in fresh:
            ended = _closes(transfer)
            if ended is not None and (ended in self.closed or ended in seen):
                raise NotPending(transfer.id, "resolved or reversed before")
            if ended is not None:
                seen.add(ended)

    def _apply(self, transfer: NewTransfer) -> None:
        source, target = self.accounts[transfer.from_account_id], self.accounts[transfer.to_account_id]
        amount_vnd = transfer.amount_vnd
        if transfer.kind in RESOLUTIONS:
            held = self._held_by(transfer)
            self._reserve(source, target, -held.amount_vnd)
        elif source.closed_at or target.closed_at:
            raise AccountClosed(transfer.id, "an account is closed")
        if transfer.reverses_id:
            self._demand_whole_reversal(transfer)
        if transfer.balancing:
            amount_vnd = _available(transfer, source, target)
        if transfer.kind in MOVES_MONEY or transfer.kind is TransferKind.PENDING:
            _demand_cover(transfer, amount_vnd, source, target)
        row = Addition(transfer, amount_vnd, source.balance_vnd, target.balance_vnd)
        if transfer.kind is TransferKind.PENDING:
            self._reserve(source, target, amount_vnd)
        elif transfer.kind in MOVES_MONEY and amount_vnd:
            self._move(source, -amount_vnd)
            self._move(target, amount_vnd)
        self.rows.append(row)
        self.landed[transfer.id] = row
        ended = _closes(transfer)
        if ended is not None:
            self.closed.add(ended)

    def _held_by(self, transfer: NewTransfer) -> Landed:
        held = self.landed.get(transfer.pending_id) if transfer.pending_id else None
        if held is None or held.asked.kind is not TransferKind.PENDING:
            raise NotPending(transfer.id, "it names no pending transfer")
        asked = held.asked
        if (asked.from_account_id, asked.to_account_id) != (transfer.from_account_id, transfer.to_account_id):
            raise NotPending(transfer.id, "the pending transfer is between other accounts")
        if transfer.amount_vnd > held.amount_vnd:
            raise NotPending(transfer.id, f"{transfer.amount_vnd} is more than the pending {held.amount_vnd}")
        if transfer.kind is TransferKind.POST_PENDING and asked.expires_at and asked.expires_at <= self.now:
            raise NotPending(transfer.id, "its time has passed")
        return held

    def _demand_whole_reversal(self, transfer: NewTransfer) -> None:
        """A reversal takes back exactly one transfer that moved money, whole, and is never reversed itself."""
        original = self.landed.get(transfer.reverses_id) if transfer.reverses_id else None
        if original is None:
            raise NotPending(transfer.id, "it names no posted transfer")
        asked = original.asked
        mirrored = (asked.to_account_id, asked.from_account_id, original.amount_vnd)
        if mirrored != (transfer.from_account_id, transfer.to_account_id, transfer.amount_vnd):
            raise InvalidTransfer(transfer.id, f"does not take back {asked.id} whole")
        if asked.kind not in MOVES_MONEY or asked.reverses_id is not None:
            raise InvalidTransfer(transfer.id, f"{asked.id} moved nothing or is a reversal itself")

    def _reserve(self, source: Standing, target: Standing, amount_vnd: int) -> None:
        """Hold, or with a negative amount release."""
        if source.balance_vnd is not None:
            source.pending_out_vnd += amount_vnd
            self.touched[source.id] = source
        if target.balance_vnd is not None:
            target.pending_in_vnd += amount_vnd
            self.touched[target.id] = target

    def _move(self, account: Standing, amount_vnd: int) -> None:
        if account.balance_vnd is not None:
            account.balance_vnd += amount_vnd
            self.touched[account.id] = account


def _closes(transfer: NewTransfer) -> UUID | None:
    """The transfer this one is the end of."""
    return transfer.pending_id or transfer.reverses_id


def _available(transfer: NewTransfer, source: Standing, target: Standing) -> int:
    """What a balancing transfer can move, in đồng."""
    amount_vnd = transfer.amount_vnd
    if source.barred:
        amount_vnd = min(amount_vnd, source.free_vnd)
    if target.kind == AccountKind.SELLER_DEBT:
        amount_vnd = min(amount_vnd, _owed_vnd(target))
    return max(amount_vnd, 0)


def _owed_vnd(debt: Standing) -> int:
    return -(debt.balance_vnd or 0) - debt.pending_in_vnd


def _demand_cover(transfer: NewTransfer, amount_vnd: int, source: Standing, target: Standing) -> None:
    if source.barred and source.free_vnd < amount_vnd:
        raise Overdraft(transfer.id, f"account {source.id} has less than {amount_vnd} free")
    if target.kind == AccountKind.SELLER_DEBT and _owed_vnd(target) < amount_vnd:
        raise InvalidTransfer(transfer.id, f"account {target.id} owes less than {amount_vnd}")


def check_shapes(transfers: Sequence[NewTransfer]) -> None:
    """Refuse what makes no sense whatever the accounts hold.

    Raises:
        InvalidTransfer: an amount that does not fit the kind, one account twice, a field of another kind, an id twice
            or from more than a day ahead.
    """
    ahead_ms = time.time() * 1000 + DAY_MS
    for transfer in transfers:
        releases = transfer.kind in RESOLUTIONS and transfer.kind not in MOVES_MONEY
        if (transfer.amount_vnd != 0) if releases else (transfer.amount_vnd <= 0):
            raise InvalidTransfer(transfer.id, f"amount {transfer.amount_vnd} does not fit {transfer.kind}")
        if transfer.from_account_id == transfer.to_account_id:
            raise InvalidTransfer(transfer.id, "from and to are the same account")
        if (transfer.pending_id is not None) != (transfer.kind in RESOLUTIONS):
            raise InvalidTransfer(transfer.id, "a resolution, and only a resolution, names its pending transfer")
        if transfer.reverses_id is not None and transfer.kind is not TransferKind.POSTED:
            raise InvalidTransfer(transfer.id, "a reversal is posted at once")
        if transfer.expires_at is not None and transfer.kind is not TransferKind.PENDING:
            raise InvalidTransfer(transfer.id, "only a pending transfer expires")
        if transfer.balancing and (transfer.kind in RESOLUTIONS or transfer.reverses_id):
            raise InvalidTransfer(transfer.id, "a resolution or a reversal moves what it says")
        if transfer.id.version == 7 and transfer.id.int >> 80 > ahead_ms:
            raise InvalidTransfer(transfer.id, "its id is from the future")
    if len({transfer.id for transfer in transfers}) != len(transfers):
        raise InvalidTransfer(transfers[0].id, "ids repeat")
