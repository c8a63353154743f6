"""The ledger once more in plain Python, written from its promises: what the real one must agree with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.payments.ledger.errors import DifferentContent, InvalidTransfer, LedgerError, NotPending, Overdraft
from app.payments.ledger.models import TransferKind
from app.payments.ledger.operations import NewTransfer

Answer = list[bool] | type[LedgerError]
MOVING = (TransferKind.POSTED, TransferKind.POST_PENDING)


@dataclass
class PlainAccount:
    """A balance and what is promised; `tracked` accounts keep both, the others only have a sum."""

    barred: bool
    tracked: bool
    balance_vnd: int = 0
    incoming_vnd: int = 0
    outgoing_vnd: int = 0


@dataclass
class PlainBooks:
    """All accounts and transfers. `post` answers which transfers were new, or the refusal; refused changes nothing."""

    accounts: dict[UUID, PlainAccount] = field(default_factory=dict)
    landed: dict[UUID, NewTransfer] = field(default_factory=dict)

    def unresolved(self) -> dict[UUID, NewTransfer]:
        """Pending transfers that wait for their end."""
        ended = {transfer.pending_id for transfer in self.landed.values()}
        held = {id: one for id, one in self.landed.items() if one.kind is TransferKind.PENDING}
        return {id: one for id, one in held.items() if id not in ended}

    def post(self, batch: Sequence[NewTransfer]) -> Answer:
        """What the ledger must answer to these linked transfers."""
        draft = copy.deepcopy(self)
        try:
            answer = draft._post_all(batch)
        except LedgerError as refusal:
            return type(refusal)
        self.accounts, self.landed = draft.accounts, draft.landed
        return answer

    def expire(self, now: datetime) -> int:
        """Release what is past its time; the number released."""
        due = [held for held in self.unresolved().values() if held.expires_at and held.expires_at <= now]
        for number, held in enumerate(due):
            end = replace(held, id=UUID(int=len(self.landed) + number), kind=TransferKind.EXPIRE_PENDING, amount_vnd=0)
            self._apply(replace(end, pending_id=held.id, expires_at=None))
        return len(due)

    def _post_all(self, batch: Sequence[NewTransfer]) -> list[bool]:
        for transfer in batch:
            self._demand_sense(transfer)
        if len({transfer.id for transfer in batch}) < len(batch):
            raise InvalidTransfer(batch[0].id, "ids repeat")
        new = [transfer for transfer in batch if transfer.id not in self.landed]
        for field_name in ("pending_id", "reverses_id"):
            taken = [getattr(one, field_name) for one in [*self.landed.values(), *new] if getattr(one, field_name)]
            if any(taken.count(getattr(one, field_name)) > 1 for one in new):
                raise NotPending(batch[0].id, "resolved or reversed before")
        for transfer in batch:
            if transfer not in new and self.landed[transfer.id] != transfer:
                raise DifferentContent(transfer.id, "other content")
        for transfer in new:
            self._apply(transfer)
        return [transfer in new for transfer in batch]

    def _demand_sense(self, transfer: NewTransfer) -> None:
        ends_unpaid = transfer.kind in (TransferKind.VOID_PENDING, TransferKind.EXPIRE_PENDING)
        fits = transfer.amount_vnd == 0 if ends_unpaid else transfer.amount_vnd > 0
        if not fits or transfer.from_account_id == transfer.to_account_id:
            raise InvalidTransfer(transfer.id, "makes no sense")

    def _apply(self, transfer: NewTransfer) -> None:
        source, target = self.accounts[transfer.from_account_id], self.accounts[transfer.to_account_id]
        if transfer.pending_id:
            held = self.landed.get(transfer.pending_id)
            if held is None or held.kind is not TransferKind.PENDING:
                raise NotPending(transfer.id, "not pending")
            sides = (held.from_account_id, held.to_account_id)
            if sides != (transfer.from_account_id, transfer.to_account_id) or transfer.amount_vnd > held.amount_vnd:
                raise NotPending(transfer.id, "does not fit")
            source.outgoing_vnd -= held.amount_vnd
            target.incoming_vnd -= held.amount_vnd
        takes = transfer.kind in (TransferKind.PENDING, *MOVING)
        if takes and source.barred and source.balance_vnd - source.outgoing_vnd < transfer.amount_vnd:
            raise Overdraft(transfer.id, "not covered")
        if transfer.kind is TransferKind.PENDING:
            source.outgoing_vnd += transfer.amount_vnd
            target.incoming_vnd += transfer.amount_vnd
        if transfer.kind in MOVING:
            source.balance_vnd -= transfer.amount_vnd
            target.balance_vnd += transfer.amount_vnd
        self.landed[transfer.id] = transfer
