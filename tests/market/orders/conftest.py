"""Sellers, buyers and orders really placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from app.core.actor import GUEST, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.ids import uuid7
from app.market.catalogue.models import Product
from app.market.orders import queries, services
from app.market.orders.models import Checkout
from app.market.orders.schemas import Contact, DeliveryAddress, WantedLine
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest
from tests.factories.households import TAN_CUONG
from tests.factories.market import Seller, make_seller
from tests.fakes.clock import FrozenClock

CONTACT = Contact("Trần Thị Hoa", "0912 345 678")
ADDRESS = DeliveryAddress("Số 5, xóm Hồng Thái", TAN_CUONG)
Wanted = Sequence[tuple[Product, int]]


def lines_of(wanted: Wanted) -> tuple[WantedLine, ...]:
    return tuple(WantedLine(product.code, quantity) for product, quantity in wanted)


def order_body(wanted: Wanted, **changes: Any) -> dict[str, Any]:
    """What an outside program sends."""
    return {
        "contact": {"name": CONTACT.name, "phone": CONTACT.phone},
        "delivery_address": {"line": ADDRESS.line, "commune_code": ADDRESS.commune_code},
        "lines": [{"product_code": product.code, "quantity": quantity} for product, quantity in wanted],
        "method": "vietqr",
        **changes,
    }


def buy(
    wanted: Wanted,
    *,
    clock: Clock,
    buyer: Actor = GUEST,
    key: str = "",
    contact: Contact = CONTACT,
    address: DeliveryAddress = ADDRESS,
    method: Method = Method.VIETQR,
) -> Checkout:
    return services.place_order(
        buyer=buyer,
        contact=contact,
        delivery_address=address,
        lines=lines_of(wanted),
        method=method,
        idempotency_key=key or uuid4().hex,
        clock=clock,
    )


def request_of(checkout: Checkout, number: int = 0) -> PaymentRequest:
    """The payment request of the checkout's order of that number."""
    order = queries.by_code(checkout.code).orders[number]
    return request_queries.for_purposes("order", [order.id])[order.id][0]


def pay(request: PaymentRequest, *, clock: Clock, amount_vnd: int | None = None) -> None:
    """The money arrives, as a matched bank notice would bring it."""
    with transaction():
        locked = request_queries.get(request.id, for_update=True)
        outside = ledger.open_account(AccountKind.OUTSIDE_BANK, "test", clock=clock)
        requests.receive(
            locked,
            transfer_id=uuid7(),
            from_account_id=outside.id,
            amount_vnd=amount_vnd or locked.missing_vnd,
            event_at=clock.now(),
            clock=clock,
        )


@pytest.fixture
def seller(app: Flask, clock: FrozenClock) -> Seller:
    """A seller with a shop."""
    return make_seller(clock=clock, name="Chè nhà bà Lan")


@pytest.fixture
def neighbour(app: Flask, clock: FrozenClock) -> Seller:
    """Another seller with a shop."""
    return make_seller(clock=clock, name="Mật ong nhà ông Bình")
