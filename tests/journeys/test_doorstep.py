"""On the doorstep, in a real browser: households registered with no network arrive, each exactly once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from tests.factories.households import a_citizen_id
from tests.journeys.conftest import HAMLET
from tests.journeys.doorstep import (
    APP,
    OFFICER,
    TOO_SMALL,
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


def test_three_households_registered_without_a_network_arrive_once_though_the_server_dies(
    open_phone: Any, post: Post, picture: Path
):
    before = post.households()
    numbers = [a_citizen_id() for _number in range(3)]
    with open_phone() as phone:
        page = first_visit(phone)
        phone.set_offline(True)
        page.reload()
        for at, number in enumerate(numbers):
            answer(page, f"Người Mẫu Thứ {['Một', 'Hai', 'Ba'][at]}", number, photo=picture, signed=True)
            finish(page)
        home(page)
        expect(page.get_by_text("3 phiếu chờ gửi.")).to_be_visible()

    with open_phone(offline=True) as phone:  # closed, and opened again where there still is no signal
        page = phone.pages[0]
        page.goto(APP)
        expect(page.get_by_text("3 phiếu chờ gửi.")).to_be_visible()
        parts: list[str] = []

        def die_amid_a_picture(request: Request) -> None:
            if request.method == "PUT":
                parts.append(request.url)
                if len(parts) == 2:
                    post.kill()

        page.on("request", die_amid_a_picture)
        phone.set_offline(False)
        expect(page.get_by_text("phiếu còn ảnh đang gửi")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Chưa gửi được.")).to_be_visible(timeout=30_000)
        assert post.killed == 1
        post.start()
        nothing_waits(page)  # the phone tries again by itself
        assert any("offset=262144" in url for url in parts), "no picture was large enough to go in parts"
        left = kept(page)

    assert post.households() == before + 3
    photos = post.rows("SELECT kind, completed_at IS NOT NULL FROM doorstep_photo")
    assert sorted(photos) == [("house", True)] * 3 + [("signature", True)] * 3
    assert post.rows("SELECT count(*) FROM consent WHERE evidence_photo_id IS NOT NULL") == [(3,)]
    for personal in (*numbers, "Người Mẫu Thứ", "Nhà mẫu sau đình", "bytes"):
        assert personal not in left


def test_a_refused_record_is_mended_and_arrives(open_phone: Any, post: Post):
    taken, free = a_citizen_id(), a_citizen_id()
    before = post.households()
    with open_phone() as phone:
        page = first_visit(phone)
        answer(page, "Người Mẫu Đến Trước", taken)
        finish(page)
        nothing_waits(page)
        phone.set_offline(True)
        answer(page, "Người Mẫu Đến Sau", taken)
        finish(page)
        phone.set_offline(False)
        expect(page.get_by_text("Cần sửa lại")).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="Xem vì sao").click()
        page.get_by_role("link", name="Sửa và gửi lại").click()
        page.get_by_role("link", name="Sửa: Số căn cước").click()
        page.get_by_role("textbox", name="Số căn cước").fill(free)
        go_on(page)
        page.get_by_role("button", name="Gửi lại").click()
        expect(page.locator(".status", has_text="Đã gửi").first).to_be_visible(timeout=20_000)
    assert post.households() == before + 2
    assert post.rows("SELECT attempt FROM doorstep_record ORDER BY received_at DESC LIMIT 1") == [(2,)]


def test_every_letter_of_a_draft_is_kept(open_phone: Any):
    with open_phone() as phone:
        page = first_visit(phone)
        phone.set_offline(True)
        page.get_by_role("link", name="Đăng ký một hộ").click()
        go_on(page, "Gõ tay")
        page.get_by_label("Họ và tên").press_sequentially("Người Mẫu Dở D")
        page.wait_for_timeout(100)
        page.reload()
        expect(page.get_by_label("Họ và tên")).to_have_value("Người Mẫu Dở D")
    with open_phone(offline=True) as phone:
        page = phone.pages[0]
        page.goto(APP)
        page.get_by_role("link", name="Người Mẫu Dở D").click()
        page.get_by_role("link", name="Ghi tiếp").click()
        expect(page.get_by_label("Họ và tên")).to_have_value("Người Mẫu Dở D")


CARD = "019190000123|012345678|Người Mẫu Có Thẻ|05061990|Nữ|Xóm Mẫu Một, Tân Cương|01012022"
SEES_A_CARD = f"""
  window.BarcodeDetector = class {{
    async detect() {{ return [{{ rawValue: {json.dumps(CARD)} }}]; }}
  }};
"""


def test_the_code_on_a_card_fills_the_form(open_phone: Any):
    with open_phone(script=SEES_A_CARD) as phone:
        page = first_visit(phone)
        page.get_by_role("link", name="Đăng ký một hộ").click()
        page.get_by_role("button", name="Quét mã trên căn cước").click()
        expect(page.get_by_label("Họ và tên")).to_have_value("Người Mẫu Có Thẻ")
        go_on(page)
        expect(page.get_by_label("Số căn cước")).to_have_value("019190000123")
        go_on(page)
        page.get_by_label("Chưa có điện thoại").check()
        go_on(page)
        expect(page.get_by_label("Địa chỉ")).to_have_value("Xóm Mẫu Một, Tân Cương")


def test_where_the_browser_reads_no_codes_their_text_is_pasted_and_numbers_are_checked(open_phone: Any):
    with open_phone() as phone:
        page = first_visit(phone)
        page.get_by_role("link", name="Đăng ký một hộ").click()
        page.get_by_text("Dán chữ từ mã QR").click()
        page.get_by_label("Chữ đọc được từ mã QR").fill("https://example.org/khac")
        expect(page.get_by_text("Mã này không phải mã trên căn cước.")).to_be_visible()
        page.get_by_label("Chữ đọc được từ mã QR").fill(CARD)
        expect(page.get_by_label("Họ và tên")).to_have_value("Người Mẫu Có Thẻ")
        go_on(page)
        for number, words in (
            ("0191900001", "đúng 12 chữ số"),
            ("003190000123", "Ba số đầu"),
            ("019399000123", "năm sinh"),
        ):
            page.get_by_label("Số căn cước").fill(number)
            page.get_by_role("button", name="Tiếp tục").click()
            expect(page.locator(".error")).to_contain_text(words)


WITHOUT_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined });"


@pytest.mark.parametrize("script", ["", WITHOUT_LOCKS], ids=["locks", "lease"])
def test_two_tabs_send_each_record_once(open_phone: Any, post: Post, script: str):
    before = post.households()
    with open_phone(script=script) as phone:
        page = first_visit(phone)
        other = phone.new_page()
        other.goto(APP)
        phone.set_offline(True)
        for word in ("Nhất", "Nhì"):
            answer(page, f"Người Mẫu {word}", a_citizen_id())
            finish(page)
        home(page)
        expect(other.get_by_text("2 phiếu chờ gửi.")).to_be_visible()
        sent: list[str] = []

        def note(request: Request) -> None:
            if request.url.endswith("/sync"):
                sent.extend(record["id"] for record in records_in(request))

        page.on("request", note)
        other.on("request", note)
        phone.set_offline(False)
        for tab in (page, other):
            expect(tab.get_by_text("Không có gì chờ gửi.")).to_be_visible(timeout=30_000)
    assert len(sent) == len(set(sent)) == 2
    assert post.households() == before + 2


def test_a_session_that_ended_keeps_everything_and_shows_nothing(open_phone: Any, post: Post):
    before = post.households()
    with open_phone() as phone:
        page = first_visit(phone)
        phone.set_offline(True)
        answer(page, "Người Mẫu Chờ Lâu", a_citizen_id())
        finish(page)
        phone.clear_cookies()
        phone.set_offline(False)
        home(page)
        expect(page.get_by_text("Phiên đăng nhập đã hết")).to_be_visible()
        expect(page.get_by_text("1 phiếu vẫn ở trong máy")).to_be_visible()
        expect(page.get_by_text("Xóm của tôi")).to_have_count(0)
        assert post.households() == before
        first_visit(phone)
        nothing_waits(page)
    assert post.households() == before + 1


def test_another_person_on_the_same_phone_sees_and_sends_nothing_of_the_first(open_phone: Any, post: Post):
    before = post.households()
    with open_phone() as phone:
        page = first_visit(phone)
        phone.set_offline(True)
        answer(page, "Người Mẫu Của Người Trước", a_citizen_id())
        finish(page)
        phone.clear_cookies()
        phone.set_offline(False)
        first_visit(phone, OFFICER)
        expect(page.get_by_text("Người dùng: Người mẫu 102")).to_be_visible()
        expect(page.get_by_text("Không có gì chờ gửi.")).to_be_visible()
        assert "Của Người Trước" not in page.content()
        assert post.households() == before
        phone.clear_cookies()
        first_visit(phone)
        nothing_waits(page)
    member = post.rows("SELECT id FROM user_account WHERE display_name = 'Người mẫu 101'")[0][0]
    last = post.rows("SELECT registered_by FROM household ORDER BY created_at DESC LIMIT 1")[0][0]
    assert (post.households(), last) == (before + 1, member)


def test_what_waits_can_be_carried_away_in_a_file(open_phone: Any, picture: Path):
    with open_phone() as phone:
        page = first_visit(phone)
        phone.set_offline(True)
        answer(page, "Người Mẫu Trong Tệp", a_citizen_id(), photo=picture)
        finish(page)
        home(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Lưu phiếu chưa gửi ra tệp").click()
        saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    (paper,) = [one for one in saved["papers"] if one["record"]["fields"]["head_name"] == "Người Mẫu Trong Tệp"]
    assert paper["record"]["fields"]["hamlet_code"] == HAMLET
    assert len(paper["photos"][0]["base64"]) > 100_000


def test_every_screen_is_for_everyone(open_phone: Any, picture: Path):
    found: dict[str, list[str]] = {}

    def look(page: Page) -> None:
        name = f"{page.url.split('#')[-1][-12:]} {page.locator('h1').inner_text()}"
        wrong = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append("scrolls sideways")
        wrong += page.evaluate(TOO_SMALL)
        if wrong:
            found[name] = wrong

    with open_phone(bypass_csp=True) as phone:
        page = first_visit(phone)
        look(page)
        walk(page, look, picture)
    assert found == {}


def walk(page: Page, look: Callable[[Page], None], picture: Path) -> None:
    """Through all questions, looking at each, also with its error."""
    page.get_by_role("link", name="Đăng ký một hộ").click()
    answers: tuple[Callable[[], Any], ...] = (
        lambda: page.get_by_label("Họ và tên").fill("Người Mẫu Mọi Màn Hình"),
        lambda: page.get_by_label("Số căn cước").fill(a_citizen_id()),
        lambda: page.get_by_label("Chưa có điện thoại").check(),
        lambda: page.get_by_label("Địa chỉ").fill("Nhà mẫu sau đình"),
        lambda: None,
        lambda: page.get_by_label("Chụp ngôi nhà").set_input_files(picture),
        *[lambda: page.get_by_label("Đồng ý", exact=True).check()] * 5,
        lambda: page.get_by_label("Bà con nói đồng ý").check(),
        lambda: None,
    )
    expect(page.locator("h1")).to_have_text("Có căn cước ở đây không?")
    look(page)
    go_on(page, "Gõ tay")
    for give in answers:
        look(page)
        give()
        page.wait_for_timeout(400)
        look(page)
        go_on(page)
    look(page)
    finish(page)
    look(page)
    home(page)
    page.get_by_role("link", name="Xem tất cả").click()
    expect(page.locator("h1")).to_have_text("Phiếu trên máy này")
    look(page)
    page.get_by_role("link", name=re.compile("Mẫu Mọi Màn Hình|Người M. M. M. H.")).first.click()
    expect(page.locator(".status")).to_be_visible()
    look(page)


def test_the_app_answers_while_the_server_is_down(open_phone: Any, post: Post):
    with open_phone() as phone:
        first_visit(phone)
        post.kill()
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{post.url}/readyz", timeout=2)
        page = phone.pages[0]
        page.goto(APP)
        expect(page.get_by_role("link", name="Đăng ký một hộ")).to_be_visible()
        page.goto("/to-cong-nghe/dang-ky")  # the page that needs the server gives way to the app
        expect(page.get_by_role("link", name="Đăng ký một hộ")).to_be_visible()
        post.start()
