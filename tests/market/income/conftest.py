"""A seller with a month behind her: sold straight and through us, gave back, was paid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db, transaction
from app.identity.roles import Role
from app.market.catalogue.models import Product
from app.payments.cards import operations as cards
from app.payments.cards.gateway import Intent
from app.payments.payouts import services as payouts
from app.payments.payouts.limits import Limits
from app.payments.payouts.models import Payout
from app.payments.payouts.states import Event
from app.payments.requests.models import Method, PaymentRequest
from tests.factories.market import Seller, make_product, make_seller
from tests.factories.people import actor_for, make_user, sign_in
from tests.market.orders.conftest import buy, pay, request_of
from tests.payments.overview.test_flows import Generous
from tests.payments.payouts.world import OWN, build, by_hand
from tests.payments.payouts.world import payouts as payouts_in
from tests.payments.refunds.world import ask


@dataclass(frozen=True)
class Selling:
    """A seller and what they sell: 100,000 đ apiece."""

    seller: Seller
    product: Product

    @property
    def payee_id(self) -> UUID:
        return self.seller.shop.payee_id

    def straight(self, quantity: int = 1) -> PaymentRequest:
        """A buyer's transfer straight to the seller's account."""
        request = request_of(buy([(self.product, quantity)], clock=SYSTEM_CLOCK))
        pay(request, clock=SYSTEM_CLOCK)
        return request

    def by_card(self, quantity: int = 1) -> PaymentRequest:
        """A card that paid us for the seller."""
        request = request_of(buy([(self.product, quantity)], clock=SYSTEM_CLOCK, method=Method.CARD))
        with transaction():
            payment = cards.begin(request.id, clock=SYSTEM_CLOCK)
            assert payment
            charged = Intent(f"pi_{request.id}", "succeeded", request.amount_vnd, request.amount_vnd)
            cards.note_answer(payment.id, charged, clock=SYSTEM_CLOCK)
        return request

    def give_back(self, request: PaymentRequest, amount_vnd: int) -> None:
        """To the card at once."""
        ask(request, amount_vnd, through=Generous())

    def batch(self, most_vnd: int = 10**9) -> Payout:
        """A payout of what is free, at the bank."""
        people = [actor_for(make_user(role=Role.FINANCE)) for _each in range(2)]
        period = date(2027, 1, 1) + timedelta(days=len(db.session.scalars(sa.select(Payout)).all()))
        made = build(people[0], period=period, limits=Limits(minimum_vnd=1, max_payout_vnd=most_vnd))
        payouts.approve(made.id, actor=people[1], clock=SYSTEM_CLOCK)
        payouts.xml_file(made.id, own=OWN, actor=people[1], clock=SYSTEM_CLOCK)
        return payouts_in(made)[0]

    def paid_out(self, most_vnd: int = 10**9, event: Event = Event.CONFIRMED, reason: str = "Ngân hàng báo") -> Payout:
        """A payout of what is free, with the bank's answer."""
        return by_hand(self.batch(most_vnd), event, actor_for(make_user(role=Role.FINANCE)), reason)


@pytest.fixture
def selling(app: Flask) -> Selling:
    seller = make_seller(clock=SYSTEM_CLOCK, name="Chè nhà bà Lan")
    return Selling(seller, make_product(seller=seller, clock=SYSTEM_CLOCK, price_vnd=100_000, stock=500))


@pytest.fixture
def month(selling: Selling) -> Selling:
    """300,000 straight; 500,000 by card, of which 100,000 went back; 200,000 paid out."""
    selling.straight(3)
    sold = selling.by_card(5)
    selling.give_back(sold, 100_000)
    selling.paid_out(200_000)
    return selling


@pytest.fixture
def signed(client: FlaskClient, selling: Selling) -> FlaskClient:
    """The seller on her phone."""
    household_id = selling.seller.shop.household_id
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=household_id))
    return client
