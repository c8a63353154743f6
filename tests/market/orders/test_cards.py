"""Orders paid by card: the gateway is asked after the order stands, one intent per shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.identity.roles import Role
from app.market.orders import queries, services
from app.payments.cards import gateway
from app.payments.cards import services as cards
from app.payments.requests import queries as requests
from tests.factories.market import make_product
from tests.factories.people import make_user, sign_in
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe
from tests.payments.refunds.world import ask

from .conftest import order_body
from .test_api import post, told


@pytest.fixture
def stripe_wire(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    """A card gateway on the loopback in the place of Stripe."""
    before = gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway(timeout_s=2))
        yield fake
    gateway.use(before)


def test_each_shop_gets_its_own_intent_in_dong(client, seller, neighbour, stripe_wire, clock):
    tea = make_product(clock=clock, seller=seller, price_vnd=300_000)
    honey = make_product(clock=clock, seller=neighbour, price_vnd=120_000)
    answer = post(client, order_body([(tea, 1), (honey, 1)], method="card"))
    assert answer.status_code == 201
    asked = told(answer)["payment_requests"]
    assert [request["vietqr"] for request in asked] == [None, None]
    assert all(request["card_client_secret"] for request in asked)
    assert [intent["amount"] for intent in stripe_wire.intents()] == [300_000, 120_000]


def test_the_same_order_sent_twice_makes_one_intent(client, seller, stripe_wire, clock):
    tea = make_product(clock=clock, seller=seller)
    first, second = (post(client, order_body([(tea, 1)], method="card")) for _time in range(2))
    assert first.status_code == second.status_code == 201
    assert told(first) == told(second)
    assert len(stripe_wire.intents()) == 1


def test_an_order_stands_though_the_gateway_is_down(client, seller, stripe_wire, clock):
    stripe_wire.faults(fail_5xx=20)
    answer = post(client, order_body([(make_product(clock=clock, seller=seller), 1)], method="card"))
    assert answer.status_code == 201
    [asked] = told(answer)["payment_requests"]
    assert asked["status"] == "asked" and asked["card_client_secret"] is None


def test_reading_an_order_again_tells_no_secret(client, seller, stripe_wire, clock):
    made = told(post(client, order_body([(make_product(clock=clock, seller=seller), 1)], method="card")))
    [asked] = told(client.get(f"/api/v1/orders/{made['code']}"))["payment_requests"]
    assert asked["card_client_secret"] is None


@pytest.mark.parametrize(("share", "word"), [(1, "Đã hoàn hết tiền cho khách"), (2, "cho khách")])
def test_who_sells_and_who_bought_see_what_was_refunded(app, client, seller, stripe_wire, clock, share, word):
    tea = make_product(clock=clock, seller=seller, price_vnd=300_000)
    made = told(post(client, order_body([(tea, 1)], method="card")))
    asked = requests.by_code(made["payment_requests"][0]["code"])
    [intent] = stripe_wire.intents()
    assert stripe_wire.pay(intent["id"]) == 200
    cards.catch_up_request(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    ask(requests.by_code(asked.code), 300_000 // share)
    order = queries.by_code(made["code"]).orders[0]
    assert services.tell_seller(order_id=order.id, clock=clock) is (share != 1)
    assert "Đã hoàn lại cho bà con" in client.get(f"/don-hang/{made['code']}").text
    household = app.test_client()
    sign_in(household, make_user(Role.HOUSEHOLD, household_id=seller.shop.household_id))
    assert word in household.get(f"/ban-hang/don-hang/{order.code}").text
