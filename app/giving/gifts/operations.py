"""Steps of a gift inside an open transaction.

Lock order: the payment request's row, then the gift's. Receipt numbers come from a sequence, so no gift waits for
another to get one.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import Clock, in_vietnam
from app.core.database import require_transaction
from app.giving.log.leaves import Kind
from app.giving.log.operations import append_leaf
from app.households.welfare import queries as welfare
from app.households.welfare.errors import NotListed
from app.payments.requests import operations as requests
from app.payments.requests.models import Method, PaymentRequest, Purpose

from .errors import NoDirectGift
from .models import Gift, ReceiptYear
from .states import Event, State, step

CODE_PREFIX = "UH"
PURPOSE_KIND = "gift"
PAY_WITHIN = timedelta(days=7)
LONGER = timedelta(days=3)
_NEXT_RECEIPT = sa.Sequence("gift_receipt_seq")


def lock_key(idempotency_key: str) -> None:
    """Let two gifts with one key wait for each other, before either holds any row."""
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(idempotency_key, 0)))
    )


def ask_for(gift: Gift, *, clock: Clock) -> PaymentRequest:
    """The one payment request of a gift.

    Raises:
        NoAccount: a transfer is asked for, and the household has no bank account.
    """
    return requests.ask(
        purpose=Purpose(PURPOSE_KIND, gift.id),
        payee_id=gift.payee_id,
        amount_vnd=gift.amount_vnd,
        method=Method(gift.method),
        label=f"Ủng hộ {gift.code}",
        expires_at=clock.now() + PAY_WITHIN,
        clock=clock,
    )


def receive(gift: Gift, *, clock: Clock) -> None:
    """The money of a locked gift is there: it gets its receipt number and its leaf in the public log.

    Raises:
        ImpossibleStep: it was received or expired before.
    """
    status, now = step(State(gift.status), Event.MONEY_COMPLETE), clock.now()
    number = _new_receipt_number(in_vietnam(now).year)
    leaf = append_leaf(
        kind=Kind.GIFT_RECEIVED,
        subject_id=gift.id,
        body={
            "code": number,
            "amount_vnd": gift.amount_vnd,
            "at": now,
            "household": gift.household_code,
            "rail": gift.method,
            "donor": gift.donor_commitment,
        },
    )
    gift.status, gift.received_at, gift.receipt_number, gift.leaf_id = status, now, number, leaf.id
    require_transaction().flush()


def expire(gift: Gift) -> None:
    """Nobody paid in time.

    Raises:
        ImpossibleStep: it was received or expired before.
    """
    gift.status = step(State(gift.status), Event.TIME_PASSED)
    require_transaction().flush()


def demand_welcome(gift: Gift, *, clock: Clock) -> None:
    """The household still takes gifts this way, at the same payee.

    Raises:
        NotListed: it takes none any more.
        NoDirectGift: it takes no transfer straight to its account any more.
    """
    household = welfare.public_by_code(gift.household_code, clock=clock)
    if gift.method == Method.VIETQR and not household.direct:
        raise NoDirectGift()
    if welfare.payee_for_gift(gift.household_code, clock=clock) != gift.payee_id:
        raise NotListed


def reopen(gift: Gift) -> None:
    """Let a locked gift that expired be completed.

    Raises:
        ImpossibleStep: it did not expire.
    """
    gift.status = step(State(gift.status), Event.REOPENED)
    require_transaction().flush()


def _new_receipt_number(year: int) -> str:
    """`BN2026000123`: counted anew each year, never given twice; a payment that falls through leaves a gap."""
    session = require_transaction()
    base = session.scalar(sa.select(ReceiptYear.base).where(ReceiptYear.year == year))
    if base is None:
        session.execute(insert(ReceiptYear).values(year=year, base=_NEXT_RECEIPT.next_value()).on_conflict_do_nothing())
        base = session.scalars(sa.select(ReceiptYear.base).where(ReceiptYear.year == year)).one()
    number = session.scalars(sa.select(_NEXT_RECEIPT.next_value())).one() - base
    return f"BN{year}{number:06d}"
