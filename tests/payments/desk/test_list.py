"""The finance office's list of money that waits."""

from __future__ import annotations

import pytest

from app.identity.roles import Role
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.banks import notify, transfer

pytestmark = pytest.mark.usefixtures("app")


def test_finance_sees_what_waits_and_why(client):
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 50_001, f"{request.code} A"))
    sign_in(client, make_user(role=Role.FINANCE, areas=["*"]))
    page = client.get("/dieu-hanh/tien-treo").text
    assert "thừa tiền" in page
    assert request.code in page
    assert number not in page
    assert "Về đầu danh sách" not in page
    listed = client.get("/api/v1/suspense").json
    assert [(item["amount_vnd"], item["outcome"]) for item in listed["items"]] == [(1, "overpaid")]


def test_an_empty_desk_says_so(client):
    sign_in(client, make_user(role=Role.FINANCE, areas=["*"]))
    assert "Không có tiền treo" in client.get("/dieu-hanh/tien-treo").text


@pytest.mark.parametrize("path", ["/dieu-hanh/tien-treo", "/api/v1/suspense"])
def test_suspense_is_for_finance_only(client, path):
    assert client.get(path).status_code in (302, 401)
    sign_in(client, make_user(role=Role.TEAM_MEMBER, areas=["05503-01"]))
    assert client.get(path).status_code == 403


def test_pages_of_suspense_neither_skip_nor_repeat(client):
    make_purpose()
    _payee, number = make_payee()
    for amount in range(1, 8):
        notify(client, "casso", transfer(number, amount * 1000, "khong ma"))
    sign_in(client, make_user(role=Role.AUDITOR, areas=["*"]))
    seen, cursor = [], None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/v1/suspense", query_string=query).json
        seen += [item["amount_vnd"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [amount * 1000 for amount in range(7, 0, -1)]


def test_a_made_up_cursor_is_refused(client):
    sign_in(client, make_user(role=Role.FINANCE, areas=["*"]))
    answer = client.get("/api/v1/suspense?cursor=abc")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
