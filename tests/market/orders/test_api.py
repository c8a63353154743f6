"""Ordering as an outside program does."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.codes import is_valid
from app.market.catalogue import queries as catalogue
from tests.factories.market import make_product

from .conftest import order_body


def post(client: FlaskClient, body: Any, key: str = "k1") -> TestResponse:
    return client.post("/api/v1/orders", json=body, headers={"Idempotency-Key": key} if key else {})


def told(answer: TestResponse) -> Any:
    """The document in the answer."""
    return answer.get_json()


def test_a_guest_orders_and_gets_what_is_to_pay(client, seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh", price_vnd=300_000)
    honey = make_product(clock=clock, seller=neighbour, name="Mật ong", price_vnd=120_000)
    answer = post(client, order_body([(tea, 2), (honey, 1)]))
    assert answer.status_code == 201, answer.text
    made = told(answer)
    assert is_valid(made["code"]) and made["code"].startswith("DH")
    assert made["total_vnd"] == 720_000
    assert [order["shop"]["name"] for order in made["orders"]] == ["Chè nhà bà Lan", "Mật ong nhà ông Bình"]
    for order, asked in zip(made["orders"], made["payment_requests"], strict=True):
        assert asked["code"] == order["payment_request"]
        assert asked["amount_vnd"] == order["total_vnd"]
        assert asked["status"] == "asked" and asked["expires_at"]
        assert asked["vietqr"].startswith("000201") and asked["card_client_secret"] is None
        assert asked["payee"]["name"] == order["shop"]["name"]


def test_the_order_can_be_read_again_with_the_contact_masked(client, seller, clock):
    made = told(post(client, order_body([(make_product(clock=clock, seller=seller), 1)])))
    shown = client.get(f"/api/v1/orders/{made['code'].lower()}")
    assert shown.status_code == 200
    assert told(shown)["payment_requests"][0]["code"] == made["payment_requests"][0]["code"]
    assert told(shown)["contact"] == {"name": "Trần T. H.", "phone": "09•• ••• 678"}
    assert "Hồng Thái" not in shown.text


def test_the_same_key_and_body_is_answered_alike(client, seller, clock):
    tea = make_product(clock=clock, seller=seller)
    first, second = post(client, order_body([(tea, 1)])), post(client, order_body([(tea, 1)]))
    assert first.status_code == second.status_code == 201
    assert told(first) == told(second)
    assert catalogue.by_code(tea.code).reserved == 1


def test_the_same_key_with_another_body_is_a_conflict(client, seller, clock):
    tea = make_product(clock=clock, seller=seller)
    post(client, order_body([(tea, 1)]))
    answer = post(client, order_body([(tea, 2)]))
    assert (answer.status_code, told(answer)["code"]) == (409, "idempotency_key_reused")


def test_a_missing_key_is_told(client, seller, clock):
    answer = post(client, order_body([(make_product(clock=clock, seller=seller), 1)]), key="")
    assert (answer.status_code, told(answer)["code"]) == (400, "idempotency_key_missing")


def test_out_of_stock_lists_every_short_line(client, seller, clock):
    few = make_product(clock=clock, seller=seller, name="Chè nõn", stock=2)
    none = make_product(clock=clock, seller=seller, name="Mật ong", stock=0)
    answer = post(client, order_body([(few, 3), (none, 1)]))
    assert (answer.status_code, told(answer)["code"]) == (409, "out_of_stock")
    assert {row["product_code"]: (row["wanted"], row["available"]) for row in told(answer)["shortages"]} == {
        few.code: (3, 2),
        none.code: (1, 0),
    }


def test_unknown_products_are_named(client, seller, clock):
    body = order_body([(make_product(clock=clock, seller=seller), 1)])
    body["lines"].append({"product_code": "SP23456789", "quantity": 1})
    answer = post(client, body)
    assert (answer.status_code, told(answer)["code"]) == (422, "product_unknown")
    assert told(answer)["product_codes"] == ["SP23456789"]


HOSTILE: list[dict[str, Any]] = [
    {"contact": {"name": "Hoa", "phone": "không có"}},
    {"contact": {"name": "Hoa", "phone": "+1 202 555 0100"}},
    {"contact": {"name": " ", "phone": "0912345678"}},
    {"contact": {"name": "H" * 81, "phone": "0912345678"}},
    {"contact": {"name": ["Hoa"], "phone": {"$gt": ""}}},
    {"contact": None},
    {"delivery_address": {"line": "Số 5", "commune_code": "'; DROP TABLE shop_order; --"}},
    {"delivery_address": {"line": "Số 5", "commune_code": "19"}},
    {"delivery_address": {"line": "", "commune_code": "05503"}},
    {"lines": []},
    {"lines": "SP23456789"},
    {"lines": [{"product_code": "SP23456789", "quantity": 0}]},
    {"lines": [{"product_code": "SP23456789", "quantity": -1}]},
    {"lines": [{"product_code": "SP23456789", "quantity": 1.5}]},
    {"lines": [{"product_code": "SP23456789", "quantity": "1"}]},
    {"lines": [{"product_code": "SP23456789", "quantity": True}]},
    {"lines": [{"product_code": "SP23456789", "quantity": 2**63}]},
    {"lines": [{"product_code": "SP23456789", "quantity": 1, "price_vnd": 1}]},
    {"lines": [{"product_code": "SP23456789", "quantity": 1}] * 51},
    {"method": "cash"},
    {"total_vnd": 1},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_hostile_bodies_are_refused_with_a_problem_document(client, seller, clock, change):
    body = {**order_body([(make_product(clock=clock, seller=seller), 1)]), **change}
    answer = post(client, body)
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b'{"contact": {"name": "a\\u0000b"}}', b"\xff\xfe"])
def test_broken_bodies_are_refused(client, seller, raw):
    answer = client.post("/api/v1/orders", data=raw, content_type="application/json", headers={"Idempotency-Key": "k1"})
    assert answer.status_code in (400, 422), answer.text


def test_unknown_orders_are_not_found(client, seller):
    answer = client.get("/api/v1/orders/DH23456789")
    assert (answer.status_code, told(answer)["code"]) == (404, "order_not_found")
