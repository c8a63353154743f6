"""More time for an open request, and asking again for the missing part of an expired one; needs an open transaction.

Both happen under the request's lock, as the sweep that closes it does: whoever comes first decides.
"""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.database import require_transaction
from app.payments.payees import queries as payees
from app.payments.requests.errors import NotExtendable, NotReopenable
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import LastsLonger, OpensAgain, handler_of
from app.payments.requests.states import OPEN, Event, State, step

# Goods that somebody holds back are goods that nobody else can buy.
MAX_EXTENSIONS = 2


def may_extend(request: PaymentRequest, *, clock: Clock) -> bool:
    """Whether its payer may be offered more time; the purpose has the last word."""
    return (
        request.status in OPEN
        and clock.now() <= request.expires_at
        and request.extensions < MAX_EXTENSIONS
        and request.standing_code_id is None
        and isinstance(handler_of(request), LastsLonger)
    )


def extend(request: PaymentRequest, *, seen: int, clock: Clock) -> bool:
    """Give the locked request more time, as much as its purpose says; False when that was done already.

    Args:
        seen: how many extensions it had when its payer asked. A second press of one button sees the same number.

    Raises:
        NotExtendable: it is over, got all it may, or its purpose never waits.
        AppError: its purpose can't wait longer now.
    """
    if request.extensions > seen:
        return False
    if request.status not in OPEN or clock.now() > request.expires_at:
        raise NotExtendable(_("Mã này đã hết hạn hoặc đã đóng nên không thêm giờ được nữa."))
    if request.extensions >= MAX_EXTENSIONS:
        raise NotExtendable(_("Bà con đã xin thêm giờ đủ %(n)d lần. Bà con trả trước hạn giúp nhé.", n=MAX_EXTENSIONS))
    handler = handler_of(request)
    if request.standing_code_id is not None or not isinstance(handler, LastsLonger):
        raise NotExtendable(_("Khoản này không thêm giờ được. Bà con hỏi người nhận để lấy mã mới nhé."))
    longer = handler.on_extended(request, clock=clock)
    request.status = step(State(request.status), Event.EXTENDED)
    request.expires_at += longer
    request.extensions += 1
    require_transaction().flush()
    return True


def is_kept_part(request: PaymentRequest) -> bool:
    """Whether part of its money came, then its time ran out, and nobody has decided yet what becomes of the part."""
    return request.status in (State.EXPIRED, State.CANCELLED) and request.refundable_vnd > 0


def may_reopen(request: PaymentRequest) -> bool:
    """Whether the missing part may be asked for again; the purpose has the last word."""
    return (
        request.status == State.EXPIRED
        and request.paid_vnd > 0
        and request.refundable_vnd == request.paid_vnd
        and isinstance(handler_of(request), OpensAgain)
    )


def reopen(request: PaymentRequest, *, clock: Clock) -> bool:
    """Ask again, under the locked request's own code, for what is missing; False when it waits for that already.

    Raises:
        NotReopenable: nothing was paid of it, its money went back, or it was paid or cancelled; or its payee is to be
            paid at another account by now.
        AppError: its purpose can't be had any more.
    """
    if request.status == State.PART_PAID:
        return False
    if not may_reopen(request):
        raise NotReopenable(_("Khoản này không xin trả nốt được. Trả lại phần đã nhận cho người trả nhé."))
    account = payees.active_account(request.payee_id) if request.bank_account_id else None
    if request.bank_account_id is not None and (account is None or account.id != request.bank_account_id):
        raise NotReopenable(_("Nơi nhận đã đổi tài khoản nên mã cũ không dùng lại được. Trả lại phần đã nhận nhé."))
    handler = handler_of(request)
    assert isinstance(handler, OpensAgain)
    lasts = handler.on_reopened(request, clock=clock)
    request.status = step(State(request.status), Event.REOPENED)
    request.expires_at = clock.now() + lasts
    request.reopened_at = clock.now()
    request.extensions = 0
    require_transaction().flush()
    return True
