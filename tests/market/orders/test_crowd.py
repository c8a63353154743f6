"""Many buyers at once, on real connections."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.market.catalogue import queries as catalogue
from app.market.catalogue.errors import OutOfStock
from app.market.orders import queries, services
from app.payments.requests import services as request_services
from tests.factories.market import make_product

from .conftest import buy, pay, request_of


def at_once(app: Flask, number: int, act: Callable[[int], object]) -> list[object]:
    """Run `act` for 0…number-1 at the same time, each on a connection of its own; its answers, or what it raised."""

    def run(index: int) -> object:
        with app.app_context():
            try:
                return act(index)
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(14) as pool:
        return list(pool.map(run, range(number)))


def test_forty_buyers_of_twenty_pieces_get_exactly_twenty(app, seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=20)
    answers = at_once(app, 40, lambda _index: buy([(tea, 1)], clock=clock).code)
    assert sum(isinstance(answer, str) for answer in answers) == 20
    assert sum(isinstance(answer, OutOfStock) for answer in answers) == 20
    assert catalogue.by_code(tea.code).free == 0


def test_carts_in_every_order_never_block_each_other(app, seller, neighbour, clock):
    products = [
        make_product(clock=clock, seller=shop, name=f"Món thử {number}", stock=1000)
        for shop in (seller, neighbour)
        for number in range(5)
    ]

    def act(index: int) -> str:
        chosen = random.Random(index).sample(products, 7)
        checkout = buy([(product, 1 + index % 3) for product in chosen], clock=clock)
        if index % 3 == 0:
            services.cancel_order(code=checkout.code, clock=clock)
        elif index % 3 == 1:
            pay(request_of(checkout, 0), clock=clock)
        return checkout.code

    answers = at_once(app, 60, act)
    assert [answer for answer in answers if not isinstance(answer, str)] == []


def test_the_sweep_of_lapsed_orders_never_blocks_buyers(app, seller, clock):
    products = [make_product(clock=clock, seller=seller, name=f"Món thử {number}", stock=1000) for number in range(6)]
    for index in range(30):
        buy([(product, 1) for product in random.Random(index).sample(products, 2)], clock=clock)

    def act(index: int) -> object:
        if index % 10 == 0:
            return request_services.expire_due(clock=SYSTEM_CLOCK)
        return buy([(product, 1) for product in random.Random(index).sample(products, 5)], clock=SYSTEM_CLOCK).code

    answers = at_once(app, 30, act)
    assert [answer for answer in answers if not isinstance(answer, (str, int))] == []
    assert sum(answer for answer in answers if isinstance(answer, int)) == 30


def test_one_key_sent_ten_times_at_once_makes_one_order(app, seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=20)
    answers = at_once(app, 10, lambda _index: buy([(tea, 2)], clock=clock, key="same").code)
    assert len(set(answers)) == 1
    assert catalogue.by_code(tea.code).reserved == 2
    assert len(queries.by_code(str(answers[0])).orders) == 1


def test_money_and_a_change_of_mind_at_once_leave_one_of_the_two(app, seller, clock):
    tea = make_product(clock=clock, seller=seller, stock=50)
    orders = [buy([(tea, 1)], clock=clock) for _number in range(10)]

    def act(index: int) -> str:
        checkout = orders[index // 2]
        if index % 2:
            services.cancel_order(code=checkout.code, clock=clock)
        else:
            pay(request_of(checkout), clock=clock)
        return "done"

    answers = at_once(app, 20, act)
    assert answers.count("done") == 10
    db.session.expire_all()
    statuses = [queries.by_code(checkout.code).orders[0].status for checkout in orders]
    assert set(statuses) <= {"paid", "cancelled"}
    assert catalogue.by_code(tea.code).stock == 50 - statuses.count("paid")
