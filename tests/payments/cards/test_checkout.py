"""Paying on the gateway's own page: opened once, told of twice, late or never; and beside the card typed with us."""

from __future__ import annotations

import re
import threading

import pytest
import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.payments.cards import gateway, queries, services
from app.payments.cards.gateway import UnreadableIntent
from app.payments.cards.models import CardPayment
from app.payments.cards.sessions import read_session
from app.payments.cards.states import State
from tests.factories.people import post_form
from tests.fakes.stripe_gateway import DECLINED, VISA, deliver
from tests.payments.cards.world import ensure, fresh, intent_of, outcomes, owed_vnd, suspense_vnd
from tests.payments.refunds.world import ask as refund

BACK = services.WaysBack("http://127.0.0.1:9/xong", "http://127.0.0.1:9/thoi")
ASKS = "pm_card_authenticationRequired"


def open_page(asked, through=None, clock=SYSTEM_CLOCK):
    return services.ensure_page(
        asked.id, ways_back=BACK, locale="vi", gateway=through or gateway.current(), clock=clock
    )


def checkout_of(asked) -> CardPayment:
    db.session.rollback()
    (found,) = [payment for payment in queries.all_for_request(asked.id) if payment.way == "checkout"]
    return found


def pay_on_page(stripe_wire, asked, method=VISA):
    """The gateway's answer to the payer's browser."""
    return stripe_wire.http.post(f"/stripe/checkout/{checkout_of(asked).session_id}", data={"the": method})


def tell(client, stripe_wire, kind=""):
    return [deliver(client, event).status_code for event in stripe_wire.events(kind)]


def catch_up(asked):
    services.catch_up_request(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)


def expire_request(asked):
    db.session.rollback()
    with transaction(actor=SYSTEM) as session:
        session.execute(
            sa.text("UPDATE payment_request SET expires_at = now() - interval '1 minute' WHERE id = :id"),
            {"id": asked.id},
        )


def test_the_page_is_opened_with_what_is_asked_and_only_once(stripe_wire, asked):
    url = open_page(asked)
    assert url
    assert open_page(asked) == url
    (session,) = stripe_wire.sessions()
    assert url == session["url"]
    assert (session["amount_total"], session["client_reference_id"]) == (50_000, asked.code)
    assert (session["locale"], session["mode"]) == ("vi", "payment")
    assert (session["success_url"], session["cancel_url"]) == (BACK.done_url, BACK.back_url)
    assert session["metadata"]["card_payment"] == str(checkout_of(asked).id)
    assert checkout_of(asked).status == "waiting"
    assert url.encode() not in (checkout_of(asked).session_url_enc or b"")


def test_who_pays_there_has_paid_once_its_events_came(client, stripe_wire, asked):
    open_page(asked)
    assert pay_on_page(stripe_wire, asked).headers["Location"] == BACK.done_url
    assert tell(client, stripe_wire, "checkout.session.completed") == [200]
    assert outcomes() == ["matched"]
    assert fresh(asked).status == "paid"
    tell(client, stripe_wire)
    tell(client, stripe_wire, "checkout.session.completed")
    assert set(outcomes()[1:]) <= {"stale", "ignored"}
    assert owed_vnd(asked.payee_id) == 50_000
    assert suspense_vnd() == 0


def test_the_intents_event_may_come_first_or_alone(client, stripe_wire, asked):
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    tell(client, stripe_wire, "payment_intent.succeeded")
    assert fresh(asked).status == "paid"
    assert tell(client, stripe_wire, "checkout.session.completed") == [200]
    assert outcomes() == ["matched", "stale"]


def test_without_any_event_asking_is_enough(stripe_wire, asked):
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    catch_up(asked)
    assert fresh(asked).status == "paid"
    assert checkout_of(asked).status == "succeeded"


def test_a_declined_card_leaves_the_page_open_for_another(client, stripe_wire, asked):
    open_page(asked)
    assert "Your card was declined" in pay_on_page(stripe_wire, asked, DECLINED).text
    tell(client, stripe_wire, "payment_intent.payment_failed")
    assert checkout_of(asked).status == "failed"
    pay_on_page(stripe_wire, asked)
    tell(client, stripe_wire, "checkout.session.completed")
    assert fresh(asked).status == "paid"


@pytest.mark.parametrize(("answer", "status"), [("dong-y", "paid"), ("tu-choi", "asked")])
def test_the_holders_bank_may_ask_first(stripe_wire, asked, answer, status):
    open_page(asked)
    question = pay_on_page(stripe_wire, asked, ASKS).headers["Location"]
    on = stripe_wire.http.post(question, data={"tra_loi": answer}).headers["Location"]
    back = stripe_wire.http.get(on)
    assert (back.headers.get("Location") == BACK.done_url) == (status == "paid")
    catch_up(asked)
    assert fresh(asked).status == status


def test_no_answer_is_resolved_by_asking(stripe_wire, asked):
    stripe_wire.faults(timeout_after_success=1)
    assert open_page(asked) is None
    assert checkout_of(asked).status == "unknown"
    assert open_page(asked) == stripe_wire.sessions()[0]["url"]
    assert len(stripe_wire.sessions()) == 1


def test_the_sweep_finds_what_was_opened_and_gives_up_what_was_not(stripe_wire, asked, clock):
    clock.advance(seconds=(SYSTEM_CLOCK.now() - clock.now()).total_seconds() + 120)
    stripe_wire.faults(timeout_after_success=1)
    open_page(asked)
    services.sweep(gateway=gateway.current(), clock=clock)
    assert (checkout_of(asked).status, checkout_of(asked).session_id) == ("waiting", stripe_wire.sessions()[0]["id"])


def test_what_was_never_opened_is_given_up_and_may_be_opened_anew(stripe_wire, asked, clock):
    clock.advance(seconds=(SYSTEM_CLOCK.now() - clock.now()).total_seconds() + 120)
    stripe_wire.faults(fail_5xx=1)
    open_page(asked)
    services.sweep(gateway=gateway.current(), clock=clock)
    assert checkout_of(asked).status == "cancelled"
    assert open_page(asked)
    assert len(stripe_wire.sessions()) == 1


def test_a_page_closes_with_its_request(client, stripe_wire, asked):
    open_page(asked)
    expire_request(asked)
    services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert checkout_of(asked).status == "cancelled"
    assert "đã hết hạn" in pay_on_page(stripe_wire, asked).text
    assert tell(client, stripe_wire, "checkout.session.expired") == [200]
    assert outcomes() == ["stale"]


def test_a_page_whose_time_has_passed_is_given_up(stripe_wire, asked, clock):
    open_page(asked)
    session_id = checkout_of(asked).session_id
    assert stripe_wire.http.post(f"/stripe/v1/checkout/sessions/{session_id}/expire").status_code == 200
    catch_up(asked)
    assert checkout_of(asked).status == "cancelled"
    assert open_page(asked)
    assert [session["status"] for session in stripe_wire.sessions()] == ["expired", "open"]


def test_who_pays_both_ways_at_once_gets_the_second_back_from_suspense(client, stripe_wire, asked):
    intent_id = intent_of(asked)
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    assert stripe_wire.pay(intent_id) == 200
    tell(client, stripe_wire)
    assert sorted(word for word in outcomes() if word in ("matched", "duplicate")) == ["duplicate", "matched"]
    assert owed_vnd(asked.payee_id) == 50_000
    assert suspense_vnd() == 50_000


def test_a_hundred_words_of_both_ways_in_parallel_pay_once(app, client, stripe_wire, asked):
    intent_id = intent_of(asked)
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    stripe_wire.pay(intent_id)
    told = [*stripe_wire.events("payment_intent.succeeded"), *stripe_wire.events("checkout.session.completed")]
    start, faults = threading.Barrier(10), []

    def work(number):
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            for event in told * 3:
                answer = deliver(app.test_client(), event | {"id": f"{event['id']}_{number % 4}"})
                if answer.status_code != 200:
                    faults.append(answer.status_code)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.pump(clock=SYSTEM_CLOCK)
    assert faults == []
    assert owed_vnd(asked.payee_id) == 50_000
    assert suspense_vnd() == 50_000


def test_ten_pressing_at_once_open_one_page(app, stripe_wire, asked):
    wire, start, urls = gateway.current(), threading.Barrier(10), []

    def work():
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            urls.append(open_page(asked, through=wire))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stripe_wire.sessions()) == 1
    assert set(urls) == {stripe_wire.sessions()[0]["url"]}


def test_the_paid_way_is_the_one_that_is_refunded(client, stripe_wire, asked):
    ensure(asked)
    open_page(asked)
    pay_on_page(stripe_wire, asked)
    catch_up(asked)
    made = refund(fresh(asked), 20_000)
    assert made.status == "succeeded"
    told = stripe_wire.http.get("/stripe/v1/refunds").json()["data"][0]
    assert told["payment_intent"] == checkout_of(asked).intent_id


def test_the_pay_page_offers_it_and_sends_the_payer_there(client, stripe_wire, asked):
    page = client.get(f"/tra-tien/{asked.code}/the")
    assert "Trả trên trang của Stripe" in page.text
    assert re.search(r"form-action 'self' http", page.headers["Content-Security-Policy"])
    answer = post_form(client, f"/tra-tien/{asked.code}/the/trang-cong-the")
    assert answer.status_code == 303
    assert answer.location == stripe_wire.sessions()[0]["url"]
    assert stripe_wire.sessions()[0]["success_url"].endswith(f"/tra-tien/{asked.code}/the/xong")
    pay_on_page(stripe_wire, asked)
    assert client.get(f"/tra-tien/{asked.code}/the/xong").location == f"/tra-tien/{asked.code}"
    assert fresh(asked).status == "paid"
    assert post_form(client, f"/tra-tien/{asked.code}/the/trang-cong-the").location == f"/tra-tien/{asked.code}"


def test_a_gateway_that_is_away_is_said_plainly(client, stripe_wire, asked):
    stripe_wire.faults(fail_5xx=9)
    answer = post_form(client, f"/tra-tien/{asked.code}/the/trang-cong-the")
    assert answer.location == f"/tra-tien/{asked.code}/the"
    assert "Chưa mở được trang của cổng thẻ" in client.get(answer.location).text


SESSION = {
    "id": "cs_1", "status": "complete", "payment_status": "paid", "amount_total": 5, "currency": "vnd",
    "payment_intent": "pi_1",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"id": None}, {"status": "odd"}, {"currency": "usd"}, {"amount_total": 0}, {"amount_total": True},
     {"payment_intent": None}],
)  # fmt: skip
def test_what_is_no_session_is_refused(change):
    assert read_session(SESSION).is_paid
    with pytest.raises(UnreadableIntent):
        read_session(SESSION | change)


def test_nobody_opens_a_page_for_what_is_over(stripe_wire, asked):
    expire_request(asked)
    assert open_page(asked) is None
    assert State.WAITING not in {payment.status for payment in queries.all_for_request(asked.id)}
