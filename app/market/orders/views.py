"""A checkout as people and programs see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.market.catalogue import queries as catalogue
from app.payments.requests import queries as request_queries
from app.payments.requests.models import PaymentRequest, Purpose
from app.payments.requests.views import present as present_request

from . import contacts
from .models import Order
from .operations import PURPOSE_KIND
from .queries import Found


def requests_of(found: Found) -> list[PaymentRequest]:
    """What is to pay, one request per order."""
    asked = request_queries.for_purposes(PURPOSE_KIND, [order.id for order in found.orders])
    return [request for order in found.orders for request in asked.get(order.id, [])]


def request_of(order: Order) -> PaymentRequest:
    """The one payment request of an order."""
    [request] = request_queries.for_purpose(Purpose(PURPOSE_KIND, order.id))
    return request


def present(found: Found, *, card_secrets: Mapping[UUID, str] | None = None) -> dict[str, Any]:
    """For `CheckoutSchema`; contact masked. An order's own code opens that order as a checkout of its own.

    Args:
        card_secrets: what a card form needs, by request id; told once, to whoever ordered.
    """
    checkout = found.checkout
    recipient = contacts.masked(checkout)
    shops = catalogue.shops(order.shop_id for order in found.orders)
    asked = requests_of(found)
    codes = {request.purpose_id: request.code for request in asked}
    return {
        "code": checkout.code if found.whole else found.orders[0].code,
        "method": checkout.method,
        "total_vnd": sum(order.total_vnd for order in found.orders),
        "created_at": checkout.created_at,
        "contact": {"name": recipient.name, "phone": recipient.phone},
        "commune_code": checkout.commune_code,
        "orders": [
            {
                "code": order.code,
                "shop": shops[order.shop_id],
                "status": order.status,
                "total_vnd": order.total_vnd,
                "lines": order.lines,
                "payment_request": codes.get(order.id),
                "paid_at": order.paid_at,
            }
            for order in found.orders
        ],
        "payment_requests": [
            present_request(request, card_client_secret=(card_secrets or {}).get(request.id)) for request in asked
        ],
    }
