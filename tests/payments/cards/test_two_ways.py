"""A request with two card payments: what one of them does must not hide, or charge, the other."""

from __future__ import annotations

import re

import pytest

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.cards import gateway, queries, services
from app.payments.cards.errors import TooMuchToTake
from app.payments.requests import services as requests
from app.payments.requests.purposes import register
from tests.factories.payments import make_payee, make_request
from tests.fakes.purposes import KIND
from tests.fakes.stripe_gateway import deliver
from tests.payments.cards.test_checkout import catch_up, checkout_of, open_page, pay_on_page
from tests.payments.cards.test_holds import Confirming, capture, later, release
from tests.payments.cards.world import fresh, intent_of, owed_vnd, payment_of, suspense_vnd


@pytest.fixture
def purpose(app) -> Confirming:
    purpose = Confirming()
    register(KIND, purpose)
    return purpose


@pytest.fixture
def asked(purpose):
    """A request of 50,000 đ whose seller confirms first."""
    return make_request(payee_id=make_payee()[0].id, method="card")


@pytest.fixture
def held(stripe_wire, asked):
    """The same, held on a card typed with us."""
    assert stripe_wire.pay(intent_of(asked)) == 200
    catch_up(asked)
    assert payment_of(asked).status == "held"
    return asked


def by_intent(asked):
    db.session.rollback()
    (found,) = [payment for payment in queries.all_for_request(asked.id) if payment.way == "intent"]
    return found


def hold_on_page(stripe_wire, asked):
    pay_on_page(stripe_wire, asked)
    catch_up(asked)
    assert checkout_of(asked).status == "held"


def test_the_rest_is_held_on_another_card_and_taken(stripe_wire, held):
    capture(held, 30_000)
    open_page(held)
    hold_on_page(stripe_wire, held)
    assert capture(held).received_vnd == 20_000
    assert (fresh(held).status, owed_vnd(held.payee_id), suspense_vnd()) == ("paid", 50_000, 0)


def test_the_page_tells_of_a_hold_for_the_rest(client, stripe_wire, held):
    capture(held, 30_000)
    open_page(held)
    hold_on_page(stripe_wire, held)
    page = client.get(f"/tra-tien/{held.code}/the").text
    assert "Đã giữ tiền trên thẻ, chưa thu" in page
    assert "Trả trên trang của Stripe" not in page


def test_a_second_hold_is_let_go_after_the_first_was(stripe_wire, held):
    release(held)
    open_page(held)
    hold_on_page(stripe_wire, held)
    assert release(held).way == "checkout"
    assert checkout_of(held).status == "cancelled"


def test_a_repeat_while_the_gateway_is_silent_takes_no_second_card(client, stripe_wire, asked, clock):
    intent_id = intent_of(asked)
    open_page(asked)
    hold_on_page(stripe_wire, asked)
    stripe_wire.faults(fail_5xx=1)
    assert capture(asked).status == "capturing"
    stripe_wire.pay(intent_id)
    for event in stripe_wire.events("payment_intent.amount_capturable_updated"):
        deliver(client, event)
    assert by_intent(asked).status == "held"
    assert capture(asked).way == "checkout"
    services.sweep(gateway=gateway.current(), clock=later(clock, minutes=2))
    services.sweep(gateway=gateway.current(), clock=later(clock, minutes=4))
    assert (fresh(asked).status, owed_vnd(asked.payee_id), suspense_vnd()) == ("paid", 50_000, 0)
    assert stripe_wire.intent(by_intent(asked).intent_id)["amount_received"] == 0


def test_a_page_opened_for_the_whole_is_not_offered_for_the_rest(stripe_wire, asked):
    intent_id = intent_of(asked)
    open_page(asked)
    stripe_wire.pay(intent_id)
    services.catch_up(by_intent(asked).id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    capture(asked, 30_000)
    assert open_page(asked)
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)
    open_amounts = [one["amount_total"] for one in stripe_wire.sessions() if one["status"] == "open"]
    assert open_amounts == [20_000]


def test_no_more_is_taken_than_is_missing(stripe_wire, asked):
    intent_id = intent_of(asked)
    open_page(asked)
    stripe_wire.pay(intent_id)
    services.catch_up(by_intent(asked).id, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    hold_on_page(stripe_wire, asked)
    capture(asked, 30_000)
    with pytest.raises(TooMuchToTake):
        capture(asked, 40_000)
    assert capture(asked).received_vnd == 20_000
    assert (fresh(asked).status, owed_vnd(asked.payee_id), suspense_vnd()) == ("paid", 50_000, 0)


def test_a_capture_that_never_arrived_is_not_sent_for_a_closed_request(stripe_wire, held, clock):
    stripe_wire.faults(fail_5xx=1)
    assert capture(held).status == "capturing"
    after = later(clock, days=8)
    assert requests.expire_due(clock=after) == 1
    services.sweep(gateway=gateway.current(), clock=after)
    assert stripe_wire.intent(payment_of(held).intent_id)["status"] == "canceled"
    assert (fresh(held).status, suspense_vnd()) == ("expired", 0)


def test_late_word_of_a_hold_that_was_let_go_changes_nothing(client, stripe_wire, held, purpose):
    release(held)
    for event in stripe_wire.events("payment_intent.amount_capturable_updated"):
        deliver(client, event)
    assert payment_of(held).status == "cancelled"
    assert purpose.heard == ["held", "let go"]


def test_where_the_payer_comes_back_to_is_no_visitors_choice(client, stripe_wire, asked):
    """The page is opened once for all who come: a visitor's Host header must not send the payer elsewhere."""
    evil = {"base_url": "http://127.0.0.1:6666/"}
    referred = evil | {"headers": {"Referer": evil["base_url"]}}
    page = client.get(f"/tra-tien/{asked.code}/the", **evil).text
    (token, *_same) = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    answer = client.post(f"/tra-tien/{asked.code}/the/trang-cong-the", data={"csrf_token": token}, **referred)
    assert answer.status_code == 303
    (session,) = stripe_wire.sessions()
    assert ":6666" not in session["success_url"] + session["cancel_url"]
