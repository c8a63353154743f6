"""A person at the play bank, without JavaScript: scan, pay, see what happened, send again."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
import segno
from PIL import Image

from sandbox.bank import pictures
from tests.sandbox.conftest import QR_180000, QR_STATIC


def picture(text: str, kind: str = "PNG", scale: int = 4) -> bytes:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="png", scale=scale)
    out = io.BytesIO()
    Image.open(drawn).convert("RGB").save(out, kind)
    return out.getvalue()


def test_the_front_page_says_that_no_real_money_moves(sandbox):
    page = sandbox.http.get("/").text
    assert "không có đồng tiền thật nào" in page
    assert sandbox.http.get("/healthz").json() == {"status": "ok"}


def test_a_scanned_code_shows_whom_and_how_much(sandbox):
    page = sandbox.http.get("/ngan-hang", params={"qr": QR_180000}).text
    for words in ("Sacombank", "0011012345678", "180.000 đ", "thanh toan don hang"):
        assert words in page


def test_a_pasted_code_leads_to_the_same_page(sandbox):
    answer = sandbox.http.post("/ngan-hang/doc-ma", data={"qr": QR_180000}, follow_redirects=True)
    assert answer.status_code == 200 and "180.000 đ" in answer.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_read(sandbox, kind):
    files = {"anh": ("ma.img", picture(QR_180000, kind))}
    answer = sandbox.http.post("/ngan-hang/doc-ma", files=files, follow_redirects=True)
    assert "180.000 đ" in answer.text


def test_a_see_through_picture_is_read_on_white(sandbox):
    drawn = io.BytesIO()
    segno.make(QR_180000).save(drawn, kind="png", scale=4, light=None)
    answer = sandbox.http.post("/ngan-hang/doc-ma", files={"anh": ("ma.png", drawn.getvalue())}, follow_redirects=True)
    assert "180.000 đ" in answer.text


def test_pictures_that_cannot_be_read_are_refused_kindly(sandbox):
    blank = io.BytesIO()
    Image.new("L", (50, 50), 255).save(blank, "PNG")
    for data, words in [
        (b"not a picture", "không phải ảnh"),
        (picture(QR_180000)[:400], "không phải ảnh"),
        (blank.getvalue(), "Không thấy mã QR"),
        (picture("https://example.com"), "không phải mã VietQR"),
    ]:
        answer = sandbox.http.post("/ngan-hang/doc-ma", files={"anh": ("a.png", data)}, follow_redirects=True)
        assert answer.status_code == 422 and words in answer.text


def test_a_picture_over_40_megapixels_is_refused_before_it_is_decoded(sandbox, monkeypatch):
    huge = io.BytesIO()
    Image.new("1", (8000, 5001)).save(huge, "PNG")

    def decoded(*_args, **_kwargs):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Image.Image, "convert", decoded)
    with pytest.raises(pictures.UnreadablePictureError, match="40 triệu"):
        pictures.read_qr(huge.getvalue())


def test_a_file_over_8_mb_is_refused(sandbox):
    for size in (8 * 1024 * 1024 + 1, 9 * 1024 * 1024):
        answer = sandbox.http.post("/ngan-hang/doc-ma", files={"anh": ("a.png", b"\0" * size)})
        assert answer.status_code in (413, 422) and "8 MB" in answer.text


def test_paying_shows_a_receipt_with_the_platforms_answer(sandbox, platform):
    form = {"qr": QR_STATIC, "amount_vnd": "50.000 đ", "memo": "tra com", "wire": "payos"}
    page = sandbox.http.post("/ngan-hang/tra", data=form, follow_redirects=True)
    assert "50.000 đ" in page.text and "Đã nhận · 200" in page.text
    assert platform.heard[0].path == "/webhooks/bank/payos"
    assert platform.heard[0].json["data"]["amount"] == 50000


def test_every_variant_of_the_form_works_together(sandbox, platform):
    page = sandbox.http.get("/ngan-hang", params={"qr": QR_180000}).text
    other = re.search(r'name="wrong_account" value="([^"]+)"', page)
    assert other is not None and other[1] != "0011012345678"
    form = {
        "qr": QR_180000, "amount_vnd": "170000", "memo": "CPAB12", "wire": "casso", "times": "2", "deliveries": "2",
        "mangle": "lower", "wrong_account": other[1], "payer_name": "LE VAN BA", "delay_s": "0",
    }  # fmt: skip
    assert "Đã chuyển 2 lần" in sandbox.http.post("/ngan-hang/tra", data=form, follow_redirects=True).text
    data = [heard.json["data"] for heard in platform.heard]
    assert len(data) == 4 and len({one["id"] for one in data}) == 2
    assert {(one["amount"], one["description"], one["accountNumber"], one["counterAccountName"]) for one in data} == {
        (170000, "cpab12", other[1], "LE VAN BA")
    }


def test_a_form_without_an_amount_is_shown_again(sandbox, platform):
    for amount in ("", "nhiều", "0"):
        answer = sandbox.http.post("/ngan-hang/tra", data={"qr": QR_STATIC, "amount_vnd": amount, "memo": "giu lai"})
        assert answer.status_code == 422
        assert "nhập số tiền" in answer.text and "giu lai" in answer.text
    assert platform.heard == []


def test_history_shows_each_notice_and_sends_it_again(sandbox, platform):
    platform.script = [(401, "sai chữ ký"), *[(503, "")] * 3]
    sandbox.pay(qr=QR_180000, wire="sepay")
    platform.wait_for(4)
    page = sandbox.http.get("/ngan-hang/lich-su").text
    action = re.search(r'action="(/ngan-hang/gui-lai/\d+)"', page)
    assert action is not None
    again = sandbox.http.post(action[1], follow_redirects=True)
    assert "lần 2" in again.text and "Đã nhận · 200" in again.text
    assert platform.heard[0].body == platform.heard[-1].body


def test_what_the_platform_answered_is_shown_as_text(sandbox, platform):
    platform.script = [(200, '<script>alert("x")</script>')]
    sandbox.pay(qr=QR_180000, wire="payos")
    page = sandbox.http.get("/ngan-hang/lich-su").text
    assert "<script>alert" not in page and '<script>alert("x")</script>' in unescape(page)


@pytest.mark.parametrize(
    ("back", "offered"),
    [("/don/DH7?a=1&b=2", True), ("https://example.com/", False), ("javascript:alert(1)", False)],
)
def test_the_way_back_leads_only_to_this_machine(sandbox, platform, back, offered):
    url = platform.url + back if back.startswith("/") else back
    page = sandbox.http.get("/ngan-hang", params={"qr": QR_180000, "back": url}).text
    assert (f'href="{url}"' in unescape(page)) is offered
    form = {"qr": QR_180000, "memo": "x", "back": url}
    receipt = sandbox.http.post("/ngan-hang/tra", data=form, follow_redirects=True)
    assert (f'href="{url}"' in unescape(receipt.text)) is offered


def test_pages_that_are_not_there(sandbox):
    for path in ("/khong-co", "/ngan-hang/bien-lai/1", "/ngan-hang/bien-lai/abc", "/stripe/3ds/tds_x"):
        assert sandbox.http.get(path).status_code == 404
    assert sandbox.http.post("/ngan-hang/gui-lai/77").status_code == 404
    assert sandbox.http.post("/stripe/gui-lai/77").status_code == 404
