"""Payouts on a small phone: nothing scrolls sideways, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.identity.roles import Role
from app.payments.payouts import services
from tests.factories.people import make_user, sign_in
from tests.fakes.stripe_gateway import served
from tests.payments.payouts.bank import csv_sheet
from tests.payments.payouts.world import build, change_account, payouts, sent, sold

pytestmark = pytest.mark.journey


@pytest.fixture
def phone(app: Flask, chromium: Browser, client) -> Iterator[BrowserContext]:
    """A small phone on which somebody of the finance office signed in."""
    sign_in(client, make_user(role=Role.FINANCE, areas=["*"]))
    cookie = client.get_cookie("session")
    assert cookie is not None
    with served(app) as url:
        context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=url, bypass_csp=True)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        yield context
        context.close()


def test_payouts_are_for_small_phones_and_for_everyone(phone: BrowserContext, maker: Actor, approver: Actor):
    for amount_vnd in (50_000, 1_250_000, 299_000_000):
        sold(amount_vnd)
    change_account(sold(70_000), "8877665544")
    batch = sent(maker, approver)
    one, two, three = payouts(batch)
    rows = [(1, one.code, "", "Thành công", "", ""), (2, "khong ro", "", "Bay mất", "", ""),
            (3, two.code, "", "Thất bại", "Tài khoản đã đóng từ năm ngoái", "")]  # fmt: skip
    result = services.upload(batch.id, data=csv_sheet(rows), file_name="x.csv", actor=maker, clock=SYSTEM_CLOCK)
    page = phone.new_page()
    found = {}
    look_at = (f"/{batch.id}", f"/ket-qua/{result.id}", f"/khoan/{three.id}")
    sold(30_000)
    draft = build(maker)
    for path in ("", *look_at, f"/{draft.id}"):
        answer = page.goto(f"/dieu-hanh/chi-tra{path}")
        assert answer is not None
        assert answer.status == 200
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        problems = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("scrolls sideways")
        if problems:
            found[path] = problems
    assert found == {}
    page.goto(f"/dieu-hanh/chi-tra/ket-qua/{result.id}")
    page.get_by_role("button", name="Ghi kết quả").click()
    assert "Đã ghi kết quả của ngân hàng" in page.content()
