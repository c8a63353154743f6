"""What came for one request, part by part, as its payer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.payments.bank.models import BankNotice, NoticeAllocation
from app.payments.desk.models import DeskAction, DeskItem
from app.payments.desk.states import State
from app.payments.requests import credits


@dataclass(frozen=True)
class Part:
    """Money the request took: when it happened, how much in đồng, the bank's reference; none for a payer's credit."""

    event_at: datetime
    amount_vnd: int
    reference: str | None


def of_request(request_id: UUID) -> list[Part]:
    """Its parts, oldest first; what was taken back is left out."""
    notice = (BankNotice.event_at, BankNotice.reference)
    matched = (
        sa.select(NoticeAllocation.amount_vnd, *notice)
        .join(BankNotice, BankNotice.id == NoticeAllocation.notice_id)
        .where(NoticeAllocation.request_id == request_id)
    )
    attached = (
        sa.select(DeskAction.amount_vnd, *notice)
        .join(DeskItem, DeskItem.allocation_id == DeskAction.allocation_id)
        .join(BankNotice, BankNotice.id == DeskItem.notice_id)
        .where(DeskAction.request_id == request_id, DeskAction.state == State.DONE)
    )
    rows = db.session.execute(sa.union_all(matched, attached)).all()
    told = [Part(event_at, amount_vnd, reference) for amount_vnd, event_at, reference in rows]
    spent = [
        Part(used.created_at, used.amount_vnd, None)
        for used in credits.uses_of(request_id)
        if used.back_transfer_id is None
    ]
    return sorted([*told, *spent], key=attrgetter("event_at"))
