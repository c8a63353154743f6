"""Signing in on the pages, as a browser without scripts does."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from app.core.actor import SYSTEM
from app.core.database import acting_as, current_actor, transaction
from app.identity import queries, services
from app.identity.models import User
from app.identity.operations import NewGrant
from app.identity.roles import TOTP_ROLES, Role
from tests.factories.people import (
    code_in,
    make_user,
    new_phone,
    post_form,
    sign_in,
    texts_to,
    totp_code,
)
from tests.fakes.clock import FrozenClock

PASSWORD = "gà gáy trên núi"


def _phone_step(client: FlaskClient, phone: str, **fields: str) -> str:
    answer = post_form(client, "/dang-nhap", phone=phone, **fields)
    assert answer.status_code == 302
    return str(answer.location)


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.HOUSEHOLD, "/ban-hang"),
        (Role.TEAM_MEMBER, "/to-cong-nghe"),
        (Role.COMMUNE_OFFICER, "/dieu-hanh"),
        (Role.PROVINCE_OPERATOR, "/dieu-hanh"),
    ],
)
def test_everybody_lands_where_their_work_is(client: FlaskClient, role: Role, home: str) -> None:
    user = make_user(role, household_id=uuid4() if role == Role.HOUSEHOLD else None)
    assert sign_in(client, user).location == home
    assert client.get("/tai-khoan").status_code == 200


def test_the_way_in_by_password(client: FlaskClient) -> None:
    user = make_user(Role.TEAM_MEMBER, password=PASSWORD)
    assert _phone_step(client, queries.phone_of(user), how="password") == "/dang-nhap/mat-khau"
    assert texts_to(queries.phone_of(user)) == []
    wrong = post_form(client, "/dang-nhap/mat-khau", password="sai rồi bà con")
    assert wrong.status_code == 401 and PASSWORD not in wrong.get_data(as_text=True)
    assert post_form(client, "/dang-nhap/mat-khau", password=PASSWORD).location == "/to-cong-nghe"


def test_one_comes_back_to_the_page_one_wanted(client: FlaskClient) -> None:
    user = make_user(Role.TEAM_MEMBER)
    asked = client.get("/tai-khoan?a=1")
    assert asked.status_code == 302 and asked.location == "/dang-nhap?next=/tai-khoan?a%3D1"
    client.get(asked.location)
    phone = queries.phone_of(user)
    page = client.get(asked.location).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    client.post("/dang-nhap", data={"csrf_token": token[1], "phone": phone})
    code = code_in(texts_to(phone)[-1])
    answer = client.post("/dang-nhap/ma", data={"csrf_token": token[1], "code": code})
    assert answer.location == "/tai-khoan?a=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/%0a/x\n",
    ],
)
def test_nobody_is_sent_to_another_site(client: FlaskClient, target: str) -> None:
    user = make_user(Role.TEAM_MEMBER)
    client.get("/dang-nhap", query_string={"next": target})
    with client.session_transaction() as cookie:
        assert cookie["sign_in_next"] is None
    assert sign_in(client, user).location == "/to-cong-nghe"


def test_known_and_unknown_numbers_see_the_same(client: FlaskClient, app: Flask) -> None:
    pages = []
    for phone in (queries.phone_of(make_user(phone="0912000111")), "+84912999111"):
        browser = app.test_client()
        assert _phone_step(browser, phone) == "/dang-nhap/ma"
        wrong = post_form(browser, "/dang-nhap/ma", code="000000")
        pages.append((wrong.status_code, _without_secrets(wrong.get_data(as_text=True))))
    assert pages[0] == pages[1] and pages[0][0] == 401


def _without_secrets(page: str) -> str:
    return re.sub(r'value="[^"]*"|09•• ••• \d{3}|nonce="[^"]*"', "", page)


def test_a_fourth_code_is_refused_kindly(client: FlaskClient) -> None:
    phone = new_phone()
    for _ in range(3):
        _phone_step(client, phone)
    answer = post_form(client, "/dang-nhap", phone=phone)
    assert answer.status_code == 429 and "10 phút" in answer.get_data(as_text=True)


def test_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    for path in ("/dang-nhap", "/dang-nhap/ma", "/dang-xuat", "/dang-nhap/mat-khau", "/dang-nhap/xac-thuc"):
        assert client.post(path, data={"phone": new_phone()}).status_code == 400


@pytest.mark.parametrize("role", sorted(TOTP_ROLES))
def test_officers_reach_nothing_before_the_app_is_set_up(client: FlaskClient, role: Role) -> None:
    user = make_user(role, totp_secret=None)
    phone = queries.phone_of(user)
    _phone_step(client, phone)
    assert post_form(client, "/dang-nhap/ma", code=code_in(texts_to(phone)[-1])).location == "/dang-nhap/xac-thuc"
    assert client.get("/tai-khoan").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    page = client.get("/dang-nhap/xac-thuc").get_data(as_text=True)
    assert "<svg" in page and "csrf_token" in page
    assert post_form(client, "/dang-nhap/xac-thuc", code="000").status_code == 401
    assert client.get("/api/v1/me").status_code == 401
    assert post_form(client, "/dang-nhap/xac-thuc", code=totp_code(user)).location == "/dieu-hanh"
    assert client.get("/api/v1/me").get_json()["roles"] == [role]


def test_a_new_officer_role_does_not_count_in_a_session_without_the_app(
    client: FlaskClient, clock: FrozenClock
) -> None:
    user = make_user(Role.TEAM_MEMBER, areas=["05503-01"])
    sign_in(client, user)
    long_ago = clock.now().replace(year=2020)
    grant = NewGrant(Role.COMMUNE_OFFICER, "05503", valid_from=long_ago)
    services.grant_role(actor=SYSTEM, user_id=user.id, grant=grant, clock=clock)
    assert client.get("/api/v1/me").get_json() == {
        "display_name": user.display_name,
        "roles": ["team_member"],
        "areas": ["05503-01"],
        "speaks_for_household": False,
        "households": [],
    }
    assert "Chưa vào được việc của cán bộ" in client.get("/tai-khoan").get_data(as_text=True)


def test_the_session_of_somebody_switched_off_dies_at_once(client: FlaskClient, clock: FrozenClock) -> None:
    user = make_user(Role.TEAM_MEMBER)
    sign_in(client, user)
    services.deactivate(actor=SYSTEM, user_id=user.id, clock=clock)
    assert client.get("/api/v1/me").status_code == 401


def test_a_session_of_somebody_inactive_is_nobodys_even_under_its_old_name(client: FlaskClient) -> None:
    user = make_user(Role.TEAM_MEMBER)
    sign_in(client, user)
    with transaction() as session:
        session.execute(sa.update(User).where(User.id == user.id).values(active=False))
    assert client.get("/api/v1/me").status_code == 401


def test_signing_out_everywhere_ends_other_browsers(client: FlaskClient, app: Flask) -> None:
    user = make_user(Role.TEAM_MEMBER)
    other = app.test_client()
    sign_in(client, user)
    sign_in(other, user)
    assert post_form(client, "/tai-khoan/dang-xuat-het").status_code == 302
    assert client.get("/api/v1/me").status_code == other.get("/api/v1/me").status_code == 401


def test_signing_out_ends_this_browser_only(client: FlaskClient, app: Flask) -> None:
    user = make_user(Role.TEAM_MEMBER)
    other = app.test_client()
    sign_in(client, user)
    sign_in(other, user)
    assert post_form(client, "/dang-xuat").location == "/"
    assert client.get("/api/v1/me").status_code == 401
    assert other.get("/api/v1/me").status_code == 200


def test_being_remembered_outlives_the_browser_but_not_for_officers(client: FlaskClient) -> None:
    phone = queries.phone_of(make_user(Role.TEAM_MEMBER))
    _phone_step(client, phone, remember="1")
    post_form(client, "/dang-nhap/ma", code=code_in(texts_to(phone)[-1]))
    client.delete_cookie("session")
    assert client.get("/api/v1/me").status_code == 200
    post_form(client, "/dang-xuat")
    client.delete_cookie("session")
    assert client.get("/api/v1/me").status_code == 401

    officer = make_user(Role.AUDITOR)
    phone = queries.phone_of(officer)
    _phone_step(client, phone, remember="1")
    post_form(client, "/dang-nhap/ma", code=code_in(texts_to(phone)[-1]))
    post_form(client, "/dang-nhap/xac-thuc", code=totp_code(officer))
    assert client.get("/api/v1/me").status_code == 200
    client.delete_cookie("session")
    assert client.get("/api/v1/me").status_code == 401


def test_a_new_password_ends_the_other_sessions_and_opens_the_door(client: FlaskClient, app: Flask) -> None:
    user = make_user(Role.TEAM_MEMBER)
    other = app.test_client()
    sign_in(client, user)
    sign_in(other, user)
    weak = post_form(client, "/tai-khoan/mat-khau", password="12345")
    assert weak.status_code == 422 and "10 ký tự" in weak.get_data(as_text=True)
    assert post_form(client, "/tai-khoan/mat-khau", password=PASSWORD).location == "/tai-khoan"
    assert client.get("/api/v1/me").status_code == 200
    assert other.get("/api/v1/me").status_code == 401
    _phone_step(other, queries.phone_of(user), how="password")
    assert post_form(other, "/dang-nhap/mat-khau", password=PASSWORD).location == "/to-cong-nghe"


def test_no_request_inherits_the_actor_of_another(client: FlaskClient, app: Flask) -> None:
    user = make_user(Role.TEAM_MEMBER)
    sign_in(client, user)
    assert client.get("/api/v1/me").status_code == 200
    assert current_actor() == SYSTEM  # the test's own actor is back
    guest = app.test_client()
    assert guest.get("/api/v1/me").status_code == 401
    assert guest.get("/dang-nhap").status_code == 200
    assert user.display_name not in guest.get("/dang-nhap").get_data(as_text=True)
    assert "actor_before" not in g


def test_a_stray_actor_in_the_thread_is_not_taken_for_the_caller(app: Flask, clock: FrozenClock) -> None:
    officer = queries.actor_of(make_user(Role.PROVINCE_OPERATOR), clock=clock)
    with acting_as(officer):
        assert app.test_client().get("/api/v1/me").status_code == 401
        assert current_actor() == officer


def test_pages_tell_programs_in_their_own_words(client: FlaskClient) -> None:
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401 and answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "sign_in_needed"
    assert client.get("/tai-khoan", headers={"Accept": "application/json"}).status_code == 401
