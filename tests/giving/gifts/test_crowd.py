"""Givers at the same moment, on real parallel connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.database import acting_as, db
from app.giving.gifts.models import Gift
from app.payments.requests.models import PaymentRequest

from .conftest import give, pay


def at_once(app, count, act):
    """Run `act(n)` in so many threads that all start together."""
    ready = Barrier(count)

    def run(number):
        with app.app_context(), acting_as(SYSTEM):
            ready.wait(timeout=10)
            return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def test_a_button_pressed_four_times_at_once_makes_one_gift(app, household, clock):
    codes = at_once(app, 4, lambda _number: give(household, clock=clock, key="one").code)
    assert len(set(codes)) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PaymentRequest)) == 1


def test_the_first_gifts_of_a_year_arriving_at_once_get_different_numbers(app, household, clock):
    gifts = [give(household, clock=clock) for _ in range(4)]
    at_once(app, 4, lambda number: pay(gifts[number], clock=clock))
    db.session.rollback()
    numbers = db.session.scalars(sa.select(Gift.receipt_number).execution_options(populate_existing=True)).all()
    assert len(set(numbers)) == 4
    assert all(number is not None and number.startswith("BN2026") for number in numbers)
