"""Signing in for programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app.core.actor import SYSTEM
from app.core.database import db
from app.identity import queries, services
from app.identity.limits import limiter
from app.identity.models import User
from app.identity.roles import Role
from tests.factories.people import make_user, new_phone, sign_in, totp_code
from tests.fakes.clock import FrozenClock

PASSWORD = "gà gáy trên núi"


@pytest.fixture(autouse=True)
def unhurried(app: Flask) -> None:
    limiter.reset()


def _ask(client: FlaskClient, user: User | None = None, **changes: object) -> TestResponse:
    phone = queries.phone_of(user) if user else new_phone()
    return client.post("/api/v1/sign-in", json={"phone": phone, "password": PASSWORD, **changes})


def _me(client: FlaskClient, answer: TestResponse) -> TestResponse:
    return client.get("/api/v1/me", headers={"Authentication-Token": answer.get_json()["token"]})


def test_a_token_opens_the_api(client: FlaskClient) -> None:
    answer = _ask(client, make_user(Role.TEAM_MEMBER, areas=["05503-01"], password=PASSWORD))
    assert answer.status_code == 200 and answer.get_json()["expires_at"]
    assert _me(client, answer).get_json()["areas"] == ["05503-01"]


def test_wrong_password_unknown_phone_and_switched_off_look_alike(client: FlaskClient, clock: FrozenClock) -> None:
    gone = make_user(password=PASSWORD)
    services.deactivate(actor=SYSTEM, user_id=gone.id, clock=clock)
    known = make_user(password=PASSWORD)
    answers = [
        _ask(client, known, password="sai rồi bà con"),
        _ask(client),
        _ask(client, gone),
        _ask(client, make_user()),  # has no password
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert len({answer.get_data() for answer in answers}) == 1
    assert answers[0].get_json()["code"] == "wrong_sign_in"
    assert answers[0].content_type == "application/problem+json"


@pytest.mark.parametrize("known", [True, False])
def test_five_wrong_passwords_lock_the_phone_known_or_not(client: FlaskClient, known: bool) -> None:
    user = make_user(password=PASSWORD)
    phone = queries.phone_of(user) if known else new_phone()
    for _ in range(5):
        assert _ask(client, phone=phone, password="sai rồi bà con").status_code == 401
    answer = _ask(client, phone=phone)
    assert answer.status_code == 429 and answer.get_json()["code"] == "too_many_tries"


def test_officers_show_their_app_too_and_each_code_once(client: FlaskClient) -> None:
    officer = make_user(Role.COMMUNE_OFFICER, areas=["05503"], password=PASSWORD)
    assert _ask(client, officer).get_json()["code"] == "totp_needed"
    assert _ask(client, officer, totp="000").get_json()["code"] == "wrong_totp"
    code = totp_code(officer)
    answer = _ask(client, officer, totp=code)
    assert _me(client, answer).get_json()["roles"] == ["commune_officer"]
    assert _ask(client, officer, totp=code).get_json()["code"] == "wrong_totp"


def test_officers_without_an_app_set_it_up_on_the_pages(client: FlaskClient) -> None:
    officer = make_user(Role.FINANCE, totp_secret=None, password=PASSWORD)
    answer = _ask(client, officer)
    assert answer.status_code == 403 and answer.get_json()["code"] == "totp_not_set_up"


def test_a_token_dies_with_its_person(client: FlaskClient, clock: FrozenClock) -> None:
    user = make_user(password=PASSWORD)
    answer = _ask(client, user)
    services.deactivate(actor=SYSTEM, user_id=user.id, clock=clock)
    assert _me(client, answer).status_code == 401


@pytest.mark.parametrize("token", ["x", "", "eyJ2ZXIiOiI1In0.aaaa.bbbb"])
def test_a_forged_token_is_nobody(client: FlaskClient, token: str) -> None:
    assert client.get("/api/v1/me", headers={"Authentication-Token": token}).status_code == 401


def test_a_token_in_the_address_is_not_read(client: FlaskClient) -> None:
    token = _ask(client, make_user(password=PASSWORD)).get_json()["token"]
    assert client.get(f"/api/v1/me?auth_token={token}").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"phone": "0912345678"}, {"phone": "1", "password": PASSWORD}, {"phone": 1, "password": []}, []]
)
def test_what_is_no_sign_in_is_refused_by_name(client: FlaskClient, body: object) -> None:
    answer = client.post("/api/v1/sign-in", json=body)
    assert answer.status_code == 422 and answer.get_json()["errors"]


def test_knocking_without_end_is_stopped(client: FlaskClient) -> None:
    statuses = [_ask(client, phone="1").status_code for _ in range(61)]
    assert statuses[:60] == [422] * 60 and statuses[60] == 429


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement sent meanwhile."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_knowing_the_caller_takes_one_query_and_none_for_guests(
    client: FlaskClient, app: Flask, statements: list[str]
) -> None:
    sign_in(client, make_user(Role.TEAM_MEMBER))
    statements.clear()
    assert client.get("/api/v1/me").status_code == 200
    assert len(statements) == 1
    statements.clear()
    app.test_client().get("/dang-nhap")
    assert statements == []
