"""Card money in suspense that goes back from the gateway's own pages: out of the books once, whatever comes when."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.payments.cards import queries as cards
from app.payments.cards import services
from app.payments.cards.gateway import GatewayRefused, RefundWord
from app.payments.cards.models import CardPayment, CardReturn
from app.payments.cards.returns import take_word
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.refunds.errors import TooMuch
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_request
from tests.fakes.stripe_gateway import FakeStripe, deliver
from tests.payments.cards.world import intent_of, outcomes, payment_of, suspense_vnd
from tests.payments.ledger.parallel import at_once
from tests.payments.refunds.world import ask, balance_vnd, by_transfer, owed_vnd, sums


@pytest.fixture
def asked(stripe_wire: FakeStripe, payee_id: UUID) -> PaymentRequest:
    """A cancelled request of 50,000 đ whose card was charged all the same; the word of that is still on its way."""
    asked = make_request(payee_id=payee_id, method="card", amount_vnd=50_000)
    intent_id = intent_of(asked)
    with transaction():
        requests.cancel(request_queries.get(asked.id, for_update=True), clock=SYSTEM_CLOCK)
    assert stripe_wire.pay(intent_id) == 200
    return asked


@pytest.fixture
def stray(stripe_wire: FakeStripe, asked: PaymentRequest) -> PaymentRequest:
    """A cancelled request whose 50,000 đ wait in suspense."""
    services.catch_up_request(asked.id, gateway=stripe_wire.gateway(), clock=SYSTEM_CLOCK)
    assert suspense_vnd() == 50_000
    return asked


def give_back(stripe_wire: FakeStripe, asked: PaymentRequest, amount_vnd: int) -> dict[str, Any]:
    """As a person on the gateway's pages; the event of it."""
    data = {"payment_intent": payment_of(asked).intent_id, "amount": amount_vnd}
    assert stripe_wire.http.post("/stripe/v1/refunds", data=data).status_code == 200
    return stripe_wire.events("refund.created")[-1]


def told(event: dict[str, Any], name: str, **fields: object) -> dict[str, Any]:
    """The event under another name, saying something else."""
    return {**event, "id": name, "data": {"object": {**event["data"]["object"], **fields}}}


def back_vnd(asked: PaymentRequest) -> int:
    """What is back with the payer, as the payment and the books say."""
    suspense_vnd()
    returned_vnd = payment_of(asked).returned_vnd
    assert balance_vnd(AccountKind.OUTSIDE_CARD, "stripe") == returned_vnd - 50_000
    return returned_vnd


def test_money_in_suspense_leaves_the_books_as_the_gateway_gives_it_back(client, stripe_wire, stray):
    for amount_vnd, left_vnd in ((20_000, 30_000), (30_000, 0)):
        event = give_back(stripe_wire, stray, amount_vnd)
        for name in ("evt_a", "evt_b"):
            assert deliver(client, told(event, f"{name}_{amount_vnd}")).status_code == 200
        assert (suspense_vnd(), back_vnd(stray)) == (left_vnd, 50_000 - left_vnd)
        assert [item.amount_vnd for item in cards.in_suspense().items] == [left_vnd] * (left_vnd > 0)
        assert [item.amount_vnd for item in cards.stray(SYSTEM_CLOCK.now(), limit=5).items] == [left_vnd] * (
            left_vnd > 0
        )
    assert outcomes() == ["refund_noted", "stale"] * 2


@pytest.mark.parametrize("words", list(permutations(["pending", "succeeded", "failed"])))
def test_words_in_any_order_end_at_the_last_that_the_gateway_said(client, stripe_wire, stray, words):
    event = give_back(stripe_wire, stray, 20_000)
    heard: set[str] = set()
    for number, status in enumerate([*words, *words]):
        assert deliver(client, told(event, f"evt_{number}", status=status)).status_code == 200
        heard.add(status)
        assert back_vnd(stray) == (20_000 if "succeeded" in heard and "failed" not in heard else 0)


def test_the_word_of_a_return_that_comes_before_that_of_the_charge_waits_for_it(client, stripe_wire, asked):
    event = give_back(stripe_wire, asked, 50_000)
    assert deliver(client, event).status_code == 200
    assert (outcomes(), suspense_vnd()) == ([None], 0)
    deliver(client, stripe_wire.events("payment_intent.succeeded")[0])
    assert suspense_vnd() == 50_000
    assert services.pump(clock=SYSTEM_CLOCK) == 1
    assert (outcomes(), suspense_vnd(), back_vnd(asked)) == (["refund_noted", "late"], 0, 50_000)


def test_more_than_we_hold_or_another_payments_refund_moves_nothing(client, stripe_wire, stray):
    event = give_back(stripe_wire, stray, 20_000)
    deliver(client, event)
    deliver(client, told(event, "evt_other_amount", amount=19_999))
    deliver(client, told(event, "evt_too_much", id="re_2", amount=30_001))
    deliver(client, told(event, "evt_nobodys", id="re_3", payment_intent="pi_nobodys"))
    deliver(client, told(event, "evt_nameless", id="re_4", payment_intent=None))
    assert outcomes() == ["refund_noted", "unreadable", "unreadable", "unknown_refund", "unknown_refund"]
    assert back_vnd(stray) == 20_000


def test_a_payment_that_its_payee_has_is_left_alone(client, stripe_wire, paid, payee_id):
    deliver(client, give_back(stripe_wire, paid, 20_000))
    assert (outcomes(), sums(paid), owed_vnd(payee_id)) == (["unknown_refund"], ("paid", 0, 0), 50_000)
    assert payment_of(paid).returned_vnd == 0


def test_a_refund_of_a_matched_payment_waits_for_a_person_once_unless_it_fails(client, stripe_wire, paid):
    event = give_back(stripe_wire, paid, 20_000)

    def waiting() -> list[tuple[str, int | None]]:
        db.session.rollback()
        return [(item.name, item.amount_vnd) for item in cards.unexplained_returns(limit=5).items]

    for name, status in (("evt_0", "pending"), ("evt_1", "succeeded"), ("evt_2", "succeeded")):
        deliver(client, told(event, name, status=status))
    assert waiting() == [(paid.code, 20_000)]
    deliver(client, told(event, "evt_3", status="failed"))
    deliver(client, told(event, "evt_4", status="succeeded"))
    assert (waiting(), outcomes()) == ([], ["unknown_refund"] * 5)
    assert payment_of(paid).returned_vnd == 0


def test_no_transfer_sends_what_the_gateway_gave_back_in_part(client, stripe_wire, paid, finance):
    class Fussy:
        """A gateway that refuses to give back more than is left, with no code that would tell why."""

        def refund(self, **_asked: object) -> RefundWord:
            raise GatewayRefused("InvalidRequestError 400")

    deliver(client, give_back(stripe_wire, paid, 30_000))
    whole, part = ask(paid, actor=finance, through=Fussy()), ask(paid, 20_000, actor=finance, through=Fussy())
    with pytest.raises(TooMuch) as refused:
        by_transfer(whole, actor=finance)
    assert refused.value.details == {"refundable_vnd": 20_000}
    assert by_transfer(part, actor=finance).status == "waiting"
    assert sums(paid) == ("paid", 20_000, 0)


def test_sixteen_at_once_move_it_once(app: Flask, stripe_wire, stray):
    intent_id = payment_of(stray).intent_id

    def say(refund_id: str) -> str:
        with transaction():
            return take_word(RefundWord(refund_id, "succeeded", 20_000, intent_id=intent_id), clock=SYSTEM_CLOCK)

    answers = at_once(app, [partial(say, "re_1"), partial(say, "re_2")] * 8)
    assert sorted(map(str, answers)) == ["refund_noted"] * 2 + ["stale"] * 14
    assert back_vnd(stray) == 40_000


def test_the_database_itself_allows_one_return_per_refund_and_never_too_much(client, stripe_wire, stray):
    deliver(client, give_back(stripe_wire, stray, 20_000))
    db.session.rollback()
    with pytest.raises(IntegrityError, match="ck_card_payment_returned"), transaction() as session:
        session.execute(sa.update(CardPayment).values(returned_vnd=50_001))
    made = sa.select(CardReturn.payment_id, CardReturn.gateway_refund_id)
    with pytest.raises(IntegrityError, match="uq_card_return_gateway_refund_id"), transaction() as session:
        payment_id, name = session.execute(made).one()
        now = SYSTEM_CLOCK.now()
        session.add(
            CardReturn(
                payment_id=payment_id, gateway_refund_id=name, amount_vnd=1, status="failed", created_at=now,
                updated_at=now,
            )
        )  # fmt: skip


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    "fault", ["UPDATE card_payment SET returned_vnd = 1", "UPDATE card_return SET status = 'failed'"]
)
def test_a_fault_in_a_return_shows_in_the_books(client, stripe_wire, stray, fault):
    deliver(client, give_back(stripe_wire, stray, 20_000))
    db.session.rollback()
    with transaction() as session:
        session.execute(sa.text(fault))
    names = {broken.name for broken in check_books() if broken.problems}
    assert "what the card gateway gave back out of suspense is what its payments say, and the ledger" in names
