"""Money that waits, people of the finance office, and what the books say of both."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.ids import uuid7
from app.payments.desk import queries, services
from app.payments.desk.models import DeskAction, Kind
from app.payments.desk.wanted import Wish
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import AccountKind
from app.payments.requests import queries as requests
from app.payments.requests.models import PaymentRequest
from tests.fakes.banks import notify, transfer

REASON = "Gọi điện hỏi lại, đúng khoản này"


def person() -> Actor:
    """Somebody of the finance office, for services."""
    return Actor(user_id=uuid7(), roles=frozenset({"finance"}), areas=frozenset({"*"}), label="finance")


def strand(
    client: FlaskClient, number: str, amount_vnd: int, memo: str = "khong ma", at: datetime | None = None
) -> UUID:
    """Money arrives at the account and fits nothing; the notice's id."""
    assert notify(client, "sepay", transfer(number, amount_vnd, memo, at)).status_code == 200
    db.session.rollback()
    return queries.suspense(cursor=None, limit=1).items[0].notice_id


def attach(request: PaymentRequest, amount_vnd: int, reason: str = REASON) -> Wish:
    return Wish(Kind.ATTACH, amount_vnd, reason, request_code=request.code)


def send_back(amount_vnd: int, reference: str = "FT-TRA-1", reason: str = REASON) -> Wish:
    return Wish(Kind.RETURN_TO_SENDER, amount_vnd, reason, bank_reference=reference)


def act(notice_id: UUID, *wishes: Wish, by: Actor | None = None, key: str | None = None) -> list[DeskAction]:
    """One call at the desk."""
    return services.act(
        notice_id, wishes, actor=by or person(), idempotency_key=key or str(uuid7()), clock=SYSTEM_CLOCK
    )


def approve(action: DeskAction, by: Actor) -> DeskAction:
    return services.approve(action.id, actor=by, clock=SYSTEM_CLOCK)


def reject(action: DeskAction, by: Actor) -> DeskAction:
    return services.reject(action.id, actor=by, reason=REASON, clock=SYSTEM_CLOCK)


def undo(action: DeskAction, by: Actor | None = None) -> DeskAction:
    return services.undo(action.id, actor=by or person(), reason=REASON, clock=SYSTEM_CLOCK)


def keep(action: DeskAction, by: Actor | None = None) -> DeskAction:
    return services.keep(action.id, actor=by or person(), reason=REASON, clock=SYSTEM_CLOCK)


def waiting_vnd(notice_id: UUID) -> int:
    db.session.rollback()
    return queries.shown(notice_id).amount_vnd


def balance_vnd(kind: AccountKind, owner: Any) -> int:
    """What the ledger holds; 0 for an account money never touched."""
    db.session.rollback()
    account = ledger.find_account(kind, str(owner))
    return ledger.balance_vnd(account.id) if account else 0


def fresh(request: PaymentRequest) -> PaymentRequest:
    db.session.expire_all()
    return requests.by_code(request.code)
