"""A household that sells is forgotten only once its money has come to rest; its page and the office say what waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.own import services
from app.households.own.errors import MoneyWaits
from app.households.registry.models import Household, Status
from app.identity.roles import Role
from app.payments.cards import operations as cards
from app.payments.cards.gateway import Intent
from app.payments.payouts.states import Event
from app.payments.refunds import services as refunds
from app.payments.requests.models import Method, PaymentRequest
from tests.factories.households import TAN_CUONG, an_officer, speaking_for
from tests.factories.people import actor_for, make_user, sign_in
from tests.market.income.conftest import Selling, selling  # noqa: F401  # a fixture
from tests.market.orders.conftest import buy, pay, request_of
from tests.payments.payouts.world import by_hand
from tests.payments.refunds.test_transfers import ClosedCard
from tests.payments.refunds.world import ask, by_transfer

OWED, MOVING = "chưa chuyển về tài khoản nhà mình", "đang trên đường về tài khoản nhà mình"
OFFICE = "/dieu-hanh/quyen-rieng-tu"


@dataclass
class Leaving:
    """A seller whose erasure was asked for."""

    app: Flask
    household_id: UUID
    request_id: UUID

    def erase(self) -> None:
        services.erase(actor=an_officer(), request_id=self.request_id, clock=SYSTEM_CLOCK)

    @property
    def status(self) -> str:
        db.session.rollback()
        with acting_as(SYSTEM):
            return db.session.get_one(Household, self.household_id, populate_existing=True).status

    def must_wait(self, *sentences: str) -> None:
        """Nothing is erased, and the officer, the officer's page and the household's own page read why."""
        with pytest.raises(MoneyWaits) as refused:
            self.erase()
        assert (refused.value.status, refused.value.code) == (409, "money_under_way")
        told = [
            str(refused.value.message),
            self.read(self.browser(Role.HOUSEHOLD), "/nha-minh/xoa"),
            self.read(self.browser(Role.COMMUNE_OFFICER), f"{OFFICE}/{self.request_id}"),
        ]
        for text in told:
            assert [one for one in sentences if one not in text] == []
        assert len(refused.value.details["reasons"]) == len(sentences)
        assert self.status == Status.VERIFIED

    def goes(self) -> None:
        self.erase()
        assert self.status == Status.ERASED

    def browser(self, role: Role) -> FlaskClient:
        own = role is Role.HOUSEHOLD
        client = self.app.test_client()
        sign_in(client, make_user(role, household_id=self.household_id) if own else make_user(role, areas=(TAN_CUONG,)))
        return client

    def read(self, client: FlaskClient, path: str) -> str:
        page = client.get(path)
        assert page.status_code == 200, path
        return page.text


@pytest.fixture
def leaving(app: Flask, selling: Selling) -> Callable[[], Leaving]:  # noqa: F811
    """Has the seller ask to be forgotten, as things then stand."""

    def leave() -> Leaving:
        household_id = selling.seller.shop.household_id
        head = speaking_for(household_id)
        asked = services.ask_erasure(actor=head, request_id=uuid4(), clock=SYSTEM_CLOCK)
        return Leaving(app, household_id, asked.id)

    return leave


def paid_by_card(request: PaymentRequest) -> None:
    """A card pays what was ordered before."""
    with transaction():
        payment = cards.begin(request.id, clock=SYSTEM_CLOCK)
        assert payment
        charged = Intent(f"pi_{request.id}", "succeeded", request.amount_vnd, request.amount_vnd)
        cards.note_answer(payment.id, charged, clock=SYSTEM_CLOCK)


def test_an_open_refund(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    first, second = (actor_for(make_user(role=Role.FINANCE)) for _each in range(2))
    refused = ask(selling.by_card(), 20_000, actor=first, through=ClosedCard())
    waiting = by_transfer(refused, actor=first)
    selling.paid_out()  # all but what goes back
    home = leaving()
    home.must_wait("Còn 1 khoản đang hoàn lại cho người mua", OWED, MOVING)
    refunds.mark_sent(waiting.id, bank_reference="FT26328001", actor=second, clock=SYSTEM_CLOCK)
    home.goes()


def test_a_payout_on_its_way(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    selling.by_card()
    payout = selling.batch()
    home = leaving()
    home.must_wait(OWED, MOVING)
    by_hand(payout, Event.CONFIRMED, actor_for(make_user(role=Role.FINANCE)))
    home.goes()


def test_a_payout_that_came_back(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    selling.by_card()
    selling.paid_out(event=Event.RETURNED)
    home = leaving()
    home.must_wait(OWED)
    selling.paid_out()
    home.goes()


def test_a_debt_not_repaid(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    sold = selling.by_card()
    selling.paid_out()
    selling.give_back(sold, 50_000)
    later = request_of(buy([(selling.product, 5)], clock=SYSTEM_CLOCK, method=Method.CARD))
    home = leaving()
    home.must_wait("Còn 1 đơn hoặc khoản ủng hộ đang chờ tiền về", "Nhà mình còn thiếu")
    paid_by_card(later)
    home.must_wait(OWED)
    selling.paid_out()
    home.goes()


def test_an_order_that_waits_for_its_money(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    ordered = request_of(buy([(selling.product, 1)], clock=SYSTEM_CLOCK))
    home = leaving()
    home.must_wait("Còn 1 đơn hoặc khoản ủng hộ đang chờ tiền về")
    pay(ordered, clock=SYSTEM_CLOCK)
    home.goes()


def test_money_that_we_hold(selling: Selling, leaving: Callable[[], Leaving]) -> None:  # noqa: F811
    selling.by_card()
    home = leaving()
    home.must_wait(OWED)
    selling.paid_out()
    home.goes()
