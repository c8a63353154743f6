"""A market with stalls, buyers' money, and browsers sellers are signed in on."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import transaction
from app.core.ids import uuid7
from app.identity.roles import Role
from app.market.places import operations, queries, services
from app.market.places.models import Market, Stall
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest, Purpose
from tests.factories.households import TAN_CUONG
from tests.factories.market import Seller, make_seller
from tests.factories.people import make_user

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Phone:
    """A browser a household is signed in on."""

    def __init__(self, client: FlaskClient, household_id: UUID) -> None:
        user = make_user(Role.HOUSEHOLD, household_id=household_id)
        self.client = client
        with client.session_transaction() as session:
            session["_user_id"] = user.fs_uniquifier
            session["_fresh"] = True

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, **more)

    def send(self, page: str, data: dict[str, Any], *, to: str = "") -> TestResponse:
        """Fill the form on the page, with the hidden values it came with."""
        html = self.get(page).text
        token = _TOKEN.search(html)
        assert token, f"{page} has no form"
        key = re.search(r'name="key" value="([^"]+)"', html)
        hidden = {"csrf_token": token[1]} | ({"key": key[1]} if key else {})
        return self.client.post(to or page, data=hidden | data)

    def ask(self, stall: Stall, amount_vnd: Any, *, key: str = "") -> TestResponse:
        """Ask for an amount over the API."""
        return self.client.post(
            f"/api/v1/stalls/{stall.code}/payment-requests",
            json={"amount_vnd": amount_vnd},
            headers={"Idempotency-Key": key or uuid4().hex},
        )

    def listen(self, since: int = 0) -> dict[str, Any]:
        """What the sound page hears after number `since`."""
        answer = self.get(f"/ban-hang/loa/moi?since={since}", headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())


def make_market(name: str = "Chợ Tân Cương", *, clock: Clock = SYSTEM_CLOCK) -> Market:
    return services.add_market(actor=SYSTEM, name=name, commune_code=TAN_CUONG, meeting_rule="ngày 2 và 7", clock=clock)


def make_stall(seller: Seller, market: Market, number: str = "A12", *, clock: Clock = SYSTEM_CLOCK) -> Stall:
    return services.open_stall(actor=seller.actor, market_code=market.code, number=number, clock=clock)


def ask(seller: Seller, stall: Stall, amount_vnd: int, *, key: str = "", clock: Clock = SYSTEM_CLOCK) -> PaymentRequest:
    return services.ask_amount(
        actor=seller.actor,
        stall_id=stall.id,
        amount_vnd=amount_vnd,
        idempotency_key=key or uuid4().hex,
        clock=clock,
    )


def pay(request: PaymentRequest, amount_vnd: int | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """The bank tells of the money and it matches."""
    with transaction(actor=SYSTEM):
        _receive(request_queries.get(request.id, for_update=True), amount_vnd, clock)


def pay_static(stall: Stall, amount_vnd: int, *, clock: Clock = SYSTEM_CLOCK) -> PaymentRequest:
    """A buyer scans the sticker and types an amount."""
    with transaction(actor=SYSTEM):
        standing = queries.static_qr(stall)
        assert standing is not None
        request = requests.ask(
            purpose=Purpose(operations.PURPOSE_KIND, stall.id),
            payee_id=standing.payee_id,
            amount_vnd=amount_vnd,
            method=Method.VIETQR,
            label=standing.label,
            expires_at=clock.now() + operations.PAY_WITHIN,
            clock=clock,
            standing_code=standing,
        )
        _receive(request, amount_vnd, clock)
        return request


def _receive(request: PaymentRequest, amount_vnd: int | None, clock: Clock) -> None:
    outside = ledger.open_account(AccountKind.OUTSIDE_BANK, "test", clock=clock)
    requests.receive(
        request,
        transfer_id=uuid7(),
        from_account_id=outside.id,
        amount_vnd=amount_vnd or request.missing_vnd,
        event_at=clock.now(),
        clock=clock,
    )


@pytest.fixture
def seller(app: Flask) -> Seller:
    """A seller with a shop."""
    return make_seller(clock=SYSTEM_CLOCK, name="Chè nhà bà Lan")


@pytest.fixture
def neighbour(app: Flask) -> Seller:
    """Another seller with a shop."""
    return make_seller(clock=SYSTEM_CLOCK, name="Mật ong nhà ông Bình")


@pytest.fixture
def market(seller: Seller) -> Market:
    """A cashless market."""
    return make_market()


@pytest.fixture
def stall(seller: Seller, market: Market) -> Stall:
    """The seller's stall."""
    return make_stall(seller, market)


@pytest.fixture
def phone(app: Flask, seller: Seller) -> Phone:
    """The seller's phone."""
    return Phone(app.test_client(), seller.shop.household_id)


@pytest.fixture
def other_phone(app: Flask, neighbour: Seller) -> Phone:
    """The neighbour's phone."""
    return Phone(app.test_client(), neighbour.shop.household_id)
