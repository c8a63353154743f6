"""Promises of the pages: they work without JavaScript, lose nothing that was typed, and show each only their own."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.households.registry import queries
from app.households.registry.models import Purpose, Status
from app.identity.roles import Role
from tests.factories import households as make
from tests.households.conftest import Browser, SignIn

FORM = "/to-cong-nghe/dang-ky"
DESK = "/dieu-hanh/ho-gia-dinh"
WELFARE = "/dieu-hanh/an-sinh"


def filled(**changes: str) -> dict[str, str]:
    return {
        "client_id": str(uuid4()),
        "head_name": "Lý Thị Mẫu",
        "citizen_id": make.a_citizen_id(),
        "phone": "0912 000 111",
        "address": "Nhà sau đình xóm",
        "hamlet_code": f"{make.TAN_CUONG}-01",
        "consent_selling": "1",
        "how": "spoken",
        **changes,
    }


def test_a_new_member_finds_a_warm_empty_page(neighbour: Browser) -> None:
    page = neighbour.get("/to-cong-nghe").get_data(as_text=True)
    assert "Bạn chưa đăng ký hộ nào" in page
    assert "Xóm Hồng Thái, Xã Tân Cương" in page


def test_the_form_ticks_no_consent_beforehand(neighbour: Browser) -> None:
    page = neighbour.get(FORM).get_data(as_text=True)
    assert 'name="consent_selling"' in page
    assert " checked" not in page


def test_a_household_is_registered_by_form_and_sending_twice_is_harmless(neighbour: Browser) -> None:
    form = filled()
    answer = neighbour.post(FORM, form, FORM)
    assert answer.status_code == 302
    assert neighbour.post(FORM, form, FORM).location == answer.location
    page = neighbour.get(answer.location).get_data(as_text=True)
    assert "Lý T. M." in page
    assert "Đang chờ xã duyệt" in page
    assert "Lý T. M." in neighbour.get("/to-cong-nghe").get_data(as_text=True)
    for text in ("ly thi mau", "0912000111", form["citizen_id"]):
        found = neighbour.post("/to-cong-nghe/tim", {"q": text}, "/to-cong-nghe")
        assert "Lý T. M." in found.get_data(as_text=True)
    nothing = neighbour.post("/to-cong-nghe/tim", {"q": "0912000112"}, "/to-cong-nghe").get_data(as_text=True)
    assert "Chưa thấy hộ nào" in nothing


@pytest.mark.parametrize("wrong", [{"citizen_id": "123"}, {"how": ""}, {"phone": "1"}])
def test_a_form_that_comes_back_keeps_what_was_typed(neighbour: Browser, wrong: dict[str, str]) -> None:
    form = filled(account_bin="970415", account_number="1012345678", account_holder="LY THI MAU", **wrong)
    answer = neighbour.post(FORM, form, FORM)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Còn chỗ cần sửa" in page
    for name in ("client_id", "head_name", "address", "account_number", "account_holder"):
        assert f'value="{form[name]}"' in page
    assert page.count(" checked") == (1 if wrong.get("how") == "" else 2)
    assert page.count(" selected") == 2


def test_a_returned_registration_comes_back_filled_for_its_maker_only(
    neighbour: Browser, officer: Browser, sign_in: SignIn
) -> None:
    code = neighbour.post(FORM, filled(), FORM).location.rsplit("/", 1)[1]
    answer = officer.post(f"{DESK}/{code}/tra-lai", {"return_reason": "Ghi rõ số nhà"}, f"{DESK}/{code}")
    assert answer.status_code == 302
    page = neighbour.get(f"/to-cong-nghe/ho/{code}").get_data(as_text=True)
    assert "Ghi rõ số nhà" in page
    path = f"/to-cong-nghe/ho/{code}/sua"
    assert 'value="Lý Thị Mẫu"' in neighbour.get(path).get_data(as_text=True)
    other = sign_in(Role.TEAM_MEMBER, f"{make.TAN_CUONG}-01")
    assert other.get(path).status_code == 403
    typed = filled(address="Số 7, cạnh đình")
    del typed["consent_selling"], typed["how"]
    assert neighbour.post(path, typed, path).status_code == 302
    household = queries.by_code(code, actor=officer.actor)
    assert household.status == Status.SUBMITTED
    assert queries.has_consent(household.id, Purpose.SELLING)


def test_the_officers_queue_shows_what_waits_and_approves_it(officer: Browser) -> None:
    assert "Không còn hồ sơ nào chờ duyệt" in officer.get(DESK).get_data(as_text=True)
    household = make.register(clock=SYSTEM_CLOCK)
    assert household.code in officer.get(f"{DESK}").get_data(as_text=True).replace("</span><span>", "")
    found = officer.post(DESK, {"q": household.code}, DESK).get_data(as_text=True)
    assert "Nguyễn T. T." in found
    answer = officer.post(f"{DESK}/{household.code}/duyet", {}, f"{DESK}/{household.code}")
    assert answer.status_code == 302
    page = officer.get(f"{DESK}/{household.code}").get_data(as_text=True)
    assert "Đã duyệt hộ" in page
    again = officer.post(f"{DESK}/{household.code}/duyet", {}, f"{DESK}/{household.code}")
    assert again.status_code == 409


def test_a_page_shows_a_field_in_full_once_and_the_log_knows(officer: Browser) -> None:
    household = make.register(clock=SYSTEM_CLOCK, phone="0987654321")
    path = f"{DESK}/{household.code}"
    assert "0987654321" not in officer.get(path).get_data(as_text=True)
    refused = officer.post(f"{path}/xem", {"field": "phone", "look_reason": ""}, path)
    assert refused.status_code == 422
    assert "0987654321" not in refused.get_data(as_text=True)
    shown = officer.post(f"{path}/xem", {"field": "phone", "look_reason": "Hẹn ngày đến"}, path)
    assert "0987654321" in shown.get_data(as_text=True)
    assert "0987654321" not in officer.get(path).get_data(as_text=True)
    looks = db.session.scalar(
        sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "household_unmasked")
    )
    assert looks == 1


def test_poverty_and_a_welfare_account_from_decision_to_listing(
    officer: Browser, sign_in: SignIn, client: FlaskClient
) -> None:
    household = make.verified(clock=SYSTEM_CLOCK)
    path, welfare = f"{DESK}/{household.code}", f"{WELFARE}/{household.code}"
    entry = f"/dieu-hanh/ho-ngheo/ho/{household.code}"
    bad = officer.post(entry, {"decision_number": "12/QĐ"}, path)
    assert bad.status_code == 422
    assert 'value="12/QĐ"' in bad.get_data(as_text=True)
    year = queries.today(SYSTEM_CLOCK).year
    decision = {
        "poverty_class": "near_poor", "decision_number": "12/QĐ", "valid_from": f"{year}-01-01",
        "valid_to": f"{year}-12-31",
    }  # fmt: skip
    assert officer.post(entry, decision, path).status_code == 302
    colleague = sign_in(Role.COMMUNE_OFFICER)
    approve_waiting(officer, colleague, path)
    assert "0 %" in officer.get(WELFARE).get_data(as_text=True)
    account = {"bin": "970405", "number": "8888000123", "holder": "AI DO", "need": "Mua sách vở cho con"}
    refused = officer.post(welfare, account, welfare)
    assert refused.status_code == 422
    assert "Mua sách vở cho con" in refused.get_data(as_text=True)
    assert officer.post(welfare, account | {"holder": "NGUYEN THI THU"}, welfare).status_code == 302
    assert officer.post(f"{welfare}/xac-nhan", {}, welfare).status_code == 403
    assert colleague.post(f"{welfare}/xac-nhan", {}, welfare).status_code == 302
    assert "100 %" in officer.get(WELFARE).get_data(as_text=True)
    assert len(client.get("/api/v1/welfare/households").get_json()["items"]) == 1
    officer.post(f"{path}/dong-y", {"purpose": "gift_page"}, path)
    assert client.get("/api/v1/welfare/households").get_json()["items"] == []
    assert officer.post(f"{welfare}/dong", {"reason": "Hộ chuyển đi nơi khác"}, welfare).status_code == 302
    leaves = {"ends_on": f"{year}-01-01", "end_reason": "Ghi nhầm hộ"}
    assert officer.post(f"{entry}/thoi", leaves | {"end_reason": ""}, path).status_code == 422
    assert officer.post(f"{entry}/thoi", leaves, path).status_code == 302
    assert "Ghi nhầm hộ" in colleague.get(path).get_data(as_text=True)
    approve_waiting(officer, colleague, path)
    assert "Hôm nay không có quyết định nào" in officer.get(path).get_data(as_text=True)


def approve_waiting(maker: Browser, other: Browser, path: str) -> None:
    """The decision waits on the household's page: only a second officer finds the button, and only theirs counts."""
    mine, theirs = (one.get(path).get_data(as_text=True) for one in (maker, other))
    assert "Chờ người thứ hai duyệt" in mine and "Duyệt quyết định này" not in mine
    approve = theirs.split('/duyet">')[0].rsplit('action="', 1)[1] + "/duyet"
    assert maker.post(approve, {}, path).status_code == 403
    assert other.post(approve, {}, path).status_code == 303


def test_an_empty_welfare_form_marks_every_empty_place_at_once(officer: Browser) -> None:
    household = make.poor(clock=SYSTEM_CLOCK)
    path = f"{WELFARE}/{household.code}"
    answer = officer.post(path, {"bin": "970405", "number": " ", "need": "Mua sách vở cho con"}, path)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert all(f'href="#{name}"' in page for name in ("number", "holder"))
    assert 'href="#need"' not in page
    assert "Mua sách vở cho con" in page


def test_another_communes_pages_are_not_found(sign_in: SignIn) -> None:
    household = make.poor(clock=SYSTEM_CLOCK)
    stranger = sign_in(Role.COMMUNE_OFFICER, make.DAI_PHUC)
    for path in (f"{DESK}/{household.code}", f"{WELFARE}/{household.code}", f"/to-cong-nghe/ho/{household.code}"):
        assert stranger.get(path).status_code == 404
    assert household.code not in stranger.get(f"{DESK}?buoc=tat-ca").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/to-cong-nghe", FORM, DESK, WELFARE, f"{DESK}/HG22222222", f"{WELFARE}/HG22222222"])
def test_nobody_signed_in_sees_none_of_it(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Accept": "application/json"}).status_code == 401


def test_the_province_looks_but_does_not_act(sign_in: SignIn) -> None:
    household = make.register(clock=SYSTEM_CLOCK)
    province = sign_in(Role.PROVINCE_OPERATOR, "*")
    page = province.get(f"{DESK}/{household.code}").get_data(as_text=True)
    assert "Duyệt hộ này" not in page
    assert province.client.post(f"{DESK}/{household.code}/duyet", headers=province.headers).status_code in (400, 403)


def test_a_withdrawn_consent_shows_on_the_page(officer: Browser) -> None:
    household = make.verified(clock=SYSTEM_CLOCK)
    path = f"{DESK}/{household.code}"
    officer.post(f"{path}/dong-y", {"purpose": "selling"}, path)
    assert not queries.has_consent(household.id, Purpose.SELLING)
    assert queries.has_consent(household.id, Purpose.CONTACT)
