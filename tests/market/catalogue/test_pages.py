"""The market as people see it, with and without JavaScript (there is none)."""

from __future__ import annotations

import gzip
import io
import json
import re
from typing import Any

import pytest

from app.market.catalogue import queries, services
from app.market.catalogue.finding.queries import find
from tests.factories import households
from tests.factories.market import a_photo, make_product, sell_out

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"
FORM = {"name": "Chè đinh", "unit": "kg", "price_vnd": "3.000.000", "stock": "5", "description": "Hái tay\nSao lửa"}


def linked(text: str) -> Any:
    found = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', text, re.S)
    assert found
    return json.loads(found[1])


def test_the_market_shows_products_and_finds_them(client, seller, clock):
    make_product(clock=clock, seller=seller, name="Chè đinh")
    make_product(clock=clock, seller=seller, name="Mật ong rừng")
    assert "Mật ong rừng" in client.get("/cho").text
    found = client.get("/cho?q=che dinh").text
    assert "Chè đinh" in found
    assert "Mật ong rừng" not in found


def test_a_search_in_vain_offers_something_else(client, seller, clock):
    make_product(clock=clock, seller=seller, name="Chè đinh")
    text = client.get("/cho?q=xe may").text
    assert "Chưa thấy món nào như vậy" in text
    assert "Chè đinh" in text


def test_a_long_market_goes_on_page_by_page(client, seller, clock):
    for number in range(25):
        make_product(clock=clock, seller=seller, name=f"Chè số {number:02}")
        clock.advance(seconds=1)
    first = client.get("/cho").text
    follow = re.search(r'href="(/cho\?cursor=[^"]+)"', first)
    assert follow
    both = re.findall(r"Chè số \d\d", first) + re.findall(r"Chè số \d\d", client.get(follow[1]).text)
    assert both == [f"Chè số {number:02}" for number in reversed(range(25))]


def test_the_first_load_is_light(client, seller, clock):
    for number in range(20):
        make_product(clock=clock, seller=seller, name=f"Chè số {number:02} {'rất thơm ' * 5}", photo=a_photo())
    page = client.get("/cho").text
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    whole = len(gzip.compress(page.encode()))
    for path in files:
        with client.get(path) as answer:
            whole += len(gzip.compress(answer.data))
    assert whole < 60 * 1024


def test_a_product_page_tells_people_and_machines(client, seller, clock):
    product = make_product(clock=clock, seller=seller, photo=a_photo(), description="Hái tay lúc sương còn đọng.")
    text = client.get(f"/san-pham/{product.code}").text
    for words in ("Chè móc câu", "250.000", "Còn 20 kg", "Chè nhà bà Lan", "Xã Tân Cương", "Hái tay lúc sương"):
        assert words in text
    assert 'action="/gio-hang"' in text
    assert f'name="product_code" value="{product.code}"' in text
    assert 'property="og:image" content="http://127.0.0.1:8000/anh/' in text
    data = linked(text)
    assert data["@type"] == "Product"
    assert data["offers"]["price"] == 250_000
    assert data["offers"]["priceCurrency"] == "VND"
    assert data["offers"]["availability"] == "https://schema.org/InStock"


def test_hostile_words_are_only_words(client, seller, clock):
    product = make_product(clock=clock, seller=seller, name=HOSTILE, unit="<b>kg", description=HOSTILE)
    for path in (f"/san-pham/{product.code}", "/cho", f"/gian-hang/{seller.shop.code}", f"/cho?q={HOSTILE}"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>kg" not in text
    assert linked(client.get(f"/san-pham/{product.code}").text)["name"] == HOSTILE


def test_a_product_that_is_gone_for_now_keeps_its_page_but_not_its_button(client, seller, clock):
    product = sell_out(make_product(clock=clock, seller=seller), seller, clock=clock)
    text = client.get(f"/san-pham/{product.code}").text
    assert "Tạm hết hàng" in text
    assert "/gio-hang" not in text
    services.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
    assert "tạm nghỉ" in client.get(f"/san-pham/{product.code}").text
    assert "tạm nghỉ" in client.get(f"/gian-hang/{seller.shop.code}").text


def test_unknown_codes_and_cursors_are_answered_kindly(client):
    assert client.get("/san-pham/SP22222222").status_code == 404
    assert client.get("/gian-hang/GH22222222").status_code == 404
    assert client.get("/cho?cursor=x").status_code == 422


def test_somebody_without_a_shop_learns_how_to_get_one(client):
    text = client.get("/ban-hang").text
    assert "Đăng nhập để bán hàng" in text
    assert client.get("/ban-hang/san-pham/moi").location.startswith("/dang-nhap")


def test_a_household_opens_its_shop_and_adds_its_first_product(sign_in, clock):
    home = households.verified(clock=clock, sales_account=None)
    phone = sign_in(home.id)
    assert phone.get("/ban-hang").location == "/ban-hang/mo-gian-hang"
    wrong = phone.send(
        "/ban-hang/mo-gian-hang", {"name": "Chè nhà Lan", "bin": "970436", "number": "1", "holder": "LAN"}
    )
    assert wrong.status_code == 422
    assert 'value="Chè nhà Lan"' in wrong.text
    account = {"name": "Chè nhà Lan", "bin": "970436", "number": "0011 2233 44", "holder": "Nguyen Thi Lan"}
    opened = phone.send("/ban-hang/mo-gian-hang", account)
    assert opened.location == "/ban-hang/san-pham/moi"
    added = phone.send("/ban-hang/san-pham/moi", {**FORM, "photo": (io.BytesIO(a_photo()), "x.jpg")})
    assert added.location == "/ban-hang"
    text = phone.get("/ban-hang").text
    for words in ("Chè đinh", "3.000.000", "Còn 5 kg", "/ban-hang/loa", "/ban-hang/don-hang", "/anh/"):
        assert words in text


def test_a_form_with_a_mistake_loses_nothing_not_even_the_photo(phone):
    photo = (io.BytesIO(a_photo()), "x.jpg")
    wrong = phone.send("/ban-hang/san-pham/moi", {**FORM, "price_vnd": "1,5", "photo": photo})
    assert wrong.status_code == 422
    for words in ('value="Chè đinh"', 'value="1,5"', 'value="5"', "Hái tay\nSao lửa", "Ghi giá bằng chữ số"):
        assert words in wrong.text
    key = re.search(r'name="photo_key" value="([0-9a-f]{40})"', wrong.text)
    assert key
    added = phone.send("/ban-hang/san-pham/moi", {**FORM, "photo_key": key[1]})
    assert added.status_code == 302
    (card,) = find().items
    assert key[1] in card.photo_urls[0]


@pytest.mark.parametrize("photo_key", ["0" * 40, "../../x", "'"])
def test_a_made_up_photo_is_left_out(phone, photo_key):
    assert phone.send("/ban-hang/san-pham/moi", {**FORM, "photo_key": photo_key}).status_code == 302
    assert find().items[0].photo_urls == ()


def test_a_file_that_is_no_photo_is_told_at_its_field(phone):
    wrong = phone.send("/ban-hang/san-pham/moi", {**FORM, "photo": (io.BytesIO(b"no"), "x.jpg")})
    assert wrong.status_code == 422
    assert 'id="photo-error"' in wrong.text


def test_a_double_tap_adds_one_product(phone):
    key = re.search(r'name="key" value="([0-9a-f]+)"', phone.get("/ban-hang/san-pham/moi").text)
    assert key
    for _tap in range(2):
        phone.send("/ban-hang/san-pham/moi", {**FORM, "key": key[1]})
    assert len(find().items) == 1


def test_a_form_without_its_token_is_refused(phone):
    assert phone.client.post("/ban-hang/san-pham/moi", data=FORM).status_code == 400
    assert find().items == []


def edit_form(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(version|stock_seen)" value="(\d+)"', page))


def test_a_seller_edits_and_is_told_of_a_change_in_between(phone, seller, clock):
    product = make_product(clock=clock, seller=seller)
    path = f"/ban-hang/san-pham/{product.code}"
    shown = phone.get(path).text
    assert 'value="250.000"' in shown
    assert phone.send(path, {**FORM, **edit_form(shown)}).status_code == 302
    stale = phone.send(path, {**FORM, **edit_form(shown), "name": "Chè nõn"})
    assert stale.status_code == 409
    assert 'value="Chè nõn"' in stale.text
    assert phone.send(path, {**FORM, **edit_form(stale.text), "name": "Chè nõn"}).status_code == 302
    assert queries.by_code(product.code).name == "Chè nõn"


def test_a_neighbour_sees_and_changes_nothing_of_ours(seller, neighbour, sign_in, clock):
    product = make_product(clock=clock, seller=seller)
    thief = sign_in(neighbour.shop.household_id)
    path = f"/ban-hang/san-pham/{product.code}"
    assert thief.get(path).status_code == 403
    form = {**FORM, "version": "1", "stock_seen": "20", "price_vnd": "1"}
    assert thief.send("/ban-hang/san-pham/moi", form, to=path).status_code == 403
    assert thief.send("/ban-hang/san-pham/moi", {"het": "1"}, to=f"{path}/het-hang").status_code == 403
    assert queries.by_code(product.code).price_vnd == 250_000


def test_the_switches_of_the_shop_page_work(phone, seller, clock):
    product = make_product(clock=clock, seller=seller)
    switch = f"/ban-hang/san-pham/{product.code}/het-hang"
    phone.send("/ban-hang", {"het": "1"}, to=switch)
    assert find().items == []
    phone.send("/ban-hang", {"het": "0"}, to=switch)
    assert len(find().items) == 1
    phone.send("/ban-hang", {"mo": "0"}, to="/ban-hang/trang-thai")
    assert "đang tạm nghỉ" in phone.get("/ban-hang").text
