"""What money, time and second thoughts do to an order and the stock it holds."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.codes import is_valid
from app.core.database import db
from app.households.registry import people
from app.households.registry import queries as registry
from app.market.catalogue import queries as catalogue
from app.market.orders import queries, services
from app.market.orders.errors import OrderNotFound, TooLateToCancel
from app.market.orders.models import StockReservation
from app.market.orders.states import NEXT, Event, ImpossibleStep, State, step
from app.payments.requests import services as request_services
from app.payments.requests.purposes import handler_of
from tests.factories.market import make_product
from tests.factories.people import texts_to

from .conftest import buy, pay, request_of


def stock_of(product):
    fresh = catalogue.by_code(product.code)
    return fresh.stock, fresh.reserved


def states(checkout):
    return [order.status for order in queries.by_code(checkout.code).orders]


def jobs_for(task):
    return db.session.scalars(
        sa.text("SELECT args FROM procrastinate_jobs WHERE task_name = :task"), {"task": task}
    ).all()


def test_payment_turns_the_reservation_into_a_sale(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    checkout = buy([(tea, 3)], clock=clock)
    assert stock_of(tea) == (10, 3)
    pay(request_of(checkout), clock=clock)
    assert stock_of(tea) == (7, 0)
    assert states(checkout) == ["paid"]
    assert [hold.state for hold in db.session.scalars(sa.select(StockReservation))] == ["sold"]


def test_part_of_the_money_sells_nothing_yet(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10, price_vnd=100_000)
    checkout = buy([(tea, 1)], clock=clock)
    pay(request_of(checkout), clock=clock, amount_vnd=40_000)
    assert (states(checkout), stock_of(tea)) == (["awaiting_payment"], (10, 1))
    pay(request_of(checkout), clock=clock)
    assert (states(checkout), stock_of(tea)) == (["paid"], (9, 0))


def test_each_shop_of_a_checkout_is_paid_for_itself(seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller)
    honey = make_product(clock=clock, seller=neighbour)
    checkout = buy([(tea, 1), (honey, 1)], clock=clock)
    pay(request_of(checkout, 0), clock=clock)
    assert states(checkout) == ["paid", "awaiting_payment"]


def test_time_gives_the_stock_back(seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    checkout = buy([(tea, 3)], clock=clock)
    clock.advance(minutes=29)
    assert request_services.expire_due(clock=clock) == 0
    clock.advance(minutes=5)
    assert request_services.expire_due(clock=clock) == 1
    assert (states(checkout), stock_of(tea)) == (["expired"], (10, 0))


def test_the_seller_is_told_once_and_learns_nothing_of_the_buyer(seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller, price_vnd=250_000), 1)], clock=clock)
    pay(request_of(checkout), clock=clock)
    [order] = queries.by_code(checkout.code).orders
    assert jobs_for("orders.tell_seller") == [{"order_id": str(order.id)}]
    assert services.tell_seller(order_id=order.id, clock=clock)
    assert not services.tell_seller(order_id=order.id, clock=clock)
    [text] = [text for text in _texts_to(seller) if order.code in text]
    assert "250.000" in text
    assert "Hoa" not in text and "912" not in text and checkout.code not in text


def _texts_to(seller):
    phone = people.open_field(registry.get(seller.shop.household_id), people.Field.PHONE)
    return texts_to(phone or "")


def test_an_unpaid_order_is_no_news_for_the_seller(seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=clock)
    assert not services.tell_seller(order_id=queries.by_code(checkout.code).orders[0].id, clock=clock)


def test_the_buyer_cancels_what_is_unpaid(seller, neighbour, clock):
    tea = make_product(clock=clock, seller=seller, stock=10)
    honey = make_product(clock=clock, seller=neighbour, stock=5)
    checkout = buy([(tea, 3), (honey, 1)], clock=clock)
    pay(request_of(checkout, 0), clock=clock)
    services.cancel_order(code=checkout.code, clock=clock)
    services.cancel_order(code=checkout.code, clock=clock)
    assert sorted(states(checkout)) == ["cancelled", "paid"]
    assert request_of(checkout, 1).status == "cancelled"
    assert (stock_of(tea), stock_of(honey)) == ((7, 0), (5, 0))


def test_nothing_is_cancelled_once_money_has_come(seller, clock):
    tea = make_product(clock=clock, seller=seller, price_vnd=100_000)
    part = buy([(tea, 1)], clock=clock)
    pay(request_of(part), clock=clock, amount_vnd=10_000)
    with pytest.raises(TooLateToCancel):
        services.cancel_order(code=part.code, clock=clock)
    pay(request_of(part), clock=clock)
    with pytest.raises(TooLateToCancel):
        services.cancel_order(code=part.code, clock=clock)
    assert states(part) == ["paid"]


def test_an_order_s_own_code_cancels_nothing(seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=clock)
    own = queries.by_code(checkout.code).orders[0].code
    with pytest.raises(OrderNotFound):
        services.cancel_order(code=own, clock=clock)
    assert states(checkout) == ["awaiting_payment"]


def test_the_payer_sees_shop_and_order_but_not_the_buyer_s_code(seller, clock):
    checkout = buy([(make_product(clock=clock, seller=seller), 1)], clock=clock)
    view = handler_of(request_of(checkout)).describe(request_of(checkout))
    assert view.payee_name == "Chè nhà bà Lan"
    assert is_valid(view.title.rsplit(" ", 1)[1])
    assert checkout.code not in view.title + view.back_url + view.done_url


def test_what_the_table_does_not_know_cannot_happen():
    for state in State:
        for event in Event:
            if (state, event) not in NEXT:
                with pytest.raises(ImpossibleStep):
                    step(state, event)
