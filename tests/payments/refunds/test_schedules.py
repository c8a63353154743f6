"""Random sales, payouts, refunds, lost answers and late words: the books balance after every one of them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.core.errors import Conflict
from app.core.ids import uuid7
from app.payments.cards import operations as cards
from app.payments.cards.gateway import GatewayRefused, GatewayUnknown, Intent, RefundWord
from app.payments.fees.models import Supply
from app.payments.ledger import queries as ledger
from app.payments.ledger.books import check_books
from app.payments.ledger.models import AccountKind
from app.payments.refunds import operations, queries, services
from app.payments.refunds.models import Refund
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_request
from tests.payments.payouts.world import pay_out
from tests.payments.refunds.world import RefundHearingPurpose, by_transfer, debt_vnd, fresh, owed_vnd

AMOUNT_VND = 50_000
FEES = (AccountKind.COMMISSION, AccountKind.TAX_WITHHELD)
STEPS = st.one_of(
    st.tuples(st.just("sell"), st.integers(1, 90_000)),
    st.tuples(st.just("pay_out"), st.integers(1, 90_000)),
    st.tuples(st.just("refund"), st.integers(1, AMOUNT_VND), st.sampled_from(["done", "lost", "unheard", "refused"])),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("bounce"), st.integers(0, 9)),
    st.tuples(st.just("transfer"), st.integers(0, 9)),
    st.tuples(st.just("send"), st.integers(0, 9)),
    st.tuples(st.just("withdraw"), st.integers(0, 9)),
    st.tuples(st.just("come_back"), st.integers(0, 9)),
)


class Memory:
    """A gateway that remembers what it gave back, and answers, or loses its answer, as told."""

    def __init__(self) -> None:
        self.made: dict[Any, RefundWord] = {}
        self.mood = "done"

    def refund(self, *, refund_id: Any, intent_id: str, amount_vnd: int) -> RefundWord:
        if self.mood == "unheard":
            raise GatewayUnknown("away")
        if self.mood == "refused":
            raise GatewayRefused("closed")
        word = self.made.setdefault(refund_id, RefundWord(f"re_{refund_id}", "succeeded", amount_vnd, refund_id))
        if self.mood == "lost":
            raise GatewayUnknown("lost")
        return word

    def find_refund(self, *, refund_id: Any, intent_id: str) -> RefundWord | None:
        return self.made.get(refund_id)


class World:
    """One seller, one sale that is refunded again and again, and what may happen to them."""

    def __init__(self, memory: Memory, finance: Actor, colleague: Actor, sold: PaymentRequest) -> None:
        self.gateway, self.finance, self.colleague, self.sold = memory, finance, colleague, sold
        self.refunds: list[Refund] = []

    def sell(self, amount_vnd: int) -> None:
        request = make_request(payee_id=self.sold.payee_id, method="card", amount_vnd=amount_vnd)
        collect(request)

    def pay_out(self, amount_vnd: int) -> None:
        pay_out(amount_vnd)

    def refund(self, amount_vnd: int, mood: str) -> None:
        self.gateway.mood = mood
        made = services.ask(
            code=self.sold.code, amount_vnd=amount_vnd, reason="Hỏng", idempotency_key=str(uuid7()),
            actor=self.finance, gateway=self.gateway, clock=SYSTEM_CLOCK,
        )  # fmt: skip
        self.refunds.append(made)

    def sweep(self) -> None:
        self.gateway.mood = "done"
        for refund in self.refunds:
            services.catch_up(refund.id, gateway=self.gateway, clock=SYSTEM_CLOCK)

    def bounce(self, which: int) -> None:
        refund = self._one(which)
        if refund.way == "card" and refund.id in self.gateway.made:
            word = RefundWord(f"re_{refund.id}", "failed", refund.amount_vnd, refund.id, "closed")
            self.gateway.made[refund.id] = word
            with transaction():
                operations.note_word(refund.id, word, clock=SYSTEM_CLOCK)

    def transfer(self, which: int) -> None:
        self.refunds.append(by_transfer(self._one(which), actor=self.finance))

    def send(self, which: int) -> None:
        services.mark_sent(self._one(which).id, bank_reference="FT1", actor=self.colleague, clock=SYSTEM_CLOCK)

    def withdraw(self, which: int) -> None:
        services.withdraw(self._one(which).id, actor=self.finance, clock=SYSTEM_CLOCK)

    def come_back(self, which: int) -> None:
        services.came_back(self._one(which).id, reason="Đã đóng", actor=self.finance, clock=SYSTEM_CLOCK)

    def _one(self, which: int) -> Refund:
        return queries.get(self.refunds[which % len(self.refunds)].id)


def collect(request: PaymentRequest) -> None:
    """The request's card was charged."""
    with transaction():
        payment = cards.begin(request.id, clock=SYSTEM_CLOCK)
        assert payment
        charged = Intent(f"pi_{request.id}", "succeeded", request.amount_vnd, request.amount_vnd)
        cards.note_answer(payment.id, charged, clock=SYSTEM_CLOCK)


def run(finance: Actor, colleague: Actor, steps: list[tuple[Any, ...]]) -> None:
    """Take the steps, and look at the books after the last."""
    sold = make_request(payee_id=make_payee()[0].id, method="card", amount_vnd=AMOUNT_VND)
    collect(sold)
    world = World(Memory(), finance, colleague, fresh(sold))
    for name, *arguments in steps:
        if name in ("bounce", "transfer", "send", "withdraw", "come_back") and not world.refunds:
            continue
        try:
            getattr(world, name)(*arguments)
        except Conflict:
            db.session.rollback()
        now = fresh(sold)
        assert now.refunding_vnd + now.refunded_vnd <= AMOUNT_VND
        assert (now.status == "refunded") == (now.refunded_vnd == AMOUNT_VND)
    world.sweep()
    assert [broken for broken in check_books() if broken.problems] == []
    assert owed_vnd(sold.payee_id) >= 0
    assert debt_vnd(sold.payee_id) >= 0
    assert {queries.get(refund.id).status for refund in world.refunds} <= {
        "succeeded", "refused", "cancelled", "waiting",
    }  # fmt: skip


@given(steps=st.lists(STEPS, min_size=1, max_size=14))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_the_books_balance(
    app: Flask, purpose: RefundHearingPurpose, finance: Actor, colleague: Actor, steps: list[tuple[Any, ...]]
) -> None:
    run(finance, colleague, steps)


@given(steps=st.lists(STEPS, min_size=1, max_size=14))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_so_they_do_when_fees_and_taxes_are_kept_back(
    app: Flask, purpose: RefundHearingPurpose, finance: Actor, colleague: Actor, steps: list[tuple[Any, ...]]
) -> None:
    purpose.supply = Supply.GOODS
    run(finance, colleague, steps)
    kept = [
        account
        for kind in FEES
        for account in ledger.list_accounts(kind=kind, owner_id=None, cursor=None, limit=9).items
    ]
    assert len(kept) == 2
    assert min(ledger.balance_vnd(account.id) for account in kept) >= 0
