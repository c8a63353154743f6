"""Mending a household at its door, in a real browser: what changed is sent, settled, decided by the officer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.factories.households import a_citizen_id
from tests.journeys.conftest import sign_in_with_password
from tests.journeys.doorstep import (
    APP,
    OFFICER,
    OTHER_OFFICER,
    answer,
    finish,
    first_visit,
    go_on,
    home,
    kept,
    nothing_waits,
    records_in,
)
from tests.journeys.post import Post

pytestmark = pytest.mark.journey
REASON = "Nhà này vẫn ở chỗ cũ"


@pytest.fixture
def office(chromium: Browser, post: Post) -> Any:
    """An officer of the commune, signed in on a computer."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="vi-VN", base_url=post.url, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in_with_password(page, OFFICER, totp=True)
    yield page
    context.close()


def registered(page: Page, name: str) -> None:
    """A household that has arrived, on the phone's roster."""
    answer(page, name, a_citizen_id())
    finish(page)
    nothing_waits(page)
    page.get_by_role("button", name="Tải danh sách mới").click()


def change_address(page: Page, masked: str, address: str) -> None:
    """Open a household of the roster and send a new address."""
    page.get_by_role("link", name=re.compile(masked)).last.click()
    page.get_by_role("link", name="Sửa thông tin").click()
    page.get_by_label("Địa chỉ").check()
    go_on(page)
    page.get_by_role("textbox", name="Địa chỉ").fill(address)
    go_on(page)
    finish(page)


def approve(office: Page, post: Post) -> None:
    """The youngest registration, on the officer's screen."""
    code = post.rows("SELECT code FROM household ORDER BY created_at DESC LIMIT 1")[0][0]
    office.goto(f"/dieu-hanh/duyet-ho/{code}")
    office.get_by_role("button", name="Duyệt hộ này").click()
    expect(office.get_by_text("Đã duyệt hộ.")).to_be_visible()


def open_amendment(office: Page) -> None:
    office.goto("/dieu-hanh/sua-doi")
    office.locator("main a[href^='/dieu-hanh/sua-doi/']").first.click()


def test_an_edit_the_officer_refuses_comes_back_and_is_mended(open_phone: Any, post: Post, office: Page):
    with open_phone() as phone:
        page = first_visit(phone)
        registered(page, "Người Mẫu Sửa Nhà")
        approve(office, post)
        change_address(page, "Người M. S. N.", "Nhà mẫu đầu cầu")
        expect(page.locator(".status", has_text="Chờ xã duyệt").first).to_be_visible(timeout=20_000)
        home(page)
        expect(page.get_by_text("1 phiếu chờ xã duyệt.")).to_be_visible()

        open_amendment(office)
        office.get_by_text("Không nhận", exact=True).first.click()
        office.get_by_label("Vì sao không nhận").fill(REASON)
        office.get_by_role("button", name="Không nhận", exact=True).click()
        expect(office.get_by_text("Đã ghi là không nhận.")).to_be_visible()

    with open_phone() as phone:  # closed and opened again: nothing of it was lost
        page = phone.pages[0]
        page.goto(APP)
        expect(page.get_by_text("1 phiếu cần bạn xem lại")).to_be_visible(timeout=20_000)
        page.get_by_role("region", name="Đang làm dở").get_by_role("link", name=re.compile("Người M. S. N.")).click()
        expect(page.locator(".status", has_text="Cần sửa lại").first).to_be_visible(timeout=20_000)
        expect(page.get_by_text(REASON)).to_be_visible()
        page.get_by_role("link", name="Sửa và gửi lại").click()
        expect(page.get_by_text("Nhà mẫu đầu cầu")).to_be_visible()
        page.get_by_role("link", name="Sửa: Địa chỉ").click()
        expect(page.get_by_role("textbox", name="Địa chỉ")).to_have_value("Nhà mẫu đầu cầu")
        page.get_by_role("textbox", name="Địa chỉ").fill("Nhà mẫu cuối cầu")
        go_on(page)
        page.get_by_role("button", name="Gửi lại").click()
        expect(page.locator(".status", has_text="Chờ xã duyệt").first).to_be_visible(timeout=20_000)

        open_amendment(office)
        office.get_by_role("button", name="Nhận, sửa hồ sơ").click()
        expect(office.get_by_text("Đã nhận đề nghị sửa.")).to_be_visible()
        page.reload()
        expect(page.locator(".status", has_text="Đã gửi").first).to_be_visible(timeout=20_000)
        assert "cuối cầu" not in kept(page)
    statuses = post.rows("SELECT status FROM household_amendment ORDER BY created_at")
    assert statuses == [("refused",), ("accepted",)]


def test_the_officer_looks_at_the_photos_without_javascript_and_each_look_is_written_down(
    open_phone: Any, post: Post, chromium: Browser, picture: Path
):
    with open_phone() as phone:
        page = first_visit(phone)
        answer(page, "Người Mẫu Có Ảnh", a_citizen_id(), photo=picture, signed=True)
        finish(page)
        nothing_waits(page)
    code = post.rows("SELECT code FROM household ORDER BY created_at DESC LIMIT 1")[0][0]
    seen = "SELECT count(*) FROM audit_event WHERE action = 'doorstep_photo_seen'"
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=post.url, java_script_enabled=False
    )
    context.set_default_timeout(15_000)
    screen = context.new_page()
    sign_in_with_password(screen, OTHER_OFFICER, totp=True)
    screen.goto(f"/dieu-hanh/duyet-ho/{code}")
    expect(screen.get_by_role("heading", name="Ảnh từ cửa nhà")).to_be_visible()
    assert post.rows(seen) == [(0,)]  # nobody asked to look
    screen.get_by_role("link", name="Xem ảnh (2)").click()
    house = screen.get_by_role("img", name="Ngôi nhà")
    house.scroll_into_view_if_needed()
    expect(screen.get_by_role("img", name="Chữ ký của bà con")).to_be_visible()
    screen.wait_for_load_state("networkidle")
    assert post.rows(seen) == [(2,)]
    house.click()
    screen.wait_for_url("**/to-cong-nghe/anh/*")
    assert post.rows(seen) == [(3,)]
    context.close()


def test_an_edit_sends_only_what_changed(open_phone: Any, post: Post):
    with open_phone() as phone:
        page = first_visit(phone)
        answer(page, "Người Mẫu Xanh Quý", a_citizen_id())
        finish(page)
        nothing_waits(page)
        page.get_by_role("button", name="Tải danh sách mới").click()
        page.get_by_role("link", name=re.compile("Người M. X. Q.")).last.click()
        phone.set_offline(True)
        page.get_by_role("link", name="Sửa thông tin").click()
        page.get_by_label("Điện thoại").check()
        go_on(page)
        page.get_by_label("Số người thân tin cậy").check()
        page.get_by_label("Số của người thân").fill("0900 000 377")
        go_on(page)
        finish(page)
        with page.expect_request("**/sync") as sent:
            phone.set_offline(False)
        expect(page.locator(".status", has_text="Đã gửi").first).to_be_visible(timeout=20_000)
        (record,) = records_in(sent.value)
    assert record["fields"] == {"phone": "0900000377", "phone_is_contact": "1"}
    assert post.rows("SELECT version, phone_is_contact FROM household ORDER BY created_at DESC LIMIT 1") == [(2, True)]


def test_the_phone_lets_go_of_a_household_that_was_erased(open_phone: Any):
    def erased(route: Route) -> None:
        gone = {"outcome": "refused", "forget": True, "reason": "Hộ này không còn trong sổ nữa."}
        outcome = [gone | {"id": one["id"]} for one in records_in(route.request)]
        route.fulfill(json={"results": outcome})

    with open_phone() as phone:
        page = first_visit(phone)
        registered(page, "Người Mẫu Đã Xin Xóa")
        page.route("**/onboarding/sync", erased)
        change_address(page, "Người M. Đ. X. X.", "Nhà mẫu không giữ lại")
        expect(page.locator(".status", has_text="Cần sửa lại").first).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="Xem vì sao").click()
        expect(page.get_by_text("Bạn bỏ phiếu này được rồi.")).to_be_visible()
        expect(page.get_by_role("link", name="Sửa và gửi lại")).to_have_count(0)
        assert "không giữ lại" not in kept(page)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Bỏ phiếu này").click()
        expect(page.get_by_text("Không có gì chờ gửi.")).to_be_visible()
        expect(page.get_by_text("cần bạn xem lại")).to_have_count(0)


def test_a_conflict_leads_to_where_a_person_settles_it(open_phone: Any):
    settled = {"household_code": None, "reason": None, "errors": None, "conflict_id": str(uuid4())}

    def other_word(route: Route) -> None:
        outcome = [settled | {"id": one["id"], "outcome": "conflict"} for one in records_in(route.request)]
        route.fulfill(json={"results": outcome})

    with open_phone() as phone:
        page = first_visit(phone)
        page.route("**/onboarding/sync", other_word)
        page.route("**/onboarding/records?*", lambda route: route.fulfill(json={"results": []}))
        answer(page, "Người Mẫu Hai Lời", a_citizen_id())
        finish(page)
        page.get_by_role("link", name="Xem vì sao").click()
        where = page.get_by_role("link", name="So hai bên").get_attribute("href")
    assert where == f"/to-cong-nghe/xung-dot/{settled['conflict_id']}"
