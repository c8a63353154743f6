"""A gateway on the loopback that pays out, and cards charged there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from app.core.actor import Actor
from app.identity.roles import Role
from app.payments.card_payouts import gateway as payout_gateway
from app.payments.cards import gateway
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose
from tests.factories.people import actor_for, make_user
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe
from tests.payments.refunds.world import paid_by_card


@pytest.fixture
def stripe_wire(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    """The fake, set as this process's gateway for pages and jobs too."""
    before, payouts_before = gateway.current(), payout_gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway())
        payout_gateway.use(fake.payouts())
        yield fake
    gateway.use(before)
    payout_gateway.use(payouts_before)


@pytest.fixture
def payee_id(app: Flask) -> UUID:
    make_purpose()
    return make_payee()[0].id


@pytest.fixture
def pay(stripe_wire: FakeStripe, payee_id: UUID) -> Callable[..., PaymentRequest]:
    """Sell for so many đồng (50,000 when left out), paid by card."""
    return lambda amount_vnd=50_000: paid_by_card(stripe_wire, payee_id, amount_vnd)


@pytest.fixture
def finance(app: Flask) -> Actor:
    return actor_for(make_user(role=Role.FINANCE))
