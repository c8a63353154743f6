"""Cart, checkout and order pages as a browser without JavaScript uses them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.database import db
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.market.orders import queries
from app.market.orders.models import Checkout
from tests.factories.households import TAN_CUONG
from tests.factories.market import make_product
from tests.factories.people import make_user

from .conftest import ADDRESS, CONTACT, buy, pay, request_of

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="key" value="([^"]+)"')


def send(client: FlaskClient, page: str, data: dict[str, Any], *, to: str = "") -> TestResponse:
    """Send a form with the tokens of the page it stands on."""
    shown = client.get(page).text
    token, key = _TOKEN.search(shown), _KEY.search(shown)
    assert token, f"{page} has no form"
    return client.post(to or page, data={"csrf_token": token[1], **({"key": key[1]} if key else {}), **data})


def put_in_cart(client: FlaskClient, product: Any, quantity: int = 1) -> TestResponse:
    return send(
        client, f"/san-pham/{product.code}", {"product_code": product.code, "quantity": str(quantity)}, to="/gio-hang"
    )


def form(**changes: str) -> dict[str, str]:
    plain = {
        "name": CONTACT.name,
        "phone": CONTACT.phone,
        "line": ADDRESS.line,
        "commune_text": "tan cuong",
        "commune_code": TAN_CUONG,
        "method": "vietqr",
    }
    return {**plain, **changes}


def checkouts() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Checkout)) or 0


def sign_in(app: Flask, household_id: UUID, clock: Any) -> FlaskClient:
    user = make_user(Role.HOUSEHOLD, household_id=household_id, clock=clock)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = user.fs_uniquifier
        session["_fresh"] = True
    return client


def test_a_guest_fills_a_cart_orders_and_is_led_to_paying(client, seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh", price_vnd=300_000)
    honey = make_product(clock=clock, seller=neighbour, name="Mật ong", price_vnd=120_000)
    assert put_in_cart(client, tea, 2).status_code == 303
    put_in_cart(client, honey)
    page = client.get("/gio-hang").text
    assert "Chè đinh" in page and "Mật ong" in page and "720.000" in page
    answer = send(client, "/dat-hang", form())
    assert answer.status_code == 303
    order_page = client.get(answer.location).text
    assert order_page.count('href="/tra-tien/CP') == 2
    assert "Giỏ hàng đang trống" in client.get("/gio-hang").text


def test_quantities_add_up_change_and_go(client, seller, clock):
    tea = make_product(clock=clock, seller=seller, price_vnd=100_000)
    put_in_cart(client, tea, 2)
    put_in_cart(client, tea, 3)
    assert "500.000" in client.get("/gio-hang").text
    send(client, "/gio-hang", {"product_code": tea.code, "quantity": "4", "set": "1"})
    assert "400.000" in client.get("/gio-hang").text
    send(client, "/gio-hang", {"product_code": tea.code, "quantity": "0", "set": "1"})
    assert "Giỏ hàng đang trống" in client.get("/gio-hang").text


@pytest.mark.parametrize("quantity", ["", "-1", "1e9", "abc", "99999999999", "²", "10001", "1.5x"])
def test_odd_quantities_change_nothing(client, seller, clock, quantity):
    tea = make_product(clock=clock, seller=seller)
    answer = send(client, f"/san-pham/{tea.code}", {"product_code": tea.code, "quantity": quantity}, to="/gio-hang")
    assert answer.status_code == 303
    assert "Giỏ hàng đang trống" in client.get("/gio-hang").text


@pytest.mark.parametrize("code", ["", "SP", "<script>alert(1)</script>", "' OR 1=1 --", "SP23456789", "Đ" * 300])
def test_odd_codes_put_nothing_in_the_cart(client, seller, clock, code):
    tea = make_product(clock=clock, seller=seller)
    send(client, f"/san-pham/{tea.code}", {"product_code": code, "quantity": "1"}, to="/gio-hang")
    page = client.get("/gio-hang").text
    assert "Giỏ hàng đang trống" in page and "<script>alert" not in page


def test_a_double_press_makes_one_order(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    shown = client.get("/dat-hang").text
    data = {"csrf_token": _TOKEN.search(shown)[1], "key": _KEY.search(shown)[1], **form()}  # type: ignore[index]
    first = client.post("/dat-hang", data=data)
    second = client.post("/dat-hang", data=data)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert checkouts() == 1


def test_a_wrong_field_loses_nothing(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    answer = send(client, "/dat-hang", form(phone="12", line="Nhà <b>số 9</b>"))
    assert answer.status_code == 422
    assert "Số điện thoại chưa đúng" in answer.text
    assert CONTACT.name in answer.text and "Nhà &lt;b&gt;số 9&lt;/b&gt;" in answer.text
    assert checkouts() == 0


def test_a_missing_commune_is_asked_for(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    answer = send(client, "/dat-hang", form(commune_text="", commune_code=""))
    assert answer.status_code == 422
    assert "chọn một trong danh sách" in answer.text


def test_a_commune_is_found_without_accents_and_by_its_old_name(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    answer = send(client, "/dat-hang", form(commune_text="phuc xuan", commune_code="", tim="1"))
    assert answer.status_code == 200
    assert 'value="05488"' in answer.text and "trước là" in answer.text
    assert checkouts() == 0


def test_typing_another_commune_lets_the_earlier_choice_go(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    answer = send(client, "/dat-hang", form(commune_text="không có xã này", commune_code=TAN_CUONG))
    assert answer.status_code == 422
    assert checkouts() == 0


def test_what_ran_out_meanwhile_is_told_and_the_form_kept(client, seller, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh", stock=2)
    put_in_cart(client, tea, 2)
    buy([(tea, 1)], clock=clock)
    answer = send(client, "/dat-hang", form())
    assert answer.status_code == 409
    assert "Không còn đủ hàng: Chè đinh" in answer.text and CONTACT.name in answer.text
    assert "Chỉ còn 1" in client.get("/gio-hang").text


def test_the_order_page_masks_the_buyer(client, seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=clock)
    page = client.get(f"/don-hang/{checkout.code}").text
    assert "Trần T. H." in page and "09•• ••• 678" in page
    assert CONTACT.name not in page and "345" not in re.sub(r"\W", "", page.split("Giao đến")[1].split("<form")[0])
    assert ADDRESS.line not in page


def test_an_order_s_own_code_opens_that_order_alone(client, seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller, name="Chè đinh")
    honey = make_product(clock=clock, seller=neighbour, name="Mật ong")
    checkout = buy([(tea, 1), (honey, 1)], clock=clock)
    own = next(order for order in queries.by_code(checkout.code).orders if order.shop_id == seller.shop.id)
    page = client.get(f"/don-hang/{own.code}").text
    assert "Chè đinh" in page and "Mật ong" not in page and checkout.code not in page
    assert "/huy" not in page


def test_the_buyer_s_own_browser_is_led_from_an_order_to_the_whole_checkout(client, seller, clock):
    put_in_cart(client, make_product(clock=clock, seller=seller))
    whole = send(client, "/dat-hang", form()).location
    own = queries.by_code(whole.rsplit("/", 1)[1]).orders[0]
    assert client.get(f"/don-hang/{own.code}").location == whole


def test_the_buyer_cancels_on_the_page(client, seller, clock):
    tea = make_product(clock=clock, seller=seller)
    checkout = buy([(tea, 3)], clock=clock)
    page = f"/don-hang/{checkout.code}"
    assert send(client, page, {}, to=f"{page}/huy").status_code == 303
    assert "Đã hủy" in client.get(page).text
    assert catalogue.by_code(tea.code).reserved == 0


def test_unknown_codes_are_not_found(client, seller):
    for code in ("DH23456789", "x", "%00", "../../etc/passwd", str(uuid4())):
        assert client.get(f"/don-hang/{code}").status_code in (404, 422), code


def test_a_form_without_its_token_is_refused(client, seller, clock):
    tea = make_product(clock=clock, seller=seller)
    assert client.post("/gio-hang", data={"product_code": tea.code, "quantity": "1"}).status_code == 400
    assert client.post("/dat-hang", data=form()).status_code == 400


def test_the_seller_sees_number_and_address_only_once_it_is_paid(app, seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller, name="Chè đinh"), 1)], clock=clock)
    own = queries.by_code(checkout.code).orders[0]
    phone = sign_in(app, seller.shop.household_id, clock)
    assert "Chè đinh" in phone.get("/ban-hang/don-hang").text
    before = phone.get(f"/ban-hang/don-hang/{own.code}").text
    assert CONTACT.name not in before and "0912345678" not in before and ADDRESS.line not in before
    pay(request_of(checkout), clock=clock)
    after = phone.get(f"/ban-hang/don-hang/{own.code}").text
    assert CONTACT.name in after and "0912345678" in after and ADDRESS.line in after and "Tân Cương" in after


def test_another_seller_sees_neither_list_nor_detail(app, seller, neighbour, clock):
    checkout = buy([(make_product(clock=clock, seller=seller, name="Chè đinh"), 1)], clock=clock)
    own = queries.by_code(checkout.code).orders[0]
    pay(request_of(checkout), clock=clock)
    phone = sign_in(app, neighbour.shop.household_id, clock)
    assert "Chè đinh" not in phone.get("/ban-hang/don-hang").text
    assert phone.get(f"/ban-hang/don-hang/{own.code}").status_code == 404
    assert phone.get(f"/ban-hang/don-hang/{checkout.code}").status_code == 404


def test_sellers_pages_ask_guests_to_sign_in_and_keep_others_out(app, client, clock):
    for page in ("/ban-hang/don-hang", "/ban-hang/don-hang/DH23456789"):
        assert client.get(page).status_code in (302, 401)
    user = make_user(Role.TEAM_MEMBER, clock=clock)
    with client.session_transaction() as session:
        session["_user_id"] = user.fs_uniquifier
        session["_fresh"] = True
    assert client.get("/ban-hang/don-hang").status_code == 403
