"""Joins orders to payments and to the check of the books."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from flask import Flask

from app.market.catalogue import queries as catalogue
from app.payments.fees import sellers
from app.payments.fees.models import Supply
from app.payments.fees.wiring import demand_charges_of
from app.payments.ledger.books import register_invariant
from app.payments.requests.purposes import register

from .handler import OrderPurpose
from .operations import PURPOSE_KIND


def _shop_names(payee_ids: Collection[UUID]) -> dict[UUID, sellers.Seller]:
    return {shop.payee_id: sellers.Seller(shop.code, shop.name) for shop in catalogue.shops_of_payees(payee_ids)}


def install(_app: Flask) -> None:
    """Name the handler and the invariants."""
    register(PURPOSE_KIND, OrderPurpose())
    demand_charges_of(PURPOSE_KIND, Supply.GOODS)
    sellers.register(_shop_names)
    register_invariant(
        "reserved stock is the sum of held reservations",
        """
        SELECT product.code FROM product
        LEFT JOIN stock_reservation AS hold ON hold.product_id = product.id AND hold.state = 'held'
        GROUP BY product.id HAVING product.reserved <> coalesce(sum(hold.quantity), 0)
        """,
    )
    register_invariant(
        "an order is paid exactly when its request is",
        """
        SELECT shop_order.code FROM shop_order
        LEFT JOIN payment_request AS request ON request.purpose_kind = 'order' AND request.purpose_id = shop_order.id
        GROUP BY shop_order.id
        HAVING count(request.id) <> 1
            OR (shop_order.status = 'paid') <> bool_or(request.status IN ('paid', 'refunded'))
            OR (shop_order.status = 'awaiting_payment') <> bool_or(request.status IN ('asked', 'part_paid'))
        """,
    )
    register_invariant(
        "an order's total is the sum of its lines, a checkout's of its orders",
        """
        SELECT shop_order.code FROM shop_order LEFT JOIN order_line AS line ON line.order_id = shop_order.id
        GROUP BY shop_order.id HAVING shop_order.total_vnd <> coalesce(sum(line.amount_vnd), 0)
        UNION ALL
        SELECT checkout.code FROM checkout LEFT JOIN shop_order ON shop_order.checkout_id = checkout.id
        GROUP BY checkout.id HAVING checkout.total_vnd <> coalesce(sum(shop_order.total_vnd), 0)
        """,
    )
    register_invariant(
        "a line's stock is held while its order waits, sold when paid, free when closed",
        """
        SELECT shop_order.code || '/' || line.product_code FROM order_line AS line
        JOIN shop_order ON shop_order.id = line.order_id
        LEFT JOIN stock_reservation AS hold ON hold.line_id = line.id
        WHERE hold.quantity IS DISTINCT FROM line.quantity OR hold.product_id <> line.product_id
           OR hold.state <> CASE shop_order.status WHEN 'awaiting_payment' THEN 'held' WHEN 'paid' THEN 'sold'
                                                   ELSE 'released' END
        """,
    )
