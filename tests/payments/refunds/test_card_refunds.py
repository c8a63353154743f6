"""Money back to the card: once, never above what was paid, whatever gets lost on the way."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.ids import uuid7
from app.payments.cards import gateway
from app.payments.cards.gateway import GatewayRefused, RefundWord
from app.payments.ledger.models import AccountKind
from app.payments.refunds import operations, queries, services
from app.payments.refunds.errors import BadRefund, KeyReused, NotRefundable, TooMuch
from app.payments.refunds.models import Refund
from app.payments.refunds.operations import Line
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.banks import notify, transfer
from tests.fakes.clock import FrozenClock
from tests.fakes.stripe_gateway import deliver
from tests.payments.cards.world import outcomes
from tests.payments.ledger.parallel import at_once
from tests.payments.payouts.world import pay_out
from tests.payments.refunds.world import (
    again,
    ask,
    at_gateway,
    balance_vnd,
    debt_vnd,
    fresh,
    owed_vnd,
    sums,
)


def later(**passed: float) -> FrozenClock:
    return FrozenClock(SYSTEM_CLOCK.now() + timedelta(**passed))


def sweep(clock=None) -> int:
    return services.sweep(gateway=gateway.current(), clock=clock or later(minutes=2))


def test_a_whole_refund_sends_all_back_and_the_purpose_hears_of_it(stripe_wire, paid, payee_id, purpose):
    refund = ask(paid)
    assert (refund.status, refund.amount_vnd, refund.seller_vnd) == ("succeeded", 50_000, 50_000)
    assert sums(paid) == ("refunded", 0, 50_000)
    assert (owed_vnd(payee_id), balance_vnd(AccountKind.OUTSIDE_CARD, "stripe")) == (0, 0)
    [made] = at_gateway(stripe_wire)
    assert (made["id"], made["amount"], made["metadata"]) == (
        refund.gateway_refund_id,
        50_000,
        {"refund": str(refund.id)},
    )
    assert purpose.refunded == [(50_000, True, ())]


def test_a_part_goes_back_by_lines_and_the_request_stays_paid(stripe_wire, paid, payee_id, purpose):
    ask(paid, 20_000, lines=[Line("SP1", 2, 15_000), Line("SP2", 1, 5_000)])
    assert sums(paid) == ("paid", 0, 20_000)
    assert owed_vnd(payee_id) == 30_000
    lines = (
        {"line": "SP1", "quantity": 2, "amount_vnd": 15_000},
        {"line": "SP2", "quantity": 1, "amount_vnd": 5_000},
    )
    assert purpose.refunded == [(20_000, False, lines)]
    ask(paid)
    assert sums(paid) == ("refunded", 0, 50_000)
    assert purpose.refunded[1:] == [(30_000, True, ())]


def test_a_handler_that_does_not_care_is_not_told(stripe_wire, paid):
    make_purpose()
    ask(paid)
    assert sums(paid) == ("refunded", 0, 50_000)


def test_the_same_key_twice_is_one_refund(stripe_wire, paid):
    first = ask(paid, 10_000, key="mot")
    assert ask(paid, 10_000, key="mot").id == first.id
    assert sums(paid) == ("paid", 0, 10_000)
    assert len(at_gateway(stripe_wire)) == 1


@pytest.mark.parametrize("other", [{"amount_vnd": 10_001}, {"reason": "Khác"}, {"lines": [Line("A", 1, 10_000)]}])
def test_the_same_key_with_other_content_is_refused(stripe_wire, paid, other):
    ask(paid, 10_000, key="mot")
    with pytest.raises(KeyReused):
        ask(paid, **{"amount_vnd": 10_000, "key": "mot", **other})
    assert sums(paid) == ("paid", 0, 10_000)


def test_never_more_than_was_paid(stripe_wire, paid):
    ask(paid, 30_000)
    with pytest.raises(TooMuch) as refused:
        ask(paid, 20_001)
    assert refused.value.details == {"refundable_vnd": 20_000}
    ask(paid, 20_000)
    with pytest.raises(NotRefundable):
        ask(paid, 1)
    assert sum(made["amount"] for made in at_gateway(stripe_wire)) == 50_000


def test_the_last_dong_goes_back_and_what_is_all_on_its_way_is_not_asked_for_again(stripe_wire, paid):
    ask(paid, 49_998)
    stripe_wire.faults(fail_5xx=1)
    assert ask(paid, 1).status == "unknown"
    assert ask(paid).amount_vnd == 1
    assert sums(paid) == ("paid", 1, 49_999)
    with pytest.raises(NotRefundable):
        ask(paid)
    assert sweep() == 1
    assert sums(paid) == ("refunded", 0, 50_000)


def test_lines_must_add_up(stripe_wire, paid):
    with pytest.raises(BadRefund):
        ask(paid, 20_000, lines=[Line("SP1", 1, 19_999)])
    assert sums(paid) == ("paid", 0, 0)


def test_what_is_not_paid_or_went_straight_to_the_seller_is_not_refunded(client, stripe_wire, purpose):
    payee, number = make_payee()
    unpaid = make_request(payee_id=payee.id, method="card")
    direct = make_request(payee_id=payee.id)
    notify(client, "sepay", transfer(number, 50_000, direct.code))
    assert fresh(direct).status == "paid"
    for request in (unpaid, direct):
        with pytest.raises(NotRefundable):
            ask(request)


def test_fifty_at_once_never_give_back_more_than_was_paid(app: Flask, stripe_wire, paid):
    answers = at_once(app, [partial(ask, paid, 7_000, key=f"at-once-{n}") for n in range(50)])
    done = [answer for answer in answers if isinstance(answer, Refund)]
    assert len(done) == 7
    assert all(isinstance(answer, TooMuch) for answer in answers if answer not in done)
    sweep()
    assert sums(paid) == ("paid", 0, 49_000)
    assert sum(made["amount"] for made in at_gateway(stripe_wire)) == 49_000


def test_sixteen_at_once_with_one_key_are_one(app: Flask, stripe_wire, paid):
    answers = at_once(app, [lambda: ask(paid, 7_000, key="mot")] * 16)
    assert len({answer.id for answer in answers}) == 1
    assert sums(paid)[1:] == (0, 7_000)
    assert len(at_gateway(stripe_wire)) == 1


def test_one_key_for_two_payments_at_once_is_one_refund_and_the_others_hear_why(app: Flask, stripe_wire, pay, paid):
    other = pay(50_000)
    answers = at_once(app, [partial(ask, request, 7_000, key="mot") for request in (paid, other) * 8])
    done = [answer for answer in answers if isinstance(answer, Refund)]
    assert len({answer.id for answer in done}) == 1
    assert {type(answer) for answer in answers if answer not in done} == {KeyReused}
    assert sums(paid)[2] + sums(other)[2] == sum(made["amount"] for made in at_gateway(stripe_wire)) == 7_000


def test_the_database_itself_bounds_what_goes_back(stripe_wire, paid):
    first = ask(paid, 30_000)
    values = {column.name: getattr(first, column.name) for column in Refund.__table__.columns}
    twice = values | {"id": uuid7(), "idempotency_key": "khac", "gateway_refund_id": None}
    with pytest.raises(IntegrityError, match="ck_payment_request_refunded"), transaction() as session:
        session.execute(sa.insert(Refund).values(**twice | {"status": "asking", "finished_at": None}))


def test_the_application_cannot_write_the_sums_nor_reopen_a_refund(stripe_wire, paid):
    refund = ask(paid, 30_000)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), transaction() as session:
        session.execute(sa.text("UPDATE payment_request SET refunded_vnd = 0"))
    with pytest.raises(IntegrityError, match="is over"), transaction() as session:
        session.execute(sa.update(Refund).where(Refund.id == refund.id).values(status="on_its_way", finished_at=None))


def test_an_answer_lost_after_the_gateway_did_it_is_found_and_not_repeated(stripe_wire, paid, payee_id):
    stripe_wire.faults(timeout_after_success=1)
    refund = ask(paid, 20_000)
    assert refund.status == "unknown"
    assert sums(paid) == ("paid", 20_000, 0)
    assert owed_vnd(payee_id) == 50_000
    assert sweep(SYSTEM_CLOCK) == 0
    assert sweep() == 1
    assert (again(refund).status, sums(paid)) == ("succeeded", ("paid", 0, 20_000))
    assert len(at_gateway(stripe_wire)) == 1
    assert owed_vnd(payee_id) == 30_000


def test_a_gateway_that_never_heard_of_it_is_asked_anew(stripe_wire, paid):
    stripe_wire.faults(fail_5xx=1)
    refund = ask(paid)
    assert refund.status == "unknown"
    stripe_wire.faults(fail_5xx=1)
    assert (sweep(), again(refund).status) == (1, "unknown")
    assert sweep(later(minutes=10)) == 1
    assert sums(paid) == ("refunded", 0, 50_000)
    assert len(at_gateway(stripe_wire)) == 1


def test_a_refused_question_about_one_does_not_hold_up_the_others(stripe_wire, paid):
    stripe_wire.faults(fail_5xx=3)
    first, second, third = (ask(paid, amount_vnd) for amount_vnd in (10_000, 11_000, 12_000))

    class Fussy:
        """A gateway that won't be asked about the first."""

        def find_refund(self, *, refund_id: UUID, intent_id: str) -> RefundWord | None:
            if refund_id == first.id:
                raise GatewayRefused("InvalidRequestError 404 resource_missing")
            return gateway.current().find_refund(refund_id=refund_id, intent_id=intent_id)

        def refund(self, *, refund_id: UUID, intent_id: str, amount_vnd: int) -> RefundWord:
            return gateway.current().refund(refund_id=refund_id, intent_id=intent_id, amount_vnd=amount_vnd)

    assert services.sweep(gateway=Fussy(), clock=later(minutes=2)) == 3
    assert [again(refund).status for refund in (first, second, third)] == ["unknown", "succeeded", "succeeded"]
    assert sums(paid) == ("paid", 10_000, 23_000)
    stripe_wire.faults(fail_5xx=2)
    ask(paid, 1_000)
    assert (sweep(later(minutes=10)), again(first).status) == (1, "unknown")


def test_a_process_that_died_before_asking_is_caught_up_with(stripe_wire, paid):
    with transaction():
        refund, _new = operations.ask(
            code=paid.code, amount_vnd=None, reason="Hỏng", lines=None, idempotency_key="mot", actor=SYSTEM,
            clock=SYSTEM_CLOCK,
        )  # fmt: skip
    assert sums(paid) == ("paid", 50_000, 0)
    assert ask(paid, None, key="mot", reason="Hỏng").status == "asking"
    sweep()
    assert again(refund).status == "succeeded"
    assert len(at_gateway(stripe_wire)) == 1


def test_an_event_may_come_before_the_answer_and_again_after(client, stripe_wire, paid):
    stripe_wire.faults(timeout_after_success=1)
    refund = ask(paid)
    [event] = stripe_wire.events("refund.created")
    for _twice in range(2):
        assert deliver(client, event).status_code == 200
    [charge] = stripe_wire.events("charge.refunded")
    assert deliver(client, charge).status_code == 200
    assert sums(paid) == ("refunded", 0, 50_000)
    assert again(refund).status == "succeeded"
    assert sweep() == 0
    assert outcomes() == ["refund_noted", "ignored"]


def test_word_of_another_amount_or_of_nobodys_refund_moves_nothing(client, stripe_wire, paid):
    stripe_wire.faults(timeout_after_success=1)
    refund = ask(paid, 20_000)
    [event] = stripe_wire.events("refund.created")
    told = event["data"]["object"]
    changes: list[dict[str, Any]] = [{"amount": 19_999}, {"status": "lost"}, {"metadata": {}, "id": "re_other"}]
    for number, changed in enumerate(changes):
        strange = {**event, "id": f"evt_{number}", "data": {"object": {**told, **changed}}}
        assert deliver(client, strange).status_code == 200
    assert (again(refund).status, sums(paid)) == ("unknown", ("paid", 20_000, 0))
    assert outcomes() == ["unreadable", "unreadable", "unknown_refund"]


def test_a_refund_that_takes_days_shows_as_on_its_way(client, stripe_wire, paid):
    stripe_wire.faults(timeout_after_success=1)
    refund = ask(paid, 20_000)
    [event] = stripe_wire.events("refund.created")
    pending = {**event, "id": "evt_p", "data": {"object": {**event["data"]["object"], "status": "pending"}}}
    assert deliver(client, pending).status_code == 200
    assert again(refund).status == "on_its_way"
    assert "Đang hoàn lại 20.000" in client.get(f"/tra-tien/{paid.code}").text
    assert sweep() == 0
    assert sweep(later(hours=2)) == 1
    assert again(refund).status == "succeeded"
    page = client.get(f"/tra-tien/{paid.code}").text
    assert "Đã hoàn lại 20.000" in page
    assert "Đang hoàn lại" not in page
    told = client.get(f"/api/v1/payment-requests/{paid.code}").json
    assert (told["status"], told["refunding_vnd"], told["refunded_vnd"]) == ("paid", 0, 20_000)


def test_what_the_seller_got_already_becomes_a_debt(stripe_wire, paid, payee_id):
    pay_out(35_000)
    refund = ask(paid, 40_000)
    assert (refund.seller_vnd, refund.debt_vnd) == (15_000, 25_000)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (0, 25_000)
    second = ask(paid, 5_000)
    assert (second.seller_vnd, second.debt_vnd, debt_vnd(payee_id)) == (0, 5_000, 30_000)


def test_later_sales_repay_a_debt_at_most_three_tenths_of_each(stripe_wire, pay, paid, payee_id):
    pay_out(50_000)
    ask(paid, 20_000)
    assert debt_vnd(payee_id) == 20_000
    pay(40_001)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (28_001, 8_000)
    pay(100_000)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (120_001, 0)
    pay(10_000)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (130_001, 0)


def test_a_debt_only_asked_for_is_not_repaid_yet(stripe_wire, pay, paid, payee_id):
    pay_out(50_000)
    stripe_wire.faults(fail_5xx=1)
    ask(paid)
    pay(10_000)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (10_000, 0)
    sweep()
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (10_000, 50_000)


def test_money_that_comes_back_to_us_is_the_sellers_again(client, stripe_wire, pay, paid, payee_id):
    pay_out(30_000)
    refund = ask(paid)
    assert (debt_vnd(payee_id), sums(paid)) == (30_000, ("refunded", 0, 50_000))
    pay(20_000)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (14_000, 24_000)
    [event] = stripe_wire.events("refund.created")
    about = {**event["data"]["object"], "status": "failed", "failure_reason": "lost_or_stolen_card"}
    failed = {**event, "id": "evt_f", "type": "refund.failed", "data": {"object": about}}
    assert deliver(client, failed).status_code == 200
    assert (again(refund).status, again(refund).failure_code) == ("refused", "lost_or_stolen_card")
    assert sums(paid) == ("paid", 0, 0)
    assert (owed_vnd(payee_id), debt_vnd(payee_id)) == (40_000, 0)


def test_a_word_for_a_row_that_is_gone_wrong_leaves_it_unknown(stripe_wire, paid):
    class Odd:
        """A gateway that answers about another amount."""

        def find_refund(self, **_asked: object) -> None:
            return None

        def refund(self, **_asked: object) -> RefundWord:
            return RefundWord(id="re_odd", status="succeeded", amount_vnd=1)

    refund = ask(paid, 20_000, through=Odd())
    assert refund.status == "unknown"
    sweep()
    assert again(refund).status == "succeeded"
    assert [item.refund.id for item in queries.page().items] == [refund.id]
    db.session.rollback()
