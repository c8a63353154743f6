"""Use cases of payment requests alone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.database import transaction
from app.core.errors import SignInNeeded
from app.payments.requests import again, credits, operations, queries
from app.payments.requests.models import CreditUse, PaymentRequest

BATCH = 100
SUBJECT = "payment_request"
log = structlog.get_logger()


def extend(code: str, *, seen: int, actor: Actor, clock: Clock) -> PaymentRequest:
    """Give an open request more time. Whoever may see its page may ask for it.

    Args:
        seen: how many extensions it had on the page where the button was pressed; a second press changes nothing.

    Raises:
        RequestNotFound, NotExtendable; AppError: what it is for can't wait longer.
    """
    with transaction(actor=SYSTEM):
        request = queries.by_code(code, for_update=True)
        if again.extend(request, seen=seen, clock=clock):
            _note("payment_request.extended", request, actor, clock, expires_at=request.expires_at.isoformat())
        return request


def reopen(code: str, *, actor: Actor, clock: Clock) -> PaymentRequest:
    """Ask again for the missing part of an expired request; a repeat changes nothing. The caller says who may.

    Raises:
        RequestNotFound, NotReopenable; AppError: what it is for is no more to be had.
    """
    with transaction(actor=SYSTEM):
        request = queries.by_code(code, for_update=True)
        if again.reopen(request, clock=clock):
            _note("payment_request.reopened", request, actor, clock, missing_vnd=request.missing_vnd)
        return request


def use_credit(code: str, *, amount_vnd: int, idempotency_key: str, actor: Actor, clock: Clock) -> CreditUse:
    """Pay a request, or part of it, out of what the signed-in person left with its payee; a repeat changes nothing.

    Raises:
        SignInNeeded, RequestNotFound, CreditKeyUsed, CreditNotUsable.
    """
    if actor.user_id is None:
        raise SignInNeeded(_("Bà con cần đăng nhập để dùng tiền gửi."))
    with transaction(actor=SYSTEM):
        request = queries.by_code(code, for_update=True)
        used, is_new = credits.use(
            request, user_id=actor.user_id, amount_vnd=amount_vnd, idempotency_key=idempotency_key, clock=clock
        )
        if is_new:
            _note("payment_request.credit_used", request, actor, clock, amount_vnd=amount_vnd)
        return used


def _note(action: str, request: PaymentRequest, actor: Actor, clock: Clock, **details: object) -> None:
    audit.record(action, actor=actor, subject_kind=SUBJECT, subject_id=request.id, clock=clock, **details)


def expire_due(*, clock: Clock) -> int:
    """Close every request past its time; the number closed. One that fails does not hold up the rest.

    One per transaction: its purpose locks rows of its own (a cart's products, by id), and one purpose's locks after
    another's would cross those of a buyer.
    """
    closed, before = 0, clock.now() - operations.GRACE
    after: tuple[datetime, UUID] | None = None
    while due := queries.overdue(before, after=after, limit=BATCH):
        closed += sum(_try_to_expire(request_id, clock=clock) for _expires_at, request_id in due)
        after = due[-1]
    return closed


def _try_to_expire(request_id: UUID, *, clock: Clock) -> bool:
    try:
        with transaction(actor=SYSTEM):
            if not operations.expire(request_id, clock=clock):
                return False
            credits.give_back(queries.get(request_id), clock=clock)
            return True
    except Exception as error:
        log.error("request_not_expired", request_id=str(request_id), exc_info=error)
        return False
