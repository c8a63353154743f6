"""Reads of refunds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.card_payouts.sources import KnownRefund
from app.payments.refunds.errors import RefundNotFound
from app.payments.refunds.models import Refund
from app.payments.refunds.states import UNANSWERED, State
from app.payments.requests.models import PaymentRequest

# An answer may still be on its way to whoever asked; only then does the sweep ask.
PATIENCE = timedelta(seconds=60)
# What the gateway took on takes days; its event usually tells before we ask.
LONG_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class RefundItem:
    """A refund with its request's code and label."""

    refund: Refund
    request_code: str
    request_label: str


def get(refund_id: UUID, *, for_update: bool = False) -> Refund:
    """A refund by id, as it is now.

    Raises:
        RefundNotFound: there is none.
    """
    found = db.session.get(Refund, refund_id, with_for_update=for_update or None, populate_existing=True)
    if found is None:
        raise RefundNotFound()
    return found


def by_key(idempotency_key: str) -> Refund | None:
    """The refund made under this key."""
    return db.session.scalar(sa.select(Refund).where(Refund.idempotency_key == idempotency_key))


def find_for_word(gateway_refund_id: str, refund_id: UUID | None) -> Refund | None:
    """The refund of this name at the gateway; or the one its metadata names, whose answer we may not have."""
    known = db.session.scalar(sa.select(Refund).where(Refund.gateway_refund_id == gateway_refund_id))
    return known if known is not None or refund_id is None else db.session.get(Refund, refund_id)


def by_gateway_ids(gateway_refund_ids: Collection[str]) -> dict[str, KnownRefund]:
    """Refunds by the gateway's names of them."""
    rows = db.session.execute(
        sa.select(Refund.gateway_refund_id, Refund.id, Refund.amount_vnd).where(
            Refund.gateway_refund_id.in_(gateway_refund_ids)
        )
    )
    return {name: KnownRefund(refund_id, amount_vnd) for name, refund_id, amount_vnd in rows if name}


def item(refund_id: UUID) -> RefundItem:
    """A refund with its request.

    Raises:
        RefundNotFound: there is none.
    """
    statement = _items().where(Refund.id == refund_id)
    row = db.session.execute(statement, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise RefundNotFound()
    refund, code, label = row
    return RefundItem(refund, code, label)


def replacement_of(refund_id: UUID) -> Refund | None:
    """The transfer made, or to be made, in the place of a refused refund."""
    return db.session.scalar(
        sa.select(Refund).where(Refund.instead_of_id == refund_id, Refund.status != State.CANCELLED)
    )


def page(*, request_id: UUID | None = None, cursor: str | None = None, limit: int = 20) -> Page[RefundItem]:
    """Refunds, newest first; of one request, or all."""
    statement = _items().order_by(Refund.id.desc()).limit(limit + 1)
    if request_id is not None:
        statement = statement.where(Refund.request_id == request_id)
    if cursor:
        statement = statement.where(Refund.id < decode_uuid_cursor(cursor))
    rows = db.session.execute(statement).all()
    items = [RefundItem(refund, code, label) for refund, code, label in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].refund.id)) if len(rows) > limit else None)


def unanswered_ids(*, after: UUID | None, limit: int, clock: Clock) -> list[UUID]:
    """Refunds to ask the gateway about."""
    now = clock.now()
    due = sa.case((Refund.status == State.ON_ITS_WAY, now - LONG_PATIENCE), else_=now - PATIENCE)
    statement = sa.select(Refund.id).where(Refund.status.in_(UNANSWERED), Refund.updated_at <= due)
    if after is not None:
        statement = statement.where(Refund.id > after)
    return list(db.session.scalars(statement.order_by(Refund.id).limit(limit)))


def _items() -> sa.Select[Refund, str, str]:
    return sa.select(Refund, PaymentRequest.code, PaymentRequest.label).join(
        PaymentRequest, PaymentRequest.id == Refund.request_id
    )


def never_answered(before: datetime, *, limit: int) -> Queue:
    """Refunds asked for before then of which the gateway has said nothing, oldest first."""
    return _waiting((State.ASKING, State.UNKNOWN), before, limit)


def never_transferred(before: datetime, *, limit: int) -> Queue:
    """Refunds by transfer decided before then that nobody made, oldest first."""
    return _waiting((State.WAITING,), before, limit)


def _waiting(states: tuple[State, ...], before: datetime, limit: int) -> Queue:
    """`created_at`, because each question to the gateway moves `updated_at`."""
    return oldest(
        Refund.id,
        PaymentRequest.code,
        Refund.amount_vnd,
        Refund.created_at,
        where=_items().where(Refund.status.in_(states), Refund.created_at < before),
        limit=limit,
    )
