"""The member's page and the household's, and the API, as browsers and programs see them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.identity.limits import limiter
from app.identity.roles import Role
from app.market.assisted.tasks import expire
from tests.factories.households import TAN_CUONG, verified
from tests.factories.market import a_photo, make_seller
from tests.factories.people import actor_for, make_user
from tests.market.assisted.conftest import HAMLET, PHONE, Doorstep
from tests.market.catalogue.conftest import Browser


@pytest.fixture
def door(app: Flask) -> Doorstep:
    """As in the services' tests, by the real clock."""
    limiter.reset()
    seller = make_seller(clock=SYSTEM_CLOCK, phone=PHONE)
    user = make_user(Role.TEAM_MEMBER, areas=(HAMLET,), display_name="Người mẫu", clock=SYSTEM_CLOCK)
    return Doorstep(SYSTEM_CLOCK, seller, user, actor_for(user, SYSTEM_CLOCK))  # type: ignore[arg-type]


@pytest.fixture
def member(app: Flask, door: Doorstep) -> Browser:
    """The member's browser."""
    return Browser(app.test_client(), door.user.fs_uniquifier)


def page_of(door: Doorstep) -> str:
    return f"/to-cong-nghe/ho/{door.household.code}/dang-giup"


def typed(**changes: object) -> dict[str, object]:
    return {"name": "Mật ong rừng", "price_vnd": "180.000", "unit": "lít", "stock": "12", **changes}


def link_of(door: Doorstep) -> str:
    (word,) = [word for word in door.texts()[-1].split() if "/nho-dang/" in word]
    return "/ban-hang/nho-dang/" + word.rsplit("/", 1)[1]


def guest(app: Flask) -> Browser:
    browser = Browser.__new__(Browser)
    browser.client = app.test_client()
    return browser


def test_from_the_household_page_to_the_market(app: Flask, door: Doorstep, member: Browser) -> None:
    assert page_of(door) in member.get(f"/to-cong-nghe/ho/{door.household.code}").text
    photo = (io.BytesIO(a_photo()), "mat-ong.jpg")
    answer = member.send(page_of(door), typed(photo=photo))
    assert answer.location == page_of(door), answer.text
    assert "Chờ nhà trả lời" in member.get(page_of(door)).text
    link, home = link_of(door), guest(app)
    assert "Mật ong rừng" not in home.get(link).text
    assert "Mật ong rừng" not in home.get("/cho").text
    seen = home.send(link, {"ma": door.digits()})
    for told in ("Mật ong rừng", "180.000", "Người mẫu", "12 lít", "/anh/"):
        assert told in seen.text
    done = home.send(link, {"ma": door.digits(), "lam": "confirm"})
    assert "Đã bày bán ở gian hàng nhà mình" in done.text
    assert "Mật ong rừng" in home.get("/cho").text
    assert "Đã bày bán" in member.get(page_of(door)).text
    undone = home.send(link, {"ma": door.digits(), "lam": "undo"})
    assert "Nhà đã thôi bán món này" in undone.text
    assert "Mật ong rừng" not in home.get("/cho").text


def test_a_wrong_code_shows_nothing_as_does_a_link_that_names_nothing(app: Flask, door: Doorstep) -> None:
    door.write_down()
    link, home = link_of(door), guest(app)
    bad = f"{(int(door.digits()) + 1) % 10**6:06d}"
    wrong = home.send(link, {"ma": bad, "lam": "confirm"})
    nothing = home.send("/ban-hang/nho-dang/NDAAAAAAAA", {"ma": bad})
    assert (wrong.status_code, nothing.status_code) == (422, 422)
    assert "Mật ong rừng" not in wrong.text
    assert "Mã chưa đúng" in wrong.text and "Mã chưa đúng" in nothing.text
    same = {text.text.replace(link.rsplit("/", 1)[1], "").replace("NDAAAAAAAA", "") for text in
            (home.get(link), home.get("/ban-hang/nho-dang/NDAAAAAAAA"))}  # fmt: skip
    assert len({len(text) for text in same}) == 1


def test_a_signed_in_household_finds_it_in_its_shop_and_answers_without_a_code(app: Flask, door: Doorstep) -> None:
    listing = door.write_down()
    user = make_user(Role.HOUSEHOLD, household_id=door.seller.shop.household_id, clock=SYSTEM_CLOCK)
    home = Browser(app.test_client(), user.fs_uniquifier)
    link = f"/ban-hang/nho-dang/{listing.code}"
    assert link in home.get("/ban-hang").text
    assert "Mật ong rừng" in home.get(link).text
    assert "Nhà đã từ chối" in home.send(link, {"lam": "refuse"}).text
    assert link not in home.get("/ban-hang").text


def test_another_household_that_is_signed_in_sees_nothing(app: Flask, door: Doorstep) -> None:
    listing = door.write_down()
    other = make_user(Role.HOUSEHOLD, household_id=verified(clock=SYSTEM_CLOCK).id, clock=SYSTEM_CLOCK)
    home = Browser(app.test_client(), other.fs_uniquifier)
    link = f"/ban-hang/nho-dang/{listing.code}"
    assert "Mật ong rừng" not in home.get(link).text
    assert home.send(link, {"lam": "confirm"}).status_code == 422


def test_what_is_wrong_is_said_and_what_was_typed_stays(door: Doorstep, member: Browser) -> None:
    answer = member.send(page_of(door), typed(price_vnd="mười", photo=(io.BytesIO(a_photo()), "a.jpg")))
    assert answer.status_code == 422
    assert "Ghi giá bằng chữ số" in answer.text and "Mật ong rừng" in answer.text
    assert 'name="photo_key"' in answer.text
    door.write_down()
    again = member.send(page_of(door), typed())
    assert again.status_code == 409 and "đang chờ nhà trả lời rồi" in again.text


def test_the_member_sends_again_and_takes_back(door: Doorstep, member: Browser) -> None:
    listing = door.write_down()
    before = f"/to-cong-nghe/dang-giup/{listing.code}"
    assert member.send(page_of(door), {}, to=f"{before}/gui-lai").location == page_of(door)
    assert len(door.texts()) == 2
    assert "Đã gửi mã mới" in member.get(page_of(door)).text
    assert member.send(page_of(door), {}, to=f"{before}/rut").location == page_of(door)
    assert "Đã rút lại" in member.get(page_of(door)).text
    member.send(page_of(door), {}, to=f"{before}/gui-lai")
    assert "đã có câu trả lời rồi" in member.get(page_of(door)).text


def test_the_page_says_what_is_missing(door: Doorstep, member: Browser) -> None:
    home = verified(clock=SYSTEM_CLOCK)
    shown = member.get(f"/to-cong-nghe/ho/{home.code}/dang-giup").text
    assert "Gian hàng của hộ chưa mở" in shown and f"ho={home.code}" in shown
    assert 'name="price_vnd"' not in shown


def test_a_member_of_another_hamlet_finds_nothing(app: Flask, door: Doorstep) -> None:
    listing = door.write_down()
    other = make_user(Role.TEAM_MEMBER, areas=(f"{TAN_CUONG}-02",), clock=SYSTEM_CLOCK)
    browser = Browser(app.test_client(), other.fs_uniquifier)
    assert browser.get(page_of(door)).status_code == 404
    page = "/to-cong-nghe/dang-ky"
    assert browser.send(page, {}, to=f"/to-cong-nghe/dang-giup/{listing.code}/rut").status_code == 404


def body_of(answer: TestResponse) -> dict[str, Any]:
    assert answer.json is not None
    return dict(answer.json)


def test_over_the_api(client: FlaskClient, door: Doorstep, member: Browser) -> None:
    path = f"/api/v1/assisted/households/{door.household.code}"
    kept = member.client.put("/api/v1/assisted/photos", data=a_photo(), content_type="image/jpeg")
    body = {"name": "Mật ong rừng", "unit": "lít", "price_vnd": 180_000, "stock": 12, **body_of(kept)}
    made = member.api("POST", path, key="k1", json=body)
    assert (made.status_code, body_of(made)["status"]) == (201, "waiting"), body_of(made)
    assert body_of(member.api("POST", path, key="k1", json=body))["code"] == body_of(made)["code"]
    assert body_of(member.api("POST", path, key="k2", json=body))["code"] == "waits_already"
    assert [one["code"] for one in body_of(member.get(path))["items"]] == [body_of(made)["code"]]
    link = f"/api/v1/assisted/{body_of(made)['code']}"
    assert member.api("POST", f"{link}/code", key="k3").status_code == 200
    no = client.post(f"{link}/answer", json={"digits": "000000" if door.digits() != "000000" else "1"})
    assert (no.status_code, body_of(no)["code"]) == (422, "wrong_code")
    seen = client.post(f"{link}/answer", json={"digits": door.digits()})
    assert (body_of(seen)["name"], body_of(seen)["product_code"]) == ("Mật ong rừng", None)
    yes = client.post(f"{link}/answer", json={"digits": door.digits(), "decision": "confirm"})
    assert body_of(yes)["status"] == "confirmed"
    assert body_of(client.get(f"/api/v1/products/{body_of(yes)['product_code']}"))["photo_urls"]
    assert member.api("DELETE", link).status_code == 409


def test_the_hourly_job_runs(door: Doorstep) -> None:
    with acting_as(door.member):
        expire(timestamp=0)
