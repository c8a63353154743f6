"""What a payer left with a payee and spends on the next request there; needs an open transaction to move anything.

The money lies in the payee's own bank account since it came, so it can pay only what goes straight to that account.
"""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.database import db, require_transaction
from app.core.ids import uuid7
from app.payments.ledger import queries as accounts
from app.payments.ledger.errors import Overdraft
from app.payments.ledger.models import AccountKind
from app.payments.requests import operations
from app.payments.requests.errors import CreditKeyUsed, CreditNotUsable
from app.payments.requests.models import CreditUse, PaymentRequest, Settlement
from app.payments.requests.states import OPEN


def owner_of(user_id: UUID, payee_id: UUID) -> str:
    """The ledger's name for what this person left with this payee."""
    return f"{user_id}:{payee_id}"


def available_vnd(user_id: UUID, payee_id: UUID) -> int:
    """What this person can spend with this payee, in đồng."""
    account = accounts.find_account(AccountKind.PAYER_CREDIT, owner_of(user_id, payee_id))
    return (account.balance_vnd or 0) - account.pending_out_vnd if account else 0


def offered_vnd(request: PaymentRequest, user_id: UUID | None, *, clock: Clock) -> int:
    """How much of this person's credit the request would take now; 0 when none."""
    open_now = request.status in OPEN and clock.now() <= request.expires_at
    if user_id is None or not open_now or request.settlement != Settlement.DIRECT:
        return 0
    return min(available_vnd(user_id, request.payee_id), request.missing_vnd)


def uses_of(request_id: UUID) -> list[CreditUse]:
    """Credit spent on a request, oldest first, what was given back included."""
    statement = sa.select(CreditUse).where(CreditUse.request_id == request_id).order_by(CreditUse.id)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def use(
    request: PaymentRequest, *, user_id: UUID, amount_vnd: int, idempotency_key: str, clock: Clock
) -> tuple[CreditUse, bool]:
    """Pay the locked request, or part of it, out of a person's own credit with its payee; and whether that is new.

    The credit's account is locked last, with the ledger's, so two requests may both try to spend it: one is refused.

    Raises:
        CreditKeyUsed: the key spent other credit before.
        CreditNotUsable: the request is over, is paid by card, misses less, or the credit is less.
    """
    session = require_transaction()
    key = f"{request.code}|{idempotency_key}"
    earlier = session.scalar(sa.select(CreditUse).where(CreditUse.idempotency_key == key))
    if earlier is not None:
        if (earlier.user_id, earlier.amount_vnd) != (user_id, amount_vnd):
            raise CreditKeyUsed()
        return earlier, False
    if request.status not in OPEN or clock.now() > request.expires_at:
        raise CreditNotUsable(_("Khoản này đã trả đủ hoặc đã hết hạn nên không dùng tiền gửi được nữa."))
    if request.settlement != Settlement.DIRECT:
        raise CreditNotUsable(_("Tiền gửi ở quầy chỉ dùng được khi trả bằng chuyển khoản."))
    account = accounts.find_account(AccountKind.PAYER_CREDIT, owner_of(user_id, request.payee_id))
    if account is None or not 0 < amount_vnd <= request.missing_vnd:
        raise CreditNotUsable(_("Số tiền vừa thay đổi. Bà con tải lại trang rồi bấm lại nhé."))
    used = CreditUse(
        user_id=user_id,
        request_id=request.id,
        amount_vnd=amount_vnd,
        transfer_id=uuid7(),
        idempotency_key=key,
        created_at=clock.now(),
    )
    try:
        operations.receive(
            request,
            transfer_id=used.transfer_id,
            from_account_id=account.id,
            amount_vnd=amount_vnd,
            event_at=clock.now(),
            clock=clock,
        )
    except Overdraft as error:
        raise CreditNotUsable(_("Số tiền gửi không còn đủ. Bà con tải lại trang rồi bấm lại nhé.")) from error
    session.add(used)
    session.flush()
    return used, True


def give_back(request: PaymentRequest, *, clock: Clock) -> None:
    """Put credit spent on a locked request that has just expired back where it was."""
    for used in uses_of(request.id):
        if used.back_transfer_id is None:
            back_id = uuid7()
            operations.take_back(
                request, transfer_id=used.transfer_id, new_id=back_id, amount_vnd=used.amount_vnd, clock=clock
            )
            used.back_transfer_id, used.given_back_at = back_id, clock.now()
    require_transaction().flush()
