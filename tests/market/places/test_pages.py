"""Pages of markets and stalls, for buyers and sellers, without JavaScript."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.market.places import queries, services
from app.market.places.models import Market, Stall, StallSale
from app.payments.requests import queries as request_queries
from app.payments.requests import services as request_services
from tests.factories.market import Seller
from tests.fakes.clock import FrozenClock

from .conftest import Phone, ask, make_stall, pay


def count_sales() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(StallSale)) or 0


def test_markets_and_their_stalls_are_public(client: FlaskClient, market: Market, stall: Stall) -> None:
    markets = client.get("/cho-phien").text
    assert "Chợ Tân Cương" in markets
    assert "ngày 2 và 7" in markets
    assert "1 sạp" in markets
    page = client.get(f"/cho-phien/{market.code}").text
    assert f'href="/sap/{stall.code}"' in page
    assert client.get("/cho-phien/CHKHONGCO2").status_code == 404


def test_a_market_with_many_stalls_is_shown_page_by_page(
    client: FlaskClient, market: Market, seller: Seller, neighbour: Seller
) -> None:
    for number in range(10, 13):
        make_stall(seller, market, f"A{number}")
    page = queries.stalls_of_market(market.id, limit=2)
    assert [stall.number for stall in page.items] == ["A10", "A11"]
    rest = queries.stalls_of_market(market.id, cursor=page.next_cursor, limit=2)
    assert ([stall.number for stall in rest.items], rest.next_cursor) == (["A12"], None)
    assert client.get(f"/cho-phien/{market.code}?cursor=sai").status_code == 422


def test_the_public_stall_page_tells_what_the_sticker_must_say(client: FlaskClient, stall: Stall) -> None:
    page = client.get(f"/sap/{stall.code}").text
    assert "<svg" in page
    sticker = queries.static_qr(stall)
    assert sticker is not None
    shown = client.get(f"/api/v1/stalls/{stall.code}").get_json()
    assert shown["payment_code"] == sticker.code
    assert shown["payee"]["account_masked"] in page
    assert shown["payee"]["account_masked"][-4:] in page
    assert client.get("/sap/QSKHONGCO2").status_code == 404


def test_a_stall_left_warns_of_its_sticker(client: FlaskClient, phone: Phone, stall: Stall) -> None:
    home = f"/ban-hang/sap/{stall.code}"
    assert phone.send(home, {}, to=f"{home}/tra-sap").status_code == 303
    page = client.get(f"/sap/{stall.code}").text
    assert "không còn ở đây" in page
    assert "<svg xmlns" not in page
    assert client.get(f"/api/v1/stalls/{stall.code}").get_json()["vietqr"] is None
    assert "Trả sạp" not in phone.get(home).text


def test_a_seller_takes_a_stall_and_prints_its_sheet(phone: Phone, market: Market) -> None:
    opened = phone.send("/ban-hang/sap", {"market": market.code, "number": "c 3", "name": ""})
    assert opened.status_code == 303
    page = phone.get(opened.location).text
    assert "Chè nhà bà Lan" in page
    assert "Sạp C 3" in page
    code = opened.location.rsplit("/", 1)[1]
    sheet = phone.get(f"/ban-hang/sap/{code}/in").text
    assert f"/sap/{code}" in sheet
    assert "css/poster.css" in sheet
    assert f"/ban-hang/sap/{code}" in phone.get("/ban-hang/sap").text


@pytest.mark.parametrize(
    ("field", "told"),
    [("market", {"number": "A1"}), ("number", {"number": "---"}), ("name", {"number": "A1", "name": "ab"})],
)
def test_a_form_with_a_mistake_says_where(phone: Phone, market: Market, field: str, told: dict[str, str]) -> None:
    answer = phone.send("/ban-hang/sap", ({} if field == "market" else {"market": market.code}) | told)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text


@pytest.mark.parametrize(
    "form", [{"amount_vnd": "50.000"}, {"amount_vnd": "50k"}, {"amount_vnd": "", "quick": "50000"}]
)
def test_an_amount_typed_or_tapped_becomes_a_qr_that_waits(phone: Phone, stall: Stall, form: dict[str, str]) -> None:
    home = f"/ban-hang/sap/{stall.code}"
    asked = phone.send(home, form, to=f"{home}/thu")
    assert asked.status_code == 303
    page = phone.get(asked.location).text
    assert "50.000" in page
    assert "<svg xmlns" in page
    assert "data-pay" in page
    request = request_queries.by_code(asked.location.rsplit("/", 1)[1])
    pay(request)
    assert "Đã nhận đủ" in phone.get(asked.location).text


@pytest.mark.parametrize("typed", ["", "không", "0", "1,5", "-5000", "99999999999"])
def test_an_amount_that_is_none_is_asked_for_again(phone: Phone, stall: Stall, typed: str) -> None:
    home = f"/ban-hang/sap/{stall.code}"
    assert phone.send(home, {"amount_vnd": typed}, to=f"{home}/thu").status_code == 422
    assert count_sales() == 0


def test_a_double_tap_asks_once_but_the_next_buyer_is_asked_anew(phone: Phone, stall: Stall) -> None:
    home = f"/ban-hang/sap/{stall.code}"
    tap = {"amount_vnd": "50.000", "key": uuid4().hex}
    first = phone.send(home, tap, to=f"{home}/thu").location
    assert phone.send(home, tap, to=f"{home}/thu").location == first
    other_amount = phone.send(home, tap | {"amount_vnd": "60.000"}, to=f"{home}/thu").location
    assert other_amount != first
    pay(request_queries.by_code(first.rsplit("/", 1)[1]))
    assert phone.send(home, tap, to=f"{home}/thu").location not in (first, other_amount)
    assert count_sales() == 3


def test_part_paid_and_expired_requests_say_so(phone: Phone, seller: Seller, stall: Stall) -> None:
    request = ask(seller, stall, 50_000)
    page = f"/ban-hang/sap/{stall.code}/thu/{request.code}"
    pay(request, 20_000)
    assert "còn thiếu" in phone.get(page).text
    later = FrozenClock(SYSTEM_CLOCK.now())
    later.advance(minutes=30)
    request_services.expire_due(clock=later)
    assert "Nhập lại số tiền" in phone.get(page).text


def test_the_buyers_pay_page_names_stall_and_market(client: FlaskClient, seller: Seller, stall: Stall) -> None:
    page = client.get(f"/tra-tien/{ask(seller, stall, 50_000).code}").text
    assert "Chè nhà bà Lan, Chợ Tân Cương" in page


def test_other_sellers_and_guests_stay_out(
    client: FlaskClient, phone: Phone, other_phone: Phone, seller: Seller, stall: Stall, market: Market
) -> None:
    request = ask(seller, stall, 50_000)
    home = f"/ban-hang/sap/{stall.code}"
    for path in (home, f"{home}/in", f"{home}/thu/{request.code}"):
        assert client.get(path).location.startswith("/dang-nhap")
        assert other_phone.get(path).status_code == 403
    for path in (f"{home}/thu", f"{home}/tra-sap"):
        assert other_phone.send("/ban-hang/sap", {"amount_vnd": "5000"}, to=path).status_code == 403
        assert other_phone.client.post(path).status_code == 400  # no form token
    services.open_stall(actor=seller.actor, market_code=market.code, number="A13", clock=SYSTEM_CLOCK)
    elsewhere = next(found for found in queries.stalls_of_shop(seller.shop.id) if found.number == "A13")
    assert phone.get(f"/ban-hang/sap/{elsewhere.code}/thu/{request.code}").status_code == 404
    assert count_sales() == 1


def test_every_page_of_the_room_has_one_heading_and_says_nothing_personal(
    client: FlaskClient, phone: Phone, market: Market, stall: Stall
) -> None:
    for path in ("/cho-phien", f"/cho-phien/{market.code}", f"/sap/{stall.code}"):
        page = client.get(path)
        assert (page.status_code, page.text.count("<h1>")) == (200, 1)
        assert not re.search(r"\b\d{9,}\b", re.sub(r"<[^>]*>", "", page.text))
    for path in ("/ban-hang/sap", f"/ban-hang/sap/{stall.code}", f"/ban-hang/sap/{stall.code}/in", "/ban-hang/loa"):
        page = phone.get(path)
        assert (page.status_code, page.text.count("<h1>")) == (200, 1)
