"""The finance office's pages and API of payouts."""

from __future__ import annotations

import dataclasses
import io
import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.identity.models import User
from app.identity.roles import Role
from app.payments.payouts import services
from tests.factories.people import actor_for, make_user, post_form, sign_in
from tests.payments.payouts.bank import csv_sheet
from tests.payments.payouts.world import build, change_account, fresh, payouts, sent, sold, states, the_payout

LIST = "/dieu-hanh/chi-tra"
API = "/api/v1/payouts/batches"
KEY = "0123456789abcdef" * 2


@pytest.fixture
def officer(app) -> User:
    return make_user(role=Role.FINANCE)


@pytest.fixture
def signed(client: FlaskClient, officer: User) -> FlaskClient:
    sign_in(client, officer)
    return client


@pytest.fixture
def second(app) -> FlaskClient:
    """Another officer on another browser."""
    browser: FlaskClient = app.test_client()
    sign_in(browser, make_user(role=Role.FINANCE))
    return browser


def upload(client: FlaskClient, path: str, data: bytes, name: str = "ket-qua.csv"):
    return post_form(client, path, file=(io.BytesIO(data), name))  # type: ignore[arg-type]


def test_an_empty_list_says_so_and_nobody_due_is_told(signed):
    assert "Chưa có đợt chi trả nào" in signed.get(LIST).text
    answer = post_form(signed, LIST, key=KEY)
    assert (answer.status_code, "chưa có ai đủ" in answer.text) == (409, True)


def test_two_officers_take_a_batch_from_draft_to_settled(signed, second):
    sold(50_000, number="0011777700001")
    waiting = sold(30_000)
    change_account(waiting, "8877665544")
    made = {post_form(signed, LIST, key=KEY).location for _pressed_twice in range(2)}
    (path,) = made
    page = signed.get(path).text
    assert ("Chờ người thứ hai" in page, "50.000" in page, "Vừa đổi tài khoản" in page) == (True, True, True)
    alone = post_form(signed, f"{path}/duyet")
    assert (alone.status_code, "Cần một người khác duyệt" in alone.text) == (403, True)
    assert post_form(second, f"{path}/tep-xml").status_code == 409
    assert "Duyệt chi" in second.get(path).text
    assert post_form(second, f"{path}/duyet").status_code == 303
    xml = post_form(signed, f"{path}/tep-xml")
    assert (xml.mimetype, "0011777700001" in xml.text) == ("application/xml", True)
    assert xml.headers["Content-Disposition"].endswith('.xml"')
    sheet = post_form(signed, f"{path}/tep-xlsx")
    assert sheet.data.startswith(b"PK")
    assert post_form(signed, f"{path}/huy", reason="Thôi không chi").status_code == 409
    [code] = set(re.findall(r"PT[2-9A-Z]{8}", xml.text))
    bad = upload(signed, f"{path}/ket-qua", b"a;b\n1;2")
    assert (bad.status_code, "Không thấy hàng tiêu đề" in bad.text) == (422, True)
    rows = [(1, code, 50000, "Thành công", "", "FT9"), (2, "x", 1, "ok", "", "")]
    assert "Tải tệp Excel" in signed.get(path).text
    preview = upload(signed, f"{path}/ket-qua", csv_sheet(rows))
    assert preview.status_code == 303
    page = signed.get(preview.location).text
    assert ("ghi là đã đến" in page, "Thiếu hoặc sai mã" in page) == (True, True)
    for _twice in range(2):
        assert post_form(signed, f"{preview.location}/ghi-so").status_code == 303
    page = signed.get(path).text
    assert ("đã xong" in page, "đã đến tài khoản" in page) == (True, True)
    assert ("0011777700001" in page, "Tải tệp Excel" in page) == (False, False)
    late = post_form(signed, f"{path}/tep-xml")
    assert (late.status_code, "không tải lại tệp được" in late.text) == (409, True)
    assert "Chi trả" in signed.get("/dieu-hanh").text


def test_one_payout_is_answered_by_hand_with_a_reason(signed, maker, approver):
    sold()
    batch = sent(maker, approver)
    path = f"{LIST}/khoan/{the_payout(batch).id}"
    assert "•••" in signed.get(path).text
    short = post_form(signed, f"{path}/da-den", reason=" x ")
    assert (short.status_code, "Ghi lý do" in short.text) == (422, True)
    assert post_form(signed, f"{path}/da-den", reason="Ngân hàng xác nhận", bank_reference="FT1").status_code == 303
    assert states(batch) == ["confirmed"]
    assert post_form(signed, f"{path}/tra-lai", reason="Tài khoản đã khóa").status_code == 303
    page = signed.get(path).text
    assert ("Tài khoản đã khóa" in page, "Tiền vẫn còn nguyên" in page) == (True, True)
    assert post_form(signed, f"{path}/da-den", reason="Lại đến rồi").status_code == 409


def test_a_draft_is_cancelled_with_a_reason(signed, maker):
    sold()
    batch = build(maker)
    assert post_form(signed, f"{LIST}/{batch.id}/huy", reason="").status_code == 422
    assert post_form(signed, f"{LIST}/{batch.id}/huy", reason="Nhầm ngày").status_code == 303
    assert fresh(batch).status == "cancelled"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROVINCE_OPERATOR])
def test_who_only_reads_sees_all_and_gets_no_form(client, maker, approver, role):
    sold()
    batch = sent(maker, approver)
    payout = the_payout(batch)
    result = services.upload(
        batch.id, data=csv_sheet([(1, payout.code, "", "ok", "", "")]), file_name="x", actor=maker, clock=SYSTEM_CLOCK
    )
    sign_in(client, make_user(role=role))
    for path in (LIST, f"{LIST}/{batch.id}", f"{LIST}/khoan/{payout.id}", f"{LIST}/ket-qua/{result.id}"):
        page = client.get(path)
        assert page.status_code == 200
        assert 'method="post"' not in re.sub(r"<header.*?</header>|<footer.*?</footer>", "", page.text, flags=re.S)
    acts = ("", *(f"/{batch.id}/{act}" for act in ("duyet", "huy", "tep-xml", "tep-xlsx", "ket-qua")),
            *(f"/khoan/{payout.id}/{act}" for act in ("da-den", "tra-lai", "van-da-den")),
            f"/ket-qua/{result.id}/ghi-so")  # fmt: skip
    assert {post_form(client, LIST + act, key=KEY, reason="Không được").status_code for act in acts} == {403}
    assert client.get(API).json["items"][0]["status"] == "sent"
    assert client.post(API, json={}, headers={"Idempotency-Key": "a"}).status_code == 403
    assert client.post(f"{API}/{batch.id}/approval", headers={"Idempotency-Key": "a"}).status_code == 403


def test_others_see_nothing(client, maker):
    sold()
    batch = build(maker)
    paths = (LIST, f"{LIST}/{batch.id}", f"{LIST}/khoan/{the_payout(batch).id}", API, f"{API}/{batch.id}",
             f"{API}/{batch.id}/payouts")  # fmt: skip
    assert {client.get(path).status_code for path in paths} <= {302, 401}
    sign_in(client, make_user(role=Role.TEAM_MEMBER, areas=["05503-01"]))
    assert {client.get(path).status_code for path in paths} == {403}


def test_what_is_not_there_is_not_found(signed):
    missing = uuid4()
    for path in (f"{LIST}/{missing}", f"{LIST}/khoan/{missing}", f"{LIST}/ket-qua/{missing}", f"{LIST}/x",
                 f"{API}/{missing}", f"{API}/{missing}/payouts"):  # fmt: skip
        assert signed.get(path).status_code == 404
    assert signed.post(f"{API}/{missing}/approval", headers={"Idempotency-Key": "a"}).status_code == 404


def test_the_api_drafts_once_per_key_and_the_second_person_approves(signed, second):
    none = signed.post(API, json={}, headers={"Idempotency-Key": "khong"})
    assert (none.status_code, none.json["code"]) == (409, "nothing_to_pay")
    sold(50_000)
    key = {"Idempotency-Key": "mot"}
    made = signed.post(API, json={}, headers=key)
    assert (made.status_code, made.json["status"], made.json["amount_vnd"], made.json["payouts"]) == (
        201, "draft", 50_000, 1,
    )  # fmt: skip
    assert signed.post(API, json={}, headers=key).json == made.json
    assert signed.post(API, json={}).status_code == 400
    assert signed.post(API, json={"x": 1}, headers={"Idempotency-Key": "hai"}).status_code == 422
    one = f"{API}/{made.json['id']}"
    alone = signed.post(f"{one}/approval", headers=key)
    assert (alone.status_code, alone.json["code"]) == (403, "second_person_needed")
    for again in ("mot", "hai"):
        approved = second.post(f"{one}/approval", headers={"Idempotency-Key": again})
        assert (approved.status_code, approved.json["status"]) == (200, "approved")
    assert (second.get(one).json["held"], second.get(f"{one}/payouts").json["items"][0]["amount_vnd"]) == ([], 50_000)


def test_pages_of_batches_neither_skip_nor_repeat(signed, maker):
    made = []
    for _each in range(5):
        sold()
        made.append(str(build(maker).id))
    seen, cursor = [], None
    while True:
        answer = signed.get(API, query_string={"limit": 2, **({"cursor": cursor} if cursor else {})}).json
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_batch_without_the_paying_account_in_the_settings_is_not_sent(app, signed, maker, approver, monkeypatch):
    sold()
    batch = build(maker)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    monkeypatch.setitem(app.config, "CHOPHIEN", dataclasses.replace(app.config["CHOPHIEN"], payout_account=""))
    answer = post_form(signed, f"{LIST}/{batch.id}/tep-xml")
    assert (answer.status_code, "Chưa khai báo tài khoản" in answer.text) == (409, True)
    assert fresh(batch).status == "approved"


def test_the_makers_own_batch_shows_no_approve_button(app, officer, signed):
    sold()
    batch = build(actor_for(officer))
    assert "Duyệt chi" not in signed.get(f"{LIST}/{batch.id}").text
    assert [payout.status for payout in payouts(batch)] == ["draft"]
