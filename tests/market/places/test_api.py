"""Stalls over the API."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.database import db
from app.market.places.models import Market, Stall, StallSale
from app.payments.vietqr.codec import decode
from tests.factories.market import Seller

from .conftest import Phone, make_stall


def count_sales() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(StallSale)) or 0


def test_a_stall_is_public_and_shows_what_the_sticker_must(client: FlaskClient, stall: Stall) -> None:
    shown = client.get(f"/api/v1/stalls/{stall.code.lower()}").get_json()
    assert shown["code"] == stall.code
    assert shown["market"]["name"] == "Chợ Tân Cương"
    assert decode(shown["vietqr"]).bill == shown["payment_code"]
    assert shown["url"].endswith(f"/sap/{stall.code}")
    assert client.get("/api/v1/stalls/QS22222222").get_json()["code"] == "stall_not_found"


def test_the_stalls_household_asks_for_an_amount(phone: Phone, client: FlaskClient, stall: Stall) -> None:
    answer = phone.ask(stall, 50_000)
    assert answer.status_code == 201
    asked = answer.get_json()
    assert (asked["status"], asked["amount_vnd"], decode(asked["vietqr"]).amount_vnd) == ("asked", 50_000, 50_000)
    again = client.get(f"/api/v1/payment-requests/{asked['code']}").get_json()
    assert again["payee"]["name"] == "Chè nhà bà Lan, Chợ Tân Cương"


def test_the_same_key_twice_is_one_sale(phone: Phone, stall: Stall) -> None:
    first = phone.ask(stall, 50_000, key="mot")
    second = phone.ask(stall, 50_000, key="mot")
    assert first.get_json() == second.get_json()
    assert phone.ask(stall, 60_000, key="mot").status_code == 409
    assert count_sales() == 1


def test_one_key_never_answers_for_another_stall(phone: Phone, seller: Seller, market: Market, stall: Stall) -> None:
    second = make_stall(seller, market, "A13")
    assert phone.ask(stall, 50_000, key="mot").status_code == 201
    assert phone.ask(second, 50_000, key="mot").get_json()["code"] == "idempotency_key_reused"
    assert count_sales() == 1


@pytest.mark.parametrize("amount_vnd", [0, -1, 10_000_000_001, "50000", 1.5, None, True])
def test_an_amount_that_is_none_is_refused(phone: Phone, stall: Stall, amount_vnd: Any) -> None:
    answer = phone.ask(stall, amount_vnd)
    assert answer.status_code == 422
    assert "amount_vnd" in str(answer.get_json()["errors"])
    assert count_sales() == 0


def test_nobody_else_asks(client: FlaskClient, other_phone: Phone, phone: Phone, stall: Stall) -> None:
    path = f"/api/v1/stalls/{stall.code}/payment-requests"
    guest = client.post(path, json={"amount_vnd": 1_000}, headers={"Idempotency-Key": "k"})
    assert guest.status_code == 401
    assert other_phone.ask(stall, 1_000).status_code == 403
    without_key = phone.client.post(path, json={"amount_vnd": 1_000})
    assert without_key.status_code == 400
    assert count_sales() == 0
