"""Asking the gateway: one intent per request, whatever gets lost on the way."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from flask import Flask

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.cards import gateway, queries, services
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from tests.factories.payments import make_payee, make_request
from tests.fakes.clock import FrozenClock
from tests.fakes.stripe_gateway import DECLINED
from tests.payments.cards.world import ensure, fresh, intent_of, owed_vnd, payment_of, suspense_vnd


def later(**passed: float) -> FrozenClock:
    return FrozenClock(SYSTEM_CLOCK.now() + timedelta(**passed))


def sweep(clock=SYSTEM_CLOCK) -> int:
    return services.sweep(gateway=gateway.current(), clock=clock)


def withdraw(asked) -> None:
    with transaction():
        request_operations.cancel(requests.by_code(asked.code, for_update=True), clock=SYSTEM_CLOCK)


def test_a_request_gets_one_intent_in_whole_dong(stripe_wire, asked):
    secret = ensure(asked)
    assert ensure(asked) == secret == queries.client_secret(asked.id)
    [intent] = stripe_wire.intents()
    assert (intent["amount"], intent["currency"], intent["client_secret"]) == (50_000, "vnd", secret)
    payment = payment_of(asked)
    assert intent["metadata"] == {"card_payment": str(payment.id), "request": asked.code}
    assert (payment.status, payment.amount_vnd, payment.intent_id) == ("waiting", 50_000, intent["id"])


def test_eight_at_once_get_the_same_intent(app: Flask, stripe_wire, asked):
    start, secrets = threading.Barrier(8), []

    def ask() -> None:
        with app.app_context():
            start.wait()
            secrets.append(services.ensure_intent(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(secrets) == 8
    assert set(secrets) == {stripe_wire.intents()[0]["client_secret"]}
    assert len(stripe_wire.intents()) == 1


def test_several_requests_at_once_for_an_order_of_many_sellers(stripe_wire, asked):
    other = make_request(payee_id=make_payee()[0].id, method="card", amount_vnd=12_000)
    by_transfer = make_request(payee_id=make_payee()[0].id)
    ids = [asked.id, other.id, by_transfer.id]
    got = services.ensure_intents(ids, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert set(got) == {asked.id, other.id}
    assert queries.client_secrets(ids) == got
    assert queries.client_secrets([]) == {}


def test_a_buyer_from_many_sellers_waits_for_a_dead_gateway_only_once(stripe_wire, asked):
    others = [make_request(payee_id=make_payee()[0].id, method="card") for _ in range(3)]
    known = ensure(others[1])
    stripe_wire.faults(fail_5xx=9)
    ids = [asked.id, *(other.id for other in others)]
    got = services.ensure_intents(ids, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert got == {others[1].id: known}
    assert stripe_wire.http.get("/stripe/control").json()["fail_5xx"] == 8
    assert [payment_of(one).status for one in (asked, *others)] == ["unknown", "starting", "waiting", "starting"]


def test_an_answer_lost_after_the_gateway_made_the_intent_is_found_again_by_the_next_view(stripe_wire, asked):
    stripe_wire.faults(timeout_after_success=1)
    assert ensure(asked) is None
    assert payment_of(asked).status == "unknown"
    assert ensure(asked) == stripe_wire.intents()[0]["client_secret"]
    assert len(stripe_wire.intents()) == 1


def test_a_gateway_slower_than_our_patience_is_asked_again_by_the_sweep(stripe_wire, asked):
    stripe_wire.faults(delay_s=0.6)
    slow = stripe_wire.gateway(timeout_s=0.2)
    assert services.ensure_intent(asked.id, gateway=slow, clock=SYSTEM_CLOCK) is None
    assert payment_of(asked).status == "unknown"
    stripe_wire.faults(delay_s=0)
    assert sweep() == 0, "whoever asked may still get the answer"
    assert sweep(later(minutes=2)) == 1
    assert payment_of(asked).status == "waiting"
    assert len(stripe_wire.intents()) == 1
    assert sweep(later(minutes=4)) == 0


def test_a_process_that_died_before_asking_leaves_a_row_the_sweep_takes_up(stripe_wire, asked):
    from app.payments.cards import operations

    with transaction():
        operations.begin(asked.id, clock=SYSTEM_CLOCK)
    assert sweep(later(minutes=2)) == 1
    assert payment_of(asked).intent_id == stripe_wire.intents()[0]["id"]


def test_a_gateway_that_is_down_is_not_hammered(stripe_wire, asked):
    for _ in range(2):
        stripe_wire.faults(fail_5xx=1)
        ensure(make_request(payee_id=make_payee()[0].id, method="card"))
    stripe_wire.faults(fail_5xx=9)
    assert sweep(later(minutes=2)) == 1
    stripe_wire.faults(fail_5xx=0)
    assert sweep(later(minutes=4)) == 2


def test_a_lost_intent_older_than_its_key_is_looked_up_and_not_made_twice(stripe_wire, purpose):
    asked = make_request(payee_id=make_payee()[0].id, method="card", lasts=timedelta(days=7))
    stripe_wire.faults(timeout_after_success=1)
    ensure(asked)
    for _ in range(3):
        intent_of(make_request(payee_id=make_payee()[0].id, method="card"))
    made = stripe_wire.intents()
    assert services.catch_up(payment_of(asked).id, gateway=gateway.current(), clock=later(hours=21))
    assert payment_of(asked).intent_id == made[0]["id"]
    assert len(stripe_wire.intents()) == len(made)


def test_a_clear_no_makes_nothing_and_may_be_tried_again(stripe_wire, asked):
    wrong = stripe_wire.gateway(secret_key="sk_test_wrong")
    assert services.ensure_intent(asked.id, gateway=wrong, clock=SYSTEM_CLOCK) is None
    assert payment_of(asked).status == "starting"
    assert stripe_wire.intents() == []
    assert ensure(asked)


@pytest.mark.parametrize("how", ["withdrawn", "run out", "by transfer"])
def test_no_intent_is_made_for_a_request_that_takes_no_card(stripe_wire, purpose, how):
    lasts = timedelta(minutes=-1) if how == "run out" else timedelta(minutes=30)
    method = "vietqr" if how == "by transfer" else "card"
    asked = make_request(payee_id=make_payee()[0].id, method=method, lasts=lasts)
    if how == "withdrawn":
        withdraw(asked)
    assert ensure(asked) is None
    assert queries.for_request(asked.id) is None
    assert stripe_wire.intents() == []


def test_the_intent_of_a_withdrawn_request_is_cancelled_at_the_gateway(stripe_wire, asked):
    intent = intent_of(asked)
    withdraw(asked)
    assert queries.client_secret(asked.id) is None
    assert sweep() == 1
    assert payment_of(asked).status == "cancelled"
    assert stripe_wire.intents()[0]["status"] == "canceled"
    assert stripe_wire.pay(intent) == 400
    assert sweep() == 0


def test_an_unknown_intent_of_a_request_that_ended_is_found_and_then_cancelled(stripe_wire, asked):
    stripe_wire.faults(timeout_after_success=1)
    ensure(asked)
    withdraw(asked)
    assert sweep(later(minutes=2)) == 1
    assert payment_of(asked).status == "waiting"
    assert sweep(later(minutes=3)) == 1
    assert payment_of(asked).status == "cancelled"


def test_what_was_never_made_is_given_up_when_the_request_ended(stripe_wire, asked):
    stripe_wire.faults(fail_5xx=1)
    ensure(asked)
    withdraw(asked)
    assert sweep(later(minutes=2)) == 1
    assert (payment_of(asked).status, payment_of(asked).intent_id) == ("cancelled", None)


def test_a_card_charged_in_time_counts_even_when_every_event_of_it_is_lost(stripe_wire, asked, purpose):
    stripe_wire.pay(intent_of(asked))
    assert sweep(later(minutes=31)) == 1
    assert (fresh(asked).status, payment_of(asked).outcome) == ("paid", "matched")
    assert purpose.paid == [asked.purpose_id]
    assert owed_vnd(asked.payee_id) == 50_000
    assert suspense_vnd() == 0


def test_a_decline_is_learnt_by_asking_too(stripe_wire, asked):
    stripe_wire.pay(intent_of(asked), DECLINED)
    services.catch_up_request(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert (payment_of(asked).status, payment_of(asked).decline_code) == ("failed", "generic_decline")
    assert queries.client_secret(asked.id), "another card may be tried"


def test_the_gateway_is_never_called_inside_a_transaction(stripe_wire, asked, monkeypatch):
    seen = []
    real = gateway.current()

    class Watching:
        def create(self, **wanted):
            seen.append(db.session().in_transaction())
            return real.create(**wanted)

        def retrieve(self, intent_id):
            seen.append(db.session().in_transaction())
            return real.retrieve(intent_id)

    monkeypatch.setattr(gateway, "_gateway", Watching())
    ensure(asked)
    services.catch_up_request(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert seen == [False, False]


def test_the_client_secret_is_neither_stored_in_the_clear_nor_logged(stripe_wire, asked, caplog, capfd):
    import sqlalchemy as sa

    caplog.set_level(logging.DEBUG)
    secret = ensure(asked)
    assert secret
    row = db.session.scalar(sa.text("SELECT row_to_json(card_payment)::text FROM card_payment")) or ""
    told = capfd.readouterr()
    assert secret.encode().hex() not in row
    assert secret not in row + caplog.text + told.out + told.err
    assert secret not in repr(gateway.current().retrieve(payment_of(asked).intent_id or ""))
