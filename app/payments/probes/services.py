"""What the finance office does; who wants an account tested asks through `operations`, in a transaction of its own."""

from __future__ import annotations

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock, in_vietnam
from app.core.database import transaction
from app.payments.payouts.models import PayoutBatch

from . import operations
from .errors import NothingToProbe


def build(*, idempotency_key: str, actor: Actor, clock: Clock) -> PayoutBatch:
    """Draft a batch of all test transfers that wait, at most 5,000; another person approves it, as every payout.

    Raises:
        NothingToProbe: none waits that can go today.
        KeyReused: the key made a batch of another purpose or day.
    """
    with transaction(actor=SYSTEM):
        batch = operations.build(
            period=in_vietnam(clock.now()).date(), idempotency_key=idempotency_key, actor=actor, clock=clock
        )
    if batch is None:
        raise NothingToProbe
    return batch
