"""Every page a person opens: fits a small phone, says what it is, and axe finds nothing; the list stays light."""

from __future__ import annotations

import gzip
from functools import partial
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app.core.actor import EVERYWHERE, Actor
from app.core.clock import SYSTEM_CLOCK
from app.households.registry import queries as registry
from app.identity.roles import Role
from app.market.assisted.services import write_down
from app.market.places.services import add_market
from app.payments.trail.queries import made_of
from tests.factories.households import verified
from tests.factories.market import a_product, make_product, make_seller
from tests.factories.people import make_user
from tests.journeys.conftest import COMMUNE, HAMLET, PASSWORD, Stand, sign_in_with_password
from tests.journeys.test_gift import in_need, on  # noqa: F401 - a fixture among them
from tests.market.income.conftest import Selling

pytestmark = pytest.mark.journey

PUBLIC = (
    "/", "/cho", "/cho?q=khong+co+gi", "/cho-phien", "/ung-ho", "/so-cong-khai", "/gio-hang", "/dang-nhap",
    "/tra-tien", "/khong-co-trang-nay", "/ban-hang",
)  # fmt: skip
TEAM = (
    "/to-cong-nghe", "/to-cong-nghe/dang-ky", "/to-cong-nghe/ung-dung", "/to-cong-nghe/di-tham",
    "/to-cong-nghe/lop-hoc", "/to-cong-nghe/lop-hoc/moi", "/to-cong-nghe/xung-dot", "/tai-khoan",
)  # fmt: skip
OFFICER = (
    "/dieu-hanh", "/dieu-hanh/ho-gia-dinh", "/dieu-hanh/an-sinh", "/dieu-hanh/ho-ngheo", "/dieu-hanh/to-cong-nghe",
    "/dieu-hanh/an-sinh/chuyen-thu", "/dieu-hanh/an-sinh/chuyen-thu?dang=1", "/dieu-hanh/quyen-rieng-tu",
    "/dieu-hanh/to-cong-nghe/dau-hieu", "/dieu-hanh/nguoi-lam",
    "/dieu-hanh/nguoi-lam/giao-viec", "/to-cong-nghe/doi", "/to-cong-nghe/doi/thanh-vien", "/to-cong-nghe/doi/them",
    "/to-cong-nghe/doi/kiem-tra", "/to-cong-nghe/doi/kiem-tra?xong=1",
)  # fmt: skip
FINANCE = (
    "/dieu-hanh", "/dieu-hanh/tien-treo", "/dieu-hanh/hoan-tien", "/dieu-hanh/chi-tra",
    "/dieu-hanh/sao-ke", "/dieu-hanh/so-cai", "/dieu-hanh/tien", "/dieu-hanh/thu-nhap", "/dieu-hanh/chuyen-thu",
)  # fmt: skip
PROVINCE = (
    "/dieu-hanh", "/dieu-hanh/toan-tinh", "/dieu-hanh/toan-tinh/xa", "/dieu-hanh/toan-tinh/xa?theo=selling",
    "/dieu-hanh/nguoi-lam", "/dieu-hanh/nguoi-lam/giao-viec", "/dieu-hanh/dia-gioi", "/dieu-hanh/dia-gioi/chon-xa",
)  # fmt: skip
HOME = ("/nha-minh", "/nha-minh/chon")
FIRST_LOAD_BYTES = 60 * 1024


def _problems(page: Page) -> list[str]:
    found = [
        f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    return found


@pytest.fixture
def wide_open(chromium: Browser, stand: Stand):
    """A small phone whose page policy lets the accessibility checker in."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=stand.url, bypass_csp=True)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def goods(stand: Stand) -> tuple[str, ...]:
    """Paths of a product, its shop and a market, so that no list is looked at empty only."""
    with on(stand):
        seller = make_seller(clock=SYSTEM_CLOCK)
        shop_code = seller.shop.code
        product_code = make_product(seller=seller, clock=SYSTEM_CLOCK).code
        operator = Actor(uuid4(), frozenset({Role.PROVINCE_OPERATOR}), frozenset({EVERYWHERE}))
        market = add_market(
            actor=operator, name="Chợ phiên Mẫu", commune_code=COMMUNE, meeting_rule="ngày 2 và 7", clock=SYSTEM_CLOCK
        )
        return f"/san-pham/{product_code}", f"/gian-hang/{shop_code}", f"/cho-phien/{market.code}"


def test_public_pages_are_for_everyone(wide_open: Page, in_need: str, goods: tuple[str, ...]):  # noqa: F811
    found = {}
    for path in (*PUBLIC, f"/ung-ho/{in_need}", *goods):
        wide_open.goto(path)
        if problems := _problems(wide_open):
            found[path] = problems
    assert found == {}


@pytest.mark.parametrize(
    ("phone_number", "totp", "paths"),
    [("0900000101", False, TEAM), ("0900000103", True, OFFICER), ("0900000104", True, FINANCE)],
)
def test_pages_of_each_office_are_for_everyone(wide_open: Page, phone_number: str, totp: bool, paths: tuple[str, ...]):
    sign_in_with_password(wide_open, phone_number, totp=totp)
    found = {}
    for path in paths:
        wide_open.goto(path)
        if problems := _problems(wide_open):
            found[path] = problems
    assert found == {}


@pytest.fixture(scope="module")
def sold(stand: Stand) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A seller with money in every state: paths for the seller (0900000109) and the office (0900000110)."""
    with on(stand):
        selling = Selling(seller := make_seller(clock=SYSTEM_CLOCK), make_product(seller=seller, clock=SYSTEM_CLOCK))
        straight, by_card = selling.straight(), selling.by_card(2)
        selling.give_back(by_card, 50_000)
        payout = selling.paid_out(100_000)
        selling.batch(50_000)
        make_person = partial(make_user, password=PASSWORD, clock=SYSTEM_CLOCK)
        make_person(Role.HOUSEHOLD, phone="0900000109", household_id=seller.shop.household_id)
        make_person(Role.FINANCE, phone="0900000110")
        made = made_of(payout)
        assert made is not None
        office = (
            "/dieu-hanh/tien",
            f"/dieu-hanh/chi-tra/khoan/{payout.id}",
            f"/dieu-hanh/dau-vet/khoan-chi/{payout.id}",
            *(f"/dieu-hanh/dau-vet/khoan-thu/{request.code}" for request in (straight, by_card)),
            f"/dieu-hanh/so-cai/{made.account.id}",
            f"/dieu-hanh/thu-nhap?ma={seller.shop.code}",
        )
    return (
        "/ban-hang",
        "/ban-hang/thu-nhap",
        "/ban-hang/thu-nhap?thang=2020-01",
        "/ban-hang/thu-nhap/da-chuyen",
    ), office


@pytest.mark.parametrize(("phone_number", "totp", "which"), [("0900000109", False, 0), ("0900000110", True, 1)])
def test_pages_about_money_are_for_everyone(
    wide_open: Page, sold: tuple[tuple[str, ...], tuple[str, ...]], phone_number: str, totp: bool, which: int
):
    sign_in_with_password(wide_open, phone_number, totp=totp)
    found = {}
    for path in sold[which]:
        answer = wide_open.goto(path)
        if problems := _problems(wide_open) + ([] if answer and answer.ok else ["not found"]):
            found[path] = problems
    assert found == {}


def test_pages_of_the_province_and_of_a_household_are_for_everyone(wide_open: Page, stand: Stand):
    with on(stand):
        home = make_seller(clock=SYSTEM_CLOCK).shop.household_id
        chief = make_user(Role.PROVINCE_OPERATOR, phone="0900000111", password=PASSWORD, clock=SYSTEM_CLOCK).id
        make_user(Role.HOUSEHOLD, phone="0900000112", household_id=home, password=PASSWORD, clock=SYSTEM_CLOCK)
    found = {}
    for phone_number, totp, paths in (
        ("0900000111", True, (*PROVINCE, f"/dieu-hanh/nguoi-lam/{chief}")),
        ("0900000112", False, HOME),
    ):
        wide_open.context.clear_cookies()
        sign_in_with_password(wide_open, phone_number, totp=totp)
        for path in paths:
            answer = wide_open.goto(path)
            if problems := _problems(wide_open) + ([] if answer and answer.ok else ["not found"]):
                found[path] = problems
    assert found == {}


def test_pages_of_assisted_selling_are_for_everyone(wide_open: Page, stand: Stand):
    member = Actor(uuid4(), frozenset({Role.TEAM_MEMBER}), frozenset({HAMLET}))
    with on(stand):
        seller = make_seller(clock=SYSTEM_CLOCK, phone="0900000113")
        home = seller.shop.household_id
        bare = verified(clock=SYSTEM_CLOCK).code
        make_user(Role.HOUSEHOLD, phone="0900000114", household_id=home, password=PASSWORD, clock=SYSTEM_CLOCK)
        make_user(Role.TEAM_MEMBER, phone="0900000115", areas=(HAMLET,), password=PASSWORD, clock=SYSTEM_CLOCK)
        goods = a_product(name="Mật ong rừng mẫu")
        waits = write_down(
            actor=member, household_id=home, data=goods, idempotency_key="a", base_url="", clock=SYSTEM_CLOCK
        ).code
        where = registry.get(home).code
    link = f"/ban-hang/nho-dang/{waits}"
    wide_open.goto(link)
    found = {link: problems} if (problems := _problems(wide_open)) else {}
    for phone_number, paths in (
        ("0900000115", (f"/to-cong-nghe/ho/{where}/dang-giup", f"/to-cong-nghe/ho/{bare}/dang-giup")),
        ("0900000114", ("/ban-hang", link)),
    ):
        wide_open.context.clear_cookies()
        sign_in_with_password(wide_open, phone_number)
        for path in paths:
            answer = wide_open.goto(path)
            if problems := _problems(wide_open) + ([] if answer and answer.ok else ["not found"]):
                found[path] = problems
    wide_open.get_by_role("button", name="Đúng, bày bán").click()
    wide_open.get_by_role("button", name="Thôi bán món này").wait_for()
    if problems := _problems(wide_open):
        found["confirmed"] = problems
    assert found == {}


def test_the_first_load_of_the_list_stays_under_sixty_kilobytes(stand: Stand):
    page = httpx.get(f"{stand.url}/cho").text
    import re

    assets = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    sent = len(gzip.compress(page.encode())) + sum(
        len(gzip.compress(httpx.get(stand.url + path.replace("&amp;", "&")).content)) for path in assets
    )
    assert assets
    assert sent < FIRST_LOAD_BYTES
