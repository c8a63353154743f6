"""Part of collected money came, then time ran out: it goes back to its payer, with what was kept of it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import transaction
from app.identity.roles import Role
from app.payments.cards import operations as cards
from app.payments.cards.gateway import Intent
from app.payments.fees.models import Supply
from app.payments.ledger.models import AccountKind
from app.payments.refunds import services
from app.payments.refunds.errors import NotRefundable
from app.payments.refunds.models import Refund
from app.payments.requests import queries as requests
from app.payments.requests import services as request_services
from app.payments.requests.models import PaymentRequest
from tests.factories.payments import make_request
from tests.factories.people import make_user, sign_in
from tests.fakes.clock import FrozenClock
from tests.payments.fees import world as fees
from tests.payments.refunds.test_schedules import Memory
from tests.payments.refunds.world import ACCOUNT, RefundHearingPurpose, ask, balance_vnd, by_transfer, fresh, sums

PAID_VND = 20_000


def expired(request: PaymentRequest) -> PaymentRequest:
    request_services.expire_due(clock=FrozenClock(request.expires_at + timedelta(hours=1)))
    assert sums(request) == ("expired", 0, 0)
    return fresh(request)


@pytest.fixture
def by_card(payee_id: UUID, purpose: RefundHearingPurpose) -> PaymentRequest:
    """Of a card's 50,000 đ only 20,000 đ were taken."""
    purpose.supply = Supply.GOODS
    request = make_request(payee_id=payee_id, method="card", amount_vnd=50_000)
    with transaction():
        payment = cards.begin(request.id, clock=SYSTEM_CLOCK)
        assert payment
        payment.capture_vnd = PAID_VND
        taken = Intent(f"pi_{request.id}", "succeeded", 50_000, PAID_VND)
        cards.note_answer(payment.id, taken, clock=SYSTEM_CLOCK)
    return expired(request)


@pytest.fixture
def by_bank(payee_id: UUID, purpose: RefundHearingPurpose) -> PaymentRequest:
    """20,000 đ came to our own bank account."""
    purpose.supply = Supply.GOODS
    request = make_request(payee_id=payee_id, method="card", amount_vnd=50_000)
    fees.pay(request, PAID_VND)
    return expired(request)


def give_back(request: PaymentRequest, actor: Actor) -> Refund:
    return services.give_part_back(
        request.code, reason="Hết hàng", account=ACCOUNT, idempotency_key="k", actor=actor, clock=SYSTEM_CLOCK
    )


def nothing_is_left(request: PaymentRequest) -> None:
    assert sums(request) == ("expired", 0, PAID_VND)
    assert requests.kept_parts(limit=5).count == 0
    assert balance_vnd(AccountKind.PAYABLE, request.payee_id) == 0
    assert fees.all_kept() == (0, 0, 0)


def test_what_a_card_paid_goes_back_to_the_card(by_card: PaymentRequest, finance: Actor) -> None:
    with pytest.raises(NotRefundable):
        give_back(by_card, finance)
    assert ask(by_card, through=Memory(), actor=finance).amount_vnd == PAID_VND
    nothing_is_left(by_card)
    with pytest.raises(NotRefundable):
        ask(by_card, through=Memory(), actor=finance)


def test_when_the_card_is_closed_it_goes_by_transfer(by_card: PaymentRequest, finance: Actor, colleague: Actor) -> None:
    closed = Memory()
    closed.mood = "refused"
    made = by_transfer(ask(by_card, through=closed, actor=finance), actor=finance)
    services.mark_sent(made.id, bank_reference="FT1", actor=colleague, clock=SYSTEM_CLOCK)
    nothing_is_left(by_card)
    services.came_back(made.id, reason="Đã đóng", actor=finance, clock=SYSTEM_CLOCK)
    assert sums(by_card) == ("expired", 0, 0)
    assert fees.all_kept() == (0, 200, 100)


def test_what_came_to_our_bank_account_goes_by_transfer(
    by_bank: PaymentRequest, finance: Actor, colleague: Actor
) -> None:
    with pytest.raises(NotRefundable):
        ask(by_bank, through=Memory(), actor=finance)
    made = give_back(by_bank, finance)
    assert (made.fees_vnd, made.seller_vnd) == (300, 19_700)
    services.mark_sent(made.id, bank_reference="FT1", actor=colleague, clock=SYSTEM_CLOCK)
    nothing_is_left(by_bank)


def test_while_more_may_come_nothing_goes_back(payee_id: UUID, finance: Actor) -> None:
    request = make_request(payee_id=payee_id, method="card", amount_vnd=50_000)
    fees.pay(request, PAID_VND)
    with pytest.raises(NotRefundable):
        give_back(request, finance)


def test_the_page_offers_it(client: FlaskClient, by_card: PaymentRequest) -> None:
    sign_in(client, make_user(role=Role.FINANCE))
    assert 'name="amount"' in client.get(f"/dieu-hanh/hoan-tien?ma={by_card.code}").text
