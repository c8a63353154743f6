"""An order that waits longer, that expired half paid, and that was paid too much for."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.actor import GUEST
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.identity.roles import Role
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import OutOfStock
from app.market.orders import queries
from app.market.orders.models import StockReservation
from app.payments.desk import queries as desk
from app.payments.desk import services as desk_services
from app.payments.payees import queries as payees
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import queries as requests
from app.payments.requests import services
from tests.factories.market import make_product
from tests.factories.people import actor_for, make_user, post_form, sign_in, texts_to
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock

from .conftest import CONTACT, buy, pay, request_of
from .test_paying import states, stock_of

ACCOUNT = PayerAccount("970436", "0071000123456", "NGUYEN THI TRA")


def half_paid_and_expired(seller, clock, stock=10):
    tea = make_product(clock=clock, seller=seller, stock=stock, price_vnd=100_000)
    checkout = buy([(tea, 2)], clock=clock)
    pay(request_of(checkout), clock=clock, amount_vnd=80_000)
    clock.advance(hours=1)
    assert services.expire_due(clock=clock) == 1
    assert (states(checkout), stock_of(tea)) == (["expired"], (stock, 0))
    return tea, checkout


def holds():
    return [hold.state for hold in db.session.scalars(sa.select(StockReservation).order_by(StockReservation.line_id))]


def test_goods_are_held_as_long_as_the_order_waits(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    checkout = buy([(tea, 3)], clock=clock)
    services.extend(request_of(checkout).code, seen=0, actor=GUEST, clock=clock)
    clock.advance(minutes=50)
    assert services.expire_due(clock=clock) == 0
    assert (states(checkout), stock_of(tea)) == (["awaiting_payment"], (10, 3))
    clock.advance(minutes=20)
    assert services.expire_due(clock=clock) == 1
    assert (states(checkout), stock_of(tea)) == (["expired"], (10, 0))


def test_the_rest_completes_an_order_once_its_goods_are_held_again(seller, clock):
    tea, checkout = half_paid_and_expired(seller, clock)
    services.reopen(request_of(checkout).code, actor=GUEST, clock=clock)
    assert (states(checkout), stock_of(tea), holds()) == (["awaiting_payment"], (10, 2), ["held"])
    [text] = [text for text in texts_to(CONTACT.phone) if request_of(checkout).code in text]
    assert "120.000" in text
    clock.advance(hours=20)
    pay(request_of(checkout), clock=clock)
    assert (states(checkout), stock_of(tea), holds()) == (["paid"], (8, 0), ["sold"])


def test_goods_that_went_to_somebody_else_are_not_promised_again(seller, clock):
    tea, checkout = half_paid_and_expired(seller, clock, stock=2)
    buy([(tea, 1)], clock=clock)
    with pytest.raises(OutOfStock):
        services.reopen(request_of(checkout).code, actor=GUEST, clock=clock)
    assert (states(checkout), stock_of(tea), request_of(checkout).status) == (["expired"], (2, 1), "expired")


def test_the_seller_asks_for_the_rest_of_an_own_order_alone(client, seller, neighbour, clock):
    _tea, checkout = half_paid_and_expired(seller, clock)
    [order] = queries.by_code(checkout.code).orders
    path = f"/ban-hang/don-hang/{order.code}"
    assert "/dang-nhap" in (post_form(client, f"{path}/xin-tra-not").location or "")
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=neighbour.shop.household_id))
    assert post_form(client, f"{path}/xin-tra-not").status_code == 404
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=seller.shop.household_id))
    assert "còn thiếu 120.000" in client.get(path).text
    for _press in range(2):
        assert post_form(client, f"{path}/xin-tra-not").status_code == 303
    assert request_of(checkout).status == "part_paid"


def test_the_seller_reads_who_wants_what_back_and_sees_the_account_once_asked(client, seller, neighbour, clock):
    user = make_user()
    tea = make_product(clock=clock, seller=seller, price_vnd=100_000)
    checkout = buy([(tea, 1)], clock=SYSTEM_CLOCK, buyer=actor_for(user))
    asked = request_of(checkout)
    account = payees.active_account(asked.payee_id)
    assert account is not None
    notify(client, "sepay", transfer(payees.account_number(account), 130_000, asked.code))
    db.session.rollback()
    notice = desk.suspense(cursor=None, limit=1).items[0].notice_id
    desk_services.send_back(asked.code, notice, account=ACCOUNT, actor=actor_for(user), clock=SYSTEM_CLOCK)
    [order] = queries.by_code(checkout.code).orders
    path = f"/ban-hang/don-hang/{order.code}"
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=neighbour.shop.household_id))
    assert post_form(client, f"{path}/tai-khoan-khach/{notice}").status_code == 404
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=seller.shop.household_id))
    page = client.get(path).text
    assert "Khách chuyển dư 30.000" in page and ACCOUNT.number not in page
    assert "Đã đổi" not in page
    other = PayerAccount("970436", "0071000999999", "TRAN VAN KHAC")
    for typed in (other, ACCOUNT):
        desk_services.send_back(asked.code, notice, account=typed, actor=actor_for(user), clock=SYSTEM_CLOCK)
    assert "Đã đổi 2 lần, xem kỹ." in client.get(path).text
    assert ACCOUNT.number in post_form(client, f"{path}/tai-khoan-khach/{notice}").text


def test_the_seller_is_not_asked_to_return_what_lies_at_somebody_elses_account(client, seller, neighbour, clock):
    user = make_user()
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=SYSTEM_CLOCK, buyer=actor_for(user))
    asked = request_of(checkout)
    elsewhere = payees.active_account(neighbour.shop.payee_id)
    assert elsewhere is not None
    notify(client, "sepay", transfer(payees.account_number(elsewhere), asked.amount_vnd, asked.code))
    db.session.rollback()
    [item] = desk.suspense(cursor=None, limit=1).items
    assert item.outcome == "wrong_account"
    desk_services.send_back(asked.code, item.notice_id, account=ACCOUNT, actor=actor_for(user), clock=SYSTEM_CLOCK)
    [order] = queries.by_code(checkout.code).orders
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=seller.shop.household_id))
    assert "Khách chuyển dư" not in client.get(f"/ban-hang/don-hang/{order.code}").text
    answer = post_form(client, f"/ban-hang/don-hang/{order.code}/tai-khoan-khach/{item.notice_id}")
    assert (answer.status_code, ACCOUNT.number in answer.text) == (404, False)


def test_the_buyer_keeps_the_excess_with_the_shop_and_spends_it_there(client, seller, clock):
    user = make_user()
    tea = make_product(clock=clock, seller=seller, price_vnd=100_000)
    first, second = (buy([(tea, 1)], clock=SYSTEM_CLOCK, buyer=actor_for(user)) for _one in range(2))
    asked = request_of(first)
    account = payees.active_account(asked.payee_id)
    assert account is not None
    notify(client, "sepay", transfer(payees.account_number(account), 200_000, asked.code))
    db.session.rollback()
    notice = desk.suspense(cursor=None, limit=1).items[0].notice_id
    desk_services.keep_as_credit(asked.code, notice, actor=actor_for(user), clock=SYSTEM_CLOCK)
    services.use_credit(
        request_of(second).code, amount_vnd=100_000, idempotency_key="k", actor=actor_for(user), clock=SYSTEM_CLOCK
    )
    assert states(second) == ["paid"]
    assert catalogue.by_code(tea.code).reserved == 0
    late = FrozenClock(SYSTEM_CLOCK.now() + timedelta(days=1))
    assert services.expire_due(clock=late) == 0
    assert requests.kept_parts(limit=1).count == 0
