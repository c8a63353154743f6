"""The desk on a small phone: nothing scrolls sideways, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.stripe_gateway import served
from tests.payments.desk.world import act, attach, send_back, strand, undo

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


def test_the_desk_is_for_small_phones_and_for_everyone(client, phone: BrowserContext):
    make_purpose()
    payee, number = make_payee()
    request = make_request(payee_id=payee.id)
    notice = strand(client, number, 2 * FOUR_EYES_VND, f"CHUYEN TIEN {request.code[:-1]} MUA GAO NEP CAI HOA VANG")
    [mistaken] = act(notice, attach(request, 20_000))
    undo(mistaken)
    act(notice, send_back(1_000))
    act(notice, send_back(FOUR_EYES_VND + 1))
    page = phone.new_page()
    found = {}
    for path in ("", "?xem=cho-duyet", "?tim=khong-co", f"/{notice}"):
        answer = page.goto(f"/dieu-hanh/tien-treo{path}")
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
    page.get_by_role("button", name="Gắn").first.click()
    assert "Đã xong" in page.content() or "Đã ghi đề nghị" in page.content()
