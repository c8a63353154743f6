"""The areas every test of this floor stands on, and people who sign in with a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.identity import queries as people
from app.identity import services as identity
from app.identity import session
from app.identity.operations import NewGrant
from app.identity.roles import Role
from tests.factories.households import TAN_CUONG, a_phone, load_areas


@pytest.fixture(autouse=True)
def known_areas(request: pytest.FixtureRequest) -> None:
    """The areas are there for tests that use the application; loaded once per worker."""
    if "app" in request.fixturenames:
        request.getfixturevalue("world")
        load_areas()


@dataclass
class Browser:
    """A signed-in person's browser; forms are sent with the page's CSRF token."""

    client: FlaskClient
    actor: Actor
    headers: dict[str, str]

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, form: dict[str, str], page: str) -> Any:
        token = self.client.get(page, headers=self.headers).get_data(as_text=True)
        csrf = token.split('name="csrf_token" value="')[1].split('"')[0]
        return self.client.post(path, data={**form, "csrf_token": csrf}, headers=self.headers)

    def api(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(path, json=body or {}, headers=headers)


SignIn = Callable[..., Browser]


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """Sign somebody in: a role over an area."""

    def open_browser(role: Role, area: str = TAN_CUONG) -> Browser:
        user = identity.create_user(
            phone=a_phone(), display_name="Người thử", grants=[NewGrant(role, area)], clock=SYSTEM_CLOCK
        )
        token, _ends = session.new_token(user, second_factor=True)
        actor = people.actor_of(user, clock=SYSTEM_CLOCK)
        return Browser(app.test_client(), actor, {session.TOKEN_HEADER: token})

    return open_browser


@pytest.fixture
def neighbour(sign_in: SignIn) -> Browser:
    """A team member of one hamlet of Tân Cương."""
    return sign_in(Role.TEAM_MEMBER, f"{TAN_CUONG}-01")


@pytest.fixture
def officer(sign_in: SignIn) -> Browser:
    """An officer of Tân Cương."""
    return sign_in(Role.COMMUNE_OFFICER)
