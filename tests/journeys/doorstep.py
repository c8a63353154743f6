"""The steps a team member takes in the doorstep app, as a person does them on a small phone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.journeys.conftest import PASSWORD, totp_now

APP = "/to-cong-nghe/ung-dung"
MEMBER, OFFICER, OTHER_OFFICER = "0900000101", "0900000102", "0900000103"


def first_visit(context: BrowserContext, phone: str = MEMBER) -> Page:
    """Sign in and open the app once, so that the phone keeps it."""
    page = context.pages[0]
    page.goto(f"/dang-nhap?next={APP}")
    page.get_by_label("Số điện thoại").fill(phone)
    page.get_by_label("Nhớ tôi trên điện thoại này").check()
    page.get_by_role("button", name="Dùng mật khẩu").click()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    if phone == OFFICER:
        page.get_by_label("Mã 6 số trong ứng dụng").fill(totp_now())
        page.get_by_role("button", name="Xác nhận").click()
    page.wait_for_url(f"**{APP}")
    expect(page.get_by_role("link", name="Đăng ký một hộ")).to_be_visible()
    expect(page.get_by_text("Việc của tôi")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    return page


def go_on(page: Page, name: str = "Tiếp tục") -> None:
    before = page.locator("h1").inner_text()
    page.get_by_role("button", name=name).click()
    expect(page.locator("h1")).not_to_have_text(before)


def answer(page: Page, name: str, number: str, *, photo: Path | None = None, signed: bool = False) -> None:
    """Answer every question of a new registration, up to looking it over."""
    page.get_by_role("link", name=re.compile("Đăng ký một hộ|Đăng ký hộ tiếp theo")).click()
    go_on(page, "Gõ tay")
    page.get_by_label("Họ và tên").fill(name)
    go_on(page)
    page.get_by_label("Số căn cước").fill(number)
    go_on(page)
    page.get_by_label("Chưa có điện thoại").check()
    go_on(page)
    page.get_by_label("Địa chỉ").fill("Nhà mẫu sau đình")
    go_on(page)
    go_on(page)
    if photo:
        page.get_by_label("Chụp ngôi nhà").set_input_files(photo)
        expect(page.get_by_role("img", name="Ảnh nhà")).to_be_visible()
    go_on(page)
    for purpose in range(5):
        expect(page.locator("input:checked")).to_have_count(0)
        page.get_by_label("Đồng ý" if purpose == 0 else "Không", exact=True).check()
        go_on(page)
    if signed:
        page.get_by_label("Bà con ký tên").check()
        sign(page)
    else:
        page.get_by_label("Bà con nói đồng ý").check()
    go_on(page)
    go_on(page)
    expect(page.locator("h1")).to_have_text("Xem lại lần cuối")


def sign(page: Page) -> None:
    box = page.locator("canvas.sign").bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(box["x"] + 50 + step * 22, box["y"] + (40 if step % 2 else 120), steps=2)
    page.mouse.up()


def finish(page: Page) -> None:
    page.get_by_role("button", name="Xong, gửi đi").click()
    expect(page.locator("h1")).to_have_text("Đã ghi xong")


def home(page: Page) -> None:
    page.locator(".brand").click()
    expect(page.get_by_role("heading", name="Chờ gửi")).to_be_visible()


def nothing_waits(page: Page) -> None:
    home(page)
    expect(page.get_by_text("Không có gì chờ gửi.")).to_be_visible(timeout=60_000)


def records_in(request: Request) -> list[dict[str, Any]]:
    return list(json.loads(request.post_data or "{}")["records"])


def kept(page: Page) -> str:
    """Everything the phone holds in its databases, as text; bytes of pictures as their length."""
    return str(page.evaluate(EVERYTHING_KEPT))


EVERYTHING_KEPT = """async () => {
  const all = [];
  const answer = (asked) => new Promise((done) => { asked.onsuccess = () => done(asked.result); });
  for (const { name } of await indexedDB.databases()) {
    const db = await answer(indexedDB.open(name));
    for (const name of ["records", "photos"]) {
      all.push(...await answer(db.transaction(name).objectStore(name).getAll()));
    }
    db.close();
  }
  return JSON.stringify(all, (_key, value) => (value instanceof ArrayBuffer ? `${value.byteLength} bytes` : value));
}"""
TOO_SMALL = """() => [...document.querySelectorAll("main :is(a, button, label.pick, input.input, textarea, select)")]
  .filter((one) => one.offsetParent && (one.offsetHeight < 44 || one.offsetWidth < 44) && !one.closest("p, .notice"))
  .map((one) => `too small: ${one.outerHTML.slice(0, 120)}`)"""
