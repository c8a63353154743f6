"""Promises of the team's pages: each does what its button says, and refuses with what was typed still there."""

from __future__ import annotations

import io
from uuid import uuid4

from flask import Flask
from python_calamine import CalamineWorkbook

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import transaction
from app.households.fieldwork import teams
from app.households.registry import erasing
from app.households.registry import queries as registry
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


def test_a_class_shows_masked_names_of_those_in_sight_and_counts_the_rest(
    officer: Browser, neighbour: Browser, sign_in: SignIn
) -> None:
    near = make.register(clock=SYSTEM_CLOCK, head_name="Nguyễn Thị Gần")
    far = make.register(clock=SYSTEM_CLOCK, head_name="Trần Văn Xa", hamlet_code=SECOND)
    gone = make.register(clock=SYSTEM_CLOCK, head_name="Lê Thị Đã Xóa")
    both = sign_in(Role.TEAM_MEMBER, make.TAN_CUONG)
    form = {
        "id": str(uuid4()), "hamlet_code": FIRST, "place": "Nhà văn hóa", "topic": "Chụp ảnh hàng", "at": "00:00",
        "day": today(SYSTEM_CLOCK).isoformat(), "codes": f"{near.code} {far.code} {gone.code}",
    }  # fmt: skip
    page = both.post(f"{LESSONS}/moi", form, f"{LESSONS}/moi").location
    with transaction(actor=SYSTEM):
        erasing.erase(registry.get(gone.id, for_update=True), clock=SYSTEM_CLOCK)
    shown = neighbour.get(page).get_data(as_text=True)
    assert "Nguyễn T. G." in shown and "2 hộ khác" in shown and "Nguyễn Thị Gần" not in shown
    assert "Trần V. X." not in shown and far.code not in shown.replace("</span><span>", "")
    shown = officer.get(page).get_data(as_text=True)
    assert "Nguyễn T. G." in shown and "Trần V. X." in shown and "1 hộ khác" in shown


def test_only_leaders_and_officers_see_the_team(neighbour: Browser, officer: Browser, sign_in: SignIn) -> None:
    assert neighbour.get(TEAM).status_code == 403
    assert neighbour.get(OFFICE).status_code == 403
    assert officer.get(f"{OFFICE}?xa={make.DAI_PHUC}").status_code == 403
    user = str(neighbour.actor.user_id)
    assert officer.post(f"{TEAM}/to-truong", {"user_id": user}, OFFICE).status_code == 302
    assert "Tổ trưởng" in officer.get(f"{TEAM}/thanh-vien").get_data(as_text=True)
    page = neighbour.get(TEAM).get_data(as_text=True)
    assert "Xóm Nam Đồng" in page
    assert "Dấu hiệu cần xem" not in page
    other = sign_in(Role.TEAM_MEMBER, SECOND)
    given = neighbour.post(f"{TEAM}/giao", {"user_id": str(other.actor.user_id), "hamlet_code": FIRST}, TEAM)
    assert given.status_code == 302
    team = teams.member_ids(make.TAN_CUONG, clock=SYSTEM_CLOCK)
    assert other.actor.user_id is not None
    assert team[other.actor.user_id] == {FIRST, SECOND}


def test_a_leader_moves_a_hamlet_on_the_members_page(officer: Browser, sign_in: SignIn) -> None:
    one, other = sign_in(Role.TEAM_MEMBER, FIRST), sign_in(Role.TEAM_MEMBER, SECOND)
    page = f"{TEAM}/thanh-vien/{one.actor.user_id}"
    assert str(one.actor.user_id) in officer.get(f"{TEAM}/thanh-vien").get_data(as_text=True)
    assert one.get(f"{TEAM}/thanh-vien").status_code == 403
    assert officer.get(f"{TEAM}/thanh-vien/{uuid4()}").status_code == 404
    form = {"hamlet_code": FIRST, "from_id": str(one.actor.user_id), "user_id": ""}
    assert officer.post(f"{TEAM}/giao", form, page).status_code == 302
    assert "Chọn một người trong tổ" in officer.get(page).get_data(as_text=True)
    assert officer.post(f"{TEAM}/giao", form | {"user_id": str(other.actor.user_id)}, page).status_code == 302
    team = teams.member_ids(make.TAN_CUONG, clock=SYSTEM_CLOCK)
    assert one.actor.user_id not in team
    assert other.actor.user_id is not None
    assert team[other.actor.user_id] == {FIRST, SECOND}


def test_somebody_is_taken_into_the_team_or_the_form_comes_back(officer: Browser, neighbour: Browser) -> None:
    page = f"{TEAM}/them"
    assert neighbour.get(page).status_code == 403
    form = {"name": "Người mẫu Hai", "phone": "12", "hamlet_code": FIRST}
    wrong = officer.post(page, form, page)
    assert wrong.status_code == 422
    assert "Người mẫu Hai" in wrong.get_data(as_text=True)
    answer = officer.post(page, form | {"phone": "0900 555 123"}, page)
    assert answer.status_code == 302
    assert "Người mẫu Hai" in officer.get(answer.location).get_data(as_text=True)


def test_an_officer_sees_checks_and_signs_and_answers_a_sign(app: Flask, officer: Browser) -> None:
    made = some_fieldwork(make.register(clock=SYSTEM_CLOCK), clock=SYSTEM_CLOCK)
    assert "1 dấu hiệu chưa ai xem" in officer.get(OFFICE).get_data(as_text=True)
    assert "Đang chờ kiểm tra" in officer.get(f"{TEAM}/kiem-tra").get_data(as_text=True)
    assert "Điền phiếu quá vội" in officer.get(f"{OFFICE}/dau-hieu").get_data(as_text=True)
    page = f"{OFFICE}/dau-hieu/{made.sign}"
    bare = officer.post(page, {"confirmed": "0", "reason": " "}, page)
    assert (bare.status_code, "Ghi lý do" in bare.get_data(as_text=True)) == (422, True)
    answer = officer.post(page, {"confirmed": "0", "reason": "Ở lớp học"}, page)
    assert answer.status_code == 302
    assert "Không có dấu hiệu nào" in officer.get(OFFICE).get_data(as_text=True)
    assert "Ở lớp học" in officer.get(page).get_data(as_text=True)


def test_who_decides_sees_both_answers_but_no_number_and_no_name_that_agrees(
    app: Flask, officer: Browser, sign_in: SignIn
) -> None:
    household = make.register(clock=SYSTEM_CLOCK, head_name="Hoàng Thị Mẫu", phone="0912345678")
    made = some_fieldwork(household, clock=SYSTEM_CLOCK)
    checker = sign_in(Role.TEAM_MEMBER, FIRST)
    page = f"{TEAM}/kiem-tra/{made.check}"
    assert officer.post(f"{page}/giao", {"user_id": str(checker.actor.user_id)}, page).status_code == 302
    waiting = officer.get(page).get_data(as_text=True)
    assert "Đang chờ người đến hỏi" in waiting
    assert "Hoàng" not in waiting
    form = {"name": "Hoàng Thị Mẫu", "birth_year": "1955", "phone": "0987654321", "reachable": "1", "visited": "1"}
    mine = f"/to-cong-nghe/kiem-tra/{made.check}"
    assert checker.post(mine, form, mine).status_code == 302
    assert checker.get(page).status_code == 403
    shown = officer.get(page).get_data(as_text=True)
    for seen in ("1980", "1955", "09•• ••• 678", "09•• ••• 321", "Hoàng T. M."):
        assert seen in shown
    assert "Hoàng Thị Mẫu" not in shown
    assert "0987654321" not in shown.replace(" ", "")
    bare = officer.post(page, {"reason": "Đã hỏi cả hai"}, page)
    assert bare.status_code == 422
    assert "Đã hỏi cả hai" in bare.get_data(as_text=True)
    assert officer.post(page, {"reason": "Đã hỏi cả hai", "sound": "0"}, page).status_code == 302
    assert "Đã xem, hồ sơ sai" in officer.get(page).get_data(as_text=True)
    assert household.code in officer.get(f"{TEAM}/kiem-tra?xong=1").get_data(as_text=True).replace("</span><span>", "")


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
