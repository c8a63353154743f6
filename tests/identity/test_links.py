"""A link in a text message that signs in once, and only by the button."""

from __future__ import annotations

import re
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM
from app.core.database import acting_as, db
from app.identity import queries, services
from app.identity.errors import TooManyTries, WrongLink
from app.identity.limits import limiter
from app.identity.models import User
from app.identity.roles import Role
from tests.factories.people import make_user, new_phone, post_form, texts_to
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("world")
BASE = "https://cho.example"


def phone_of(user: User) -> str:
    with acting_as(SYSTEM):
        return queries.phone_of(user)


def token_for(user: User, clock: FrozenClock) -> str:
    services.ask_link(phone=phone_of(user), base_url=BASE, clock=clock)
    with acting_as(SYSTEM):
        (text,) = texts_to(phone_of(user))[-1:]
    found = re.search(rf"{BASE}/vao/(\S+)", text)
    assert found
    return found[1]


def test_a_link_signs_in_once(app: Flask, clock: FrozenClock) -> None:
    user = make_user(clock=clock)
    token = token_for(user, clock)
    assert services.use_link(token=token, clock=clock).id == user.id
    with pytest.raises(WrongLink):
        services.use_link(token=token, clock=clock)


def test_a_link_ends_after_fifteen_minutes(app: Flask, clock: FrozenClock) -> None:
    token = token_for(make_user(clock=clock), clock)
    clock.advance(minutes=15)
    with pytest.raises(WrongLink):
        services.use_link(token=token, clock=clock)


def test_a_made_up_link_is_refused_alike(app: Flask, clock: FrozenClock) -> None:
    with pytest.raises(WrongLink):
        services.use_link(token="A" * 22, clock=clock)


def test_a_number_nobody_has_gets_nothing_and_no_other_answer(app: Flask, clock: FrozenClock) -> None:
    phone = new_phone()
    services.ask_link(phone=phone, base_url=BASE, clock=clock)
    with acting_as(SYSTEM):
        assert texts_to(phone) == []


def test_three_links_in_ten_minutes_are_enough(app: Flask, clock: FrozenClock) -> None:
    user = make_user(clock=clock)
    for _one in range(3):
        token_for(user, clock)
    with pytest.raises(TooManyTries):
        services.ask_link(phone=phone_of(user), base_url=BASE, clock=clock)
    clock.advance(minutes=10, seconds=1)
    token_for(user, clock)


def test_two_presses_at_once_sign_in_once(app: Flask, clock: FrozenClock) -> None:
    token = token_for(make_user(clock=clock), clock)
    db.session.remove()
    said: list[str] = []
    start = threading.Barrier(2)

    def press() -> None:
        with app.app_context():
            start.wait()
            try:
                services.use_link(token=token, clock=clock)
                said.append("in")
            except WrongLink:
                said.append("refused")

    threads = [threading.Thread(target=press) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["in", "refused"]


def test_opening_the_address_uses_nothing_up(client: FlaskClient) -> None:
    limiter.reset()
    user = make_user(Role.TEAM_MEMBER)
    phone = phone_of(user)
    sent = post_form(client, "/dang-nhap", phone=phone, how="link")
    assert sent.location == "/dang-nhap/link"
    assert "tin nhắn" in client.get("/dang-nhap/link").get_data(as_text=True)
    with acting_as(SYSTEM):
        found = re.search(r"/vao/\S+", texts_to(phone)[-1])
    assert found
    for _preview in range(3):
        page = client.get(found[0])
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert post_form(client, found[0]).location == "/to-cong-nghe"
    again = post_form(client, found[0])
    assert again.status_code == 410
    assert "xin link mới" in again.get_data(as_text=True).lower()


def test_an_officer_shows_the_authenticator_code_as_well(client: FlaskClient) -> None:
    limiter.reset()
    user = make_user(Role.COMMUNE_OFFICER)
    phone = phone_of(user)
    post_form(client, "/dang-nhap", phone=phone, how="link")
    with acting_as(SYSTEM):
        found = re.search(r"/vao/\S+", texts_to(phone)[-1])
    assert found
    assert post_form(client, found[0]).location == "/dang-nhap/xac-thuc"
