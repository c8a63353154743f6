"""Register → verify → open a shop → list tea → order → scan → heard, as people do it on small phones."""

from __future__ import annotations

import io
import re
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.factories.households import a_citizen_id
from tests.journeys.conftest import HAMLET, Stand, sign_in_with_password, sms_code

pytestmark = pytest.mark.journey
SELLER_PHONE = "0900000271"


def a_picture(folder: Path) -> Path:
    """A plain green picture with a place in its metadata that must not survive."""
    path = folder / "che.jpg"
    image = Image.new("RGB", (1600, 1200), (40, 110, 60))
    exif = Image.Exif()
    exif[0x010F] = "camera of a made-up maker"
    sink = io.BytesIO()
    image.save(sink, "JPEG", exif=exif)
    path.write_bytes(sink.getvalue())
    return path


def register(page: Page) -> str:
    """The neighbour fills in the form at the door; the household's code."""
    sign_in_with_password(page, "0900000101")
    page.goto("/to-cong-nghe/dang-ky")
    page.get_by_label("Họ và tên").fill("Hộ Mẫu Một")
    page.get_by_label("Số căn cước").fill(a_citizen_id())
    page.get_by_label("Số điện thoại").fill(SELLER_PHONE)
    page.get_by_label("Xóm, tổ dân phố").select_option(HAMLET)
    page.get_by_label("Địa chỉ").fill("Nhà mẫu số 1")
    page.get_by_label("Ngân hàng").select_option("970403")
    page.get_by_label("Số tài khoản").fill("0011012345678")
    page.get_by_label("Tên chủ tài khoản").fill("HO MAU MOT")
    page.get_by_label("Mở gian hàng").check()
    page.get_by_label("Bà con nói đồng ý").check()
    page.get_by_role("button", name="Gửi hồ sơ").click()
    expect(page.get_by_text("Chờ duyệt").first).to_be_visible()
    found = re.search(r"HG[2-9A-HJ-NP-Z]{8}", page.url + page.content().replace(" ", ""))
    assert found, page.url
    return found[0]


def verify(page: Page, code: str) -> None:
    """An officer of the commune who did not register it says yes."""
    sign_in_with_password(page, "0900000102", totp=True)
    page.goto(f"/dieu-hanh/ho-gia-dinh/{code}")
    page.get_by_role("button", name="Duyệt hộ này").click()
    expect(page.get_by_text("Đã duyệt").first).to_be_visible()


def open_shop_and_list(page: Page, stand: Stand, picture: Path) -> None:
    """The household signs in with the code from its SMS, opens its shop and lists tea."""
    page.goto("/dang-nhap")
    page.get_by_label("Số điện thoại").fill(SELLER_PHONE)
    page.get_by_role("button", name="Nhận mã qua tin nhắn").click()
    page.get_by_label("Mã 6 số").fill(sms_code(stand, SELLER_PHONE))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url(re.compile(r"/ban-hang"))
    page.goto("/ban-hang/mo-gian-hang")
    page.get_by_label("Tên gian hàng").fill("Chè nhà mẫu")
    page.get_by_role("button", name="Mở gian hàng").click()
    page.goto("/ban-hang/san-pham/moi")
    page.get_by_label("Ảnh món hàng").set_input_files(picture)
    page.get_by_label("Tên món hàng").fill("Chè móc câu mẫu")
    page.get_by_label("Giá bán").fill("180.000")
    page.get_by_label("Bán theo").fill("gói")
    page.get_by_label("Còn bao nhiêu").fill("5")
    page.get_by_role("button", name="Bày lên chợ").click()
    expect(page.get_by_text("Chè móc câu mẫu").first).to_be_visible()


def order(page: Page) -> str:
    """A guest finds the tea without typing accents and orders two; the payment code."""
    page.goto("/cho")
    page.get_by_label("Tìm món hàng").fill("che moc cau")
    page.get_by_role("button", name="Tìm").click()
    page.get_by_role("link", name="Chè móc câu mẫu").first.click()
    page.get_by_label("Số lượng").fill("2")
    page.get_by_role("button", name="Cho vào giỏ").click()
    page.goto("/dat-hang")
    page.get_by_label("Họ và tên").fill("Người mua mẫu")
    page.get_by_label("Số điện thoại").fill("0900000301")
    page.get_by_label("Số nhà, đường, xóm").fill("Số 1 đường mẫu")
    page.get_by_label("Xã, phường").fill("tan cuong")
    page.get_by_role("button", name="Tìm xã, phường").click()
    page.get_by_label("Tân Cương").first.check()
    page.get_by_label("Quét mã chuyển khoản").check()
    page.get_by_role("button", name="Đặt hàng").click()
    page.get_by_role("link", name=re.compile("Trả tiền")).first.click()
    page.wait_for_url(re.compile(r"/tra-tien/CP"))
    return page.url.rsplit("/", 1)[1]


def test_a_neighbour_registers_and_the_household_hears_its_first_sale(
    phone: BrowserContext, other_phone: BrowserContext, chromium, stand: Stand, tmp_path: Path
):
    neighbour = phone.new_page()
    code = register(neighbour)
    officer_context = chromium.new_context(base_url=stand.url, viewport={"width": 1280, "height": 800})
    verify(officer_context.new_page(), code)
    seller = other_phone.new_page()
    open_shop_and_list(seller, stand, a_picture(tmp_path))

    seller.goto("/ban-hang/loa")
    seller.evaluate("addEventListener('chophien:spoken', e => document.body.dataset.heard = e.detail.words)")
    seller.get_by_role("button", name="Bật loa").click()

    buyer_context = chromium.new_context(base_url=stand.url, viewport={"width": 360, "height": 740})
    buyer = buyer_context.new_page()
    payment_code = order(buyer)
    buyer.get_by_role("link", name="Mở ngân hàng chạy thử").click()
    expect(buyer.get_by_text("360.000").first).to_be_visible()
    buyer.get_by_role("button", name=re.compile("Chuyển|Trả")).first.click()

    expect(seller.get_by_text("ba trăm sáu mươi nghìn đồng").first).to_be_visible(timeout=10_000)
    seller.wait_for_function("document.body.dataset.heard !== undefined", timeout=10_000)
    state = httpx.get(f"{stand.url}/api/v1/payment-requests/{payment_code}").json()
    assert (state["status"], state["paid_vnd"]) == ("paid", 360_000)
    buyer.goto(f"/tra-tien/{payment_code}")
    expect(buyer.get_by_text("Đã nhận đủ").first).to_be_visible()
    officer_context.close()
    buyer_context.close()
