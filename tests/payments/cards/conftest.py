"""A card gateway on the loopback in the place of Stripe, and something to pay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.payments.cards import gateway
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_payee, make_purpose, make_request
from tests.fakes.purposes import RememberingPurpose
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe


@pytest.fixture
def stripe_wire(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    """The fake, set as this process's gateway for pages and jobs too."""
    before = gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway())
        yield fake
    gateway.use(before)


@pytest.fixture
def purpose(app: Flask) -> RememberingPurpose:
    return make_purpose()


@pytest.fixture
def asked(purpose: RememberingPurpose) -> PaymentRequest:
    """A request of 50,000 đ to be paid by card."""
    return make_request(payee_id=make_payee()[0].id, method="card")
