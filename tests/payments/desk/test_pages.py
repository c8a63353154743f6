"""The desk's pages and its API: who may come, what they see, and that a press does what it says, once."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.desk import queries
from app.payments.ledger.models import AccountKind
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, post_form, sign_in
from tests.payments.desk.world import REASON, act, attach, balance_vnd, fresh, send_back, strand, undo, waiting_vnd

pytestmark = pytest.mark.usefixtures("app")
LIST = "/dieu-hanh/tien-treo"
NOBODY = UUID(int=0)


@pytest.fixture
def payee():
    make_purpose()
    return make_payee()


def enter(client, role=Role.FINANCE):
    user = make_user(role=role, areas=["*"])
    sign_in(client, user)
    return user


def hidden_on(page: str, name: str) -> str:
    """The value of a hidden field on a page."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, f"no {name} on the page"
    return found[1]


def press(client, notice, path, **fields):
    page = client.get(f"{LIST}/{notice}").text
    return client.post(
        f"{LIST}{path}", data={"csrf_token": hidden_on(page, "csrf_token"), "key": hidden_on(page, "key"), **fields}
    )


def test_one_press_on_a_suggestion_attaches_it(client, payee):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    enter(client)
    page = client.get(f"{LIST}/{notice}").text
    assert "đúng số tiền còn thiếu" in page
    hidden = dict(re.findall(r'name="(code_1|amount_1|reason)" value="([^"]+)"', page))
    assert hidden["code_1"] == request.code
    answer = press(client, notice, f"/{notice}/gan", **hidden)
    assert (answer.status_code, fresh(request).status) == (303, "paid")
    after = client.get(f"{LIST}/{notice}").text
    assert "đã xong" in after
    assert "Có thể là khoản này" not in after
    assert "Không có tiền treo" in client.get(LIST).text
    assert str(notice) in client.get(f"{LIST}?xem=da-xong").text


def test_a_split_from_the_form_and_a_second_press_of_the_same_page(client, payee):
    asked = [make_request(payee_id=payee[0].id, amount_vnd=vnd) for vnd in (20_000, 25_000)]
    notice = strand(client, payee[1], 50_000)
    enter(client)
    page = client.get(f"{LIST}/{notice}").text
    form = {
        "csrf_token": hidden_on(page, "csrf_token"),
        "key": hidden_on(page, "key"),
        "code_1": asked[0].code.lower(),
        "amount_1": "20.000",
        "code_2": f"{asked[1].code[:2]} {asked[1].code[2:]}",
        "amount_2": "25k",
        "reason": REASON,
    }
    assert [client.post(f"{LIST}/{notice}/gan", data=form).status_code for _press in range(2)] == [303, 303]
    assert [fresh(request).status for request in asked] == ["paid", "paid"]
    assert waiting_vnd(notice) == 5_000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code_1": "", "amount_1": "", "reason": REASON}, "Ghi ít nhất một mã"),
        ({"code_1": "CP22222222", "amount_1": "1.000", "reason": REASON}, "Không có mã thanh toán này"),
        ({"code_1": "CP22222222", "amount_1": "một", "reason": REASON}, "Ghi số tiền bằng chữ số"),
        ({"code_1": "", "amount_1": "1.000", "reason": REASON}, "Ghi mã thanh toán cho phần này"),
        ({"code_1": "CODE", "amount_1": "60.000", "reason": REASON}, "chỉ còn 50.000"),
        ({"code_1": "CODE", "amount_1": "1.000", "reason": "x"}, "Viết lý do"),
        ({"code_1": "CODE", "amount_1": "1.000", "reason": REASON, "key": "cũ"}, "Trang đã mở quá lâu"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(client, payee, fields, said):
    request = make_request(payee_id=payee[0].id, amount_vnd=90_000)
    notice = strand(client, payee[1], 50_000)
    enter(client)
    filled = {name: request.code if value == "CODE" else value for name, value in fields.items()}
    answer = press(client, notice, f"/{notice}/gan", **filled)
    assert answer.status_code in (404, 409, 422)
    assert said in answer.text
    assert waiting_vnd(notice) == 50_000


def test_two_people_one_large_return(client, payee):
    notice = strand(client, payee[1], FOUR_EYES_VND + 1)
    enter(client)
    page = press(client, notice, f"/{notice}/tra-lai", amount="5.000.001", bank_reference="FT9", reason=REASON)
    assert page.status_code == 303
    mine = client.get(f"{LIST}/{notice}").text
    assert "Nhờ một cán bộ tài chính khác duyệt" in mine
    assert "/duyet" not in mine
    [view] = queries.actions(notice)
    # the proposer's own press, made by hand
    assert send_token(client, f"/viec/{view.action.id}/duyet", notice).status_code == 403
    assert str(notice) in client.get(f"{LIST}?xem=cho-duyet").text
    other = client.application.test_client()
    enter(other)
    assert send_token(other, f"/viec/{view.action.id}/duyet", notice).status_code == 303
    assert balance_vnd(AccountKind.SUSPENSE, "sepay") == 0
    assert send_token(other, f"/viec/{view.action.id}/go", notice, reason=REASON).status_code == 303
    assert waiting_vnd(notice) == 0
    assert send_token(client, f"/viec/{view.action.id}/go", notice, reason=REASON).status_code == 303
    assert waiting_vnd(notice) == FOUR_EYES_VND + 1
    assert send_token(other, f"/viec/{NOBODY}/go", notice, reason=REASON).status_code == 404
    assert send_token(other, f"/viec/{view.action.id}/tu-choi", notice, reason=REASON).status_code == 409


def send_token(client, path, notice, **fields):
    """Post with the token of the item's page."""
    page = client.get(f"{LIST}/{notice}").text
    return client.post(f"{LIST}{path}", data={"csrf_token": hidden_on(page, "csrf_token"), **fields})


def test_lists_are_found_by_reference_and_amount(client, payee):
    small, large = strand(client, payee[1], 12_000), strand(client, payee[1], 34_000)
    enter(client, Role.AUDITOR)
    reference = queries.shown(small).reference
    for text, shown, hidden in ((reference, small, large), ("34.000", large, small), ("34000", large, small)):
        page = client.get(LIST, query_string={"tim": text}).text
        assert (str(shown) in page, str(hidden) in page) == (True, False)
    assert "Chưa thấy khoản nào" in client.get(f"{LIST}?tim=khong-co").text
    assert "Chưa có khoản nào ở bước này" in client.get(f"{LIST}?xem=cho-duyet").text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROVINCE_OPERATOR])
def test_readers_see_all_and_can_press_nothing(client, payee, role):
    make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 50_000)
    act(notice, send_back(1_000))
    enter(client, role)
    page = client.get(f"{LIST}/{notice}")
    assert page.status_code == 200
    assert f"{LIST}/" not in "".join(re.findall(r'action="([^"]+)"', page.text))
    assert client.get(f"/api/v1/suspense/{notice}/actions").status_code == 200


ACTS = (
    "/{notice}/gan",
    "/{notice}/tra-lai",
    "/viec/{action}/duyet",
    "/viec/{action}/tu-choi",
    "/viec/{action}/go",
    "/viec/{action}/giu",
)
API_ACTS = (
    "/api/v1/suspense/{notice}/actions",
    "/api/v1/suspense/actions/{action}/approve",
    "/api/v1/suspense/actions/{action}/reject",
    "/api/v1/suspense/actions/{action}/undo",
    "/api/v1/suspense/actions/{action}/keep",
)


@pytest.mark.parametrize("role", [None, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER, Role.AUDITOR, Role.PROVINCE_OPERATOR])
def test_only_finance_acts(client, payee, role):
    notice = strand(client, payee[1], 50_000)
    [action] = act(notice, send_back(1_000))
    if role is not None:
        enter(client, role)
    for path in API_ACTS:
        body: dict[str, object] = {"reason": REASON} if "actions/" in path else {"actions": []}
        answer = client.post(path.format(notice=notice, action=action.id), json=body, headers={"Idempotency-Key": "k"})
        assert answer.status_code == (403 if role else 401), path
    for path in ACTS:
        answer = post_form_anywhere(client, LIST + path.format(notice=notice, action=action.id), reason=REASON)
        assert answer.status_code in ((403,) if role else (302, 401)), path
    if role in (None, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER):
        for path in (LIST, f"{LIST}/{notice}", "/api/v1/suspense", f"/api/v1/suspense/{notice}/actions"):
            assert client.get(path).status_code in ((403,) if role else (302, 401)), path
    assert waiting_vnd(notice) == 49_000


def post_form_anywhere(client, path, **fields):
    if client.get("/dang-nhap").status_code == 200:
        return post_form(client, path, **fields)
    page = client.get("/dieu-hanh").text + client.get("/").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return client.post(path, data={"csrf_token": token[1] if token else "", **fields})


def test_programs_act_once_per_key(client, payee):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 60_000)
    enter(client)
    wish = {"kind": "attach", "amount_vnd": 20_000, "request_code": request.code, "reason": REASON}
    body = {
        "actions": [wish, {"kind": "return_to_sender", "amount_vnd": 5_000, "bank_reference": "FT1", "reason": REASON}]
    }
    path = f"/api/v1/suspense/{notice}/actions"
    answers = [client.post(path, json=body, headers={"Idempotency-Key": "one"}) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert [item["state"] for item in answers[0].json["items"]] == ["done", "done"]
    assert client.get(path).json == answers[0].json
    assert client.get("/api/v1/suspense").json["items"][0]["amount_vnd"] == 35_000
    other = client.post(path, json={"actions": [wish]}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")
    action = answers[0].json["items"][0]["id"]
    undone = client.post(
        f"/api/v1/suspense/actions/{action}/undo", json={"reason": REASON}, headers={"Idempotency-Key": "two"}
    )
    assert (undone.status_code, undone.json["state"], undone.json["closed_reason"]) == (200, "undone", REASON)
    again = client.post(f"/api/v1/suspense/actions/{action}/approve", json={}, headers={"Idempotency-Key": "three"})
    assert (again.status_code, again.json["code"]) == (409, "desk_action_not_in_state")


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "keep"},
        {"amount_vnd": 0},
        {"amount_vnd": "20000"},
        {"reason": "x"},
        {"reason": None},
        {"kind": "return_to_sender"},
        {"more": 1},
    ],
)
def test_programs_are_told_what_is_wrong(client, payee, wish):
    request = make_request(payee_id=payee[0].id)
    notice = strand(client, payee[1], 60_000)
    enter(client)
    body = {"kind": "attach", "amount_vnd": 20_000, "request_code": request.code, "reason": REASON, **wish}
    answer = client.post(
        f"/api/v1/suspense/{notice}/actions", json={"actions": [body]}, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")


def test_programs_learn_how_much_still_waits(client, payee):
    request = make_request(payee_id=payee[0].id, amount_vnd=90_000)
    notice = strand(client, payee[1], 60_000)
    [done] = act(notice, attach(request, 10_000))
    undo(done)
    enter(client)
    body = {"actions": [{"kind": "attach", "amount_vnd": 60_001, "request_code": request.code, "reason": REASON}]}
    answer = client.post(f"/api/v1/suspense/{notice}/actions", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["code"], answer.json["waiting_vnd"]) == (409, "not_enough_waiting", 60_000)
    assert client.get(f"/api/v1/suspense/{NOBODY}/actions").status_code == 404
    assert client.get(f"{LIST}/{NOBODY}").status_code == 404
