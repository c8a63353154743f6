"""Products over the API."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.media import store
from app.households.registry import queries as registry
from app.identity.roles import Role
from app.market.catalogue import queries
from app.market.catalogue.finding.queries import find
from tests.factories import households
from tests.factories.market import a_photo, make_product, sell_out
from tests.factories.people import make_user
from tests.market.catalogue.conftest import Browser

TEA: dict[str, Any] = {"name": "Chè đinh", "unit": "kg", "price_vnd": 3_000_000, "stock": 5}


def test_the_list_says_what_was_promised(client, seller, clock):
    product = make_product(clock=clock, seller=seller, photo=a_photo())
    answer = client.get("/api/v1/products")
    assert answer.status_code == 200
    (item,) = answer.json["items"]
    photo = item.pop("photo_urls")
    assert answer.json["next_cursor"] is None
    assert item == {
        "code": product.code,
        "name": "Chè móc câu",
        "price_vnd": 250_000,
        "unit": "kg",
        "in_stock": True,
        "commune_code": "05503",
        "ocop_stars": None,
        "category": "drink.tea",
        "season_from_month": None,
        "season_to_month": None,
        "seller": {"code": seller.shop.code, "name": "Chè nhà bà Lan"},
        "url": f"http://127.0.0.1:8000/san-pham/{product.code}",
    }
    assert client.get(photo[0].removeprefix("http://127.0.0.1:8000")).mimetype == "image/webp"


def test_nothing_leads_from_a_product_to_the_household(client, seller, clock):
    product_code = make_product(clock=clock, seller=seller).code
    home = registry.get(seller.shop.household_id)
    secrets = (str(home.id), home.code)
    for path in ("/api/v1/products", f"/api/v1/products/{product_code}", f"/san-pham/{product_code}"):
        text = client.get(path).text
        assert product_code in text
        assert [secret for secret in secrets if secret in text] == []


def test_one_product_is_found_by_its_code_however_it_is_typed(client, seller, clock):
    product = make_product(clock=clock, seller=seller)
    assert client.get(f"/api/v1/products/{product.code.lower()}").json["code"] == product.code
    missing = client.get("/api/v1/products/SP22222222")
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")


def test_a_product_that_is_switched_off_is_shown_as_out_of_stock(client, seller, clock):
    product = sell_out(make_product(clock=clock, seller=seller), seller, clock=clock)
    assert client.get(f"/api/v1/products/{product.code}").json["in_stock"] is False
    assert client.get("/api/v1/products").json["items"] == []


def test_the_list_pages_filters_and_refuses_nonsense(client, seller, clock):
    for number in range(3):
        make_product(clock=clock, seller=seller, name=f"Chè số {number}")
    first = client.get("/api/v1/products?limit=2&q=che&commune=05503").json
    rest = client.get("/api/v1/products", query_string={"limit": 2, "q": "che", "cursor": first["next_cursor"]}).json
    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    for query in ("limit=0", "limit=101", "limit=x", "cursor=zzz", "q=" + "a" * 201):
        refused = client.get(f"/api/v1/products?{query}")
        assert (refused.status_code, refused.content_type) == (422, "application/problem+json")


def test_an_unchanged_list_costs_nothing(client, seller, clock):
    make_product(clock=clock, seller=seller)
    first = client.get("/api/v1/products")
    assert first.headers["Cache-Control"] == "public, max-age=10"
    again = client.get("/api/v1/products", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_seller_adds_a_product_and_then_its_photo(phone, clock):
    added = phone.api("POST", "/api/v1/products", key="k1", json=TEA)
    assert added.status_code == 201
    path = f"/api/v1/products/{added.json['code']}/photo"
    shown = phone.api("PUT", path, data=a_photo(), content_type="image/jpeg")
    assert shown.status_code == 200
    key = shown.json["photo_urls"][0].rsplit("/", 1)[1][:40]
    assert store().path(key)
    other = phone.api("PUT", path, data=a_photo(50, 50, kind="PNG"), content_type="image/png")
    assert len(other.json["photo_urls"]) == 1
    assert other.json["photo_urls"] != shown.json["photo_urls"]


def test_the_same_key_adds_once_and_another_body_is_refused(phone):
    first = phone.api("POST", "/api/v1/products", key="k1", json=TEA)
    again = phone.api("POST", "/api/v1/products", key="k1", json=TEA)
    assert first.json == again.json
    other = phone.api("POST", "/api/v1/products", key="k1", json=TEA | {"stock": 6})
    assert other.status_code == 409
    assert len(find().items) == 1
    assert phone.api("POST", "/api/v1/products", json=TEA).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_vnd": 0},
        {"price_vnd": -5},
        {"price_vnd": 1.5},
        {"price_vnd": "50000"},
        {"price_vnd": 10**13},
        {"stock": -1},
        {"stock": None},
        {"name": "  "},
        {"name": "x" * 121},
        {"name": 5},
        {"unit": ""},
        {"ocop_stars": 5},
        {"reserved": 3},
    ],
)
def test_a_product_that_cannot_be_is_refused(phone, wrong):
    answer = phone.api("POST", "/api/v1/products", key="k", json=TEA | wrong)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
    assert next(iter(wrong)) in str(answer.json["errors"])


def test_names_lose_what_cannot_be_seen(phone):
    added = phone.api("POST", "/api/v1/products", key="k", json=TEA | {"name": " Chè\u202e\x07  đinh\n"})
    assert added.json["name"] == "Chè đinh"


def test_who_is_not_signed_in_or_has_no_shop_adds_nothing(app, client, sign_in, clock):
    assert client.post("/api/v1/products", json=TEA, headers={"Idempotency-Key": "k"}).status_code == 401
    home = households.verified(clock=clock)
    without = sign_in(home.id).api("POST", "/api/v1/products", key="k", json=TEA)
    assert (without.status_code, without.json["code"]) == (409, "shop_missing")
    helper = make_user(Role.TEAM_MEMBER, clock=clock)
    assert Browser(client, helper.fs_uniquifier).api("POST", "/api/v1/products", key="k", json=TEA).status_code == 403


def test_a_neighbour_cannot_change_the_photo_nor_fill_the_disk(client, neighbour, sign_in, seller, clock):
    product = make_product(clock=clock, seller=seller)
    path = f"/api/v1/products/{product.code}/photo"
    raw = a_photo(333, 222)
    assert client.put(path, data=raw, content_type="image/jpeg").status_code == 401
    thief = sign_in(neighbour.shop.household_id)
    assert thief.api("PUT", path, data=raw, content_type="image/jpeg").status_code == 403
    assert queries.by_code(product.code).photos == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"hello", "image/png", 422),
        (b"", "image/png", 422),
        (b"<svg/>", "image/svg+xml", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"\xff" * (8 * 1024 * 1024 + 1), "image/jpeg", 422),
    ],
)
def test_bytes_that_are_no_photo_are_refused(phone, seller, clock, body, kind, status):
    product = make_product(clock=clock, seller=seller)
    answer = phone.api("PUT", f"/api/v1/products/{product.code}/photo", data=body, content_type=kind)
    assert answer.status_code == status
