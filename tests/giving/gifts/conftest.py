"""Households that take gifts, gifts really given, and money that really arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from app.core.database import transaction
from app.core.ids import uuid7
from app.giving.gifts import api, pages, services
from app.giving.gifts.models import Gift
from app.households.registry.models import Household, How, Purpose
from app.households.welfare import queries as welfare
from app.payments.cards import gateway
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations as requests
from app.payments.requests import queries as request_queries
from app.payments.requests.models import Method, PaymentRequest
from tests.factories.households import with_welfare_account
from tests.fakes.clock import FrozenClock
from tests.fakes.stripe_gateway import FakeStripe, fake_stripe

NEED = "Sửa mái nhà trước mùa mưa"
HEAD = "Nguyễn Thị Thử"
ACCOUNT_NUMBER = "8812345678"


@dataclass(frozen=True)
class Listed:
    """A household on the public list, and the code givers know it by."""

    household: Household
    code: str


def list_household(*, clock: FrozenClock, **changes: Any) -> Listed:
    household, _account = with_welfare_account(clock=clock, need=NEED, **changes)
    profile = welfare.profile(household.id)
    assert profile is not None
    return Listed(household, profile.code)


def give(
    listed: Listed,
    *,
    clock: FrozenClock,
    amount_vnd: int = 200_000,
    donor_name: str | None = None,
    message: str | None = None,
    method: Method = Method.VIETQR,
    key: str = "",
) -> Gift:
    return services.give(
        household_code=listed.code,
        amount_vnd=amount_vnd,
        donor_name=donor_name,
        message=message,
        method=method,
        idempotency_key=key or uuid4().hex,
        clock=clock,
    )


def request_of(gift: Gift) -> PaymentRequest:
    return request_queries.for_purposes("gift", [gift.id])[gift.id][0]


def pay(gift: Gift, *, clock: FrozenClock, amount_vnd: int | None = None) -> None:
    """The money arrives, as a matched bank notice would bring it."""
    request = request_of(gift)
    with transaction():
        locked = request_queries.get(request.id, for_update=True)
        kind = AccountKind.OUTSIDE_BANK if request.method == Method.VIETQR else AccountKind.OUTSIDE_CARD
        outside = ledger.open_account(kind, "test", clock=clock)
        requests.receive(
            locked,
            transfer_id=uuid7(),
            from_account_id=outside.id,
            amount_vnd=amount_vnd or locked.missing_vnd,
            event_at=clock.now(),
            clock=clock,
        )


@pytest.fixture
def household(app: Flask, clock: FrozenClock) -> Listed:
    """A household that agreed to be listed and to take gifts straight into its account."""
    return list_household(clock=clock, number=ACCOUNT_NUMBER, head_name=HEAD)


@pytest.fixture
def shy_household(app: Flask, clock: FrozenClock) -> Listed:
    """A household that agreed to be listed, but not to have its name shown by givers' banks."""
    return list_household(clock=clock, consents={Purpose.GIFT_PAGE: How.SPOKEN}, sales_account=None)


@pytest.fixture
def on_our_clock(monkeypatch: pytest.MonkeyPatch, clock: FrozenClock) -> None:
    """Pages and API of this room live in the time of the tests."""
    monkeypatch.setattr(api, "SYSTEM_CLOCK", clock)
    monkeypatch.setattr(pages, "SYSTEM_CLOCK", clock)


@pytest.fixture
def stripe_wire(app: Flask, tmp_path: Path) -> Iterator[FakeStripe]:
    """A card gateway on the loopback in the place of Stripe."""
    before = gateway.current()
    with fake_stripe(tmp_path) as fake:
        gateway.use(fake.gateway())
        yield fake
    gateway.use(before)
