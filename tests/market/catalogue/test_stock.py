"""Stock under lock: reserve, release, sell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from flask import Flask

from app.core.database import TransactionMisuse, db, transaction
from app.core.errors import NotFound
from app.market.catalogue import operations, queries, services
from app.market.catalogue.errors import OutOfStock
from tests.factories.market import make_product, sell_out


def test_what_is_reserved_is_no_longer_free_and_comes_back_on_release(seller, clock):
    product = make_product(clock=clock, seller=seller, stock=10)
    with transaction():
        operations.reserve({product.id: 7})
    assert queries.by_code(product.code).free == 3
    with transaction():
        operations.release({product.id: 7})
    assert queries.by_code(product.code).free == 10


def test_what_is_sold_leaves_the_stock(seller, clock):
    product = make_product(clock=clock, seller=seller, stock=10)
    with transaction():
        operations.reserve({product.id: 4})
        operations.sell({product.id: 4})
    sold = queries.by_code(product.code)
    assert (sold.stock, sold.reserved, sold.free) == (6, 0, 6)


def test_all_shortages_are_told_at_once_and_nothing_is_reserved(seller, clock):
    plenty = make_product(clock=clock, seller=seller, name="Chè đinh", stock=10)
    few = make_product(clock=clock, seller=seller, name="Mật ong", stock=2)
    paused = sell_out(make_product(clock=clock, seller=seller, name="Măng khô", stock=9), seller, clock=clock)
    with pytest.raises(OutOfStock) as refused, transaction():
        operations.reserve({plenty.id: 1, few.id: 3, paused.id: 1})
    told = {shortage.product_code: (shortage.wanted, shortage.available) for shortage in refused.value.shortages}
    assert told == {few.code: (3, 2), paused.code: (1, 0)}
    assert queries.by_code(plenty.code).reserved == 0


def test_a_closed_shop_promises_nothing(seller, clock):
    product = make_product(clock=clock, seller=seller)
    services.set_shop_open(actor=seller.actor, shop_id=seller.shop.id, is_open=False, clock=clock)
    with pytest.raises(OutOfStock), transaction():
        operations.reserve({product.id: 1})


def test_more_than_is_reserved_can_be_neither_sold_nor_released(seller, clock):
    product = make_product(clock=clock, seller=seller)
    with pytest.raises(ValueError, match="only 0"), transaction():
        operations.sell({product.id: 1})
    with pytest.raises(ValueError, match="only 0"), transaction():
        operations.release({product.id: 1})


def test_quantities_are_positive_and_products_exist(seller, clock):
    product = make_product(clock=clock, seller=seller)
    with pytest.raises(ValueError, match="positive"), transaction():
        operations.reserve({product.id: -3})
    with pytest.raises(NotFound), transaction():
        operations.reserve({product.id: 1, uuid4(): 1})
    with pytest.raises(TransactionMisuse):
        operations.reserve({product.id: 1})


@pytest.mark.breaks_books  # stock promised to nobody's order
def test_twenty_buyers_at_once_never_get_more_than_there_is(app: Flask, seller, clock):
    first = make_product(clock=clock, seller=seller, name="Chè đinh", stock=15)
    second = make_product(clock=clock, seller=seller, name="Chè nõn", stock=21)

    def buy(number: int) -> bool:
        order = [first.id, second.id] if number % 2 else [second.id, first.id]
        return _try_to_reserve(app, dict.fromkeys(order, 2))

    with ThreadPoolExecutor(20) as buyers:
        won = sum(buyers.map(buy, range(20)))
    assert won == 7
    left = queries.by_codes([first.code, second.code])
    assert (left[first.code].free, left[second.code].free) == (1, 7)


def _try_to_reserve(app: Flask, lines: dict[UUID, int]) -> bool:
    with app.app_context():
        try:
            with transaction():
                operations.reserve(lines)
        except OutOfStock:
            return False
        else:
            return True
        finally:
            db.session.remove()
