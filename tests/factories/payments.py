"""Payees with accounts and requests to pay them, as rows really committed."""

from __future__ import annotations

import itertools
from datetime import timedelta
from uuid import UUID

from app.core.clock import SYSTEM_CLOCK, Clock
from app.core.crypto import new_data_key
from app.core.database import transaction
from app.core.ids import uuid7
from app.payments.payees import operations as payees
from app.payments.payees.models import Payee, PayeeKind
from app.payments.requests import operations as requests
from app.payments.requests.models import Method, PaymentRequest, Purpose, StandingCode
from app.payments.requests.purposes import register
from tests.fakes.purposes import KIND, RememberingPurpose

_numbers = itertools.count(10_000_001)


def make_payee(*, kind: str = "shop", number: str | None = None, clock: Clock = SYSTEM_CLOCK) -> tuple[Payee, str]:
    """A payee with one active account; the payee and the account's number."""
    number = number or f"0011{next(_numbers)}"
    with transaction():
        payee = payees.create_payee(kind=PayeeKind(kind), owner_id=uuid7(), clock=clock)
        payees.register_account(
            payee=payee,
            bin="970403",
            number=number,
            holder="HO MAU SO MOT",
            data_key=new_data_key(clock=clock),
            clock=clock,
        )
    return payee, number


def make_purpose() -> RememberingPurpose:
    """Register a fresh remembering purpose."""
    purpose = RememberingPurpose()
    register(KIND, purpose)
    return purpose


def make_request(
    *,
    payee_id: UUID,
    amount_vnd: int = 50_000,
    method: str = "vietqr",
    lasts: timedelta = timedelta(minutes=30),
    clock: Clock = SYSTEM_CLOCK,
) -> PaymentRequest:
    """A request for the remembering purpose (call `make_purpose` first)."""
    with transaction():
        return requests.ask(
            purpose=Purpose(KIND, uuid7()),
            payee_id=payee_id,
            amount_vnd=amount_vnd,
            method=Method(method),
            label="Khoản mẫu",
            expires_at=clock.now() + lasts,
            clock=clock,
        )


def make_standing_code(*, payee_id: UUID, clock: Clock = SYSTEM_CLOCK) -> StandingCode:
    """A static QR's code for the remembering purpose."""
    with transaction():
        return requests.issue_standing_code(
            purpose=Purpose(KIND, uuid7()), payee_id=payee_id, label="Sạp mẫu", clock=clock
        )
