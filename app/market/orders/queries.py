"""Reads of checkouts and orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.waiting import Queue, oldest

from .errors import OrderNotFound
from .models import Checkout, Order
from .states import State


@dataclass(frozen=True)
class Found:
    """A checkout and those of its orders that the code opens."""

    checkout: Checkout
    orders: Sequence[Order]
    whole: bool


def by_code(code: str) -> Found:
    """What a (normalised) code opens: the buyer's code the whole checkout, one order's code that order alone.

    Raises:
        OrderNotFound: the code names nothing.
    """
    checkout = db.session.scalar(_whole().where(Checkout.code == code))
    if checkout is not None:
        return Found(checkout, checkout.orders, whole=True)
    order = db.session.scalar(
        sa.select(Order).where(Order.code == code).options(selectinload(Order.lines), joinedload(Order.checkout))
    )
    if order is None:
        raise OrderNotFound()
    return Found(order.checkout, [order], whole=False)


def by_key(idempotency_key: str) -> Checkout | None:
    """The checkout made with this key, with its orders and their lines."""
    return db.session.scalar(_whole().where(Checkout.idempotency_key == idempotency_key))


def get(order_id: UUID, *, for_update: bool = False) -> Order:
    """An order with its checkout.

    Raises:
        OrderNotFound: there is none.
    """
    query = sa.select(Order).where(Order.id == order_id).options(joinedload(Order.checkout))
    if for_update:
        query = query.with_for_update(of=Order).execution_options(populate_existing=True)
    order = db.session.scalar(query)
    if order is None:
        raise OrderNotFound()
    return order


def codes_of(order_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The orders' public codes by id, in one query."""
    wanted = sa.select(Order.id, Order.code).where(Order.id.in_(list(order_ids)))
    return {row.id: row.code for row in db.session.execute(wanted)}


def of_shop(shop_id: UUID, *, cursor: str | None = None, limit: int = 20) -> Page[Order]:
    """The seller's orders, newest first, with lines; those that came to nothing are left out."""
    wanted = (State.AWAITING_PAYMENT, State.PAID)
    query = (
        sa.select(Order)
        .where(Order.shop_id == shop_id, Order.status.in_(wanted))
        .order_by(Order.id.desc())
        .options(selectinload(Order.lines))
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(Order.id < _cursor_id(cursor))
    found = db.session.scalars(query).all()
    items = found[:limit]
    return Page(items, encode_cursor(str(items[-1].id)) if len(found) > limit else None)


def in_shop(shop_id: UUID, code: str) -> Order:
    """A shop's own order by its code, with lines and checkout.

    Raises:
        OrderNotFound: none, or another shop's.
    """
    order = db.session.scalar(
        sa.select(Order)
        .where(Order.shop_id == shop_id, Order.code == code)
        .options(selectinload(Order.lines), joinedload(Order.checkout))
    )
    if order is None:
        raise OrderNotFound()
    return order


def _whole() -> sa.Select[Checkout]:
    return sa.select(Checkout).options(selectinload(Checkout.orders).selectinload(Order.lines))


def _cursor_id(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise BadInput("cursor", errors={"cursor": ["invalid"]}) from None


def seller_untold(before: datetime, *, limit: int) -> Queue:
    """Orders paid before then whose seller was not told, so that nobody sends the goods; oldest first."""
    return oldest(
        Order.id,
        Order.code,
        Order.total_vnd,
        Order.paid_at,
        where=sa.select(Order).where(
            Order.status == State.PAID, Order.seller_told_at.is_(None), Order.paid_at < before
        ),
        limit=limit,
    )
