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
        tried = make.poor(clock=SYSTEM_CLOCK)
        untried = make.poor(clock=SYSTEM_CLOCK)
        for home, number in ((tried, "8888000803"), (untried, "8888000804")):
            services.open_welfare_account(
                actor=actor, household_id=home.id, bin="970405", number=number, holder="NGUYEN THI THU",
                need="Mua sách vở cho con", clock=SYSTEM_CLOCK,
            )  # fmt: skip
        services.test_welfare_account(actor=actor, household_id=tried.id, clock=SYSTEM_CLOCK)
        return {
            "overview": WELFARE,
            "sheets": f"{WELFARE}/bang",
            "sheet": f"{WELFARE}/bang/{batch.id}",
            "waiting": f"{WELFARE}/cho-xac-nhan",
            "to try": f"{WELFARE}/chuyen-thu",
            "being tried": f"{WELFARE}/chuyen-thu?dang=1",
            "tried": f"{WELFARE}/{tried.code}",
            "untried": f"{WELFARE}/{untried.code}",
            "stopped": f"{WELFARE}/{stopped.code}",
            "active": f"{WELFARE}/{active.code}",
            "without": f"{WELFARE}/{codes[1]}",
        }


def _picture(page: Page, name: str) -> None:
    """On a phone and on a desk, for who wants to look (CHOPHIEN_PICTURES names a folder)."""
    folder = os.environ.get("CHOPHIEN_PICTURES")
    for size, width, height in (("wide", 1280, 800), ("phone", 360, 740)) if folder else ():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=str(Path(str(folder)) / f"welfare-{name}-{size}.png"), full_page=True)


def test_every_page_of_welfare_is_for_everyone(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, OFFICER, totp=True)
    found = {}
    for name, path in paths.items():
        wide_open.goto(path)
        wide_open.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        _picture(wide_open, name)
        if problems := _problems(wide_open):
            found[name] = problems
    assert found == {}


def test_an_officer_confirms_a_colleagues_accounts_from_the_list(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, OFFICER, totp=True)
    wide_open.goto(paths["waiting"])
    wide_open.get_by_label("Đã kiểm tra, đúng tài khoản của hộ").first.check()
    wide_open.get_by_role("button", name="Xác nhận các tài khoản đã chọn").click()
    assert wide_open.get_by_text("Đã xác nhận 1 tài khoản.").is_visible()


def test_the_finance_offices_test_transfers_are_for_everyone(wide_open: Page, paths: dict[str, str]):  # noqa: F811
    sign_in_with_password(wide_open, "0900000104", totp=True)
    found = {}
    for name in ("waits", "drafted", "batches"):
        if name == "waits":
            wide_open.goto("/dieu-hanh/chuyen-thu")
        elif name == "drafted":
            wide_open.get_by_role("button", name="Lập đợt chuyển thử").click()
        else:
            wide_open.goto("/dieu-hanh/chuyen-thu")
        _picture(wide_open, f"finance-{name}")
        if problems := _problems(wide_open):
            found[name] = problems
    assert found == {}
