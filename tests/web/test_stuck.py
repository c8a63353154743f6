"""Money that stands still is seen by those who look after it, until it moves again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.ids import uuid7
from app.identity.roles import Role
from app.market.orders import queries as order_queries
from app.market.orders import services as orders
from app.payments.bank import services as bank
from app.payments.bank.models import Wire
from app.payments.bank.wires import Notice
from app.payments.cards import operations as card_operations
from app.payments.cards import returns as card_returns
from app.payments.cards import services as cards
from app.payments.cards.events import Told
from app.payments.cards.gateway import GatewayRefused, GatewayUnknown, Intent, RefundWord
from app.payments.desk import queries as desk
from app.payments.payouts import services as payouts
from app.payments.payouts.states import Event
from app.payments.refunds import services as refunds
from app.payments.requests import services as requests
from app.payments.requests.models import PaymentRequest
from app.payments.statements import queries as statement_queries
from app.payments.statements import services as statements
from app.payments.statements.feed import FeedPage, Unread
from app.web import stuck
from tests.factories.market import make_product
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.factories.people import actor_for, make_user, sign_in
from tests.fakes.clock import FrozenClock
from tests.fakes.stripe_gateway import served
from tests.market.orders.conftest import buy, pay, request_of
from tests.payments.desk.world import act, send_back
from tests.payments.payouts.world import OWN, build, collect, sent, sold, the_payout
from tests.payments.payouts.world import payouts as payouts_in
from tests.payments.refunds.world import ACCOUNT, ask, register_hearing_purpose
from tests.payments.statements.files import entry, money_in, notification

PAGE = "/dieu-hanh/tien-ket"
NOTHING = "Không có khoản nào bị kẹt"
# Batches of payouts are few: one a day.
INDEXES = {
    "ix_payment_request_kept_part",
    "ix_bank_notice_waiting",
    "ix_card_event_waiting",
    "ix_card_payment_unsettled",
    "ix_card_return_unexplained",
    "ix_desk_item_open",
    "ix_feed_fault_unseen",
    "ix_payment_request_open",
    "ix_refund_unanswered",
    "ix_refund_waiting",
    "ix_shop_order_untold",
    "ix_statement_import_at_work",
    "ix_statement_line_payout_id",
}
FINANCE, ENGINEER = "Cán bộ tài chính", "Người trực kỹ thuật"


class Silent:
    """A gateway that answers nothing."""

    def refund(self, **_asked: object) -> RefundWord:
        raise GatewayUnknown("no answer")

    def find_refund(self, **_asked: object) -> RefundWord | None:
        raise GatewayUnknown("no answer")


class Closed:
    """A gateway whose card was closed."""

    def refund(self, **_asked: object) -> RefundWord:
        raise GatewayRefused("expired_or_canceled_card")

    def find_refund(self, **_asked: object) -> RefundWord | None:
        return None


def before(**time: float) -> FrozenClock:
    """A clock that stands so long ago."""
    return FrozenClock(datetime.now(UTC) - timedelta(**time))


@pytest.fixture
def finance(app: Flask) -> Actor:
    return actor_for(make_user(Role.FINANCE))


@pytest.fixture
def colleague(app: Flask) -> Actor:
    return actor_for(make_user(Role.FINANCE))


@pytest.fixture(autouse=True)
def looker(app: Flask, client: FlaskClient) -> None:
    """An auditor at the page: whoever may look at least sees all of it."""
    sign_in(client, make_user(Role.AUDITOR))


def notice_from(clock: FrozenClock, number: str, amount_vnd: int = 50_000):
    name = f"FT{uuid7().int % 10**9}"
    told = Notice(name, "in", amount_vnd, (number,), "khong ma", name, clock.now())
    return bank.take_in(Wire.SEPAY, b"{}", told, clock=clock)


def paid_by_card() -> PaymentRequest:
    """A request whose card was charged just now."""
    register_hearing_purpose()
    asked = make_request(payee_id=make_payee()[0].id, method="card")
    with transaction():
        payment = card_operations.begin(asked.id, clock=SYSTEM_CLOCK)
        assert payment
        charged = Intent(f"pi_{asked.id}", "succeeded", 50_000, 50_000)
        card_operations.note_answer(payment.id, charged, clock=SYSTEM_CLOCK)
    return asked


def page_of(client: FlaskClient) -> str:
    db.session.rollback()
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.text


def shows(client: FlaskClient, title: str, owner: str, link: str | None, age: str) -> None:
    """Exactly this group stands on the page, with one thing in it, whose it is, how old, and where it is settled."""
    page = page_of(client)
    assert f"<h2>{title} " in page
    assert page.count("<section>") == 1
    assert "1 khoản" in page
    assert owner in page
    assert f">{age}<" in page
    if link is not None:
        assert page.count(f'href="{link}"') == 1
        assert client.get(link).status_code == 200


def test_suspense_is_stuck_after_a_day_until_the_desk_moves_it(client):
    make_purpose()
    number = make_payee()[1]
    for clock in (before(days=3), before(hours=23)):
        bank.handle(notice_from(clock, number), clock=clock)
    old = min(desk.suspense(cursor=None, limit=5).items, key=lambda item: item.received_at).notice_id
    shows(client, "Tiền treo quá một ngày", FINANCE, f"/dieu-hanh/tien-treo/{old}", "3 ngày")
    act(old, send_back(50_000))
    assert NOTHING in page_of(client)


def test_a_notice_is_stuck_until_it_is_handled(client):
    make_purpose()
    number = make_payee()[1]
    notice_from(before(minutes=9), number)
    assert NOTHING in page_of(client)
    notice_from(before(minutes=30), number)
    shows(client, "Báo có của ngân hàng chưa ghi sổ", ENGINEER, None, "30 phút")
    assert bank.pump(clock=SYSTEM_CLOCK) == 2
    assert NOTHING in page_of(client)


def test_card_money_that_fits_nothing_is_shown_after_a_day(client):
    make_purpose()
    clock = before(days=3)
    asked = make_request(payee_id=make_payee()[0].id, method="card", clock=clock, lasts=timedelta(hours=1))
    with transaction():
        payment = card_operations.begin(asked.id, clock=clock)
        assert payment
    late = FrozenClock(clock.now() + timedelta(hours=3))
    with transaction():
        charged = Intent(f"pi_{asked.id}", "succeeded", 50_000, 50_000)
        card_operations.note_answer(payment.id, charged, clock=late)
    requests.expire_due(clock=SYSTEM_CLOCK)
    shows(client, "Tiền thẻ treo quá một ngày", FINANCE, "/dieu-hanh/tien-treo", "2 ngày")


def test_what_the_gateway_gave_back_unasked_is_stuck_unless_it_failed(client):
    asked = paid_by_card()
    for status, clock in (("succeeded", before(hours=2)), ("failed", SYSTEM_CLOCK)):
        word = RefundWord("re_1", status, 20_000, intent_id=f"pi_{asked.id}")
        with transaction():
            card_returns.take_word(word, clock=clock)
        if status == "succeeded":
            link = f"/dieu-hanh/hoan-tien?ma={asked.code}"
            shows(client, "Cổng thẻ đã hoàn mà ở đây không ai yêu cầu", FINANCE, link, "2 giờ")
    assert NOTHING in page_of(client)


def test_a_card_event_is_stuck_until_it_is_handled(client):
    clock = before(minutes=30)
    cards.take_in(b"{}", Told("evt_1", "charge.updated", clock.now()), clock=clock)
    shows(client, "Tin của cổng thẻ chưa ghi sổ", ENGINEER, None, "30 phút")
    assert cards.pump(clock=SYSTEM_CLOCK) == 1
    assert NOTHING in page_of(client)


def test_a_card_nobody_answered_for_stays_stuck_however_often_it_is_asked_about(client):
    make_purpose()
    asked = make_request(
        payee_id=make_payee()[0].id, method="card", clock=(clock := before(hours=5)), lasts=timedelta(days=1)
    )
    with transaction():
        payment = card_operations.begin(asked.id, clock=clock)
        assert payment
    with transaction():
        card_operations.not_answered(payment.id, clock=SYSTEM_CLOCK)
    shows(client, "Thẻ chưa rõ kết quả", ENGINEER, f"/tra-tien/{asked.code}", "5 giờ")
    with transaction():
        card_operations.never_made(payment.id, clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_a_request_is_stuck_when_the_clockwork_did_not_close_it(client):
    make_purpose()
    payee_id = make_payee()[0].id
    make_request(payee_id=payee_id, clock=before(minutes=40))
    assert NOTHING in page_of(client)
    old = make_request(payee_id=payee_id, clock=before(minutes=60))
    shows(client, "Yêu cầu trả tiền quá hạn chưa đóng", ENGINEER, f"/tra-tien/{old.code}", "30 phút")
    requests.expire_due(clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_a_refund_without_an_answer_is_stuck_until_there_is_one(client, finance):
    refund = ask(paid_by_card(), 20_000, actor=finance, through=Silent(), clock=before(hours=4))
    assert refund.status == "unknown"
    refunds.catch_up(refund.id, gateway=Silent(), clock=SYSTEM_CLOCK)
    shows(client, "Hoàn tiền chưa có trả lời", FINANCE, f"/dieu-hanh/hoan-tien/{refund.id}", "4 giờ")
    refunds.catch_up(refund.id, gateway=Closed(), clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_a_refund_by_transfer_is_stuck_until_somebody_made_it(client, finance, colleague):
    refused = ask(paid_by_card(), 20_000, actor=finance, through=Closed())
    refund = refunds.choose_transfer(
        refused.id, account=ACCOUNT, idempotency_key="one", actor=finance, clock=before(days=2)
    )
    shows(client, "Hoàn tiền chờ chuyển khoản", FINANCE, f"/dieu-hanh/hoan-tien/{refund.id}", "2 ngày")
    refunds.mark_sent(refund.id, bank_reference="FT26328001", actor=colleague, clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_an_import_is_stuck_when_it_stopped_moving(client, finance):
    make_purpose()
    clock = before(minutes=30)
    data = money_in(make_payee()[1], (1_000, "FT1", "x"))
    found = statements.upload(actor=finance, data=data, file_name="sao-ke.xlsx", clock=clock)
    assert NOTHING in page_of(client)
    statements.apply(actor=finance, import_id=found.id, clock=clock)
    shows(client, "Sao kê đang ghi dở", FINANCE, f"/dieu-hanh/sao-ke/{found.id}", "30 phút")
    while statements.work(found.id, clock=SYSTEM_CLOCK):
        pass
    assert NOTHING in page_of(client)


class Garbled:
    """A feed with one item that nobody can read."""

    def after(self, since: int) -> FeedPage:
        return FeedPage([], [Unread(7, b'{"seq": 7}', "incomplete")], 7, 7, False)


def test_what_the_bank_told_and_nobody_could_read_is_stuck_until_it_is_seen(client, finance):
    statements.poll(Garbled(), name="bank", clock=before(minutes=3))
    shows(client, "Tin ngân hàng chưa đọc được", FINANCE, "/dieu-hanh/sao-ke", "3 phút")
    (fault,), _count = statement_queries.unseen_faults(limit=5)
    statements.see_fault(actor=finance, fault_id=fault.id, clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_a_payout_is_stuck_until_the_bank_answered_for_the_last_one(client, finance, colleague):
    make_purpose()
    collect(sold(50_000), 20_000)
    sold(30_000)
    batch = build(finance)
    clock = before(days=3)
    payouts.approve(batch.id, actor=colleague, clock=clock)
    payouts.xml_file(batch.id, own=OWN, actor=colleague, clock=clock)
    one, two = payouts_in(batch)
    shows(client, "Chi trả chưa được xác nhận", FINANCE, f"/dieu-hanh/chi-tra/{batch.id}", "3 ngày")
    assert "100.000" in page_of(client)
    for payout, left in ((one, True), (two, False)):
        payouts.answer_by_hand(
            payout.id, Event.CONFIRMED, reason="Gọi hỏi", bank_reference=None, actor=finance, clock=SYSTEM_CLOCK
        )
        assert ("Chi trả chưa được xác nhận" in page_of(client)) == left
    assert NOTHING in page_of(client)


def test_a_payout_that_a_statement_brought_back_is_stuck_until_it_is_answered_so(client, finance, colleague):
    make_purpose()
    sold(50_000)
    payout = the_payout(sent(finance, colleague))
    number = make_payee()[1]
    for at in ("FT2", "FT3"):  # a statement and a notification tell of it: it is one
        back = notification(number, entry("50000", at, "tra lai", end_to_end_id=payout.code, returned="AC04"))
        found = statements.upload(actor=finance, data=back, file_name="camt.xml", clock=SYSTEM_CLOCK)
        if at == "FT2":
            statements.apply(actor=finance, import_id=found.id, clock=SYSTEM_CLOCK)
    page = page_of(client)
    assert "Khoản chi bị trả lại mà đợt chi chưa ghi" in page
    assert page.count(f'href="/dieu-hanh/chi-tra/khoan/{payout.id}"') == 1
    payouts.answer_by_hand(
        payout.id, Event.RETURNED, reason="Sao kê", bank_reference=None, actor=finance, clock=SYSTEM_CLOCK
    )
    assert "Khoản chi bị trả lại mà đợt chi chưa ghi" not in page_of(client)


def test_a_paid_order_is_stuck_until_its_seller_is_told(client):
    clock = before(days=3)
    checkout = buy([(make_product(clock=clock), 1)], clock=clock)
    pay(request_of(checkout), clock=clock)
    shows(client, "Đơn đã trả tiền, người bán chưa được báo", "Cán bộ tỉnh", None, "3 ngày")
    [order] = order_queries.by_code(checkout.code).orders
    assert orders.tell_seller(order_id=order.id, clock=SYSTEM_CLOCK)
    assert NOTHING in page_of(client)


def test_the_oldest_come_first_and_all_are_counted(client, monkeypatch):
    monkeypatch.setattr(stuck, "SHOWN", 2)
    make_purpose()
    payee_id = make_payee()[0].id
    new, old, older = (make_request(payee_id=payee_id, clock=before(hours=hours)) for hours in (2, 30, 90))
    page = page_of(client)
    assert 0 < page.index(older.code) < page.index(old.code)
    assert new.code not in page
    assert "3 khoản" in page
    assert "Còn 1 khoản mới hơn" in page


def test_each_group_asks_once_and_finds_its_rows_by_an_index(app: Flask):
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        asked.append((statement, parameters))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        with app.test_request_context():
            assert stuck.groups(clock=SYSTEM_CLOCK) == []
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    asked = [(statement, parameters) for statement, parameters in asked if "count(*) OVER" in statement]
    assert len(asked) == 19
    connection = db.session.connection()
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    plans = [
        "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
        for statement, parameters in asked
    ]
    used = {index for index in INDEXES if any(f"{index} " in plan for plan in plans)}
    # On an empty table a partial index over the key costs what the key's own does: statistics decide between the two.
    assert used >= INDEXES - {"ix_refund_unanswered", "ix_card_payment_unsettled"}


@pytest.mark.parametrize("role", [Role.FINANCE, Role.PROVINCE_OPERATOR, Role.AUDITOR])
def test_those_who_look_after_money_find_the_door(app: Flask, role: Role):
    person = app.test_client()
    sign_in(person, make_user(role))
    assert f'href="{PAGE}"' in person.get("/dieu-hanh").text
    assert NOTHING in person.get(PAGE).text


@pytest.mark.parametrize("role", [None, Role.TEAM_MEMBER, Role.COMMUNE_OFFICER])
def test_nobody_else_comes_in(app: Flask, role: Role | None):
    person = app.test_client()
    if role is None:
        assert person.get(PAGE).location.startswith("/dang-nhap")
        return
    sign_in(person, make_user(role))
    assert person.get(PAGE).status_code == 403


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.mark.journey
def test_the_page_is_for_small_phones_and_for_everyone(client, chromium: Browser, address: str):
    cookie = client.get_cookie("session")
    assert cookie is not None
    context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=address, bypass_csp=True)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
    page = context.new_page()

    def problems() -> list[str]:
        answer = page.goto(PAGE)
        assert answer is not None
        assert answer.status == 200
        found = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in Axe().run(page).response["violations"]]
        return found + ["sideways"] * bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    try:
        assert problems() == []
        with acting_as(SYSTEM):
            make_purpose()
            payee, number = make_payee()
            make_request(payee_id=payee.id, amount_vnd=1_250_000_000, clock=before(days=400))
            clock = before(days=9)
            bank.handle(notice_from(clock, number, 299_000_000), clock=clock)
            notice_from(clock, number)
        assert problems() == []
        assert page.locator("section").count() == 3
    finally:
        context.close()
