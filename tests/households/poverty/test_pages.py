"""Promises of the pages and the API: the whole way for two officers, what is typed stays, strangers stay out."""

from __future__ import annotations

import base64
import io
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.core.actor import EVERYWHERE, SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import transaction
from app.households.poverty import services
from app.households.registry import people
from app.households.registry.people import Field
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn
from tests.households.poverty.conftest import rows_of
from tests.households.poverty.lists import official, workbook

ROOM = "/dieu-hanh/ho-ngheo"
ACTS = ("cot", "duyet", "hoan-tac", "bo", "dong-loi")


def bring(officer: Browser, data: bytes, area: str = make.TAN_CUONG) -> Any:
    page = officer.get(ROOM).get_data(as_text=True)
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": csrf, "area_code": area, "file": (io.BytesIO(data), "Danh sách 2027.xlsx")}
    return officer.client.post(ROOM, data=form, headers=officer.headers, content_type="multipart/form-data")


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def form_of(page: str) -> dict[str, str]:
    """What the columns' form holds as it is shown."""
    form = {"decision_number": "123/QĐ-UBND", "year": "2027", "valid_from": "2027-01-01", "valid_to": "2027-12-31"}
    for piece in page.split('<select class="input" id="column_')[1:]:
        name, rest = piece.split('"', 1)
        chosen = rest.split("</select>")[0].split('" selected')
        if len(chosen) > 1:
            form[f"column_{name}"] = chosen[0].rsplit('"', 1)[1]
    return form


def work(path: str) -> None:
    services.work(UUID(path.rsplit("/", 1)[1]), clock=SYSTEM_CLOCK)


@pytest.fixture
def data() -> bytes:
    home = make.verified(clock=SYSTEM_CLOCK, head_name="Lương Thị Mẫu")
    number = people.open_field(home, Field.CITIZEN_ID)
    rows = [("Lương Thị Mẫu", number, 1980, "Xóm Hồng Thái", "x", None), ("Người Lạ", "012", 1980, "", "x", None)]
    return official(rows)


def test_two_officers_take_a_list_all_the_way_and_back(officer: Browser, sign_in: SignIn, data: bytes) -> None:
    other = sign_in(Role.COMMUNE_OFFICER)
    answer = bring(officer, data)
    assert answer.status_code == 303
    show = answer.location
    page = text_of(officer.get(show))
    assert "123/QĐ-UBND" in page and "C: Số định danh cá nhân" in page
    assert "Người tải tệp còn phải chọn cột" in text_of(other.get(show))
    assert officer.post(f"{show}/cot", form_of(page), show).status_code == 303
    reading = text_of(officer.get(show))
    assert '<meta http-equiv="refresh"' in reading and "Đã đọc" in reading
    work(show)
    preview = text_of(officer.get(show))
    for words in ("Hộ mới vào danh sách", "Dòng lỗi", "Lương T. M.", "Ô C8", "Nhờ một cán bộ khác"):
        assert words in preview
    assert "Lương Thị Mẫu" not in preview
    assert "Dòng lỗi" in text_of(officer.get(f"{show}?loai=error"))
    assert officer.post(f"{show}/duyet", {}, show).status_code == 403
    assert other.post(f"{show}/duyet", {}, show).status_code == 303
    work(show)
    assert "đã ghi" in text_of(officer.get(show))
    assert officer.post(f"{show}/hoan-tac", {}, show).status_code == 303
    work(show)
    assert "đã hoàn tác" in text_of(officer.get(ROOM))


def test_rows_with_errors_come_as_a_spreadsheet_and_the_look_is_noted(officer: Browser, data: bytes) -> None:
    show = bring(officer, data).location
    officer.post(f"{show}/cot", form_of(text_of(officer.get(show))), show)
    work(show)
    answer = officer.post(f"{show}/dong-loi", {}, show)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in sheet] == ["Ô", "C8"]
    assert sheet[1][4] == "Người Lạ"
    with transaction(actor=SYSTEM) as session:
        noted = sa.select(sa.func.count()).where(AuditEvent.action == "poverty_list_errors_exported")
        assert session.scalar(noted) == 1


def test_todays_list_can_be_changed_and_brought_back(officer: Browser, neighbour: Browser) -> None:
    home = make.poor(clock=SYSTEM_CLOCK)
    make.poor(clock=SYSTEM_CLOCK, hamlet_code=f"{make.DAI_PHUC}-01")
    answer = officer.post(f"{ROOM}/hien-co", {}, ROOM)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[1:4] for row in rows[1:]] == [[home.code, "Xã Tân Cương", "Hộ nghèo"]]
    show = bring(officer, answer.data).location
    assert officer.post(f"{show}/cot", form_of(text_of(officer.get(show))), show).status_code == 303
    work(show)
    assert "Tiếp tục như năm trước" in text_of(officer.get(show))
    assert neighbour.client.post(f"{ROOM}/hien-co", headers=neighbour.headers).status_code in {400, 403}


def test_what_was_chosen_and_typed_stays_when_something_is_wrong(officer: Browser, data: bytes) -> None:
    show = bring(officer, data).location
    form = form_of(text_of(officer.get(show))) | {"decision_number": "", "year": "abc", "column_birth": "2"}
    answer = officer.post(f"{show}/cot", form, show)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "Ghi số quyết định." in page and "Một cột đang được chọn cho hai mục." in page
    assert form_of(page)["column_birth"] == "2"


@pytest.mark.parametrize("spoiled", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0old"])
def test_a_file_of_no_use_is_refused_with_a_sentence(officer: Browser, spoiled: bytes) -> None:
    answer = bring(officer, spoiled)
    assert answer.status_code == 422
    assert "Tải lên và đọc thử" in text_of(answer)


def test_strangers_stay_out(officer: Browser, neighbour: Browser, sign_in: SignIn, data: bytes) -> None:
    show = bring(officer, data).location
    stranger = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    assert stranger.get(show).status_code == 404
    assert "Danh sách 2027" not in text_of(stranger.get(ROOM))
    assert bring(stranger, data).status_code == 403
    for act in ACTS:
        assert stranger.post(f"{show}/{act}", {}, ROOM).status_code == 404
    api = show.replace(ROOM, "/api/v1/poverty-lists")
    assert stranger.get(api).status_code == 404
    assert stranger.get(f"{api}/rows").status_code == 404
    for act in ("approve", "undo", "drop"):
        assert stranger.api(f"{api}/{act}").status_code == 404
    for nobody in (neighbour, sign_in(Role.FINANCE, EVERYWHERE)):
        assert nobody.get(ROOM).status_code == 403
        assert nobody.get(show).status_code == 403
        assert nobody.get(api).status_code == 403
        assert nobody.api(f"{api}/approve").status_code == 403


def test_the_province_chooses_an_area(sign_in: SignIn, data: bytes) -> None:
    operator = sign_in(Role.PROVINCE_OPERATOR, EVERYWHERE)
    page = text_of(operator.get(ROOM))
    assert "Nhiều xã trong một tệp" in page and "Xã Tân Cương" in page
    assert bring(operator, data, "19").status_code == 403
    show = bring(operator, data, EVERYWHERE).location
    assert "Tệp này có đủ mọi hộ" not in text_of(operator.get(show))


def test_a_list_over_the_api(officer: Browser, sign_in: SignIn) -> None:
    home = make.verified(clock=SYSTEM_CLOCK)
    number = people.open_field(home, Field.CITIZEN_ID)
    content = base64.b64encode(workbook(rows_of(["Nguyễn Thị Thử", number, None, None, None, "N"]))).decode()
    body = {"area_code": make.TAN_CUONG, "file_name": "a.xlsx", "content": content}
    key = str(uuid4())
    made = officer.api("/api/v1/poverty-lists", body, key)
    assert made.status_code == 201
    assert officer.api("/api/v1/poverty-lists", body, key).json == made.json
    assert officer.api("/api/v1/poverty-lists", body | {"content": "!"}, str(uuid4())).status_code == 422
    path = f"/api/v1/poverty-lists/{made.json['id']}"
    said = {"decision_number": "9/QĐ", "year": 2027, "valid_from": "2027-01-01", "valid_to": "2027-12-31"}
    assert officer.api(f"{path}/columns", said | {"year": 12}).status_code == 422
    assert officer.api(f"{path}/columns", said).json["state"] == "reading"
    work(path)
    told = officer.get(path).json
    assert (told["state"], told["counts"]["new"], told["steps_done"]) == ("ready", 1, told["steps_total"])
    rows = officer.get(f"{path}/rows?kind=new").json["items"]
    assert [(row["place"], row["name"], row["household_code"]) for row in rows] == [(2, "Nguyễn T. T.", home.code)]
    assert officer.api(f"{path}/approve").status_code == 403
    assert sign_in(Role.COMMUNE_OFFICER).api(f"{path}/approve").json["state"] == "applying"
    work(path)
    assert officer.get("/api/v1/poverty-lists").json["items"][0]["state"] == "applied"
