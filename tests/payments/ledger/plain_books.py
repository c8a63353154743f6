"""The ledger once more in plain Python, written from its promises: what the real one must agree with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
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
from app.payments.ledger.models import MAY_GO_NEGATIVE, WITHOUT_BALANCE, AccountKind, TransferKind
from app.payments.ledger.operations import NewTransfer

Landing = tuple[bool, int]
Answer = list[Landing] | type[LedgerError]
MOVING = (TransferKind.POSTED, TransferKind.POST_PENDING)
ENDS = (TransferKind.POST_PENDING, TransferKind.VOID_PENDING, TransferKind.EXPIRE_PENDING)


@dataclass(slots=True)
class PlainAccount:
    """A balance and what is promised; `tracked` accounts keep both, the others only have a sum."""

    kind: AccountKind
    balance_vnd: int = 0
    incoming_vnd: int = 0
    outgoing_vnd: int = 0
    closed: bool = False

    @property
    def tracked(self) -> bool:
        return self.kind not in WITHOUT_BALANCE

    @property
    def barred(self) -> bool:
        return self.tracked and self.kind not in MAY_GO_NEGATIVE

    @property
    def free_vnd(self) -> int:
        return self.balance_vnd - self.outgoing_vnd

    @property
    def owed_vnd(self) -> int:
        """What may still be repaid of a debt."""
        return -self.balance_vnd - self.incoming_vnd


@dataclass
class PlainBooks:
    """All accounts and transfers. `post` answers which transfers were new and what they moved, or the refusal;
    refused changes nothing."""

    accounts: dict[UUID, PlainAccount] = field(default_factory=dict)
    landed: dict[UUID, NewTransfer] = field(default_factory=dict)
    moved_vnd: dict[UUID, int] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, NewTransfer] = field(default_factory=dict)

    def open(self, id: UUID, kind: AccountKind) -> None:
        self.accounts[id] = PlainAccount(kind)

    def close(self, id: UUID) -> bool:
        """Whether the account may be closed; then it is."""
        account = self.accounts[id]
        if account.balance_vnd or account.incoming_vnd or account.outgoing_vnd:
            return False
        account.closed = True
        return True

    def copied(self) -> PlainBooks:
        """These books as they are now; for what will be thrown away."""
        return PlainBooks(
            copy.deepcopy(self.accounts), {**self.landed}, {**self.moved_vnd}, {*self.ended}, {**self.waiting}
        )

    def post(self, batch: Sequence[NewTransfer], *, now: datetime) -> Answer:
        """What the ledger must answer to these linked transfers."""
        sides = {side for one in batch for side in (one.from_account_id, one.to_account_id)}
        before = {side: replace(self.accounts[side]) for side in sides if side in self.accounts}
        new = [transfer for transfer in batch if transfer.id not in self.landed]
        done: list[NewTransfer] = []
        try:
            self._demand_sense(batch, new)
            for transfer in new:
                self._apply(transfer, now)
                done.append(transfer)
        except LedgerError as refusal:
            self.accounts |= before
            for transfer in reversed(done):
                self._forget(transfer)
            return type(refusal)
        fresh = {one.id for one in new}
        return [(one.id in fresh, self.moved_vnd[one.id]) for one in batch]

    def expire(self, now: datetime) -> int:
        """Release what is past its time; the number released."""
        due = [held for held in self.waiting.values() if held.expires_at and held.expires_at <= now]
        for held in due:
            self._release(held, self.moved_vnd[held.id])
            self.ended.add(held.id)
            del self.waiting[held.id]
        return len(due)

    def _demand_sense(self, batch: Sequence[NewTransfer], new: Sequence[NewTransfer]) -> None:
        for transfer in batch:
            self._demand_shape(transfer)
        if len({transfer.id for transfer in batch}) < len(batch):
            raise InvalidTransfer(batch[0].id, "ids repeat")
        if not all(side in self.accounts for one in batch for side in (one.from_account_id, one.to_account_id)):
            raise InvalidTransfer(batch[0].id, "an account nobody knows")
        ends = [end for one in new if (end := one.pending_id or one.reverses_id)]
        if len(set(ends)) < len(ends) or not self.ended.isdisjoint(ends):
            raise NotPending(batch[0].id, "resolved or reversed before")
        for transfer in batch:
            if self.landed.get(transfer.id, transfer) != transfer:
                raise DifferentContent(transfer.id, "other content")

    def _demand_shape(self, transfer: NewTransfer) -> None:
        ends = transfer.kind in ENDS
        unpaid = transfer.kind in (TransferKind.VOID_PENDING, TransferKind.EXPIRE_PENDING)
        fits = [
            transfer.amount_vnd == 0 if unpaid else transfer.amount_vnd > 0,
            transfer.from_account_id != transfer.to_account_id,
            ends == (transfer.pending_id is not None),
            transfer.reverses_id is None or transfer.kind is TransferKind.POSTED,
            transfer.expires_at is None or transfer.kind is TransferKind.PENDING,
            not (transfer.balancing and (ends or transfer.reverses_id)),
        ]
        if not all(fits):
            raise InvalidTransfer(transfer.id, "makes no sense")

    def _apply(self, transfer: NewTransfer, now: datetime) -> None:
        source, target = self.accounts[transfer.from_account_id], self.accounts[transfer.to_account_id]
        if transfer.pending_id:
            self._end(transfer, now)
        elif source.closed or target.closed:
            raise AccountClosed(transfer.id, "closed")
        if transfer.reverses_id:
            self._demand_mirror(transfer)
        amount_vnd = transfer.amount_vnd
        limits = [source.free_vnd] if source.barred else []
        limits += [target.owed_vnd] if target.kind is AccountKind.SELLER_DEBT else []
        if transfer.balancing:
            amount_vnd = max(0, min([amount_vnd, *limits]))
        if transfer.kind in (TransferKind.PENDING, *MOVING):
            if source.barred and source.free_vnd < amount_vnd:
                raise Overdraft(transfer.id, "not covered")
            if target.kind is AccountKind.SELLER_DEBT and target.owed_vnd < amount_vnd:
                raise InvalidTransfer(transfer.id, "more than is owed")
        if transfer.kind is TransferKind.PENDING:
            self._release(transfer, -amount_vnd)
            self.waiting[transfer.id] = transfer
        if transfer.kind in MOVING:
            source.balance_vnd -= amount_vnd
            target.balance_vnd += amount_vnd
        self.landed[transfer.id] = transfer
        self.moved_vnd[transfer.id] = amount_vnd
        self.ended |= {end for end in (transfer.pending_id, transfer.reverses_id) if end}
        if transfer.pending_id:
            del self.waiting[transfer.pending_id]

    def _end(self, transfer: NewTransfer, now: datetime) -> None:
        assert transfer.pending_id
        held = self.landed.get(transfer.pending_id)
        if held is None or held.kind is not TransferKind.PENDING:
            raise NotPending(transfer.id, "not pending")
        sides = (held.from_account_id, held.to_account_id)
        held_vnd = self.moved_vnd[held.id]
        if sides != (transfer.from_account_id, transfer.to_account_id) or transfer.amount_vnd > held_vnd:
            raise NotPending(transfer.id, "does not fit")
        if transfer.kind is TransferKind.POST_PENDING and held.expires_at and held.expires_at <= now:
            raise NotPending(transfer.id, "past its time")
        self._release(held, held_vnd)

    def _demand_mirror(self, transfer: NewTransfer) -> None:
        assert transfer.reverses_id
        original = self.landed.get(transfer.reverses_id)
        if original is None:
            raise NotPending(transfer.id, "reverses nothing")
        back = (original.to_account_id, original.from_account_id, self.moved_vnd[original.id])
        if back != (transfer.from_account_id, transfer.to_account_id, transfer.amount_vnd):
            raise InvalidTransfer(transfer.id, "not the same back")
        if original.kind not in MOVING or original.reverses_id:
            raise InvalidTransfer(transfer.id, "moved nothing, or is a reversal")

    def _release(self, held: NewTransfer, amount_vnd: int) -> None:
        source, target = self.accounts[held.from_account_id], self.accounts[held.to_account_id]
        if source.tracked:
            source.outgoing_vnd -= amount_vnd
        if target.tracked:
            target.incoming_vnd -= amount_vnd

    def _forget(self, transfer: NewTransfer) -> None:
        del self.landed[transfer.id], self.moved_vnd[transfer.id]
        self.waiting.pop(transfer.id, None)
        if transfer.reverses_id:
            self.ended.discard(transfer.reverses_id)
        if transfer.pending_id:
            self.ended.discard(transfer.pending_id)
            self.waiting[transfer.pending_id] = self.landed[transfer.pending_id]
