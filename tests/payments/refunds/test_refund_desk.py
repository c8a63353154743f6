"""The finance office's pages and API of refunds."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.identity.models import User
from app.identity.roles import Role
from app.payments.refunds.models import Refund
from app.payments.requests.models import PaymentRequest
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.payments.refunds.test_transfers import ClosedCard
from tests.payments.refunds.world import ACCOUNT, again, ask, at_gateway, by_transfer, sums

LIST = "/dieu-hanh/hoan-tien"
BANK = {"bank": ACCOUNT.bin, "number": "0071 000.123456", "holder": ACCOUNT.holder}
KEY = "0123456789abcdef" * 2


@pytest.fixture
def officer(app) -> User:
    return make_user(role=Role.FINANCE)


@pytest.fixture
def signed(client: FlaskClient, officer: User) -> FlaskClient:
    sign_in(client, officer)
    return client


@pytest.fixture
def waiting(paid: PaymentRequest, finance: Actor) -> Refund:
    """A transfer of 20,000 đ that somebody else chose."""
    return by_transfer(ask(paid, 20_000, actor=finance, through=ClosedCard()), actor=finance)


def api(paid: PaymentRequest) -> str:
    return f"/api/v1/payments/{paid.code}/refunds"


def test_an_empty_list_says_so(signed, stripe_wire):
    assert "Chưa có khoản hoàn nào" in signed.get(LIST).text


def test_finance_finds_a_payment_and_gives_a_part_back_once(signed, stripe_wire, paid):
    page = signed.get(f"{LIST}?ma={paid.code.lower()}").text
    assert "Còn hoàn được" in page
    form = {"code": paid.code, "key": KEY, "amount": "20.000", "reason": "Hàng bị dập"}
    for _pressed_twice in range(2):
        answer = post_form(signed, LIST, **form)
        assert answer.status_code == 303
    shown = signed.get(answer.location).text
    assert "đã hoàn" in shown
    assert "Hàng bị dập" in shown
    assert sums(paid) == ("paid", 0, 20_000)
    assert "20.000" in signed.get(LIST).text
    assert post_form(signed, LIST, **{**form, "key": KEY[::-1], "whole": "1", "amount": ""}).status_code == 303
    assert sums(paid) == ("refunded", 0, 50_000)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("amount", "1,5k", "Nhập số tiền"), ("reason", " x ", "Ghi lý do"), ("key", "", "Trang đã mở quá lâu"),
     ("amount", "50.001", "tối đa"), ("code", "CP23456789", "Không có mã")],
)  # fmt: skip
def test_a_form_that_is_not_right_says_what_to_mend(signed, stripe_wire, paid, field, value, said):
    form = {"code": paid.code, "key": KEY, "amount": "20.000", "reason": "Hàng bị dập", field: value}
    answer = post_form(signed, LIST, **form)
    assert answer.status_code >= 400
    assert said in answer.text
    assert sums(paid) == ("paid", 0, 0)


def test_an_unknown_code_says_so(signed, stripe_wire):
    assert "Không có mã này" in signed.get(f"{LIST}?ma=CP23456789").text


def test_an_unanswered_refund_can_be_asked_about_with_a_button(signed, stripe_wire, paid):
    stripe_wire.faults(timeout_after_success=1)
    refund = ask(paid)
    page = signed.get(f"{LIST}/{refund.id}").text
    assert "chưa rõ" in page
    stripe_wire.faults(fail_5xx=1)
    assert post_form(signed, f"{LIST}/{refund.id}/hoi-lai").status_code == 303
    assert again(refund).status == "unknown"
    assert post_form(signed, f"{LIST}/{refund.id}/hoi-lai").status_code == 303
    assert again(refund).status == "succeeded"


def test_a_refused_refund_goes_by_transfer_and_waits_for_a_second_person(
    client, app, signed, officer, stripe_wire, paid
):
    refused = ask(paid, 20_000, actor=actor_for(officer), through=ClosedCard())
    page = signed.get(f"{LIST}/{refused.id}").text
    assert "Không hoàn về thẻ được" in page
    wrong = post_form(signed, f"{LIST}/{refused.id}/chuyen-khoan", key=KEY, **{**BANK, "number": "12"})
    assert (wrong.status_code, "6 đến 19" in wrong.text) == (422, True)
    made = post_form(signed, f"{LIST}/{refused.id}/chuyen-khoan", key=KEY, **BANK)
    assert made.status_code == 303
    page = signed.get(made.location).text
    assert "Chờ người thứ hai" in page
    assert ACCOUNT.number not in page
    alone = post_form(signed, f"{made.location}/da-chuyen", bank_reference="FT26328001")
    assert (alone.status_code, "Cần một người khác" in alone.text) == (403, True)
    other = app.test_client()
    sign_in(other, make_user(role=Role.FINANCE))
    assert ACCOUNT.number in post_form(other, f"{made.location}/tai-khoan").text
    assert "Ghi mã giao dịch" in post_form(other, f"{made.location}/da-chuyen", bank_reference="").text
    assert post_form(other, f"{made.location}/da-chuyen", bank_reference="FT26328001").status_code == 303
    assert sums(paid) == ("paid", 0, 20_000)
    assert "FT26328001" in other.get(made.location).text
    assert post_form(other, f"{made.location}/huy").status_code == 409
    assert "Đã có khoản chuyển khoản thay thế" in other.get(f"{LIST}/{refused.id}").text


def test_another_than_the_sender_writes_down_that_a_transfer_came_back(
    app, signed, officer, stripe_wire, paid, waiting, finance
):
    address = f"{LIST}/{waiting.id}"
    assert "Tiền bị ngân hàng trả lại?" not in signed.get(address).text
    assert post_form(signed, f"{address}/bi-tra-lai", came_back_reason="Đã đóng").status_code == 409
    assert post_form(signed, f"{address}/da-chuyen", bank_reference="FT26328001").status_code == 303
    assert 'name="came_back_reason"' not in signed.get(address).text
    alone = post_form(signed, f"{address}/bi-tra-lai", came_back_reason="Đã đóng")
    assert (alone.status_code, "Cần một người khác" in alone.text) == (403, True)
    other = app.test_client()
    sign_in(other, make_user(role=Role.FINANCE))
    assert 'name="came_back_reason"' in other.get(address).text
    unsaid = post_form(other, f"{address}/bi-tra-lai", came_back_reason=" ")
    assert (unsaid.status_code, "Ghi vì sao ngân hàng trả lại" in unsaid.text) == (422, True)
    assert post_form(other, f"{address}/bi-tra-lai", came_back_reason="Tài khoản đã đóng").status_code == 303
    assert "Tài khoản đã đóng" in other.get(address).text
    assert sums(paid) == ("paid", 0, 0)


def test_a_transfer_can_be_given_up(signed, stripe_wire, paid, waiting):
    assert post_form(signed, f"{LIST}/{waiting.id}/huy").status_code == 303
    assert sums(paid) == ("paid", 0, 0)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROVINCE_OPERATOR])
def test_who_only_reads_sees_states_but_gets_no_form(client, stripe_wire, paid, waiting, role):
    sign_in(client, make_user(role=role))
    page = client.get(f"{LIST}?ma={paid.code}").text
    assert "chờ người chuyển khoản" in page
    assert 'name="reason"' not in page
    page = client.get(f"{LIST}/{waiting.id}").text
    assert 'method="post"' not in re.sub(r"<header.*?</header>|<footer.*?</footer>", "", page, flags=re.S)
    for path in (
        "",
        f"/{waiting.id}/da-chuyen",
        f"/{waiting.id}/huy",
        f"/{waiting.id}/tai-khoan",
        f"/{waiting.id}/bi-tra-lai",
    ):
        assert post_form(client, LIST + path).status_code == 403
    assert client.post(api(paid), json={"reason": "x"}, headers={"Idempotency-Key": "a"}).status_code == 403
    assert [item["status"] for item in client.get(api(paid)).json["items"]] == ["waiting", "refused"]


def test_others_see_nothing(client, stripe_wire, paid, waiting):
    paths = (LIST, f"{LIST}/{waiting.id}", api(paid))
    assert {client.get(path).status_code for path in paths} <= {302, 401}
    sign_in(client, make_user(role=Role.TEAM_MEMBER, areas=["05503-01"]))
    assert {client.get(path).status_code for path in paths} == {403}


@pytest.mark.parametrize("name", ["khong-co", "0192a0b4-0000-7000-8000-000000000000"])
def test_a_refund_that_is_not_there(signed, stripe_wire, name):
    assert signed.get(f"{LIST}/{name}").status_code == 404
    assert post_form(signed, f"{LIST}/{name}/hoi-lai").status_code == 404


def test_the_api_gives_back_once_per_key(signed, stripe_wire, paid):
    body = {
        "amount_vnd": 15_000,
        "reason": "Thiếu hàng",
        "lines": [{"line": "SP1", "quantity": 3, "amount_vnd": 15_000}],
    }
    key = {"Idempotency-Key": "mot"}
    made = signed.post(api(paid), json=body, headers=key)
    assert (made.status_code, made.json["status"], made.json["lines"]) == (201, "succeeded", body["lines"])
    assert signed.post(api(paid), json=body, headers=key).json == made.json
    other = signed.post(api(paid), json={**body, "reason": "Khác"}, headers=key)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    assert signed.post(api(paid), json=body).status_code == 400
    over = signed.post(api(paid), json={"amount_vnd": 35_001, "reason": "Nữa"}, headers={"Idempotency-Key": "hai"})
    assert (over.status_code, over.json["code"], over.json["refundable_vnd"]) == (409, "refund_above_paid", 35_000)
    strange = signed.post(api(paid), json={"amount_vnd": "1", "reason": ""}, headers={"Idempotency-Key": "ba"})
    assert strange.status_code == 422
    lines = signed.post(api(paid), json={**body, "amount_vnd": 1}, headers={"Idempotency-Key": "bon"})
    assert (lines.status_code, "lines" in lines.json["errors"]) == (422, True)
    assert signed.post("/api/v1/payments/CP23456789/refunds", json=body, headers=key).status_code in (404, 409)
    assert len(at_gateway(stripe_wire)) == 1


def test_pages_of_a_payments_refunds_neither_skip_nor_repeat(signed, stripe_wire, paid):
    for amount in range(1, 6):
        ask(paid, amount * 1_000)
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = signed.get(api(paid), query_string=query).json
        seen += [item["amount_vnd"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [5_000, 4_000, 3_000, 2_000, 1_000]


def test_the_desk_shows_the_way_in(signed, stripe_wire):
    assert LIST in signed.get("/dieu-hanh").text
