"""A decision about one household on its page in the office: what waits, who approves it, what is entered anew."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.core.clock import SYSTEM_CLOCK
from app.households.poverty.single import services as single
from app.households.registry.models import PovertyClass
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.people import make_user
from tests.journeys.conftest import COMMUNE, PASSWORD, Stand, sign_in_with_password
from tests.journeys.test_every_page import _problems, wide_open  # noqa: F401 - a fixture among them
from tests.journeys.test_gift import on

pytestmark = pytest.mark.journey
DESK = "/dieu-hanh/ho-gia-dinh"
OFFICER = "0900000122"


@pytest.fixture(scope="module")
def paths(stand: Stand) -> dict[str, str]:
    """Pages by what they show; the officer who looks is 0900000122."""
    year = date.today().year
    with on(stand):
        make_user(Role.COMMUNE_OFFICER, areas=(COMMUNE,), phone=OFFICER, password=PASSWORD, clock=SYSTEM_CLOCK)
        new, poor = make.verified(clock=SYSTEM_CLOCK), make.verified(clock=SYSTEM_CLOCK)
        leaves = make.verified(clock=SYSTEM_CLOCK)
        for home in (poor, leaves):
            make.decide(home, clock=SYSTEM_CLOCK, valid_from=date(year, 1, 1), valid_to=date(year, 12, 31))
        made = single.propose(
            actor=make.an_officer(COMMUNE), household_id=new.id, poverty_class=PovertyClass.NEAR_POOR,
            decision_number="12/QĐ-UBND", valid_from=date(year, 1, 1), valid_to=date(year, 12, 31), clock=SYSTEM_CLOCK,
        )  # fmt: skip
        single.propose_end(
            actor=make.an_officer(COMMUNE), household_id=leaves.id, ends_on=date.today(), clock=SYSTEM_CLOCK,
            reason="Nhà đã có việc làm ổn định từ đầu tháng",
        )  # fmt: skip
        return {
            "waits": f"{DESK}/{new.code}",
            "stands": f"{DESK}/{poor.code}",
            "leaves": f"{DESK}/{leaves.code}",
            "list": f"/dieu-hanh/ho-ngheo/{made}",
        }


def test_a_second_officer_approves_on_pages_for_everyone(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, OFFICER, totp=True)
    found = {}
    for name, path in paths.items():
        wide_open.goto(path)
        wide_open.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if folder := os.environ.get("CHOPHIEN_PICTURES"):
            wide_open.screenshot(path=str(Path(folder) / f"poverty-{name}.png"), full_page=True)
        if problems := _problems(wide_open):
            found[name] = problems
    assert found == {}
    _approve_and_propose_to_end(wide_open, paths)


def _approve_and_propose_to_end(wide_open: Page, paths: dict[str, str]) -> None:  # noqa: F811
    wide_open.goto(paths["waits"])
    wide_open.get_by_role("button", name="Duyệt quyết định này").click()
    assert wide_open.get_by_text("Đã duyệt, đã có hiệu lực.").is_visible()
    wide_open.goto(paths["waits"])
    assert wide_open.get_by_text("Hộ cận nghèo", exact=True).first.is_visible()
    wide_open.get_by_text("Đưa hộ ra khỏi danh sách").click()
    wide_open.get_by_label("Vì sao").fill("Ghi nhầm hộ cùng tên")
    wide_open.get_by_role("button", name="Gửi người thứ hai duyệt").first.click()
    assert wide_open.get_by_text("đến lúc đó hộ vẫn như cũ").is_visible()
    assert wide_open.get_by_text("Bạn là người ghi").is_visible()
