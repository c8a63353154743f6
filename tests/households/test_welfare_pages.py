"""Welfare's pages and API as officers meet them: stop, replace, sheets, the second officer's list, the counter."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.sheets import as_xlsx
from app.core.uploads import read_rows
from app.households.welfare import services, sheet
from app.identity.roles import Role
from tests.factories import households as make

from .conftest import Browser, SignIn

WELFARE = "/dieu-hanh/an-sinh"
ACCOUNT = {"bin": "970405", "number": "8888000123", "holder": "NGUYEN THI THU", "need": "Mua sách vở cho con"}
WHY = "Hộ báo mất thẻ ngân hàng"


@pytest.fixture
def colleague(sign_in: SignIn) -> Browser:
    return sign_in(Role.COMMUNE_OFFICER)


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def send_file(who: Browser, data: bytes, name: str = "an-sinh.xlsx") -> Any:
    page = text(who.get(f"{WELFARE}/bang"))
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": csrf, "file": (io.BytesIO(data), name)}
    return who.client.post(f"{WELFARE}/bang", data=form, headers=who.headers, content_type="multipart/form-data")


def test_an_account_is_stopped_let_go_on_replaced_and_closed(officer: Browser, colleague: Browser) -> None:
    household, _account = make.with_welfare_account(clock=SYSTEM_CLOCK)
    path = f"{WELFARE}/{household.code}"
    assert officer.post(f"{path}/tam-dung", {"reason": " "}, path).status_code == 422
    assert officer.post(f"{path}/tam-dung", {"reason": WHY}, path).status_code == 302
    shown = text(officer.get(path))
    assert "Tạm dừng" in shown
    assert WHY in shown
    assert "Mở lại tài khoản" in shown
    assert officer.post(f"{path}/mo-lai", {"reason": "Hộ tìm lại được thẻ"}, path).status_code == 302
    assert officer.post(f"{path}/mo-lai", {"reason": "Hộ tìm lại được thẻ"}, path).status_code == 409
    new = ACCOUNT | {"number": "7777000123", "reason": "Ngân hàng cấp thẻ mới"}
    assert officer.post(f"{path}/doi", new | {"holder": "AI DO"}, path).status_code == 422
    assert officer.post(f"{path}/doi", new, path).status_code == 302
    assert colleague.post(f"{path}/xac-nhan", {}, path).status_code == 302
    assert officer.post(f"{path}/dong", {"reason": "Hộ chuyển đi nơi khác"}, path).status_code == 302
    told = text(officer.get(path))
    for word in ("Lập tài khoản", "Xác nhận", "Mở lại", "Đổi sang tài khoản khác", "Đóng", "Ngân hàng cấp thẻ mới"):
        assert word in told
    assert "7777000123" not in told


def test_a_sheet_goes_from_download_to_verified(officer: Browser, colleague: Browser, app: Flask) -> None:
    from app.households.welfare import batch_services

    code = make.poor(clock=SYSTEM_CLOCK).code
    blank = officer.get(f"{WELFARE}/bang/mau.xlsx")
    rows: list[list[Any]] = [list(row) for row in read_rows(blank.data, max_rows=100)]
    assert rows[1][0] == code
    assert "Nguyễn Thị Thử" not in str(rows)
    rows[1][3:6] = ["Agribank", "8888000777", "NGUYEN THI THU"]
    sent = send_file(officer, as_xlsx(rows[0], rows[1:], title="x"))
    assert sent.status_code == 303
    page = sent.headers["Location"]
    preview = text(officer.get(page))
    assert "8888000777" not in preview
    assert "0777" in preview
    assert colleague.post(f"{page}/lap", {}, f"{WELFARE}/bang").status_code == 403
    assert officer.post(f"{page}/lap", {}, page).status_code == 303
    assert "tự tải lại" in text(officer.get(page))
    from uuid import UUID

    batch_id = UUID(page.rsplit("/", 1)[1])
    while batch_services.work(batch_id, clock=SYSTEM_CLOCK):
        pass
    assert "không tự xác nhận được" in text(officer.get(page))
    assert "Xác nhận 1 tài khoản" in text(colleague.get(page))
    assert colleague.post(f"{page}/xac-nhan", {}, page).status_code == 303
    while batch_services.work(batch_id, clock=SYSTEM_CLOCK):
        pass
    assert "100 %" in text(officer.get(WELFARE))


def test_a_sheets_faults_are_named_by_their_cells(officer: Browser) -> None:
    code = make.poor(clock=SYSTEM_CLOCK).code
    row = [code, "", "", "Agribank", "8888000777", "TRAN VAN KHAC", ""]
    page = send_file(officer, as_xlsx(list(sheet.HEADS.values()), [row], title="x")).headers["Location"]
    shown = text(officer.get(page))
    assert "F2" in shown
    assert "Tên chưa trùng với ai trong hộ" in shown
    assert "TRAN VAN KHAC" not in shown
    refused = send_file(officer, b"nothing of use")
    assert refused.status_code == 422
    assert "tiêu đề" in text(refused)


def test_a_second_officer_confirms_chosen_ones(officer: Browser, colleague: Browser) -> None:
    path = f"{WELFARE}/cho-xac-nhan"
    home = make.poor(clock=SYSTEM_CLOCK)
    account = services.open_welfare_account(actor=officer.actor, household_id=home.id, clock=SYSTEM_CLOCK, **ACCOUNT)
    account_id = str(account.id)
    assert account_id not in text(officer.get(path))
    assert account_id in text(colleague.get(path))
    assert colleague.post(path, {}, path).status_code == 422
    assert colleague.post(path, {"chon": "x"}, path).status_code == 422
    own = officer.post(path, {"chon": account_id}, f"{WELFARE}/bang")
    assert own.status_code == 303
    assert "không tự xác nhận được" in text(officer.get(path))
    assert colleague.post(path, {"chon": account_id}, path).status_code == 303
    assert account_id not in text(colleague.get(path))


def test_the_table_of_communes_is_a_file(officer: Browser) -> None:
    make.with_welfare_account(clock=SYSTEM_CLOCK)
    make.poor(clock=SYSTEM_CLOCK)
    rows = [list(row) for row in read_rows(officer.get(f"{WELFARE}/thong-ke.csv").data, max_rows=10)]
    assert rows[1] == [make.TAN_CUONG, "Xã Tân Cương", "2", "1", "0", "0", "1", "50"]
    assert officer.get(f"{WELFARE}/thong-ke.xlsx").data[:2] == b"PK"
    assert officer.get(f"{WELFARE}/thong-ke.pdf").status_code == 404


@pytest.mark.parametrize("path", ["", "/bang", "/bang/mau.xlsx", "/cho-xac-nhan", "/thong-ke.csv"])
def test_neighbours_and_guests_stay_outside(neighbour: Browser, app: Flask, path: str) -> None:
    assert neighbour.get(f"{WELFARE}{path}").status_code == 403
    assert app.test_client().get(f"{WELFARE}{path}").status_code in (302, 401)


def test_another_communes_sheet_is_not_found(officer: Browser, sign_in: SignIn) -> None:
    code = make.poor(clock=SYSTEM_CLOCK).code
    row = [code, "", "", "Agribank", "8888000777", "NGUYEN THI THU", ""]
    page = send_file(officer, as_xlsx(list(sheet.HEADS.values()), [row], title="x")).headers["Location"]
    stranger = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}/lap", {}, f"{WELFARE}/bang").status_code == 404


def test_the_api_gives_verifies_stops_and_counts(officer: Browser, colleague: Browser) -> None:
    code = make.poor(clock=SYSTEM_CLOCK).code
    base = f"/api/v1/households/{code}/welfare-accounts"
    made = officer.api(base, ACCOUNT, key="k1")
    assert (made.status_code, made.json["status"], made.json["account_masked"][-4:]) == (201, "issued", "0123")
    assert officer.api(base, ACCOUNT, key="k1").json == made.json
    assert officer.api(base, ACCOUNT, key="k2").status_code == 409
    assert officer.api(f"{base}/verify").status_code == 403
    gaps = officer.get("/api/v1/welfare/missing").json["items"]
    assert [(one["code"], one["account_status"]) for one in gaps] == [(code, "issued")]
    assert colleague.api(f"{base}/verify").json["status"] == "active"
    [here] = officer.get("/api/v1/welfare/coverage").json["items"]
    assert (here["eligible"], here["covered"], here["percent"], here["missing"]) == (1, 1, 100, 0)
    assert officer.api(f"{base}/suspend", {}).status_code == 422
    assert officer.api(f"{base}/suspend", {"reason": WHY}).json["items"][0]["status"] == "suspended"
    assert colleague.api(f"{base}/resume", {"reason": "Hộ tìm lại được thẻ"}).json["items"][0]["status"] == "active"
    new = ACCOUNT | {"number": "7777000123", "reason": WHY}
    assert officer.api(f"{base}/replace", new, key="k3").status_code == 201
    assert [one["status"] for one in officer.get(base).json["items"]] == ["issued", "replaced"]
    assert officer.api(f"{base}/close", {"reason": WHY}).json["items"][0]["status"] == "closed"
