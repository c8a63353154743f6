"""Asking, receiving, expiring, cancelling; each needs an open transaction.

Lock order everywhere: the request's row, then the purpose's own rows, then ledger accounts, then the payee's row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.codes import new_code
from app.core.database import driver_of, require_transaction
from app.core.ids import uuid7
from app.payments.fees import operations as fees
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from app.payments.payees import queries as payees
from app.payments.payees.models import BankAccount
from app.payments.requests import debts
from app.payments.requests.errors import AlreadyPaid, MoneyBuiltUpon, NoAccount
from app.payments.requests.models import Method, PaymentRequest, Purpose, Settlement, StandingCode
from app.payments.requests.purposes import handler_of, may_undo, supply_of
from app.payments.requests.states import OPEN, Event, State, step

CODE_PREFIX = "CP"
# Money on its way when the time ran out is still welcome: the sweep waits this long after `expires_at`.
GRACE = timedelta(minutes=3)
LEDGER_PURPOSE = "payment_request"
_ARRIVE = """
WITH numbered AS (UPDATE payee SET arrival_seq = arrival_seq + 1 WHERE id = %(payee_id)s RETURNING id, arrival_seq)
INSERT INTO arrival (payee_id, seq, request_id, transfer_id, amount_vnd, in_full, label, event_at, created_at)
SELECT id, arrival_seq, %(request_id)s, %(transfer_id)s, %(amount_vnd)s, %(in_full)s, %(label)s, %(event_at)s, %(now)s
FROM numbered
"""


class Outcome(StrEnum):
    """How arrived money fits a request."""

    MATCHED = "matched"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    DUPLICATE = "duplicate"
    LATE = "late"


@dataclass(frozen=True)
class Verdict:
    """What to do with arrived money: how much the request takes, how much waits for a person (both in đồng)."""

    outcome: Outcome
    accepted_vnd: int
    excess_vnd: int


def ask(
    *,
    purpose: Purpose,
    payee_id: UUID,
    amount_vnd: int,
    method: Method,
    label: str,
    expires_at: datetime,
    clock: Clock,
    standing_code: StandingCode | None = None,
    account: BankAccount | None = None,
) -> PaymentRequest:
    """Ask somebody to pay.

    A transfer goes straight to the payee's account (direct); a card payment is collected and owed to the payee.

    Args:
        account: the payee's active account, when the caller has looked it up already.

    Raises:
        NoAccount: a transfer is asked for, and the payee has no bank account.
    """
    if method is Method.VIETQR:
        account = account or payees.active_account(payee_id)
    if method is Method.VIETQR and account is None:
        raise NoAccount()
    request = PaymentRequest(
        id=uuid7(),
        code=new_code(CODE_PREFIX),
        purpose_kind=purpose.kind,
        purpose_id=purpose.id,
        payee_id=payee_id,
        bank_account_id=account.id if account else None,
        standing_code_id=standing_code.id if standing_code else None,
        method=method,
        settlement=Settlement.DIRECT if method is Method.VIETQR else Settlement.COLLECTED,
        amount_vnd=amount_vnd,
        paid_vnd=0,
        status=State.ASKED,
        label=label,
        expires_at=expires_at,
        created_at=clock.now(),
    )
    require_transaction().add(request)
    return request


def issue_standing_code(*, purpose: Purpose, payee_id: UUID, label: str, clock: Clock) -> StandingCode:
    """A code for a static QR of this purpose; earlier ones of the same purpose stop counting."""
    session = require_transaction()
    session.execute(
        sa.update(StandingCode)
        .where(StandingCode.purpose_kind == purpose.kind, StandingCode.purpose_id == purpose.id, StandingCode.active)
        .values(active=False)
    )
    code = StandingCode(
        code=new_code(CODE_PREFIX),
        purpose_kind=purpose.kind,
        purpose_id=purpose.id,
        payee_id=payee_id,
        label=label,
        created_at=clock.now(),
    )
    session.add(code)
    session.flush()
    return code


def judge(request: PaymentRequest, *, amount_vnd: int, event_at: datetime) -> Verdict:
    """How the amount fits the locked request. No tolerance: one đồng short is short."""
    if request.status == State.PAID:
        return Verdict(Outcome.DUPLICATE, 0, amount_vnd)
    if request.status not in OPEN or event_at > request.expires_at:
        return Verdict(Outcome.LATE, 0, amount_vnd)
    if amount_vnd < request.missing_vnd:
        return Verdict(Outcome.UNDERPAID, amount_vnd, 0)
    excess = amount_vnd - request.missing_vnd
    return Verdict(Outcome.OVERPAID if excess else Outcome.MATCHED, request.missing_vnd, excess)


def receive(
    request: PaymentRequest,
    *,
    transfer_id: UUID,
    from_account_id: UUID,
    amount_vnd: int,
    event_at: datetime,
    clock: Clock,
) -> None:
    """Take accepted money: the books, the request, its purpose and the payee's arrivals move together.

    Args:
        request: locked, open.
        transfer_id: the ledger transfer's id, made from the message that told of the money.
        amount_vnd: at most what is missing.
    """
    session = require_transaction()
    kind = AccountKind.RECEIVED if request.settlement == Settlement.DIRECT else AccountKind.PAYABLE
    transfer = ledger.NewTransfer(
        id=transfer_id,
        from_account_id=from_account_id,
        to_account_id=ledger.account_id(kind, str(request.payee_id), clock=clock),
        amount_vnd=amount_vnd,
        purpose=(LEDGER_PURPOSE, request.id),
        event_at=event_at,
    )
    kept = _keep_back(request, transfer, clock)
    complete = amount_vnd == request.missing_vnd
    request.status = step(State(request.status), Event.MONEY_COMPLETE if complete else Event.MONEY_SHORT)
    request.paid_vnd += amount_vnd
    if complete:
        request.paid_at = clock.now()
        handler_of(request).on_paid(request, clock=clock)
    ledger.post([transfer, *kept.transfers], clock=clock)
    fees.note(kept)
    debts.repay(request, received_vnd=max(amount_vnd - kept.total_vnd, 0), event_at=event_at, clock=clock)
    session.flush()
    numbered = driver_of(session).execute(
        _ARRIVE,
        {
            "payee_id": request.payee_id,
            "request_id": request.id,
            "transfer_id": transfer_id,
            "amount_vnd": amount_vnd,
            "in_full": complete,
            "label": request.label,
            "event_at": event_at,
            "now": clock.now(),
        },
    )
    if numbered.rowcount != 1:
        raise LookupError(f"no payee {request.payee_id}")


def _keep_back(request: PaymentRequest, transfer: ledger.NewTransfer, clock: Clock) -> fees.Plan:
    """What of collected money is commission and the seller's tax. What goes straight to the seller passes us by."""
    supply = supply_of(request) if request.settlement == Settlement.COLLECTED else None
    if supply is None:
        return fees.Plan()
    payment = fees.Payment(
        request_id=request.id,
        payee_id=request.payee_id,
        transfer_id=transfer.id,
        amount_vnd=transfer.amount_vnd,
        supply=supply,
        is_first=request.paid_vnd == 0,
        refunded_vnd=request.refunded_vnd,
        event_at=transfer.event_at,
    )
    return fees.withhold(payment, payable_id=transfer.to_account_id, clock=clock)


def take_back(request: PaymentRequest, *, transfer_id: UUID, new_id: UUID, amount_vnd: int, clock: Clock) -> None:
    """Reverse the transfer of money given to a locked request by mistake. Its arrival stays: it was heard.

    Args:
        transfer_id: the transfer `receive` posted, of `amount_vnd`.
        new_id: the id of the reversing transfer.

    Raises:
        MoneyBuiltUpon: the request is paid and its purpose has acted on it, or it was refunded.
    """
    built_upon = request.status == State.PAID and not may_undo(request)
    if built_upon or request.status == State.REFUNDED or amount_vnd > request.refundable_vnd:
        raise MoneyBuiltUpon(request.code)
    event = Event.ALL_TAKEN_BACK if amount_vnd == request.paid_vnd else Event.SOME_TAKEN_BACK
    request.status = step(State(request.status), event)
    request.paid_vnd -= amount_vnd
    request.paid_at = None
    if request.settlement == Settlement.COLLECTED:
        why = fees.Occasion(
            request_id=request.id,
            payee_id=request.payee_id,
            refunded_vnd=request.refunded_vnd,
            refund_id=None,
            event_at=clock.now(),
        )
        payable = ledger.open_account(AccountKind.PAYABLE, str(request.payee_id), clock=clock)
        fees.take_back(why, payment_transfer_id=transfer_id, payable_id=payable.id, clock=clock)
    ledger.reverse(transfer_id, new_id=new_id, event_at=clock.now(), clock=clock)
    require_transaction().flush()


def cancel(request: PaymentRequest, *, clock: Clock) -> None:
    """Withdraw a locked request; what arrives later waits for a person.

    Raises:
        AlreadyPaid: it is paid, or closed already.
    """
    if request.status not in OPEN:
        raise AlreadyPaid()
    request.status = step(State(request.status), Event.WITHDRAWN)
    require_transaction().flush()


def expire(request_id: UUID, *, clock: Clock) -> bool:
    """Close the request when its time and grace have passed, and tell its purpose; False when somebody else is at it
    or it is closed already."""
    session = require_transaction()
    request = session.get(PaymentRequest, request_id, with_for_update={"skip_locked": True}, populate_existing=True)
    if request is None or request.status not in OPEN or request.expires_at >= clock.now() - GRACE:
        return False
    request.status = step(State(request.status), Event.TIME_PASSED)
    handler_of(request).on_expired(request, clock=clock)
    session.flush()
    return True
