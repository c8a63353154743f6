"""Placing orders: all or nothing, once, at the price of the moment."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.actor import GUEST
from app.core.database import db
from app.core.errors import BadInput
from app.market.catalogue import queries as catalogue
from app.market.catalogue import services as seller_desk
from app.market.catalogue.errors import OutOfStock
from app.market.catalogue.schemas import ProductEdit
from app.market.orders import queries, services
from app.market.orders.errors import CartEmpty, KeyReused, NotOnSale, OrderTooLarge, UnknownProducts
from app.market.orders.models import Checkout
from app.market.orders.schemas import Contact, DeliveryAddress, WantedLine
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method
from tests.factories.households import TAN_CUONG
from tests.factories.market import make_product, sell_out

from .conftest import ADDRESS, CONTACT, buy, request_of


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


def test_the_same_key_twice_makes_one_order(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    first = buy([(tea, 2)], clock=clock, key="k1")
    second = buy([(tea, 2)], clock=clock, key="k1")
    assert first.code == second.code
    assert catalogue.by_code(tea.code).reserved == 2


def test_the_same_key_with_another_order_is_refused(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    buy([(tea, 2)], clock=clock, key="k1")
    with pytest.raises(KeyReused):
        buy([(tea, 3)], clock=clock, key="k1")
    with pytest.raises(KeyReused):
        buy([(tea, 2)], clock=clock, key="k1", contact=Contact(CONTACT.name, "0987654321"))
    assert catalogue.by_code(tea.code).reserved == 2


def test_all_shortages_are_told_and_nothing_is_kept(seller, neighbour, clock):
    plenty = make_product(clock=clock, seller=seller, name="Chè đinh", stock=10)
    few = make_product(clock=clock, seller=seller, name="Chè nõn", stock=2)
    none = make_product(clock=clock, seller=neighbour, name="Mật ong", stock=0)
    with pytest.raises(OutOfStock) as refused:
        buy([(plenty, 1), (few, 3), (none, 1)], clock=clock)
    told = {shortage.product_code: shortage.available for shortage in refused.value.shortages}
    assert told == {few.code: 2, none.code: 0}
    assert catalogue.by_code(plenty.code).reserved == catalogue.by_code(few.code).reserved == 0
    assert db.session.scalars(sa.select(Checkout)).all() == []


def test_the_same_product_on_two_lines_is_added_up(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=5)
    with pytest.raises(OutOfStock):
        buy([(tea, 3), (tea, 3)], clock=clock)
    checkout = buy([(tea, 2), (tea, 3)], clock=clock)
    [line] = queries.by_code(checkout.code).orders[0].lines
    assert line.quantity == 5


def test_paused_products_and_closed_shops_are_named(seller, neighbour, clock):
    paused = sell_out(make_product(clock=clock, seller=seller, name="Măng khô"), seller, clock=clock)
    honey = make_product(clock=clock, seller=neighbour, name="Mật ong")
    seller_desk.set_shop_open(actor=neighbour.actor, shop_id=neighbour.shop.id, is_open=False, clock=clock)
    with pytest.raises(NotOnSale) as refused:
        buy([(paused, 1), (honey, 1)], clock=clock)
    assert refused.value.product_codes == (paused.code, honey.code)


def test_name_and_price_are_those_of_the_moment_of_ordering(seller, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh", price_vnd=300_000, stock=10)
    checkout = buy([(tea, 2)], clock=clock)
    seller_desk.edit_product(
        actor=seller.actor,
        code=tea.code,
        data=ProductEdit("Chè đinh thượng hạng", "kg", 900_000, 10, 10, catalogue.by_code(tea.code).version),
        clock=clock,
    )
    [line] = queries.by_code(checkout.code).orders[0].lines
    assert (line.name, line.price_vnd, line.amount_vnd) == ("Chè đinh", 300_000, 600_000)
    assert request_of(checkout).amount_vnd == 600_000


def test_phone_and_commune_are_both_checked_and_told_together(seller, clock):
    tea = make_product(clock=clock, seller=seller)
    with pytest.raises(BadInput) as refused:
        buy([(tea, 1)], clock=clock, contact=Contact("Hoa", "12"), address=DeliveryAddress("Số 5", "00000"))
    assert set(refused.value.details["errors"]) == {"contact.phone", "delivery_address.commune_code"}


@pytest.mark.parametrize("commune", ["19", f"{TAN_CUONG}-01"])
def test_only_a_commune_is_a_place_to_deliver_to(seller, clock, commune):
    with pytest.raises(BadInput):
        buy([(make_product(clock=clock, seller=seller), 1)], clock=clock, address=DeliveryAddress("Số 5", commune))


def test_contact_and_address_lie_sealed(seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=clock)
    row = db.session.get_one(Checkout, checkout.id)
    stored = row.contact_name_enc + row.contact_phone_enc + row.address_line_enc + row.content_mark
    for secret in (CONTACT.name, "912345678", ADDRESS.line):
        assert secret.encode() not in stored


def test_empty_unknown_and_oversized_carts_are_refused(seller, clock):
    tea = make_product(clock=clock, seller=seller, price_vnd=1_000_000_000, stock=100)
    with pytest.raises(CartEmpty):
        buy([], clock=clock)
    with pytest.raises(OrderTooLarge):
        buy([(tea, 10_001)], clock=clock)
    with pytest.raises(OrderTooLarge):
        buy([(tea, 11)], clock=clock)
    with pytest.raises(UnknownProducts) as refused:
        services.place_order(
            buyer=GUEST,
            contact=CONTACT,
            delivery_address=ADDRESS,
            lines=[WantedLine(tea.code, 1), WantedLine("SP23456789", 1), WantedLine("", 1)],
            method=Method.VIETQR,
            idempotency_key="k1",
            clock=clock,
        )
    assert refused.value.product_codes == ("SP23456789", "")
