"""Telling an owner, at the contact we knew before, that their payout account changed and money waits.

Payments know payees, not people: the room that owns a kind of payee registers who tells them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from app.core.clock import Clock
from app.core.database import require_transaction
from app.payments.payouts.models import HoldTold


class Teller(Protocol):
    """A room's side. Runs inside the transaction that found the change, so it only writes down what to send."""

    def account_changed(self, payee_id: UUID, *, held_until: datetime, clock: Clock) -> None:
        """Nothing goes to the payee's new account before `held_until`."""
        ...


_TELLERS: dict[str, Teller] = {}


def register(payee_kind: str, teller: Teller) -> None:
    """Name who tells the owners of this kind of payee."""
    _TELLERS[payee_kind] = teller


def teller_of(payee_kind: str) -> Teller | None:
    """Who tells them, if any room does."""
    return _TELLERS.get(payee_kind)


def note_told(bank_account_id: UUID, *, clock: Clock) -> None:
    """The old contact was told of this new account already: building a batch tells them no second time."""
    told = insert(HoldTold).values(bank_account_id=bank_account_id, told_at=clock.now())
    require_transaction().execute(told.on_conflict_do_nothing())
