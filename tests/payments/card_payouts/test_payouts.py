"""The gateway's payout, matched to its payments, refunds and fees, and booked once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.payments.card_payouts import gateway, operations, queries, services
from app.payments.card_payouts.gateway import read_line, read_payout
from app.payments.cards.gateway import GatewayUnknown, UnreadableIntent
from tests.factories.payments import make_request
from tests.fakes.stripe_gateway import deliver
from tests.payments.card_payouts.world import FEE_OF_50_000, books, catch_up, discover, known, lines_of, transfers_of
from tests.payments.cards.world import intent_of, payment_of
from tests.payments.refunds.world import ask


def test_a_paid_payout_is_matched_line_by_line_and_booked_net_and_fee(stripe_wire, pay):
    first, second = pay(), pay()
    refund = ask(first, 20_000)
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    assert discover() == 1
    assert services.sweep(gateway=gateway.current(), clock=SYSTEM_CLOCK) == 1
    payout = known(told["id"])
    assert (payout.gross_vnd, payout.refunds_vnd, payout.fee_vnd) == (100_000, -20_000, 2 * FEE_OF_50_000)
    assert (payout.amount_vnd, payout.off_vnd, payout.differences) == (told["amount"], 0, 0)
    assert payout.booked_at is not None
    fits = {(line.type, line.card_payment_id or line.refund_id) for line in lines_of(payout)}
    assert fits == {
        ("charge", payment_of(first).id),
        ("charge", payment_of(second).id),
        ("refund", refund.id),
    }
    assert books() == (0, 80_000 - 2 * FEE_OF_50_000, 2 * FEE_OF_50_000)
    assert payment_of(first).settled_at is not None


def test_before_it_is_paid_nothing_is_booked(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    discover()
    assert catch_up(known(told["id"]))
    payout = known(told["id"])
    assert payout.lines_at is not None
    assert payout.booked_at is None
    assert books() == (50_000, 0, 0)


def test_its_events_twice_and_in_the_wrong_order_book_it_once(client, stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    created, paid = stripe_wire.events("payout.")
    answers = [deliver(client, event).status_code for event in (paid, created, paid, created)]
    assert answers == [200] * 4
    assert known(told["id"]).status == "paid"
    assert catch_up(known(told["id"]))
    assert deliver(client, paid | {"id": "evt_told_again"}).status_code == 200
    assert catch_up(known(told["id"]))
    assert transfers_of(known(told["id"])) == 2
    assert books() == (0, 50_000 - FEE_OF_50_000, FEE_OF_50_000)


class Dying:
    """A gateway behind which the worker dies after some pages of lines."""

    def __init__(self, inner, pages):
        self.inner, self.pages, self.asked_after = inner, pages, []

    def payout(self, payout_id):
        return self.inner.payout(payout_id)

    def payouts(self, **wanted):
        return self.inner.payouts(**wanted)

    def lines(self, payout_id, *, after):
        if len(self.asked_after) == self.pages:
            raise KeyboardInterrupt
        self.asked_after.append(after)
        return self.inner.lines(payout_id, after=after)


def test_who_dies_between_two_chunks_leaves_the_rest_to_the_next(stripe_wire, pay):
    for _sale in range(5):
        pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    discover()
    dying = Dying(stripe_wire.payouts(page=2), pages=1)
    with pytest.raises(KeyboardInterrupt):
        catch_up(known(told["id"]), through=dying)
    half = known(told["id"])
    # The first page holds the payout's own line, which is no part of it, and one charge.
    assert (len(lines_of(half)), half.lines_at, half.booked_at) == (1, None, None)
    cursor = half.lines_cursor
    going_on = Dying(stripe_wire.payouts(page=2), pages=9)
    assert catch_up(half, through=going_on)
    assert going_on.asked_after[0] == cursor
    assert len(lines_of(half)) == 5
    assert books() == (0, 5 * (50_000 - FEE_OF_50_000), 5 * FEE_OF_50_000)


def test_a_hundred_at_once_book_it_once(app, stripe_wire, pay):
    pay(), pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    discover()
    payout = known(told["id"])
    wire, faults = stripe_wire.payouts(page=1), []
    page = wire.lines(told["id"], after=None)
    word = wire.payout(told["id"])
    start = threading.Barrier(10)

    def work():
        with app.app_context(), acting_as(SYSTEM):
            start.wait()
            try:
                for _again in range(10):
                    with transaction(actor=SYSTEM):
                        operations.note(word, clock=SYSTEM_CLOCK)
                    with transaction(actor=SYSTEM):
                        operations.add_lines(payout.id, page, after=None, clock=SYSTEM_CLOCK)
                services.catch_up(payout.id, gateway=wire, clock=SYSTEM_CLOCK)
            except Exception as fault:
                faults.append(fault)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert transfers_of(payout) == 2
    assert len(lines_of(payout)) == 2
    assert books() == (0, 2 * (50_000 - FEE_OF_50_000), 2 * FEE_OF_50_000)


def test_a_payout_that_failed_after_it_was_paid_is_taken_back_and_comes_with_the_next(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"])
    discover()
    catch_up(known(told["id"]))
    stripe_wire.finish_payout(told["id"], "failed")
    assert catch_up(known(told["id"]))
    failed = known(told["id"])
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert books() == (50_000 - FEE_OF_50_000, 0, FEE_OF_50_000)
    pay()
    following = stripe_wire.pay_out()
    stripe_wire.finish_payout(following["id"])
    discover()
    assert catch_up(known(following["id"]))
    payout = known(following["id"])
    assert {line.type: line.other_payout_id for line in lines_of(payout)}["payout_failure"] == failed.id
    assert (payout.differences, payout.other_vnd) == (0, 50_000 - FEE_OF_50_000)
    assert books() == (0, 2 * (50_000 - FEE_OF_50_000), 2 * FEE_OF_50_000)


def test_a_payout_that_failed_before_it_was_paid_leaves_only_the_fee(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    stripe_wire.finish_payout(told["id"], "failed")
    discover()
    assert catch_up(known(told["id"]))
    assert books() == (50_000 - FEE_OF_50_000, 0, FEE_OF_50_000)


def test_a_manual_payout_is_booked_and_stands_as_a_line_in_the_next_daily_one(stripe_wire, pay):
    pay()
    made = stripe_wire.http.post("/stripe/v1/payouts", data={"amount": 10_000, "currency": "vnd"}).json()
    stripe_wire.finish_payout(made["id"])
    daily = stripe_wire.pay_out()
    stripe_wire.finish_payout(daily["id"])
    assert discover() == 2
    assert catch_up(known(made["id"]))
    assert books() == (40_000, 10_000, 0)
    assert catch_up(known(daily["id"]))
    assert known(daily["id"]).differences == 0
    assert books() == (0, 50_000 - FEE_OF_50_000, FEE_OF_50_000)


def test_a_payout_that_does_not_add_up_is_not_booked_but_shown(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out(amount_off=-1)
    stripe_wire.finish_payout(told["id"])
    discover()
    assert catch_up(known(told["id"]))
    payout = known(told["id"])
    assert (payout.off_vnd, payout.booked_at) == (-1, None)
    assert books() == (50_000, 0, 0)
    assert [item.name for item in queries.with_differences(limit=5).items] == [told["id"]]
    asked, answered = services.ask_again(payout.id, actor=SYSTEM, gateway=gateway.current(), clock=SYSTEM_CLOCK)
    assert (answered, asked.off_vnd, len(lines_of(asked))) == (True, -1, 1)


def test_lines_that_fit_nothing_are_shown_and_their_money_stays_in_view(stripe_wire, pay):
    pay()
    stranger = stripe_wire.http.post(
        "/stripe/v1/payment_intents",
        data={"amount": 30_000, "currency": "vnd", "confirm": "true", "payment_method": "pm_card_visa"},
    ).json()
    told = stripe_wire.pay_out(adjustment=-5_000)
    stripe_wire.finish_payout(told["id"])
    discover()
    assert catch_up(known(told["id"]))
    payout = known(told["id"])
    assert payout.differences == 2
    assert {(line.type, line.difference, line.intent_id) for line in lines_of(payout) if line.difference} == {
        ("charge", "unknown", stranger["id"]),
        ("adjustment", "other", None),
    }
    # 25,000 đ more came in than our books expect of the gateway.
    assert books()[0] == -25_000


def test_a_charge_that_we_hear_of_late_fits_then(client, stripe_wire, payee_id):
    asked = make_request(payee_id=payee_id, method="card")
    assert stripe_wire.pay(intent_of(asked)) == 200
    told = stripe_wire.pay_out()
    discover()
    catch_up(known(told["id"]))
    assert [line.difference for line in lines_of(known(told["id"]))] == ["not_charged"]
    for event in stripe_wire.events("payment_intent.succeeded"):
        deliver(client, event)
    assert catch_up(known(told["id"]))
    payout = known(told["id"])
    assert (payout.differences, [line.difference for line in lines_of(payout)]) == (0, [None])


def test_an_old_charge_that_no_payout_names_is_listed(stripe_wire, pay, clock):
    request = pay()
    clock.advance(seconds=(SYSTEM_CLOCK.now() + timedelta(days=8) - clock.now()).total_seconds())
    assert [item.name for item in queries.charges_in_no_payout(limit=5, clock=clock).items] == [request.code]
    assert queries.charges_in_no_payout(limit=5, clock=SYSTEM_CLOCK).count == 0
    told = stripe_wire.pay_out()
    discover()
    assert queries.overdue(limit=5, clock=clock).count == 1
    catch_up(known(told["id"]))
    assert queries.charges_in_no_payout(limit=5, clock=clock).count == 0


def test_a_gateway_that_is_away_is_asked_again(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    discover()
    stripe_wire.faults(fail_5xx=1)
    assert not catch_up(known(told["id"]))
    assert catch_up(known(told["id"]))


PAYOUT = {
    "id": "po_1", "status": "paid", "amount": 1, "currency": "vnd", "automatic": True, "arrival_date": 1_700_000_000,
    "created": 1_700_000_000,
}  # fmt: skip
LINE = {
    "id": "txn_1", "type": "charge", "amount": 3, "fee": 1, "net": 2, "currency": "vnd", "source": "ch_1",
    "created": 1_700_000_000,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"id": None}, {"status": "lost"}, {"amount": "1"}, {"amount": True}, {"currency": "usd"}, {"created": "x"},
        {"arrival_date": None},
    ],
)  # fmt: skip
def test_what_is_no_payout_is_refused(change):
    assert read_payout(PAYOUT).amount_vnd == 1
    with pytest.raises(UnreadableIntent):
        read_payout(PAYOUT | change)


@pytest.mark.parametrize("change", [{"id": 3}, {"net": 3}, {"fee": None}, {"currency": "usd"}, {"created": -1}])
def test_what_is_no_line_is_refused(change):
    assert read_line(LINE).source_id == "ch_1"
    with pytest.raises(UnreadableIntent):
        read_line(LINE | change)


def test_a_payout_that_changes_its_amount_is_refused(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    discover()
    with pytest.raises(UnreadableIntent), transaction(actor=SYSTEM):
        operations.note(read_payout(told | {"amount": 1}), clock=SYSTEM_CLOCK)


def test_nobody_answers_without_a_gateway(stripe_wire, pay):
    pay()
    told = stripe_wire.pay_out()
    discover()

    class Away:
        def payout(self, payout_id):
            raise GatewayUnknown("away")

    assert not catch_up(known(told["id"]), through=Away())
