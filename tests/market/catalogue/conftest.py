"""Two sellers, and browsers they are signed in on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.identity.roles import Role
from tests.factories.market import Seller, make_seller
from tests.factories.people import make_user
from tests.fakes.clock import FrozenClock

SignIn = Callable[[UUID], "Browser"]
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """A browser somebody is signed in on, which sends forms with the token of the page before."""

    def __init__(self, client: FlaskClient, uniquifier: str) -> None:
        self.client = client
        with client.session_transaction() as session:
            session["_user_id"] = uniquifier
            session["_fresh"] = True

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def send(self, page: str, data: dict[str, Any], *, to: str = "") -> TestResponse:
        token = _TOKEN.search(self.get(page).text)
        assert token, f"{page} has no form"
        return self.client.post(to or page, data={"csrf_token": token[1], **data}, content_type="multipart/form-data")

    def api(self, method: str, path: str, *, key: str = "", **more: Any) -> TestResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.open(path, method=method, headers=headers, **more)


@pytest.fixture
def seller(app: Flask, clock: FrozenClock) -> Seller:
    """A seller with a shop."""
    return make_seller(clock=clock, name="Chè nhà bà Lan")


@pytest.fixture
def neighbour(app: Flask, clock: FrozenClock) -> Seller:
    """Another seller with a shop."""
    return make_seller(clock=clock, name="Mật ong nhà ông Bình")


@pytest.fixture
def sign_in(app: Flask, clock: FrozenClock) -> SignIn:
    """A browser on which the household is signed in."""

    def sign(household_id: UUID) -> Browser:
        user = make_user(Role.HOUSEHOLD, household_id=household_id, clock=clock)
        return Browser(app.test_client(), user.fs_uniquifier)

    return sign


@pytest.fixture
def phone(seller: Seller, sign_in: SignIn) -> Browser:
    """The first seller's phone."""
    return sign_in(seller.shop.household_id)
