"""The sound page hears every payment once, in order, and says it in words."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db
from app.identity.roles import Role
from app.market.places import feed, queries
from app.market.places.models import Market, Stall
from app.payments.payees import queries as payees
from tests.factories import households
from tests.factories.market import Seller, make_product
from tests.factories.people import make_user
from tests.fakes import banks
from tests.fakes.clock import FrozenClock
from tests.market.orders.conftest import buy, request_of

from .conftest import Phone, ask, make_stall, pay, pay_static


@pytest.mark.parametrize(
    ("amount_vnd", "said"),
    [
        (50_000, "Đã nhận năm mươi nghìn đồng"),
        (105_000, "Đã nhận một trăm linh năm nghìn đồng"),
        (1_251_000, "Đã nhận một triệu hai trăm năm mươi mốt nghìn đồng"),
    ],
)
def test_amounts_are_said_as_people_say_them(amount_vnd: int, said: str) -> None:
    assert feed.words(amount_vnd, in_full=True) == said


def test_a_part_payment_says_it_is_not_enough(phone: Phone, seller: Seller, stall: Stall) -> None:
    request = ask(seller, stall, 50_000)
    pay(request, 20_000)
    pay(request)
    assert [item["words"] for item in phone.listen()["items"]] == [
        "Mới nhận hai mươi nghìn đồng, chưa đủ tiền",
        "Đã nhận ba mươi nghìn đồng",
    ]


def test_words_stay_vietnamese_in_english(phone: Phone, stall: Stall) -> None:
    phone.client.set_cookie("lang", "en")
    pay_static(stall, 50_000)
    assert phone.listen()["items"][0]["words"] == "Đã nhận năm mươi nghìn đồng"


def test_stall_sales_sticker_money_and_orders_are_all_heard(phone: Phone, seller: Seller, stall: Stall) -> None:
    assert phone.listen() == {"items": [], "last_seq": 0, "total_vnd": 0}
    pay(ask(seller, stall, 50_000))
    pay_static(stall, 35_000)
    checkout = buy([(make_product(clock=SYSTEM_CLOCK, seller=seller, price_vnd=250_000), 1)], clock=SYSTEM_CLOCK)
    pay(request_of(checkout))
    heard = phone.listen()
    assert [(item["seq"], item["amount_vnd"]) for item in heard["items"]] == [(1, 50_000), (2, 35_000), (3, 250_000)]
    assert heard["items"][0]["label"] == "Sạp A12"
    assert (heard["last_seq"], heard["total_vnd"]) == (3, 335_000)
    assert phone.listen(since=2)["items"] == heard["items"][2:]
    assert phone.listen(since=3) == {"items": [], "last_seq": 3, "total_vnd": 335_000}


@pytest.mark.parametrize("wire", banks.WIRES)
def test_a_notice_of_the_bank_about_sticker_or_amount_is_heard_once(
    client: FlaskClient, phone: Phone, seller: Seller, stall: Stall, wire: str
) -> None:
    sticker, account = queries.static_qr(stall), payees.active_account(seller.shop.payee_id)
    assert sticker is not None
    assert account is not None
    number = payees.account_number(account)
    for code, amount_vnd in ((sticker.code, 35_000), (ask(seller, stall, 50_000).code, 50_000)):
        moved = banks.transfer(number, amount_vnd, f"{code} CHO PHIEN")
        for _twice in range(2):
            assert banks.notify(client, wire, moved).status_code == 200
    assert [item["words"] for item in phone.listen()["items"]] == [
        "Đã nhận ba mươi lăm nghìn đồng",
        "Đã nhận năm mươi nghìn đồng",
    ]


def test_nothing_is_heard_of_other_sellers(
    phone: Phone, other_phone: Phone, neighbour: Seller, market: Market, stall: Stall
) -> None:
    pay_static(make_stall(neighbour, market, "B7"), 90_000)
    assert phone.listen()["items"] == []
    assert [item["amount_vnd"] for item in other_phone.listen()["items"]] == [90_000]


def test_a_phone_that_remembers_older_books_learns_where_these_are(phone: Phone, stall: Stall) -> None:
    pay_static(stall, 10_000)
    heard = phone.listen(since=99)
    assert (heard["items"], heard["last_seq"]) == ([], 1)


def test_a_long_absence_is_caught_up_in_pieces_without_a_gap(
    phone: Phone, stall: Stall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PER_POLL", 3)
    for number in range(1, 9):
        pay_static(stall, number * 1_000)
    heard: list[int] = []
    since = 0
    while True:
        news = phone.listen(since)
        if not news["items"]:
            break
        heard += [item["amount_vnd"] for item in news["items"]]
        since = news["last_seq"]
    assert heard == [number * 1_000 for number in range(1, 9)]


def test_parallel_payments_are_each_heard_once_while_they_arrive(
    app: Flask, phone: Phone, seller: Seller, stall: Stall
) -> None:
    entered = [ask(seller, stall, 1_000 + number) for number in range(15)]
    done = threading.Event()
    heard: list[dict[str, Any]] = []

    def listen() -> None:
        """Polls on its own connection as fast as it can, and once more after the last payment."""
        while True:
            last_round = done.is_set()
            since = heard[-1]["seq"] if heard else 0
            heard.extend(phone.listen(since)["items"])
            if last_round:
                return

    def arrive(number: int) -> None:
        with app.app_context(), acting_as(SYSTEM):
            if number < len(entered):
                pay(entered[number])
            else:
                pay_static(stall, 2_000 + number)

    listener = threading.Thread(target=listen)
    listener.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(arrive, range(30)))
    done.set()
    listener.join(timeout=30)
    assert [item["seq"] for item in heard] == list(range(1, 31))
    wanted = [1_000 + number for number in range(15)] + [2_000 + number for number in range(15, 30)]
    assert sorted(item["amount_vnd"] for item in heard) == wanted


def test_a_poll_without_news_asks_one_query_beside_the_session(phone: Phone, stall: Stall) -> None:
    pay_static(stall, 10_000)
    phone.listen()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "set_config" not in statement:
            asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        phone.listen(since=1)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 2, asked


def test_the_page_starts_where_its_list_ends(phone: Phone, stall: Stall) -> None:
    for amount_vnd in (10_000, 20_000):
        pay_static(stall, amount_vnd)
    page = phone.get("/ban-hang/loa").text
    assert 'data-since="2"' in page
    assert 'data-total="30000"' in page
    assert page.index("+20.000") < page.index("+10.000")


def test_yesterdays_money_is_not_todays(seller: Seller, stall: Stall) -> None:
    pay_static(stall, 10_000)
    tomorrow = FrozenClock(SYSTEM_CLOCK.now() + timedelta(days=1))
    ear = feed.ear_of(seller.shop.household_id, clock=tomorrow)
    assert (ear.last_seq, ear.total_vnd, feed.today(ear, clock=tomorrow)) == (1, 0, [])


@pytest.mark.parametrize("since", ["-1", "abc", "1.5", "٣", "9" * 19, "9" * 40, ""])
def test_a_number_that_is_none_is_refused(phone: Phone, stall: Stall, since: str) -> None:
    answer = phone.get(f"/ban-hang/loa/moi?since={since}", headers={"Accept": "application/json"})
    assert answer.status_code == 422


def test_only_a_household_with_a_shop_listens(client: FlaskClient, app: Flask) -> None:
    asks_json = {"Accept": "application/json"}
    assert client.get("/ban-hang/loa/moi", headers=asks_json).status_code == 401
    assert client.get("/ban-hang/loa").location.startswith("/dang-nhap")
    neighbour = app.test_client()
    with neighbour.session_transaction() as session:
        session["_user_id"] = make_user(Role.TEAM_MEMBER).fs_uniquifier
        session["_fresh"] = True
    assert neighbour.get("/ban-hang/loa/moi", headers=asks_json).status_code == 403
    shopless = Phone(app.test_client(), households.verified(clock=SYSTEM_CLOCK).id)
    assert shopless.get("/ban-hang/loa/moi", headers=asks_json).status_code == 409
    assert shopless.get("/ban-hang/loa").location == "/ban-hang/mo-gian-hang"
