"""What the books say of one thing, counted from the rows."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from app.core import audit
from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import Clock
from app.core.database import db
from app.payments.bank.models import BankNotice
from app.payments.ledger.models import OUTSIDE, WITHOUT_BALANCE, Account, AccountKind, Entry, Transfer
from app.payments.requests import queries as requests
from app.payments.requests.models import Arrival, PaymentRequest
from app.payments.requests.purposes import MoneyReturned
from tests.fakes.purposes import KIND, RememberingPurpose


class RecordingPurpose(RememberingPurpose):
    """Leaves a row when told, so that what was told in a transaction that fell does not count."""

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        audit.record("test.paid", actor=SYSTEM, subject_kind=KIND, subject_id=request.purpose_id, clock=clock)

    def on_refunded(self, request: PaymentRequest, refund: MoneyReturned, *, clock: Clock) -> None:
        audit.record("test.refunded", actor=SYSTEM, subject_kind=KIND, subject_id=request.purpose_id, clock=clock)


def count(model: type, *conditions: sa.ColumnElement[bool]) -> int:
    db.session.rollback()
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0)


def moved_vnd(purpose_id: UUID, *kinds: AccountKind) -> list[int]:
    """What each transfer for this purpose moved out of (minus) or into accounts of these kinds, in order."""
    found = sa.select(Entry.amount_vnd).join(Transfer, Transfer.id == Entry.transfer_id)
    found = found.join(Account, Account.id == Entry.account_id)
    found = found.where(Transfer.purpose_id == purpose_id, Account.kind.in_(kinds)).order_by(Entry.id)
    return list(db.session.scalars(found))


def demand_paid_once(code: str, amount_vnd: int = 50_000) -> PaymentRequest:
    """One posting from outside, one arrival to be heard, and a request that is paid in full."""
    db.session.expire_all()
    paid = requests.by_code(code)
    assert (paid.status, paid.paid_vnd) == ("paid", amount_vnd)
    assert moved_vnd(paid.id, *OUTSIDE, AccountKind.SUSPENSE) == [-amount_vnd]
    assert count(Arrival, Arrival.request_id == paid.id) == 1
    if paid.purpose_kind == KIND:
        assert told(paid) == ["test.paid"]
    return paid


def told(request: PaymentRequest) -> list[str]:
    """What the purpose was told, in order."""
    found = sa.select(AuditEvent.action).where(AuditEvent.subject_id == request.purpose_id).order_by(AuditEvent.id)
    return list(db.session.scalars(found))


def demand_one_notice(paid: PaymentRequest, outcome: str = "matched") -> None:
    notices = db.session.scalars(sa.select(BankNotice).where(BankNotice.request_id == paid.id))
    assert [notice.outcome for notice in notices] == [outcome]


def demand_nothing_reserved() -> None:
    """No reservation is left over."""
    left = [Account.pending_out_vnd != 0, Account.pending_in_vnd != 0]
    assert count(Account, sa.or_(*left), Account.kind.not_in(WITHOUT_BALANCE)) == 0
