"""What the refund tests do and look at, as a person would: ask, the request, the books."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.database import db
from app.payments.cards import gateway
from app.payments.cards import queries as cards
from app.payments.cards import services as card_services
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind
from app.payments.refunds import queries, services
from app.payments.refunds.models import Refund
from app.payments.refunds.operations import PayerAccount
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import MoneyReturned, register
from tests.factories.payments import make_request
from tests.fakes.purposes import KIND, RememberingPurpose
from tests.fakes.stripe_gateway import FakeStripe

ACCOUNT = PayerAccount("970436", "0071000123456", "NGUYEN THI TRA")
_keys = itertools.count(1)


class RefundHearingPurpose(RememberingPurpose):
    """Also remembers refunds: (amount in đồng, whether all is back, lines)."""

    def __init__(self) -> None:
        super().__init__()
        self.refunded: list[tuple[int, bool, tuple[dict[str, Any], ...]]] = []

    def on_refunded(self, request: PaymentRequest, refund: MoneyReturned, *, clock: Clock) -> None:
        self.refunded.append((refund.amount_vnd, refund.whole, refund.lines))


def register_hearing_purpose() -> RefundHearingPurpose:
    purpose = RefundHearingPurpose()
    register(KIND, purpose)
    return purpose


def paid_by_card(stripe: FakeStripe, payee_id: UUID, amount_vnd: int = 50_000) -> PaymentRequest:
    """A request paid by card, through the gateway, with its money in the books."""
    asked = make_request(payee_id=payee_id, method="card", amount_vnd=amount_vnd)
    assert card_services.ensure_intent(asked.id, gateway=stripe.gateway(), clock=SYSTEM_CLOCK)
    payment = cards.for_request(asked.id)
    assert payment and payment.intent_id
    assert stripe.pay(payment.intent_id) == 200
    card_services.catch_up_request(asked.id, gateway=stripe.gateway(), clock=SYSTEM_CLOCK)
    assert fresh(asked).status == "paid"
    return fresh(asked)


def ask(
    request: PaymentRequest,
    amount_vnd: int | None = None,
    *,
    key: str | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = SYSTEM_CLOCK,
    reason: str = "Hàng bị dập",
    **more: Any,
) -> Refund:
    return services.ask(
        code=request.code,
        amount_vnd=amount_vnd,
        reason=reason,
        idempotency_key=key or f"key-{next(_keys)}",
        actor=actor,
        gateway=more.pop("through", None) or gateway.current(),
        clock=clock,
        **more,
    )


def by_transfer(refund: Refund, *, actor: Actor, key: str | None = None, account: PayerAccount = ACCOUNT) -> Refund:
    key = key or f"key-{next(_keys)}"
    return services.choose_transfer(refund.id, account=account, idempotency_key=key, actor=actor, clock=SYSTEM_CLOCK)


def again(refund: Refund) -> Refund:
    """The refund as it is now, whoever changed it."""
    db.session.rollback()
    return queries.get(refund.id)


def fresh(asked: PaymentRequest) -> PaymentRequest:
    """The request as it is now, whoever changed it."""
    db.session.rollback()
    db.session.expire_all()
    return requests.by_code(asked.code)


def sums(request: PaymentRequest) -> tuple[str, int, int]:
    """Its state, what is on its way back, and what is back, in đồng."""
    now = fresh(request)
    return now.status, now.refunding_vnd, now.refunded_vnd


def balance_vnd(kind: AccountKind, owner: object) -> int:
    db.session.rollback()
    account = ledger.find_account(kind, str(owner))
    return ledger.balance_vnd(account.id) if account else 0


def owed_vnd(payee_id: UUID) -> int:
    """What we hold for the seller."""
    return balance_vnd(AccountKind.PAYABLE, payee_id)


def debt_vnd(payee_id: UUID) -> int:
    """What the seller owes."""
    return -balance_vnd(AccountKind.SELLER_DEBT, payee_id)


def at_gateway(stripe: FakeStripe) -> list[dict[str, Any]]:
    """Every refund the gateway made, oldest first."""
    return list(reversed(stripe.http.get("/stripe/v1/refunds?limit=100").json()["data"]))
