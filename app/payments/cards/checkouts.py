"""Opening the gateway's own page for a payer. The gateway is never called inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import transaction
from app.payments.cards import operations, queries
from app.payments.cards.gateway import Gateway, GatewayRefused, GatewayUnknown, NewSession, UnreadableIntent
from app.payments.cards.models import Way
from app.payments.requests import queries as requests

log = structlog.get_logger()


@dataclass(frozen=True)
class WaysBack:
    """Where the gateway's page sends the payer: after paying, and instead of it."""

    done_url: str
    back_url: str


def ensure_page(request_id: UUID, *, ways_back: WaysBack, locale: str, gateway: Gateway, clock: Clock) -> str | None:
    """The address of the gateway's page on which this request can be paid, opened when there is none.

    Safe to repeat and in parallel: our row stands first and makes the idempotency key, so there is one page.

    Returns:
        None when no card can be taken, or the gateway gave no answer (ask again later).
    """
    with transaction(actor=SYSTEM):
        payment = operations.begin(request_id, way=Way.CHECKOUT, clock=clock)
    if payment is None:
        return None
    if payment.session_id is None:
        _open(payment.id, ways_back, locale, gateway, clock)
    return queries.session_url(queries.get(payment.id))


def _open(payment_id: UUID, ways_back: WaysBack, locale: str, gateway: Gateway, clock: Clock) -> None:
    payment = queries.get(payment_id)
    request = requests.get(payment.request_id)
    if payment.session_until is None:
        raise LookupError(f"card payment {payment_id} is no checkout")
    new = NewSession(
        payment_id=payment.id,
        code=request.code,
        amount_vnd=payment.amount_vnd,
        label=request.label,
        success_url=ways_back.done_url,
        cancel_url=ways_back.back_url,
        until=payment.session_until,
        locale=locale,
        capture_later=payment.capture_later,
    )
    try:
        word = gateway.sessions.create(new)
    except GatewayUnknown as error:
        log.warning("card_page_unknown", payment_id=str(payment_id), reason=str(error))
        with transaction(actor=SYSTEM):
            operations.not_answered(payment_id, clock=clock)
        return
    except (GatewayRefused, UnreadableIntent) as error:
        log.error("card_page_refused", payment_id=str(payment_id), reason=str(error))
        return
    with transaction(actor=SYSTEM):
        operations.note_session(payment_id, word, clock=clock)
