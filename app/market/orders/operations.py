"""Steps of orders inside an open transaction.

Lock order everywhere: the payment request's row, then the order's, then the products by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from app.core.clock import Clock
from app.core.codes import new_code
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.market.catalogue import operations as stock
from app.market.catalogue import queries as catalogue
from app.market.catalogue.models import Product
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest, Purpose

from .errors import NotOnSale, UnknownProducts
from .models import Checkout, Order, OrderLine, StockReservation
from .states import STOCK, Event, Hold, State, step

CODE_PREFIX = "DH"
PURPOSE_KIND = "order"
# How long stock waits for the money.
PAY_WITHIN = timedelta(minutes=30)
# How much longer when the buyer asks; and how long for the rest of an order that was paid in part and opened again.
LONGER = timedelta(minutes=30)
REST_WITHIN = timedelta(hours=24)


def lock_key(idempotency_key: str) -> None:
    """Let two orders with one key wait for each other, before either holds any row."""
    require_transaction().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(idempotency_key, 0)))
    )


def reserve(quantities: Mapping[str, int]) -> list[Product]:
    """Lock the products by id and promise them; `quantities` maps product codes to amounts in the product's unit.

    Raises:
        UnknownProducts: codes that name nothing.
        NotOnSale: paused products, or closed shops.
        OutOfStock: tells every line that wants more than is free; nothing is reserved.
    """
    found = catalogue.by_codes(quantities)
    unknown = [code for code in quantities if code not in found]
    if unknown:
        raise UnknownProducts(unknown)
    resting = [found[code] for code in quantities if not found[code].is_on_sale]
    if resting:
        raise NotOnSale([product.code for product in resting], [product.name for product in resting])
    return stock.reserve({found[code].id: quantity for code, quantity in quantities.items()})


def open_orders(
    checkout: Checkout, products: Sequence[Product], quantities: Mapping[str, int], *, clock: Clock
) -> list[Order]:
    """One order per shop, in the order the buyer chose things, each line with the name and price of this moment."""
    by_code = {product.code: product for product in products}
    per_shop: dict[UUID, list[Product]] = {}
    for code in quantities:
        per_shop.setdefault(by_code[code].shop_id, []).append(by_code[code])
    session = require_transaction()
    order_ids, line_ids = _rising_ids(len(per_shop)), iter(_rising_ids(len(products)))
    for order_id, (shop_id, chosen) in zip(order_ids, per_shop.items(), strict=True):
        lines = [_line(next(line_ids), product, quantities[product.code]) for product in chosen]
        order = Order(
            id=order_id,
            code=new_code(CODE_PREFIX),
            shop_id=shop_id,
            total_vnd=sum(line.amount_vnd for line in lines),
            status=State.AWAITING_PAYMENT,
            created_at=clock.now(),
            lines=lines,
        )
        checkout.orders.append(order)
    session.add(checkout)
    session.flush()
    for order in checkout.orders:
        session.add_all(_hold(line, clock) for line in order.lines)
    session.flush()
    return checkout.orders


def ask_for(order: Order, *, payee_id: UUID, method: Method, clock: Clock) -> PaymentRequest:
    """The one payment request of an order."""
    return requests.ask(
        purpose=Purpose(PURPOSE_KIND, order.id),
        payee_id=payee_id,
        amount_vnd=order.total_vnd,
        method=method,
        label=f"Đơn {order.code}",
        expires_at=clock.now() + PAY_WITHIN,
        clock=clock,
    )


def lock_requests(orders: Sequence[Order]) -> dict[UUID, PaymentRequest]:
    """The payment request of each order, locked, by the order's id."""
    return {
        order.id: request
        for order in sorted(orders, key=lambda order: order.id)
        for request in request_queries.for_purpose(Purpose(PURPOSE_KIND, order.id), for_update=True)
    }


def lock_orders(orders: Sequence[Order]) -> list[Order]:
    """The orders with their lines as they are now, locked."""
    query = (
        sa.select(Order)
        .where(Order.id.in_([order.id for order in orders]))
        .order_by(Order.id)
        .options(selectinload(Order.lines))
        .with_for_update(of=Order)
        .execution_options(populate_existing=True)
    )
    return list(require_transaction().scalars(query))


def lock_products(orders: Sequence[Order]) -> None:
    """Lock what several orders hold, all together by id: order after order would cross a buyer doing the same."""
    catalogue.by_codes({line.product_code for order in orders for line in order.lines}, for_update=True)


def move(order: Order, event: Event, *, clock: Clock) -> None:
    """Take a locked order to its next state; the stock it holds becomes sold or free.

    Raises:
        ImpossibleStep: the event cannot happen to it now.
    """
    session = require_transaction()
    status = step(State(order.status), event)
    order.status = status
    if status is State.PAID:
        order.paid_at = clock.now()
    else:
        order.closed_at = clock.now()
    held = session.scalars(
        sa.select(StockReservation)
        .join(OrderLine, OrderLine.id == StockReservation.line_id)
        .where(OrderLine.order_id == order.id, StockReservation.state == Hold.HELD)
    ).all()
    quantities = {hold.product_id: hold.quantity for hold in held}
    if STOCK[status] is Hold.SOLD:
        stock.sell(quantities)
    else:
        stock.release(quantities)
    for hold in held:
        hold.state = STOCK[status]
        hold.resolved_at = clock.now()
    session.flush()


def reopen(order: Order) -> None:
    """Take a locked, expired order back and hold its stock anew, at the prices the buyer saw.

    Raises:
        ImpossibleStep: it did not expire.
        OutOfStock: the goods went to somebody else meanwhile, or are not sold any more; nothing is held.
    """
    session = require_transaction()
    status = step(State(order.status), Event.REOPENED)
    released = session.scalars(
        sa.select(StockReservation)
        .join(OrderLine, OrderLine.id == StockReservation.line_id)
        .where(OrderLine.order_id == order.id, StockReservation.state == Hold.RELEASED)
    ).all()
    stock.reserve({hold.product_id: hold.quantity for hold in released})
    order.status, order.closed_at = status, None
    for hold in released:
        hold.state, hold.resolved_at = STOCK[status], None
    session.flush()


def _rising_ids(number: int) -> list[UUID]:
    """Ids that sort as given, so that orders and lines keep the order the buyer chose them in."""
    return sorted(uuid7() for _ in range(number))


def _line(line_id: UUID, product: Product, quantity: int) -> OrderLine:
    return OrderLine(
        id=line_id,
        product_id=product.id,
        product_code=product.code,
        name=product.name,
        unit=product.unit,
        price_vnd=product.price_vnd,
        quantity=quantity,
        amount_vnd=product.price_vnd * quantity,
    )


def _hold(line: OrderLine, clock: Clock) -> StockReservation:
    return StockReservation(
        line_id=line.id,
        product_id=line.product_id,
        quantity=line.quantity,
        state=Hold.HELD,
        created_at=clock.now(),
    )
