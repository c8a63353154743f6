"""Whatever is paid and given back, in whatever parts and order: what stays charged is what the rules ask."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.actor import SYSTEM
from app.core.database import acting_as, db
from app.payments.fees.models import FeeCharge, FeeReturn, Kind
from app.payments.ledger import queries as accounts
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.refunds.states import Event
from app.payments.requests.models import PaymentRequest
from tests.payments.fees import world
from tests.payments.ledger.parallel import at_once

STEPS = st.one_of(
    st.tuples(st.just("refund"), st.integers(1, 60), st.just(Event.DONE)),
    st.tuples(st.just("refund"), st.integers(1, 999), st.sampled_from([Event.DONE, Event.REFUSED, None])),
    st.tuples(st.just("end"), st.integers(0, 9), st.sampled_from([Event.DONE, Event.REFUSED])),
    st.tuples(st.just("bounce"), st.integers(0, 9), st.none()),
    st.tuples(st.just("spend"), st.just(0), st.none()),
)


def net_vnd(asked: PaymentRequest, kind: Kind) -> int:
    charged, back = world.charged_and_back(asked, kind)
    assert 0 <= back <= charged
    return charged - back


def left_vnd(asked: PaymentRequest) -> int:
    """What was paid and is not back with its payer."""
    db.session.rollback()
    now = db.session.get_one(PaymentRequest, asked.id, populate_existing=True)
    return now.paid_vnd - now.refunded_vnd


@pytest.fixture(params=[1, 333, 2_999])
def commission_bp(request: pytest.FixtureRequest, payee_id: UUID) -> int:
    world.set_rule(Kind.COMMISSION, request.param)
    return int(request.param)


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    parts=st.lists(st.integers(1, 700), min_size=1, max_size=5),
    steps=st.lists(STEPS, max_size=8),
)
def test_parts_and_refunds_always_sum_to_the_rule(
    payee_id: UUID, parts: list[int], commission_bp: int, steps: list[tuple[str, int, Event | None]]
) -> None:
    asked = world.sell(payee_id, sum(parts))
    paid_vnd = 0
    for part in parts:
        world.pay(asked, part)
        paid_vnd += part
        assert net_vnd(asked, Kind.VAT) == paid_vnd * 100 // 10_000
    waiting: list[UUID] = []
    through: list[UUID] = []
    for name, number, event in steps:
        db.session.rollback()
        if name == "refund":
            amount_vnd = min(number, db.session.get_one(PaymentRequest, asked.id).refundable_vnd)
            if amount_vnd:
                waiting.append(world.begin_refund(asked, amount_vnd))
                end(waiting, through, len(waiting) - 1, event)
        elif name == "end" and waiting:
            end(waiting, through, number % len(waiting), event)
        elif name == "bounce" and through:
            world.end_refund(through.pop(number % len(through)), Event.REFUSED)
        elif name == "spend" and world.balance_vnd(AccountKind.PAYABLE, payee_id) > held_vnd(payee_id):
            world.spend_all(payee_id)
        stays = left_vnd(asked)
        assert net_vnd(asked, Kind.VAT) == stays * 100 // 10_000
        assert net_vnd(asked, Kind.INCOME_TAX) == stays * 50 // 10_000
        assert net_vnd(asked, Kind.COMMISSION) == stays * commission_bp // 10_000
    assert [broken for broken in check_books() if broken.problems] == []


def end(waiting: list[UUID], through: list[UUID], number: int, event: Event | None) -> None:
    if event is not None:
        refund_id = waiting.pop(number)
        world.end_refund(refund_id, event)
        if event is Event.DONE:
            through.append(refund_id)


def held_vnd(payee_id: UUID) -> int:
    db.session.rollback()
    account = accounts.find_account(AccountKind.PAYABLE, str(payee_id))
    return account.pending_out_vnd if account else 0


def test_many_refunds_at_one_moment_give_back_exactly_the_whole_charge(app: Flask, payee_id: UUID) -> None:
    asked = world.sell(payee_id, 997)
    world.pay(asked)

    def give_back() -> None:
        with acting_as(SYSTEM):
            world.refund(asked, 99)

    results = at_once(app, [give_back] * 12)
    assert [result for result in results if result is None] == [None] * 10
    assert left_vnd(asked) == 7
    world.refund(asked, 7)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.sum(FeeReturn.amount_vnd))) == 9 + 4
    assert db.session.scalar(sa.select(sa.func.sum(FeeCharge.amount_vnd))) == 9 + 4
    assert world.payable_vnd(payee_id) == 0


def test_one_request_paid_at_one_moment_by_many_is_charged_once_for_all(app: Flask, payee_id: UUID) -> None:
    asked = world.sell(payee_id, 8 * 33)

    def pay_part() -> None:
        with acting_as(SYSTEM):
            world.pay(asked, 33)

    assert at_once(app, [pay_part] * 8) == [None] * 8
    assert (net_vnd(asked, Kind.VAT), net_vnd(asked, Kind.INCOME_TAX)) == (2, 1)
