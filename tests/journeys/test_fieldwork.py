"""The team at work, in real browsers: visits, a class, a hamlet that changes hands, a registration asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.core.clock import SYSTEM_CLOCK
from app.households.areas.services import add_hamlet
from app.households.fieldwork import services
from app.identity import queries as people
from app.identity.roles import Role
from tests.factories import households as make
from tests.factories.people import make_user
from tests.fakes.clock import FrozenClock
from tests.journeys.conftest import PASSWORD, Stand, sign_in_with_password
from tests.journeys.test_every_page import _problems
from tests.journeys.test_gift import on

pytestmark = pytest.mark.journey
COMMUNE = "05488"
FIRST, SECOND = f"{COMMUNE}-01", f"{COMMUNE}-02"
REGISTRAR, OLD, OTHER, LEADER, OFFICER, DECIDER, OPERATOR = (f"09000002{number:02d}" for number in range(1, 8))
NAMES = {REGISTRAR: "Người đăng ký", OLD: "Người phụ trách cũ", OTHER: "Người phụ trách mới", LEADER: "Tổ trưởng mẫu"}
Open = Callable[[str], Page]


@dataclass(frozen=True)
class Team:
    """Codes of a household to visit, and of one that was registered yesterday and drawn."""

    visited: str
    drawn: str


@pytest.fixture(scope="module")
def team(stand: Stand) -> Team:
    """Two hamlets with their people; yesterday's only registration was drawn."""
    with on(stand):
        for code, name in ((FIRST, "Xóm Mẫu Một"), (SECOND, "Xóm Mẫu Hai")):
            add_hamlet(code=code, name=name, commune_code=COMMUNE)
        for phone, hamlet in ((REGISTRAR, FIRST), (OLD, FIRST), (OTHER, SECOND), (LEADER, SECOND)):
            make_user(areas=[hamlet], phone=phone, display_name=NAMES[phone], password=PASSWORD, clock=SYSTEM_CLOCK)
        for phone in (OFFICER, DECIDER):  # one each, since a one-time code opens only once
            make_user(Role.COMMUNE_OFFICER, areas=[COMMUNE], phone=phone, password=PASSWORD, clock=SYSTEM_CLOCK)
        make_user(Role.PROVINCE_OPERATOR, phone=OPERATOR, password=PASSWORD, clock=SYSTEM_CLOCK)
        user = people.by_phone(REGISTRAR)
        assert user
        registrar = people.actor_of(user, clock=SYSTEM_CLOCK)
        old = make.register(clock=SYSTEM_CLOCK, actor=registrar, hamlet_code=FIRST, head_name="Hoàng Mẫu Một")
        yesterday = FrozenClock(SYSTEM_CLOCK.now() - timedelta(days=1))
        drawn = make.register(clock=yesterday, actor=registrar, hamlet_code=FIRST, head_name="Hoàng Mẫu Hai")
        assert services.draw_back_checks(clock=SYSTEM_CLOCK) == 1
        return Team(old.code, drawn.code)


@pytest.fixture
def open_as(chromium: Browser, stand: Stand) -> Iterator[Open]:
    """Sign somebody in on a small phone whose page policy lets the accessibility checker in."""
    contexts = []

    def signed_in(phone: str) -> Page:
        context = chromium.new_context(
            viewport={"width": 360, "height": 740}, locale="vi-VN", base_url=stand.url, bypass_csp=True,
            reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        sign_in_with_password(page, phone, totp=phone in (OFFICER, DECIDER, OPERATOR))
        return page

    yield signed_in
    for context in contexts:
        context.close()


def _fine(page: Page) -> None:
    assert _problems(page) == [], page.url


def test_a_member_notes_a_visit_takes_it_back_and_holds_a_class(open_as: Open, team: Team):
    member = open_as(REGISTRAR)
    member.goto("/to-cong-nghe/di-tham")
    _fine(member)
    member.locator(f'a[href$="{team.visited}"]').click()
    _fine(member)
    member.get_by_label("Mở gian hàng").check()
    member.get_by_label("Ghi chú").fill("Nhớ mang áp phích")
    member.get_by_role("button", name="Ghi buổi đến thăm").click()
    expect(member.get_by_text("Nhớ mang áp phích")).to_be_visible()
    _fine(member)
    member.get_by_role("button", name="Bỏ, ghi nhầm").click()
    expect(member.get_by_text("Đã bỏ buổi đến thăm")).to_be_visible()
    expect(member.get_by_text("Nhớ mang áp phích")).to_have_count(0)
    member.goto("/to-cong-nghe/lop-hoc")
    member.get_by_role("link", name="Ghi một lớp").click()
    member.get_by_label("Nơi học").fill("Nhà văn hóa xóm")
    member.get_by_label("Nội dung").fill("Chụp ảnh hàng")
    member.get_by_label("Giờ bắt đầu").fill("00:00")
    member.locator(f"#home-{team.visited}").check()
    _fine(member)
    member.get_by_role("button", name="Ghi lớp học").click()
    expect(member.get_by_role("heading", name="Chụp ảnh hàng")).to_be_visible()
    _fine(member)


def test_a_leader_moves_a_hamlet_and_the_old_member_is_out_at_once(open_as: Open, team: Team):
    officer = open_as(OFFICER)
    officer.goto("/dieu-hanh/to-cong-nghe")
    _fine(officer)
    officer.get_by_role("link", name="Thành viên").click()
    _fine(officer)
    officer.get_by_role("link", name=NAMES[LEADER]).click()
    _fine(officer)
    officer.get_by_role("button", name="Cử làm tổ trưởng").click()
    expect(officer.get_by_text("Đã cử tổ trưởng")).to_be_visible()
    old = open_as(OLD)
    old.goto(f"/to-cong-nghe/di-tham/{team.visited}")
    expect(old.get_by_role("button", name="Ghi buổi đến thăm")).to_be_visible()
    leader = open_as(LEADER)
    leader.goto("/to-cong-nghe/doi/thanh-vien")
    leader.get_by_role("link", name=NAMES[OLD]).click()
    leader.get_by_label("Chuyển Xóm Mẫu Một cho").select_option(label=NAMES[OTHER])
    leader.get_by_role("button", name="Chuyển", exact=True).click()
    expect(leader.get_by_text("Đã giao xóm")).to_be_visible()
    _fine(leader)
    old.get_by_label("Mở gian hàng").check()
    old.get_by_role("button", name="Ghi buổi đến thăm").click()
    expect(old.get_by_text("Đã ghi buổi đến thăm")).to_have_count(0)
    answer = old.goto(f"/to-cong-nghe/di-tham/{team.visited}")
    assert answer
    assert answer.status in (403, 404)


def test_a_registration_is_asked_again_by_another_and_the_officer_sees_both_answers(open_as: Open, team: Team):
    officer = open_as(DECIDER)
    officer.goto("/to-cong-nghe/doi/kiem-tra")
    _fine(officer)
    officer.locator("ul.items a").first.click()
    check = officer.url
    _fine(officer)
    if officer.get_by_label("Giao cho người khác").locator("option", has_text=NAMES[OTHER]).count():
        officer.get_by_label("Giao cho người khác").select_option(label=NAMES[OTHER])
        officer.get_by_role("button", name="Giao", exact=True).click()
        expect(officer.get_by_text("Đã giao cho người khác")).to_be_visible()
    other = open_as(OTHER)
    other.goto("/to-cong-nghe/di-tham")
    other.locator('a[href*="/kiem-tra/"]').click()
    _fine(other)
    expect(other.get_by_text("Hoàng")).to_have_count(0)
    other.get_by_label("Họ tên chủ hộ").fill("Hoàng Mẫu Ba")
    other.get_by_label("Năm sinh của chủ hộ").fill("1955")
    other.get_by_label("Gọi được", exact=True).check()
    other.get_by_label("Đã đến", exact=True).check()
    other.get_by_label("Số điện thoại gia đình đưa").fill("0987654321")
    other.get_by_role("button", name="Gửi kết quả").click()
    expect(other.get_by_text("Cảm ơn bạn")).to_be_visible()
    officer.goto(check)
    _fine(officer)
    for seen in ("Hoàng Mẫu Hai", "Hoàng Mẫu Ba", "1980", "1955", "09•• ••• 321"):
        expect(officer.get_by_text(seen)).to_be_visible()
    officer.get_by_label("Hồ sơ sai").check()
    officer.get_by_label("Lý do").fill("Người đăng ký nhận là ghi nhầm nhà")
    officer.get_by_role("button", name="Ghi kết luận").click()
    expect(officer.get_by_text("Người đăng ký nhận là ghi nhầm nhà")).to_be_visible()
    _fine(officer)
    officer.goto("/to-cong-nghe/doi/kiem-tra?xong=1")
    expect(officer.get_by_text("Đã xem, hồ sơ sai")).to_be_visible()


def test_an_operator_brings_an_officer_in_and_ends_the_role(open_as: Open, team: Team):
    operator = open_as(OPERATOR)
    operator.goto("/dieu-hanh/nguoi-lam")
    _fine(operator)
    operator.get_by_role("link", name="Giao việc cho một người").click()
    _fine(operator)
    operator.get_by_label("Số điện thoại").fill("0900000251")
    operator.get_by_label("Họ và tên").fill("Cán bộ mẫu mới")
    operator.get_by_label("Việc", exact=True).select_option(label="Cán bộ xã")
    operator.get_by_label("Nơi làm việc").select_option(COMMUNE)
    operator.get_by_role("button", name="Giao việc").click()
    expect(operator.get_by_role("heading", name="Cán bộ mẫu mới")).to_be_visible()
    _fine(operator)
    operator.get_by_role("link", name=re.compile("Cho thôi")).click()
    _fine(operator)
    operator.get_by_label("Lý do").fill("Chuyển công tác")
    operator.get_by_role("button", name="Thôi từ bây giờ").click()
    expect(operator.get_by_text("Hiện không giữ việc nào")).to_be_visible()
    operator.goto("/dieu-hanh/toan-tinh")
    _fine(operator)
