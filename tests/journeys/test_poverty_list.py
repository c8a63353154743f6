"""The yearly list in a real browser with a real worker: one officer brings it, another approves, and it is undone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from app.core.clock import SYSTEM_CLOCK
from app.households.registry import people
from app.households.registry.people import Field
from tests.factories.households import verified
from tests.households.poverty.lists import official
from tests.journeys.conftest import HAMLET, Stand, sign_in_with_password
from tests.journeys.test_gift import on

pytestmark = pytest.mark.journey
ROOM = "/dieu-hanh/ho-ngheo"
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def officers(chromium: Browser, stand: Stand) -> Iterator[tuple[Page, Page]]:
    """Two officers of one commune, each with a small phone."""
    contexts = [
        chromium.new_context(
            viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=stand.url, bypass_csp=True
        )
        for _n in range(2)
    ]
    pages = []
    for context, number in zip(contexts, ("0900000102", "0900000103"), strict=True):
        context.set_default_timeout(20_000)
        pages.append(context.new_page())
        sign_in_with_password(pages[-1], number, totp=True)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


@pytest.fixture
def a_list(stand: Stand, tmp_path: Path) -> Path:
    """A file of one registered household and one nobody knows."""
    with on(stand):
        home = verified(clock=SYSTEM_CLOCK, hamlet_code=HAMLET, head_name="Lương Thị Mẫu")
        number = people.open_field(home, Field.CITIZEN_ID)
    path = tmp_path / "Danh sách hộ nghèo 2027.xlsx"
    path.write_bytes(
        official(
            [
                ("Lương Thị Mẫu", number, 1980, "Xóm Mẫu Một", "x", None),
                ("Người Lạ Mẫu", "019180999999", 1980, "Xóm Mẫu Một", None, "x"),
            ]
        )
    )
    return path


def good_to_look_at(page: Page, name: str) -> None:
    """Nothing that axe finds, and nothing that scrolls sideways."""
    found = [violation["id"] for violation in Axe().run(page).response["violations"]]
    assert found == [], name
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), name
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.screenshot(path=f"{SHOTS}/{name}-wide.png")
        page.set_viewport_size({"width": 360, "height": 740})


def test_a_list_is_brought_approved_by_another_and_undone(officers: tuple[Page, Page], a_list: Path) -> None:
    maker, other = officers
    maker.goto("/dieu-hanh")
    maker.get_by_role("link", name="Danh sách hộ nghèo").click()
    good_to_look_at(maker, "1-empty")
    maker.get_by_label("Tệp danh sách").set_input_files(a_list)
    maker.get_by_role("button", name="Tải lên và đọc thử").click()
    maker.wait_for_url(re.compile(ROOM + "/.+"))
    expect(maker.get_by_label("Quyết định số")).to_have_value("123/QĐ-UBND")
    good_to_look_at(maker, "2-columns")
    maker.get_by_role("button", name="Đọc danh sách").click()
    expect(maker.get_by_text("Hộ mới vào danh sách").first).to_be_visible(timeout=40_000)
    expect(maker.get_by_text("Ô C8")).to_be_visible()
    expect(maker.get_by_text("Nhờ một cán bộ khác")).to_be_visible()
    good_to_look_at(maker, "3-preview")
    with maker.expect_download() as download:
        maker.get_by_role("button", name="Tải các dòng lỗi").click()
    assert download.value.suggested_filename == "dong-loi.xlsx"

    other.goto(maker.url)
    good_to_look_at(other, "4-approver")
    other.get_by_role("button", name="Duyệt và ghi danh sách").click()
    expect(other.get_by_text("đã ghi", exact=True)).to_be_visible(timeout=40_000)
    good_to_look_at(other, "5-applied")
    other.get_by_role("button", name="Hoàn tác danh sách này").click()
    expect(other.get_by_text("đã hoàn tác", exact=True)).to_be_visible(timeout=40_000)
    other.goto(ROOM)
    good_to_look_at(other, "6-lists")
