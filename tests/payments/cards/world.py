"""What the card tests look at, as a person would: the request, the payment, the books."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.cards import gateway, queries, services
from app.payments.cards.models import CardEvent, CardPayment
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest


def ensure(asked: PaymentRequest) -> str | None:
    return services.ensure_intent(asked.id, gateway=gateway.current(), clock=SYSTEM_CLOCK)


def intent_of(asked: PaymentRequest) -> str:
    """The intent's id, begun when it was not."""
    assert ensure(asked)
    intent_id = payment_of(asked).intent_id
    assert intent_id
    return intent_id


def payment_of(asked: PaymentRequest) -> CardPayment:
    db.session.rollback()
    payment = queries.for_request(asked.id)
    assert payment
    return payment


def fresh(asked: PaymentRequest) -> PaymentRequest:
    """The request as it is now, whoever changed it."""
    db.session.rollback()
    db.session.expire_all()
    return requests.by_code(asked.code)


def owed_vnd(payee_id: UUID) -> int:
    """What we hold for the payee."""
    db.session.rollback()
    account = ledger.find_account(AccountKind.PAYABLE, str(payee_id))
    return ledger.balance_vnd(account.id) if account else 0


def suspense_vnd() -> int:
    """What the suspense account holds; the list that people see must say the same."""
    db.session.rollback()
    account = ledger.find_account(AccountKind.SUSPENSE, "stripe")
    held = ledger.balance_vnd(account.id) if account else 0
    assert held == queries.in_suspense_vnd() == sum(item.amount_vnd for item in queries.in_suspense().items)
    return held


def outcomes() -> list[str | None]:
    """Of all events, in the order they came in."""
    db.session.rollback()
    return list(db.session.scalars(sa.select(CardEvent.outcome).order_by(CardEvent.id)))
