"""Promises of the team's pages: each does what its button says, and refuses with what was typed still there."""

from __future__ import annotations

import io
from uuid import uuid4

from flask import Flask
from python_calamine import CalamineWorkbook

from app.core.clock import SYSTEM_CLOCK
from app.households.fieldwork import teams
from app.households.registry.queries import today
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.fieldwork import some_fieldwork
from tests.households.conftest import Browser, SignIn

NEXT, LESSONS, TEAM = "/to-cong-nghe/di-tham", "/to-cong-nghe/lop-hoc", "/to-cong-nghe/doi"
OFFICE = "/dieu-hanh/to-cong-nghe"
FIRST, SECOND = f"{make.TAN_CUONG}-01", f"{make.TAN_CUONG}-02"


def test_a_visit_is_recorded_seen_and_taken_back(neighbour: Browser) -> None:
    assert "Chưa có nhà nào đến hẹn" in neighbour.get(NEXT).get_data(as_text=True)
    household = make.register(clock=SYSTEM_CLOCK)
    page = f"{NEXT}/{household.code}"
    assert "chưa đến lần nào" in neighbour.get(NEXT).get_data(as_text=True)
    wrong = neighbour.post(page, {"id": str(uuid4()), "note": "Nhớ mang áp phích"}, page)
    assert wrong.status_code == 422
    assert "Nhớ mang áp phích" in wrong.get_data(as_text=True)
    form = {"id": str(uuid4()), "done": "shop_opened", "next_on": today(SYSTEM_CLOCK).isoformat()}
    assert neighbour.post(page, form, page).status_code == 302
    shown = neighbour.get(page).get_data(as_text=True)
    assert "Mở gian hàng" in shown
    assert "Hôm nay" in neighbour.get(NEXT).get_data(as_text=True)
    assert neighbour.post(f"{NEXT}/bo/{form['id']}", {}, page).status_code == 302
    assert "Chưa ai ghi lần nào" in neighbour.get(page).get_data(as_text=True)


def test_a_class_is_recorded_and_comes_as_a_sheet(neighbour: Browser) -> None:
    assert "Chưa có lớp nào" in neighbour.get(LESSONS).get_data(as_text=True)
    household = make.register(clock=SYSTEM_CLOCK)
    page = f"{LESSONS}/moi"
    form = {
        "id": str(uuid4()), "hamlet_code": FIRST, "place": "Nhà văn hóa", "topic": "Chụp ảnh hàng", "at": "00:00",
        "day": today(SYSTEM_CLOCK).isoformat(), "home": household.code, "walk_ins": "ba",
    }  # fmt: skip
    assert neighbour.post(page, form, page).status_code == 422
    answer = neighbour.post(page, form | {"walk_ins": "3"}, page)
    assert answer.status_code == 302
    assert household.code in neighbour.get(answer.location).get_data(as_text=True).replace("</span><span>", "")
    sheet = neighbour.get(f"{LESSONS}.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(sheet.data)).get_sheet_by_index(0).to_python()
    assert rows[1][2:4] == ["Nhà văn hóa", "Chụp ảnh hàng"]
    assert rows[1][5:] == [1.0, 3.0, household.code]


def test_only_leaders_and_officers_see_the_team(neighbour: Browser, officer: Browser, sign_in: SignIn) -> None:
    assert neighbour.get(TEAM).status_code == 403
    assert neighbour.get(OFFICE).status_code == 403
    assert officer.get(f"{OFFICE}?xa={make.DAI_PHUC}").status_code == 403
    user = str(neighbour.actor.user_id)
    assert officer.post(f"{TEAM}/to-truong", {"user_id": user}, OFFICE).status_code == 302
    assert "Tổ trưởng" in officer.get(OFFICE).get_data(as_text=True)
    page = neighbour.get(TEAM).get_data(as_text=True)
    assert "Xóm Nam Đồng" in page
    assert "Dấu hiệu cần xem" not in page
    other = sign_in(Role.TEAM_MEMBER, SECOND)
    given = neighbour.post(f"{TEAM}/giao", {"user_id": str(other.actor.user_id), "hamlet_code": FIRST}, TEAM)
    assert given.status_code == 302
    team = teams.member_ids(make.TAN_CUONG, clock=SYSTEM_CLOCK)
    assert other.actor.user_id is not None
    assert team[other.actor.user_id] == {FIRST, SECOND}


def test_an_officer_sees_checks_and_signs_and_answers_a_sign(app: Flask, officer: Browser) -> None:
    made = some_fieldwork(make.register(clock=SYSTEM_CLOCK), clock=SYSTEM_CLOCK)
    page = officer.get(OFFICE).get_data(as_text=True)
    assert "Điền phiếu quá vội" in page
    assert "Đang chờ kiểm tra" in page
    answer = officer.post(f"{OFFICE}/dau-hieu/{made.sign}", {"confirmed": "0", "reason": "Ở lớp học"}, OFFICE)
    assert answer.status_code == 302
    assert "Không có dấu hiệu nào" in officer.get(OFFICE).get_data(as_text=True)


def test_the_api_takes_a_visit_once_and_tells_whom_to_visit(neighbour: Browser) -> None:
    household = make.register(clock=SYSTEM_CLOCK)
    body = {"id": str(uuid4()), "household_code": household.code, "done": ["lesson"], "next_on": "2099-01-01"}
    assert neighbour.api("/api/v1/fieldwork/visits", body).status_code == 422
    body["next_on"] = today(SYSTEM_CLOCK).isoformat()
    for _again in range(2):
        assert neighbour.api("/api/v1/fieldwork/visits", body).status_code == 201
    assert neighbour.api("/api/v1/fieldwork/visits", body | {"note": "Khác"}).status_code == 409
    (due,) = neighbour.get("/api/v1/fieldwork/next-visits").json["items"]
    assert (due["household_code"], due["due_on"]) == (household.code, body["next_on"])
    history = neighbour.get(f"/api/v1/fieldwork/households/{household.code}/visits").json["items"]
    assert [one["done"] for one in history] == [["lesson"]]
    assert neighbour.get(f"/api/v1/fieldwork/communes/{make.TAN_CUONG}/coverage").status_code == 403
