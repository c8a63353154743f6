"""A card typed in a real browser: the gateway's fields load under our content policy, and the money is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.payments.cards import gateway
from app.payments.requests.models import PaymentRequest
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe, served
from tests.payments.cards.world import fresh, outcomes, owed_vnd, payment_of

pytestmark = pytest.mark.journey


@pytest.fixture
def stand(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, FakeStripe]]:
    """The platform and the gateway side by side; events travel by themselves."""
    before = gateway.current()
    with served(app) as url, fake_stripe(tmp_path, platform_url=url) as fake:
        config = app.config["CHOPHIEN"]
        base = f"{fake.url}/stripe"
        wired = replace(config, stripe_api_base=base, stripe_js_url=f"{base}/v3/", sandbox_url=fake.url)
        monkeypatch.setitem(app.config, "CHOPHIEN", wired)
        gateway.use(fake.gateway())
        yield url, fake
        gateway.use(before)


@pytest.fixture
def phone(chromium: Browser, stand: tuple[str, FakeStripe]) -> Iterator[BrowserContext]:
    """A small phone's browser."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=stand[0])
    context.set_default_timeout(15_000)
    yield context
    context.close()


def open_card_page(phone: BrowserContext, asked: PaymentRequest) -> tuple[Page, list[str]]:
    """From the pay page to the card's fields; and what the browser complains about."""
    page, complaints = phone.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"/tra-tien/{asked.code}")
    page.get_by_role("link", name="Trả bằng thẻ").click()
    return page, complaints


def put_in(page: Page, number: str) -> None:
    """Type the card into the gateway's frame and send it."""
    frame = page.frame_locator("[data-card-field] iframe")
    for name, text in (("number", number), ("expiry", "12/34"), ("cvc", "123")):
        frame.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name=re.compile("Trả 50.000")).click()


def test_a_declined_card_then_a_good_one(phone: BrowserContext, asked: PaymentRequest):
    page, complaints = open_card_page(phone, asked)
    put_in(page, "4000000000009995")
    expect(page.locator("[data-card-error]")).to_contain_text("Thẻ không đủ tiền")
    complaints.clear()  # the browser itself notes the gateway's 402
    put_in(page, "4242424242424242")
    page.wait_for_url(f"**/tra-tien/{asked.code}")
    expect(page.get_by_text("Đã nhận đủ")).to_be_visible()
    assert complaints == []
    assert (fresh(asked).status, owed_vnd(asked.payee_id)) == ("paid", 50_000)
    assert payment_of(asked).outcome == "matched"
    assert set(outcomes()) <= {"declined", "matched", "stale"}


def test_a_card_whose_holder_is_asked_comes_back_paid(phone: BrowserContext, asked: PaymentRequest):
    page, complaints = open_card_page(phone, asked)
    put_in(page, "4000002500003155")
    page.locator("button[value=dong-y]").click()
    page.wait_for_url(f"**/tra-tien/{asked.code}")
    expect(page.get_by_text("Đã nhận đủ")).to_be_visible()
    assert complaints == []


def test_a_holder_who_refuses_comes_back_to_the_fields_with_the_reason(phone: BrowserContext, asked: PaymentRequest):
    page, _complaints = open_card_page(phone, asked)
    put_in(page, "4000002500003155")
    page.locator("button[value=tu-choi]").click()
    page.wait_for_url(f"**/tra-tien/{asked.code}/the")
    expect(page.get_by_text("Bước xác nhận với ngân hàng chưa xong")).to_be_visible()
    assert fresh(asked).status == "asked"


def test_a_page_left_open_while_waiting_turns_by_itself(
    phone: BrowserContext, asked: PaymentRequest, stand: tuple[str, FakeStripe]
):
    page, _complaints = open_card_page(phone, asked)
    expect(page.locator("[data-card-field] iframe")).to_be_visible()
    page.goto(f"/tra-tien/{asked.code}/the/xong")
    expect(page.get_by_text("Đang đợi cổng thẻ")).to_be_visible()
    stand[1].pay(payment_of(asked).intent_id or "")
    page.wait_for_url(f"**/tra-tien/{asked.code}")
    expect(page.get_by_text("Đã nhận đủ")).to_be_visible()
    assert outcomes() == ["matched"]
