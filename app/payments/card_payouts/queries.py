"""Reads of the gateway's payouts, of their lines, and of what differs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock, in_vietnam
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.card_payouts.errors import PayoutNotFound
from app.payments.card_payouts.models import CardPayout, CardPayoutLine
from app.payments.cards.models import CardPayment, CardReturn
from app.payments.requests.models import PaymentRequest

# The gateway needs days to pay out: only after that a charge that no payout names is a difference.
CHARGE_PATIENCE = timedelta(days=7)
# What the bank does after the day that the gateway named is rarely slower than this.
ARRIVAL_PATIENCE = timedelta(days=3)
# An open payout is asked about this often, one that only has differences this often.
PATIENCE = timedelta(minutes=10)
LONG_PATIENCE = timedelta(hours=6)
OFF = CardPayout.amount_vnd != (
    CardPayout.gross_vnd + CardPayout.refunds_vnd + CardPayout.other_vnd - CardPayout.fee_vnd
)
NOT_RIGHT = sa.or_(CardPayout.differences > 0, sa.and_(CardPayout.lines_at.is_not(None), OFF))
OPEN = sa.or_(
    CardPayout.booked_at.is_(None),
    CardPayout.differences > 0,
    sa.and_(CardPayout.net_booked, CardPayout.net_reversal_id.is_(None), CardPayout.status != "paid"),
)


@dataclass(frozen=True)
class LineItem:
    """A line with the code of the request that it belongs to, where there is one."""

    line: CardPayoutLine
    request_code: str | None


def get(payout_row_id: UUID, *, for_update: bool = False) -> CardPayout:
    """A payout by our id, as it is now.

    Raises:
        PayoutNotFound: there is none.
    """
    found = db.session.get(CardPayout, payout_row_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise PayoutNotFound()
    return found


def by_name(payout_id: str, *, for_update: bool = False) -> CardPayout:
    """A payout by the gateway's name of it, which must be there."""
    wanted = sa.select(CardPayout).where(CardPayout.payout_id == payout_id)
    if for_update:
        wanted = wanted.with_for_update()
    return db.session.scalars(wanted, execution_options={"populate_existing": True}).one()


def by_names(payout_ids: Collection[str]) -> dict[str, CardPayout]:
    """Payouts by the gateway's names of them."""
    if not payout_ids:
        return {}
    found = db.session.scalars(sa.select(CardPayout).where(CardPayout.payout_id.in_(payout_ids)))
    return {payout.payout_id: payout for payout in found}


def page(*, cursor: str | None = None, limit: int = 20, only_wrong: bool = False) -> Page[CardPayout]:
    """Payouts, the one we heard of last first; all, or those that do not fit."""
    statement = sa.select(CardPayout).order_by(CardPayout.id.desc()).limit(limit + 1)
    if only_wrong:
        statement = statement.where(NOT_RIGHT)
    if cursor:
        statement = statement.where(CardPayout.id < decode_uuid_cursor(cursor))
    rows = db.session.scalars(statement, execution_options={"populate_existing": True}).all()
    items = rows[:limit]
    return Page(items, encode_cursor(str(items[-1].id)) if len(rows) > limit else None)


def lines(
    payout_row_id: UUID, *, cursor: str | None = None, limit: int = 50, only_wrong: bool = False
) -> Page[LineItem]:
    """Lines of a payout in the gateway's order; all, or those that do not fit."""
    after = decode_uuid_cursor(cursor) if cursor else None
    items = line_items(payout_row_id, after=after, limit=limit + 1, only_wrong=only_wrong)
    shown = items[:limit]
    return Page(shown, encode_cursor(str(shown[-1].line.id)) if len(items) > limit else None)


def line_items(payout_row_id: UUID, *, after: UUID | None, limit: int, only_wrong: bool = False) -> list[LineItem]:
    """Some lines after that one, each with its request's code. Refunds are joined by name: their room is above."""
    refund = sa.table("refund", sa.column("id"), sa.column("request_id"))
    payment = sa.orm.aliased(CardPayment)
    request_id = sa.func.coalesce(CardPayment.request_id, refund.c.request_id, payment.request_id)
    statement = (
        sa.select(CardPayoutLine, PaymentRequest.code)
        .outerjoin(CardPayment, CardPayment.id == CardPayoutLine.card_payment_id)
        .outerjoin(refund, refund.c.id == CardPayoutLine.refund_id)
        .outerjoin(CardReturn, CardReturn.id == CardPayoutLine.card_return_id)
        .outerjoin(payment, payment.id == CardReturn.payment_id)
        .outerjoin(PaymentRequest, PaymentRequest.id == request_id)
        .where(CardPayoutLine.payout_id == payout_row_id)
        .order_by(CardPayoutLine.id)
        .limit(limit)
    )
    if only_wrong:
        statement = statement.where(CardPayoutLine.difference.is_not(None))
    if after is not None:
        statement = statement.where(CardPayoutLine.id > after)
    rows = db.session.execute(statement, execution_options={"populate_existing": True})
    return [LineItem(line, code) for line, code in rows]


def known_lines(txn_ids: Collection[str]) -> set[str]:
    """Which of these balance transactions we have."""
    if not txn_ids:
        return set()
    return set(db.session.scalars(sa.select(CardPayoutLine.txn_id).where(CardPayoutLine.txn_id.in_(txn_ids))))


def taken_payments(payment_ids: Collection[UUID]) -> dict[UUID, str]:
    """Which line stands for each of these payments, where one fits."""
    if not payment_ids:
        return {}
    rows = db.session.execute(
        sa.select(CardPayoutLine.card_payment_id, CardPayoutLine.txn_id).where(
            CardPayoutLine.card_payment_id.in_(payment_ids),
            CardPayoutLine.difference.is_(None),
            CardPayoutLine.amount_vnd > 0,
        )
    )
    return {payment_id: txn_id for payment_id, txn_id in rows if payment_id is not None}


def different_lines(payout_row_id: UUID, *, after: UUID | None, limit: int) -> list[CardPayoutLine]:
    """Some lines that do not fit."""
    statement = sa.select(CardPayoutLine).where(
        CardPayoutLine.payout_id == payout_row_id, CardPayoutLine.difference.is_not(None)
    )
    if after is not None:
        statement = statement.where(CardPayoutLine.id > after)
    return list(db.session.scalars(statement.order_by(CardPayoutLine.id).limit(limit)))


def count_differences(payout_row_id: UUID) -> int:
    """How many lines do not fit."""
    count = sa.select(sa.func.count()).where(
        CardPayoutLine.payout_id == payout_row_id, CardPayoutLine.difference.is_not(None)
    )
    return db.session.scalar(count) or 0


def open_ids(*, after: UUID | None, limit: int, clock: Clock) -> list[UUID]:
    """Payouts to go on with: not booked, or with lines that may fit by now; each only now and then."""
    now = clock.now()
    fetching = sa.and_(CardPayout.lines_ready, CardPayout.lines_at.is_(None))
    due = sa.case((CardPayout.booked_at.is_(None), now - PATIENCE), else_=now - LONG_PATIENCE)
    statement = sa.select(CardPayout.id).where(OPEN, sa.or_(fetching, CardPayout.checked_at <= due))
    if after is not None:
        statement = statement.where(CardPayout.id > after)
    return list(db.session.scalars(statement.order_by(CardPayout.id).limit(limit)))


def newest_event_at() -> datetime | None:
    """When the gateway made the newest payout that we know."""
    return db.session.scalar(sa.select(sa.func.max(CardPayout.event_at)))


def charges_in_no_payout(*, limit: int, clock: Clock) -> Queue:
    """Cards charged long enough ago that a payout should have brought their money, oldest first."""
    return oldest(
        CardPayment.id,
        PaymentRequest.code,
        CardPayment.received_vnd,
        CardPayment.charged_at,
        where=sa.select(CardPayment)
        .join(PaymentRequest, PaymentRequest.id == CardPayment.request_id)
        .where(
            CardPayment.status == "succeeded",
            CardPayment.settled_at.is_(None),
            CardPayment.charged_at < clock.now() - CHARGE_PATIENCE,
        ),
        limit=limit,
    )


def with_differences(*, limit: int) -> Queue:
    """Payouts with lines that do not fit, or that are not what their lines come to, oldest first."""
    return oldest(
        CardPayout.id,
        CardPayout.payout_id,
        CardPayout.amount_vnd,
        CardPayout.event_at,
        where=sa.select(CardPayout).where(NOT_RIGHT),
        limit=limit,
    )


def overdue(*, limit: int, clock: Clock) -> Queue:
    """Payouts that are not booked days after the gateway said they would arrive, oldest first."""
    day = in_vietnam(clock.now() - ARRIVAL_PATIENCE).date()
    return oldest(
        CardPayout.id,
        CardPayout.payout_id,
        CardPayout.amount_vnd,
        CardPayout.event_at,
        where=sa.select(CardPayout).where(CardPayout.booked_at.is_(None), CardPayout.arrives_on < day),
        limit=limit,
    )
