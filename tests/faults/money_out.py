"""Flows of money that goes out: refunds to a card and by transfer, payouts to sellers."""

from __future__ import annotations

import io
import itertools
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from app.core.database import db
from app.payments.cards import gateway
from app.payments.cards.gateway import GatewayRefused, RefundWord
from app.payments.ledger.models import AccountKind
from app.payments.payouts import queries as payouts
from app.payments.payouts.models import Payout, PayoutBatch
from app.payments.refunds import queries as refunds
from app.payments.refunds import services as refund_services
from app.payments.refunds.models import Refund
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee
from tests.faults.books import count, demand_nothing_reserved, moved_vnd, told
from tests.faults.flows import Attempt, Later, Stage, flow
from tests.payments.payouts.bank import report
from tests.payments.payouts.world import money, sold
from tests.payments.refunds.world import ACCOUNT, ask, at_gateway, paid_by_card, sums

OUTSIDE_CARD, OUTSIDE_PAYER, OUTSIDE_PAYEE = (
    AccountKind.OUTSIDE_CARD,
    AccountKind.OUTSIDE_PAYER,
    AccountKind.OUTSIDE_PAYEE,
)
REFUNDS, PAYOUTS = "/dieu-hanh/hoan-tien", "/dieu-hanh/chi-tra"
_references = itertools.count(1)


def _paid(stage: Stage) -> PaymentRequest:
    return paid_by_card(stage.stripe, make_payee()[0].id)


def _demand_back_on_card_once(stage: Stage, request: PaymentRequest) -> None:
    """One refund of ours, one at the gateway, one in the books."""
    assert sums(request) == ("paid", 0, 20_000)
    [made] = db.session.scalars(sa.select(Refund).where(Refund.request_id == request.id))
    assert made.status == "succeeded"
    assert sum(moved_vnd(made.id, OUTSIDE_CARD)) == 20_000
    ours = [each for each in at_gateway(stage.stripe) if each["metadata"].get("refund") == str(made.id)]
    assert [each["amount"] for each in ours] == [20_000]
    assert told(request) == ["test.paid", "test.refunded"]
    demand_nothing_reserved()


@flow
def card_refund(stage: Stage) -> Attempt:
    """An officer's program gives a part back to the card."""
    request = _paid(stage)
    key = uuid4().hex
    made: list[str] = []

    def give_back() -> bool:
        path, body = f"/api/v1/payments/{request.code}/refunds", {"amount_vnd": 20_000, "reason": "Hàng bị dập"}
        answer = stage.officer().api(path, key, body)
        if answer.status_code == 201:
            made[:] = made or [answer.get_json()["id"]]
            assert made == [answer.get_json()["id"]], "one key made two refunds"
        return answer.status_code == 201

    return Attempt([give_back], lambda: _demand_back_on_card_once(stage, request))


@flow
def unanswered_refund(stage: Stage) -> Attempt:
    """The gateway did it and said nothing; the sweep asks about it."""
    request = _paid(stage)
    stage.stripe.faults(timeout_after_success=1)
    impatient = stage.stripe.gateway(timeout_s=0.05)
    assert ask(request, 20_000, through=impatient).status == "unknown"
    sweep = lambda: refund_services.sweep(gateway=gateway.current(), clock=Later())  # noqa: E731 - a name for a step
    return Attempt([lambda: stage.behind(sweep)], lambda: _demand_back_on_card_once(stage, request))


class _ClosedCard:
    """A gateway whose card was closed by its bank."""

    def refund(self, **_asked: object) -> RefundWord:
        raise GatewayRefused("CardError 402 expired_or_canceled_card")


class _ByTransfer:
    """Buttons of a refund that goes by bank transfer, pressed by two people."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.request = _paid(stage)
        self._refused = ask(self.request, 20_000, through=_ClosedCard())
        self._key, self._reference = uuid4().hex, f"FT{next(_references)}"
        self._page = ""

    def choose(self) -> bool:
        form = {"bank": ACCOUNT.bin, "number": ACCOUNT.number, "holder": ACCOUNT.holder, "key": self._key}
        answer = self._stage.officer().form(f"{REFUNDS}/{self._refused.id}/chuyen-khoan", **form)
        if answer.status_code == 303:
            self._page = self._page or answer.location
            assert answer.location == self._page, "one key made two transfers"
        return answer.status_code == 303

    def mark_sent(self) -> bool:
        form = {"bank_reference": self._reference}
        return self._stage.officer(2).form(f"{self._page}/da-chuyen", **form).status_code == 303

    def came_back(self) -> bool:
        form = {"came_back_reason": "Tài khoản đã đóng"}
        return self._stage.officer(3).form(f"{self._page}/bi-tra-lai", **form).status_code == 303

    def made(self) -> Refund:
        [made] = db.session.scalars(sa.select(Refund).where(Refund.instead_of_id == self._refused.id))
        return made


@flow
def transfer_refund(stage: Stage) -> Attempt:
    """The card is closed: one person chooses a transfer, another says that the bank sent it."""
    pressed = _ByTransfer(stage)

    def expect() -> None:
        made = pressed.made()
        assert (made.status, sums(pressed.request)) == ("succeeded", ("paid", 0, 20_000))
        assert sum(moved_vnd(made.id, OUTSIDE_PAYER)) == 20_000
        assert told(pressed.request) == ["test.paid", "test.refunded"]
        demand_nothing_reserved()

    return Attempt([pressed.choose, pressed.mark_sent], expect)


@flow
def bounced_refund(stage: Stage) -> Attempt:
    """A refund by transfer was sent, and its bank sends it back."""
    pressed = _ByTransfer(stage)
    assert pressed.choose()
    assert pressed.mark_sent()

    def expect() -> None:
        made = pressed.made()
        assert (refunds.get(made.id).status, sums(pressed.request)) == ("cancelled", ("paid", 0, 0))
        assert sorted(moved_vnd(made.id, OUTSIDE_PAYER)) == [-20_000, 20_000]
        demand_nothing_reserved()

    return Attempt([pressed.came_back], expect)


class _Batch:
    """Buttons of a batch: one person makes it and hears the bank, another approves it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.seller = sold()
        self.held_vnd = money(self.seller)[0]
        self._key = uuid4().hex
        self._id = ""
        self._result = ""
        self._report = b""

    @property
    def _page(self) -> str:
        return f"{PAYOUTS}/{self._id}"

    def build(self) -> bool:
        answer = self._stage.officer().api("/api/v1/payouts/batches", self._key)
        if answer.status_code == 201:
            self._id = self._id or answer.get_json()["id"]
            assert answer.get_json()["id"] == self._id, "one key made two batches"
        return answer.status_code == 201

    def approve(self) -> bool:
        path = f"/api/v1/payouts/batches/{self._id}/approval"
        return self._stage.officer(2).api(path, f"{self._key}-2").status_code == 200

    def fetch_file(self) -> bool:
        return self._stage.officer().form(f"{self._page}/tep-xml").status_code == 200

    def upload(self, status: str, code: str = "") -> bool:
        if not self._report:
            batch, all_of_it = self._found()
            told = [(each, status if each.payee_id == self.seller else "ACSC", code) for each in all_of_it]
            self._report = report(batch, told)
        answer = self._stage.officer().form(f"{self._page}/ket-qua", file=(io.BytesIO(self._report), "ket-qua.xml"))
        if answer.status_code == 303:
            self._result = self._result or answer.location
            assert answer.location == self._result, "one file made two results"
        return answer.status_code == 303

    def apply(self) -> bool:
        return self._stage.officer().form(f"{self._result}/ghi-so").status_code == 303

    def acts(self, status: str, code: str = "") -> list[Any]:
        told = lambda: self.upload(status, code)  # noqa: E731 - one act of a list
        return [self.build, self.approve, self.fetch_file, told, self.apply]

    def _found(self) -> tuple[PayoutBatch, list[Payout]]:
        db.session.rollback()
        return payouts.get_batch(UUID(self._id)), payouts.payouts_of(UUID(self._id))

    def demand(self, status: str, moved: list[int], left: tuple[int, int]) -> None:
        batch, all_of_it = self._found()
        [ours] = [each for each in all_of_it if each.payee_id == self.seller]
        assert (batch.status, ours.status, ours.amount_vnd) == ("settled", status, self.held_vnd)
        assert moved_vnd(ours.id, OUTSIDE_PAYEE) == moved
        assert count(Payout, Payout.payee_id == self.seller) == 1
        assert money(self.seller) == left
        demand_nothing_reserved()


@flow
def payout(stage: Stage) -> Attempt:
    """A batch from draft to settled: made, approved, fetched for the bank, answered, counted."""
    batch = _Batch(stage)
    return Attempt(batch.acts("ACSC"), lambda: batch.demand("confirmed", [batch.held_vnd], (0, 0)))


@flow
def refused_payout(stage: Stage) -> Attempt:
    """The bank refuses a payout; the seller's money is the seller's again."""
    batch = _Batch(stage)
    return Attempt(batch.acts("RJCT", "AC04"), lambda: batch.demand("returned", [], (batch.held_vnd, 0)))
