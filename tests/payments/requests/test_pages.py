"""What payers and programs see of a request."""

from __future__ import annotations

import re

import pytest

from app.core.database import db, transaction
from app.payments.requests import operations, queries, services
from app.payments.requests.models import PaymentRequest
from app.payments.requests.states import Event, State, step
from app.payments.vietqr.codec import decode
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("app")
SAID = {
    "asked": "Hạn trả",
    "part_paid": "còn thiếu",
    "paid": "Đã nhận đủ",
    "expired": "hết hạn",
    "cancelled": "đã được hủy",
    "refunded": "đã được hoàn lại",
}


@pytest.fixture
def payee():
    make_purpose()
    return make_payee()


def bring_to(state: str, client, payee) -> PaymentRequest:
    """A request of 50,000 đồng in the state, by the way it really gets there."""
    request = make_request(payee_id=payee[0].id)
    if state in ("part_paid", "paid", "refunded"):
        amount = 20_000 if state == "part_paid" else 50_000
        notify(client, "sepay", transfer(payee[1], amount, request.code))
    clock = FrozenClock(request.expires_at)
    clock.advance(days=1)
    if state == "expired":
        services.expire_due(clock=clock)
    with transaction():
        locked = queries.by_code(request.code, for_update=True)
        if state == "cancelled":
            operations.cancel(locked, clock=clock)
        if state == "refunded":
            locked.status = step(State(locked.status), Event.MONEY_RETURNED)
    db.session.rollback()
    return queries.by_code(request.code)


@pytest.mark.parametrize("state", SAID)
def test_the_pay_page_says_where_the_request_is(client, payee, state):
    request = bring_to(state, client, payee)
    answer = client.get(f"/tra-tien/{request.code}")
    assert answer.status_code == 200
    assert SAID[state] in answer.text
    is_open = state in ("asked", "part_paid")
    assert ("<svg" in answer.text and request.code in answer.text) or not is_open
    assert ("js/pay.js" in answer.text) == is_open
    assert payee[1] not in re.sub(r'href="[^"]*"', "", answer.text), "the whole account number stands on the page"


@pytest.mark.parametrize("state", SAID)
def test_the_api_says_the_same_and_nothing_personal(client, payee, state):
    request = bring_to(state, client, payee)
    told = client.get(f"/api/v1/payment-requests/{request.code}").json
    assert (told["code"], told["status"], told["amount_vnd"]) == (request.code, state, 50_000)
    assert told["paid_vnd"] == request.paid_vnd
    assert (told["paid_at"] is not None) == (state in ("paid", "refunded"))
    assert "HO MAU" not in str(told)
    assert told["payee"]["name"] == "Gian hàng mẫu"
    assert told["payee"]["account_masked"].endswith(payee[1][-4:])
    assert payee[1] not in str({**told, "vietqr": None})
    if state in ("asked", "part_paid"):
        read = decode(told["vietqr"])
        missing = 50_000 - told["paid_vnd"]
        assert (read.account, read.amount_vnd, read.bill) == (payee[1], missing, request.code)
    else:
        assert told["vietqr"] is None


def test_a_code_is_found_as_people_type_it(client, payee):
    request = make_request(payee_id=payee[0].id)
    typed = f"{request.code[:4].lower()} {request.code[4:7]}-{request.code[7:]}"
    assert client.get(f"/api/v1/payment-requests/{typed}").json["code"] == request.code
    assert client.get(f"/tra-tien/{typed}").status_code == 200
    found = client.get("/tra-tien", query_string={"ma": typed})
    assert (found.status_code, found.location) == (302, f"/tra-tien/{request.code}")


@pytest.mark.parametrize("code", ["CP22222222", "x", "🙂", "%20", "CP'--"])
def test_an_unknown_code_is_a_kind_404(client, payee, code):
    answer = client.get(f"/api/v1/payment-requests/{code}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "payment_request_not_found"
    page = client.get(f"/tra-tien/{code}")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Không có mã" in client.get("/tra-tien", query_string={"ma": code}).text


def test_the_finding_page_stands_alone(client, payee):
    answer = client.get("/tra-tien")
    assert answer.status_code == 200
    assert "Không có mã này" not in answer.text


def test_the_picture_is_there_while_money_is_welcome(client, payee):
    request = make_request(payee_id=payee[0].id)
    picture = client.get(f"/tra-tien/{request.code}/qr.png")
    assert (picture.status_code, picture.content_type) == (200, "image/png")
    assert picture.data.startswith(b"\x89PNG")
    notify(client, "sepay", transfer(payee[1], 50_000, request.code))
    assert client.get(f"/tra-tien/{request.code}/qr.png").status_code == 410
