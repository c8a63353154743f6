"""What payouts may ask of the rooms above for batches that are not about sold goods.

Such a batch goes the same way, past the same two people and the same bank; only its money comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from app.core.clock import Clock
from app.payments.payouts.models import Payout
from app.payments.payouts.queries import Standing


class Purpose(Protocol):
    """A room's side; each call runs inside the transaction that holds the batch and its payouts."""

    def standing(self, payouts: Sequence[Payout], *, clock: Clock) -> dict[UUID, Standing]:
        """By payout, before its money is reserved: whether it is still wanted, and out of which account it goes."""
        ...

    def sources(self, payouts: Sequence[Payout], *, clock: Clock) -> dict[UUID, UUID]:
        """By payee: the account in the ledger the money comes from, and goes back to."""
        ...

    def heard(self, payouts: Sequence[Payout], *, clock: Clock) -> None:
        """These were answered for, put right or cancelled; their rows say how they stand now."""
        ...


_PURPOSES: dict[str, Purpose] = {}


def register(name: str, purpose: Purpose) -> None:
    """Name who answers for batches of this purpose."""
    _PURPOSES[name] = purpose


def of(name: str) -> Purpose | None:
    """Who answers for them; nobody for what was sold, which payouts know themselves."""
    return _PURPOSES.get(name)
