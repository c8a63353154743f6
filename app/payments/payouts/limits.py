"""How much may leave at once, and how long a new account waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HOLD = timedelta(hours=72)
"""After a payout account changed nothing goes to the new one for so long: time for the owner to object."""

OWN_RETURNS = timedelta(days=90)
"""Who said that a payee's payout came back lets no other payout to the same payee go for so long."""

MAX_PAYOUTS = 5_000
"""Payouts of one batch: they are reserved, and written into one file, at once."""


@dataclass(frozen=True)
class Limits:
    """In đồng. What lies above `max_payout_vnd` waits for the next period."""

    minimum_vnd: int = 10_000
    max_payout_vnd: int = 300_000_000
    max_batch_vnd: int = 5_000_000_000
    max_payouts: int = MAX_PAYOUTS


LIMITS = Limits()
