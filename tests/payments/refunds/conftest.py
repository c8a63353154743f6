"""A gateway on the loopback, a shop, and a card that paid it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from app.core.actor import Actor
from app.identity.roles import Role
from app.payments.cards import gateway
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee
from tests.factories.people import actor_for, make_user
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe
from tests.payments.refunds.world import RefundHearingPurpose, paid_by_card, register_hearing_purpose


@pytest.fixture
def stripe_wire(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    """The fake, set as this process's gateway for pages and jobs too."""
    before = gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway())
        yield fake
    gateway.use(before)


@pytest.fixture
def purpose(app: Flask) -> RefundHearingPurpose:
    return register_hearing_purpose()


@pytest.fixture
def payee_id(purpose: RefundHearingPurpose) -> UUID:
    return make_payee()[0].id


@pytest.fixture
def pay(stripe_wire: FakeStripe, payee_id: UUID) -> Callable[[int], PaymentRequest]:
    """Sell for so many đồng, paid by card."""
    return lambda amount_vnd: paid_by_card(stripe_wire, payee_id, amount_vnd)


@pytest.fixture
def paid(pay: Callable[[int], PaymentRequest]) -> PaymentRequest:
    """A request of 50,000 đ, paid by card."""
    return pay(50_000)


@pytest.fixture
def finance(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))


@pytest.fixture
def colleague(app: Flask) -> Actor:
    """A second person of the finance office."""
    return actor_for(make_user(role=Role.FINANCE))
