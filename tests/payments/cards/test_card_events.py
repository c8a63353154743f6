"""What the gateway's events do to the books, whatever order they come in and however often."""

from __future__ import annotations

import copy
import json
import random
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.payments.cards import queries, services
from app.payments.cards.models import CardEvent
from app.payments.ledger.books import check_books
from app.payments.ledger.models import Entry
from app.payments.requests import operations as request_operations
from app.payments.requests import queries as requests
from app.payments.requests import services as request_services
from tests.factories.payments import make_payee, make_request
from tests.fakes.stripe_gateway import DECLINED, NO_FUNDS, deliver, deliver_raw, signed
from tests.payments.cards.world import ensure, fresh, intent_of, outcomes, owed_vnd, payment_of, suspense_vnd

SUCCEEDED = "payment_intent.succeeded"


@pytest.fixture
def charged(stripe_wire, asked):
    """The request's card was charged; the event about it is still on its way."""
    assert stripe_wire.pay(intent_of(asked)) == 200
    [event] = stripe_wire.events(SUCCEEDED)
    return event


def changed(event, **fields):
    """The event with other content; to be signed by the gateway all the same."""
    other = copy.deepcopy(event)
    other["id"] += "_b"
    other["data"]["object"].update(fields)
    return other


def entries() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Entry)) or 0


def test_a_charged_card_pays_the_request_and_is_owed_to_the_payee(client, asked, charged, purpose):
    answer = deliver(client, charged)
    assert (answer.status_code, answer.json) == (200, {"received": True})
    assert (fresh(asked).status, payment_of(asked).status) == ("paid", "succeeded")
    assert purpose.paid == [asked.purpose_id]
    assert owed_vnd(asked.payee_id) == 50_000
    assert [item.amount_vnd for item in requests.arrivals_since(asked.payee_id, 0)] == [50_000]
    assert (outcomes(), suspense_vnd()) == (["matched"], 0)
    assert ensure(asked) is None, "a paid request takes no further card"


def test_an_event_delivered_five_times_is_posted_once(client, asked, charged, purpose):
    assert {deliver(client, charged).status_code for _ in range(5)} == {200}
    assert owed_vnd(asked.payee_id) == 50_000
    assert (outcomes(), purpose.paid) == (["matched"], [asked.purpose_id])


def test_the_same_event_and_its_twin_on_eight_connections_at_once_are_posted_once(app: Flask, asked, charged, purpose):
    twin = changed(charged)
    start, statuses = threading.Barrier(8), []

    def knock(event) -> None:
        start.wait()
        statuses.append(deliver(app.test_client(), event).status_code)

    threads = [threading.Thread(target=knock, args=[charged if n % 2 else twin]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [200] * 8
    assert (owed_vnd(asked.payee_id), entries(), len(purpose.paid)) == (50_000, 2, 1)
    assert sorted(outcome or "" for outcome in outcomes()) == ["matched", "stale"]


def test_events_out_of_order_and_repeated_end_in_the_same_books(client, stripe_wire, purpose):
    chance = random.Random(11)
    asked = [make_request(payee_id=make_payee()[0].id, method="card", amount_vnd=20_000 + n) for n in range(4)]
    for request in asked:
        intent = intent_of(request)
        assert [stripe_wire.pay(intent, card) for card in (DECLINED, NO_FUNDS, "pm_card_visa")] == [402, 402, 200]
    events = stripe_wire.events() * 2
    chance.shuffle(events)
    for event in events:
        assert deliver(client, event).status_code == 200
    assert {fresh(request).status for request in asked} == {"paid"}
    assert [owed_vnd(request.payee_id) for request in asked] == [20_000, 20_001, 20_002, 20_003]
    assert outcomes().count("matched") == 4
    assert suspense_vnd() == 0


def test_a_decline_that_arrives_after_the_success_changes_nothing(client, stripe_wire, asked):
    intent = intent_of(asked)
    stripe_wire.pay(intent, DECLINED)
    stripe_wire.pay(intent)
    for event in (*stripe_wire.events(SUCCEEDED), *stripe_wire.events("payment_intent.payment_failed")):
        deliver(client, event)
    assert outcomes() == ["matched", "stale"]
    assert (payment_of(asked).status, payment_of(asked).decline_code) == ("succeeded", None)


def test_a_declined_card_leaves_the_request_open_for_another_with_the_same_intent(client, stripe_wire, asked):
    intent = intent_of(asked)
    stripe_wire.pay(intent, NO_FUNDS)
    for event in stripe_wire.events("payment_intent.payment_failed"):
        deliver(client, event)
    payment = payment_of(asked)
    assert (payment.status, payment.decline_code) == ("failed", "insufficient_funds")
    assert fresh(asked).status == "asked"
    assert intent_of(asked) == intent
    stripe_wire.pay(intent)
    deliver(client, stripe_wire.events(SUCCEEDED)[0])
    assert (fresh(asked).status, outcomes()) == ("paid", ["declined", "matched"])


def test_an_event_that_overtakes_our_own_note_of_the_intent_finds_its_payment_by_metadata(client, stripe_wire, asked):
    stripe_wire.faults(timeout_after_success=1)
    assert ensure(asked) is None
    stripe_wire.pay(stripe_wire.intents()[0]["id"])
    deliver(client, stripe_wire.events(SUCCEEDED)[0])
    assert (fresh(asked).status, outcomes()) == ("paid", ["matched"])
    assert payment_of(asked).intent_id == stripe_wire.intents()[0]["id"]


@pytest.mark.parametrize("received_vnd", [49_999, 50_001, 500])
def test_another_amount_waits_in_suspense_whole(client, asked, charged, received_vnd):
    deliver(client, changed(charged, amount_received=received_vnd))
    assert (fresh(asked).status, fresh(asked).paid_vnd) == ("asked", 0)
    assert (outcomes(), suspense_vnd(), owed_vnd(asked.payee_id)) == (["amount_mismatch"], received_vnd, 0)
    [item] = queries.in_suspense().items
    assert (item.amount_vnd, item.asked_vnd, item.request_code) == (received_vnd, 50_000, asked.code)
    assert ensure(asked) is None, "nobody pays twice"


def test_money_for_a_withdrawn_request_waits_in_suspense(client, asked, charged, purpose):
    with transaction():
        request_operations.cancel(requests.by_code(asked.code, for_update=True), clock=SYSTEM_CLOCK)
    deliver(client, charged)
    assert (fresh(asked).status, purpose.paid) == ("cancelled", [])
    assert (outcomes(), suspense_vnd(), owed_vnd(asked.payee_id)) == (["late"], 50_000, 0)
    assert [item.outcome for item in queries.in_suspense().items] == ["late"]


def test_money_for_an_expired_request_waits_in_suspense(client, stripe_wire, purpose):
    asked = make_request(payee_id=make_payee()[0].id, method="card", lasts=timedelta(seconds=2))
    stripe_wire.pay(intent_of(asked))
    with transaction() as session:
        session.execute(sa.text("UPDATE payment_request SET expires_at = now() - interval '10 minutes'"))
    assert request_services.expire_due(clock=SYSTEM_CLOCK) == 1
    deliver(client, stripe_wire.events(SUCCEEDED)[0])
    assert (fresh(asked).status, outcomes(), suspense_vnd()) == ("expired", ["late"], 50_000)


def test_money_for_a_request_that_was_paid_otherwise_waits_in_suspense(client, asked, charged):
    from app.core.ids import uuid7
    from app.payments.ledger import operations as ledger
    from app.payments.ledger.models import AccountKind

    with transaction():
        request_operations.receive(
            requests.by_code(asked.code, for_update=True),
            transfer_id=uuid7(),
            from_account_id=ledger.open_account(AccountKind.OUTSIDE_BANK, "elsewhere", clock=SYSTEM_CLOCK).id,
            amount_vnd=50_000,
            event_at=SYSTEM_CLOCK.now(),
            clock=SYSTEM_CLOCK,
        )
    deliver(client, charged)
    assert (outcomes(), suspense_vnd(), owed_vnd(asked.payee_id)) == (["duplicate"], 50_000, 50_000)


def test_suspense_is_listed_page_by_page_newest_first(client, stripe_wire, purpose):
    for amount_vnd in (20_000, 30_000, 40_000):
        request = make_request(payee_id=make_payee()[0].id, method="card", amount_vnd=amount_vnd)
        stripe_wire.pay(intent_of(request))
    for event in stripe_wire.events(SUCCEEDED):
        deliver(client, changed(event, amount_received=event["data"]["object"]["amount"] + 1))
    first = queries.in_suspense(limit=2)
    assert [item.amount_vnd for item in first.items] == [40_001, 30_001]
    rest = queries.in_suspense(cursor=first.next_cursor, limit=2)
    assert ([item.amount_vnd for item in rest.items], rest.next_cursor) == ([20_001], None)


def test_an_intent_of_somebody_else_is_kept_and_answered(client, stripe_wire, asked):
    ensure(asked)
    other = {"amount": "70000", "currency": "vnd", "metadata[card_payment]": str(payment_of(asked).id)}
    intent = stripe_wire.http.post("/stripe/v1/payment_intents", data=other).json()["id"]
    stripe_wire.pay(intent)
    assert deliver(client, stripe_wire.events(SUCCEEDED)[0]).status_code == 200
    assert (outcomes(), fresh(asked).status, entries()) == (["unknown_intent"], "asked", 0)


def test_an_intent_cancelled_at_the_gateway_takes_no_card_any_more(client, stripe_wire, asked):
    stripe_wire.http.post(f"/stripe/v1/payment_intents/{intent_of(asked)}/cancel")
    deliver(client, stripe_wire.events("payment_intent.canceled")[0])
    assert (payment_of(asked).status, outcomes()) == ("cancelled", ["cancelled"])
    assert ensure(asked) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"currency": "usd"},
        {"amount_received": 0},
        {"amount_received": "50000"},
        {"amount_received": -1},
        {"id": 7},
        {"metadata": "x"},
        {"status": "processing"},
    ],
)
def test_a_signed_event_of_another_shape_is_kept_and_moves_nothing(client, asked, charged, fields):
    assert deliver(client, changed(charged, **fields)).status_code == 200
    assert (outcomes(), fresh(asked).status, entries()) == (["unreadable"], "asked", 0)


def test_kinds_of_events_that_move_nothing_are_kept(client, asked, charged):
    assert deliver(client, {**charged, "type": "charge.refunded"}).status_code == 200
    assert (outcomes(), entries()) == (["ignored"], 0)


def test_an_event_whose_handling_failed_is_kept_and_handled_by_the_pump(client, asked, charged, purpose, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(purpose, "on_paid", lambda *_a, **_k: 1 / 0)
        assert deliver(client, charged).status_code == 200
    event = db.session.scalars(sa.select(CardEvent)).one()
    assert (event.outcome, event.attempts, event.error) == (None, 1, "ZeroDivisionError")
    assert (fresh(asked).status, payment_of(asked).status, entries()) == ("asked", "waiting", 0)
    with acting_as(SYSTEM):
        assert services.pump(clock=SYSTEM_CLOCK) == 1
    assert (fresh(asked).status, outcomes()) == ("paid", ["matched"])
    assert services.pump(clock=SYSTEM_CLOCK) == 0


def test_pumps_side_by_side_leave_each_other_the_events_they_hold(client, app: Flask, asked, charged, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(services, "try_to_handle", lambda *_a, **_k: None)
        deliver(client, charged)
    event_id = db.session.scalars(sa.select(CardEvent.id)).one()
    with transaction():
        assert queries.claim_event(event_id, skip_locked=True)
        handled = []

        def pump() -> None:
            with app.app_context():
                handled.append(services.pump(clock=SYSTEM_CLOCK))

        other = threading.Thread(target=pump)
        other.start()
        other.join(10)
        assert handled == [0]
    assert services.pump(clock=SYSTEM_CLOCK) == 1


def test_an_event_and_our_own_asking_take_their_locks_in_one_order(app: Flask, asked, charged):
    payment_id, statuses = payment_of(asked).id, []
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with transaction() as session:
        requests.get(asked.id, for_update=True)
        event = threading.Thread(target=lambda: statuses.append(deliver(app.test_client(), charged).status_code))
        event.start()
        until = time.monotonic() + 5
        while not session.scalar(waiting) and time.monotonic() < until:
            time.sleep(0.01)
        assert session.scalar(waiting)
        queries.get(payment_id, for_update=True)
    event.join(10)
    assert (statuses, outcomes(), fresh(asked).status) == ([200], ["matched"], "paid")


@pytest.mark.parametrize("offset_s", [-301, 302, -86_400, 86_400])
def test_an_old_or_future_stamp_is_refused(client, asked, charged, offset_s):
    answer = deliver(client, charged, now_s=time.time() + offset_s)
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "bad_signature")
    assert (outcomes(), fresh(asked).status) == ([], "asked")


@pytest.mark.parametrize("offset_s", [-290, 290])
def test_clocks_that_differ_by_minutes_are_forgiven(client, asked, charged, offset_s):
    assert deliver(client, charged, now_s=time.time() + offset_s).status_code == 200
    assert fresh(asked).status == "paid"


def test_a_forged_body_is_refused_and_not_stored(client, asked, charged):
    body = json.dumps(charged).encode()
    answer = deliver_raw(client, body.replace(b"50000", b"50001"), signed(body))
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "bad_signature")
    assert outcomes() == []


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "v1=00", "t=1", "t=x,v1=00", "t=-5,v1=00", "nonsense", "t=99999999999999999999,v1=0", "t=²,v1=é"],
)
def test_a_missing_or_broken_signature_is_refused(client, charged, header):
    assert deliver_raw(client, json.dumps(charged).encode(), header).status_code == 400


def test_another_secret_is_refused_and_one_right_signature_among_several_is_enough(client, asked, charged):
    body = json.dumps(charged).encode()
    wrong = signed(body, secret="whsec_other")
    assert deliver_raw(client, body, wrong).status_code == 400
    both = signed(body).replace(",v0=ignored", "," + wrong.split(",")[1])
    assert deliver_raw(client, body, both).status_code == 200


def test_two_stamps_in_one_header_are_refused(client, charged):
    body = json.dumps(charged).encode()
    assert deliver_raw(client, body, f"t={int(time.time())},{signed(body, now_s=time.time() - 900)}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe{}",
        b'{"id": "evt_1"}',
        b'{"id": 1, "type": "x", "created": 1}',
        b"null",
        b"[" * 9000,
        b'{"id": "evt_1", "type": "x", "created": true}',
        b'{"id": "", "type": "x", "created": 5}',
    ],
)
def test_signed_bytes_that_are_no_event_get_a_clear_no(client, body):
    answer = deliver_raw(client, body, signed(body))
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "unreadable_event")
    assert outcomes() == []


def test_nothing_personal_of_an_event_is_stored_in_the_clear(client, asked, charged):
    deliver(client, changed(charged, receipt_email="mau@example.com"))
    stored = db.session.scalar(sa.text("SELECT row_to_json(card_event)::text FROM card_event")) or ""
    assert asked.code.encode().hex() not in stored
    assert b"mau@example.com".hex() not in stored


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("UPDATE card_payment SET received_vnd = 49999, outcome = 'late'", 4),
        ("UPDATE card_payment SET outcome = 'late'", 2),
        (
            "UPDATE card_payment SET status = 'waiting', received_vnd = NULL, charged_at = NULL, outcome = NULL",
            3,
        ),
    ],
)
def test_a_fault_in_a_payment_shows_in_the_books(client, asked, charged, fault, broken):
    deliver(client, charged)
    with transaction() as session:
        session.execute(sa.text(fault))
    assert len([result for result in check_books() if result.problems]) == broken
