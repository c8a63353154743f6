"""Cards that are charged later: held, then taken whole or in part, let go, or lost to time. No book knows of a hold."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.states import ImpossibleStep
from app.identity.roles import Role
from app.payments.cards import gateway, queries, services
from app.payments.cards.errors import NothingHeld, TooMuchToTake
from app.payments.cards.states import NEXT, Event, State, fits, step
from app.payments.ledger.books import check_books
from app.payments.requests.purposes import register
from tests.factories.payments import make_payee, make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.purposes import KIND, RememberingPurpose
from tests.fakes.stripe_gateway import DECLINED, deliver
from tests.payments.cards.test_checkout import catch_up, checkout_of, open_page, pay_on_page
from tests.payments.cards.world import ensure, fresh, intent_of, outcomes, owed_vnd, payment_of, suspense_vnd
from tests.payments.refunds.world import ask as refund

_keys = itertools.count(1)


class Confirming(RememberingPurpose):
    """A room whose sellers confirm first."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def captures_later(self, request):
        return True

    def on_held(self, request, *, clock):
        self.heard.append("held")

    def on_let_go(self, request, *, clock):
        self.heard.append("let go")


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
    """The same, held on a card."""
    assert stripe_wire.pay(intent_of(asked)) == 200
    catch_up(asked)
    assert payment_of(asked).status == "held"
    return asked


def capture(asked, amount_vnd=None, through=None):
    return services.capture(
        asked.id, amount_vnd=amount_vnd, actor=SYSTEM, gateway=through or gateway.current(), clock=SYSTEM_CLOCK
    )


def release(asked, through=None):
    return services.release(asked.id, actor=SYSTEM, gateway=through or gateway.current(), clock=SYSTEM_CLOCK)


def later(clock, **ahead):
    clock.advance(seconds=(SYSTEM_CLOCK.now() + timedelta(**ahead) - clock.now()).total_seconds())
    return clock


def at_gateway(stripe_wire, asked):
    return stripe_wire.intent(payment_of(asked).intent_id)


def test_held_money_is_in_no_book_and_the_room_hears_of_it_once(client, stripe_wire, held, purpose):
    payment = payment_of(held)
    assert at_gateway(stripe_wire, held)["status"] == "requires_capture"
    assert payment.held_at
    assert payment.held_until == payment.held_at + timedelta(days=7)
    for event in stripe_wire.events("payment_intent.amount_capturable_updated") * 2:
        assert deliver(client, event).status_code == 200
    assert (fresh(held).status, owed_vnd(held.payee_id)) == ("asked", 0)
    assert purpose.heard == ["held"]
    assert [result.name for result in check_books() if result.problems] == []


def test_the_event_alone_is_enough(client, stripe_wire, asked, purpose):
    stripe_wire.pay(intent_of(asked))
    (event,) = stripe_wire.events("payment_intent.amount_capturable_updated")
    deliver(client, event)
    assert outcomes() == ["held"]
    assert purpose.heard == ["held"]


def test_what_the_seller_confirms_is_taken_once(client, stripe_wire, held):
    payment = capture(held)
    assert (payment.status, payment.received_vnd, payment.outcome) == ("succeeded", 50_000, "matched")
    assert payment.charged_at == payment.held_at
    assert capture(held).id == payment.id
    for event in stripe_wire.events("payment_intent.succeeded"):
        deliver(client, event)
    assert outcomes() == ["stale"]
    assert (fresh(held).status, owed_vnd(held.payee_id)) == ("paid", 50_000)
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject_id == payment.id)).all()
    assert acts == ["card_capture_asked"]
    assert refund(fresh(held), 50_000).status == "succeeded"


def test_a_part_is_taken_and_the_rest_let_go(stripe_wire, held):
    payment = capture(held, 30_000)
    assert (payment.received_vnd, payment.outcome) == (30_000, "matched")
    assert (fresh(held).status, fresh(held).missing_vnd) == ("part_paid", 20_000)
    assert (owed_vnd(held.payee_id), suspense_vnd()) == (30_000, 0)
    with pytest.raises(NothingHeld):
        capture(held, 20_000)
    assert open_page(held)
    assert checkout_of(held).amount_vnd == 20_000


@pytest.mark.parametrize("amount_vnd", [0, -1, 50_001])
def test_never_more_than_is_held(held, amount_vnd):
    with pytest.raises(TooMuchToTake):
        capture(held, amount_vnd)
    assert payment_of(held).status == "held"


def test_what_the_seller_refuses_is_let_go(client, stripe_wire, held, purpose):
    assert release(held).status == "cancelled"
    assert release(held).status == "cancelled"
    assert at_gateway(stripe_wire, held)["status"] == "canceled"
    assert purpose.heard == ["held", "let go"]
    with pytest.raises(NothingHeld):
        capture(held)
    for event in stripe_wire.events("payment_intent.canceled"):
        deliver(client, event)
    assert owed_vnd(held.payee_id) == 0


def test_no_answer_to_a_capture_is_resolved_by_asking(stripe_wire, held, clock):
    stripe_wire.faults(timeout_after_success=1)
    assert capture(held).status == "capturing"
    assert at_gateway(stripe_wire, held)["status"] == "succeeded"
    services.sweep(gateway=gateway.current(), clock=later(clock, minutes=2))
    assert (payment_of(held).status, owed_vnd(held.payee_id)) == ("succeeded", 50_000)


def test_a_capture_that_never_arrived_is_sent_again(stripe_wire, held, clock):
    stripe_wire.faults(fail_5xx=1)
    assert capture(held, 30_000).status == "capturing"
    services.sweep(gateway=gateway.current(), clock=later(clock, minutes=2))
    assert (payment_of(held).received_vnd, fresh(held).status) == (30_000, "part_paid")


def test_a_release_that_never_arrived_is_sent_again(stripe_wire, held, clock):
    stripe_wire.faults(fail_5xx=1)
    assert release(held).status == "releasing"
    with pytest.raises(NothingHeld):
        capture(held)
    services.sweep(gateway=gateway.current(), clock=later(clock, minutes=2))
    assert payment_of(held).status == "cancelled"


def test_what_nobody_confirmed_in_time_is_let_go(stripe_wire, held, purpose, clock):
    assert services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK) == 0
    services.sweep(gateway=gateway.current(), clock=later(clock, days=7, minutes=1))
    assert payment_of(held).status == "cancelled"
    assert purpose.heard == ["held", "let go"]
    assert queries.held_long(clock.now(), limit=5).count == 0


def test_it_is_let_go_with_its_request(stripe_wire, held):
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.text("UPDATE payment_request SET expires_at = now() - interval '1 minute'"))
    with pytest.raises(NothingHeld):
        capture(held)
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert at_gateway(stripe_wire, held)["status"] == "canceled"


def test_what_the_bank_let_go_of_before_the_capture_is_lost(stripe_wire, held):
    assert stripe_wire.http.post(f"/stripe/v1/payment_intents/{payment_of(held).intent_id}/cancel").status_code == 200
    assert capture(held).status == "cancelled"
    assert fresh(held).status == "asked"


def test_while_one_card_is_held_no_other_is_taken(client, stripe_wire, held):
    assert ensure(held) is None
    assert open_page(held) is None
    page = client.get(f"/tra-tien/{held.code}/the").text
    assert "Đã giữ tiền trên thẻ, chưa thu" in page
    assert "Trả trên trang của Stripe" not in page
    assert client.get(f"/tra-tien/{held.code}/the/xong").location == f"/tra-tien/{held.code}/the"


def test_a_declined_card_is_not_held(stripe_wire, asked, purpose):
    assert stripe_wire.pay(intent_of(asked), DECLINED) == 402
    catch_up(asked)
    assert (payment_of(asked).status, purpose.heard) == ("failed", [])


def test_a_card_paid_on_the_gateways_page_is_held_too(client, stripe_wire, asked):
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    for event in stripe_wire.events("checkout.session.completed"):
        deliver(client, event)
    catch_up(asked)
    assert checkout_of(asked).status == "held"
    assert capture(asked).status == "succeeded"
    assert (fresh(asked).status, owed_vnd(asked.payee_id)) == ("paid", 50_000)


def test_a_hundred_captures_and_releases_at_once_do_one_of_them(app, stripe_wire, held):
    wire, start, faults = gateway.current(), threading.Barrier(10), []

    def work(number):
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            for _again in range(10):
                try:
                    capture(held, through=wire) if number % 2 else release(held, through=wire)
                except NothingHeld:
                    pass
                except Exception as fault:
                    faults.append(fault)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    status = payment_of(held).status
    assert (status, at_gateway(stripe_wire, held)["status"]) in (("succeeded", "succeeded"), ("cancelled", "canceled"))
    assert owed_vnd(held.payee_id) == (50_000 if status == "succeeded" else 0)


def post(client, asked, act, body, key=None):
    headers = {"Idempotency-Key": key or f"hold-key-{next(_keys):08}"}
    return client.post(f"/api/v1/payments/{asked.code}/card/{act}", json=body, headers=headers)


def test_finance_takes_and_lets_go_by_program(client, held):
    sign_in(client, make_user(role=Role.FINANCE))
    assert post(client, held, "capture", {"amount_vnd": 50_001}).status_code == 422
    answer = post(client, held, "capture", {}, "key-of-one-capture")
    assert (answer.status_code, answer.json["status"], answer.json["received_vnd"]) == (200, "succeeded", 50_000)
    assert post(client, held, "capture", {}, "key-of-one-capture").json == answer.json
    assert post(client, held, "release", {}).status_code == 409


@pytest.mark.parametrize("act", ["capture", "release"])
def test_nobody_else_may(client, held, act):
    assert post(client, held, act, {}).status_code == 401
    sign_in(client, make_user(role=Role.AUDITOR))
    assert post(client, held, act, {}).status_code == 403
    assert payment_of(held).status == "held"


def test_every_step_is_in_the_table_or_refused():
    for state, event in itertools.product(State, Event):
        assert fits(state, event) == ((state, event) in NEXT)
        if not fits(state, event):
            with pytest.raises(ImpossibleStep):
                step(state, event)
