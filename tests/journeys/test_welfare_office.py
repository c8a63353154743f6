"""The office's pages of welfare accounts, with a household in each state, on a small phone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.core.clock import SYSTEM_CLOCK
from app.core.sheets import as_xlsx
from app.households.welfare import batch_services, services, sheet
from app.identity import queries as people
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.people import make_user
from tests.journeys.conftest import COMMUNE, PASSWORD, Stand, sign_in_with_password
from tests.journeys.test_every_page import _problems, wide_open  # noqa: F401 - a fixture among them
from tests.journeys.test_gift import on

pytestmark = pytest.mark.journey
WELFARE = "/dieu-hanh/an-sinh"
OFFICER = "0900000121"


@pytest.fixture(scope="module")
def paths(stand: Stand) -> dict[str, str]:
    """Pages by what they show; the officer who looks is 0900000121."""
    with on(stand):
        make_user(Role.COMMUNE_OFFICER, areas=(COMMUNE,), phone=OFFICER, password=PASSWORD, clock=SYSTEM_CLOCK)
        other = make_user(Role.COMMUNE_OFFICER, areas=(COMMUNE,), clock=SYSTEM_CLOCK)
        actor = people.actor_of(other, clock=SYSTEM_CLOCK)
        stopped, _account = make.with_welfare_account(clock=SYSTEM_CLOCK)
        services.suspend_welfare_account(
            actor=actor, household_id=stopped.id, reason="Hộ báo mất thẻ ngân hàng", clock=SYSTEM_CLOCK
        )
        codes = [make.poor(clock=SYSTEM_CLOCK).code for _n in range(3)]
        active, _account = make.with_welfare_account(clock=SYSTEM_CLOCK)
        rows = [
            [codes[0], "", "", "Agribank", "8888000801", "NGUYEN THI THU", ""],
            [codes[1], "", "", "Ngân hàng lạ", "8888000802", "NGUYEN THI THU", ""],
            [codes[2], "", "", "Agribank", "88", "NGUYEN THI THU", ""],
        ]
        data = as_xlsx(list(sheet.HEADS.values()), rows, title="An sinh")
        batch = batch_services.upload(actor=actor, data=data, file_name="an-sinh-mau.xlsx", clock=SYSTEM_CLOCK)
        batch_services.apply(actor=actor, batch_id=batch.id, clock=SYSTEM_CLOCK)
        while batch_services.work(batch.id, clock=SYSTEM_CLOCK):
            pass
        return {
            "overview": WELFARE,
            "sheets": f"{WELFARE}/bang",
            "sheet": f"{WELFARE}/bang/{batch.id}",
            "waiting": f"{WELFARE}/cho-xac-nhan",
            "stopped": f"{WELFARE}/{stopped.code}",
            "active": f"{WELFARE}/{active.code}",
            "without": f"{WELFARE}/{codes[1]}",
        }


def test_every_page_of_welfare_is_for_everyone(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, OFFICER, totp=True)
    found = {}
    for name, path in paths.items():
        wide_open.goto(path)
        wide_open.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if folder := os.environ.get("CHOPHIEN_PICTURES"):
            wide_open.screenshot(path=str(Path(folder) / f"welfare-{name}.png"), full_page=True)
        if problems := _problems(wide_open):
            found[name] = problems
    assert found == {}


def test_an_officer_confirms_a_colleagues_accounts_from_the_list(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, OFFICER, totp=True)
    wide_open.goto(paths["waiting"])
    wide_open.get_by_label("Đã kiểm tra, đúng tài khoản của hộ").first.check()
    wide_open.get_by_role("button", name="Xác nhận các tài khoản đã chọn").click()
    assert wide_open.get_by_text("Đã xác nhận 1 tài khoản.").is_visible()
