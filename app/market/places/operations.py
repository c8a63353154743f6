"""Steps of stall sales inside an open transaction.

Lock order: the payment request's row, then the sale's; a stall's row is locked only to ask for an amount.
"""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.texts import fold
from app.payments.requests import operations as requests
from app.payments.requests.models import Method, PaymentRequest, Purpose, StandingCode

from .models import SaleStatus, Stall, StallSale

PURPOSE_KIND = "stall_sale"
MARKET_PREFIX = "CH"
STALL_PREFIX = "QS"
# A buyer at the stall pays within minutes; after this the seller enters the amount again.
PAY_WITHIN = timedelta(minutes=15)


def terminal_code(number: str) -> str:
    """The stall number as EMVCo tag 62-07 can carry it: "A-12" is "SAPA12"; empty when nothing is left of it."""
    plain = re.sub(r"[^0-9A-Z]", "", fold(number).upper())
    return f"SAP{plain}" if plain else ""


def issue_static_qr(stall: Stall, *, payee_id: UUID, clock: Clock) -> StandingCode:
    """The code inside the QR on the stall's sticker; an earlier sticker stops counting."""
    return requests.issue_standing_code(
        purpose=Purpose(PURPOSE_KIND, stall.id), payee_id=payee_id, label=label_of(stall), clock=clock
    )


def ask(stall: Stall, *, amount_vnd: int, idempotency_key: str, clock: Clock) -> PaymentRequest:
    """A sale of this amount, and the request for its money. Needs the stall's shop loaded."""
    sale = StallSale(
        stall_id=stall.id,
        amount_vnd=amount_vnd,
        status=SaleStatus.ASKED,
        standing=False,
        idempotency_key=idempotency_key,
        created_at=clock.now(),
    )
    session = require_transaction()
    session.add(sale)
    session.flush()
    return requests.ask(
        purpose=Purpose(PURPOSE_KIND, sale.id),
        payee_id=stall.shop.payee_id,
        amount_vnd=amount_vnd,
        method=Method.VIETQR,
        label=label_of(stall),
        expires_at=clock.now() + PAY_WITHIN,
        clock=clock,
    )


def note_standing_sale(request: PaymentRequest, *, clock: Clock) -> StallSale:
    """Money came to the static QR: a sale of what arrived. The purpose of such a request is the stall itself."""
    sale = StallSale(
        id=request.id,
        stall_id=request.purpose_id,
        amount_vnd=request.amount_vnd,
        status=SaleStatus.PAID,
        standing=True,
        created_at=clock.now(),
        paid_at=clock.now(),
    )
    session = require_transaction()
    session.add(sale)
    session.flush()
    return sale


def close_sale(sale_id: UUID, status: SaleStatus, *, clock: Clock) -> None:
    """An asked sale is paid, or its time ran out.

    Raises:
        LookupError: no asked sale has this id; a programming error.
    """
    moved = require_transaction().execute(
        sa.update(StallSale)
        .where(StallSale.id == sale_id, StallSale.status == SaleStatus.ASKED)
        .values(status=status, paid_at=clock.now() if status is SaleStatus.PAID else None)
        .returning(StallSale.id)
    )
    if moved.scalar() is None:
        raise LookupError(f"no sale {sale_id} waits for money")


def label_of(stall: Stall) -> str:
    """What the sound page and the seller's lists call it; kept with the money, so it is Vietnamese for everyone."""
    return f"Sạp {stall.number}"
