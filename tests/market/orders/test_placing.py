"""Placing orders: all or nothing, once, at the price of the moment."""

from __future__ import annotations

from app.market.catalogue import queries as catalogue
from app.market.orders import queries
from app.payments.requests import queries as request_queries
from tests.factories.market import make_product

from .conftest import buy


def test_two_sellers_in_one_checkout_make_two_orders_and_two_requests(seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh", price_vnd=300_000)
    honey = make_product(clock=clock, seller=neighbour, name="Mật ong", price_vnd=120_000)
    nuts = make_product(clock=clock, seller=seller, name="Lạc đỏ", price_vnd=50_000)
    checkout = buy([(tea, 2), (honey, 1), (nuts, 3)], clock=clock)
    found = queries.by_code(checkout.code)
    assert {order.shop_id: order.total_vnd for order in found.orders} == {
        seller.shop.id: 750_000,
        neighbour.shop.id: 120_000,
    }
    assert checkout.total_vnd == 870_000
    asked = request_queries.for_purposes("order", [order.id for order in found.orders])
    assert {requests[0].payee_id: requests[0].amount_vnd for requests in asked.values()} == {
        seller.shop.payee_id: 750_000,
        neighbour.shop.payee_id: 120_000,
    }
    assert catalogue.by_code(tea.code).reserved == 2
