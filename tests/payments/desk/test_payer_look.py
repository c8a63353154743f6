"""The payer's page on a small phone: what came too little, what came too much, and the office's list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.desk import queries as desk
from app.payments.desk import services as desk_services
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import services
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user, sign_in
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.fakes.stripe_gateway import served

pytestmark = pytest.mark.journey


@pytest.fixture
def buyer(app: Flask):
    return make_user(role="finance", areas=["*"])


@pytest.fixture
def phone(app: Flask, chromium: Browser, client, buyer) -> Iterator[BrowserContext]:
    """A small phone on which the buyer, who is also of the finance office, signed in."""
    sign_in(client, buyer)
    cookie = client.get_cookie("session")
    assert cookie is not None
    with served(app) as url:
        context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=url, bypass_csp=True)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        yield context
        context.close()


def test_uneven_payments_are_for_small_phones_and_for_everyone(client, phone: BrowserContext, buyer):
    make_purpose().payer = buyer.id
    me = actor_for(buyer)
    payee, number = make_payee()
    over, twice, part, kept = (make_request(payee_id=payee.id) for _one in range(4))
    soon = make_request(payee_id=payee.id, lasts=timedelta(minutes=1))
    for request, amount in ((over, 70_000), (twice, 90_000), (part, 20_000), (soon, 15_000)):
        notify(client, "sepay", transfer(number, amount, request.code))
    services.expire_due(clock=FrozenClock(SYSTEM_CLOCK.now() + timedelta(minutes=10)))
    db.session.rollback()
    second, first = [item.notice_id for item in desk.suspense(cursor=None, limit=2).items]
    desk_services.keep_as_credit(twice.code, second, actor=me, clock=SYSTEM_CLOCK)
    account = PayerAccount("970436", "0071000123456", "NGUYEN THI TRA")
    desk_services.send_back(over.code, first, account=account, actor=me, clock=SYSTEM_CLOCK)
    page = phone.new_page()
    found = {}
    pages = [f"/tra-tien/{request.code}" for request in (over, twice, part, kept, soon)]
    pages += [f"/tra-tien/{over.code}/tien-du/{first}", f"/dieu-hanh/tien-treo/{first}"]
    pages += ["/dieu-hanh/tra-thieu", f"/dieu-hanh/tra-thieu/{soon.code}"]
    for path in pages:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        problems = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
            for violation in Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("scrolls sideways")
        if problems:
            found[path] = problems
    assert found == {}
    page.goto(f"/tra-tien/{kept.code}")
    page.get_by_role("button", name="Dùng 40.000").click()
    assert "còn thiếu 10.000" in page.content()
