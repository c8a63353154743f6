"""Reads of notices and of what waits in suspense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.crypto import unseal_record
from app.core.database import db
from app.core.masking import mask_tail
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.payments.bank.models import ACCOUNT_FIELD, MEMO_FIELD, BankNotice, NoticeAllocation
from app.payments.requests.models import PaymentRequest


@dataclass(frozen=True)
class SuspenseItem:
    """Money that waits for a person; `amount_vnd` is the waiting part of the notice."""

    notice_id: UUID
    wire: str
    outcome: str
    amount_vnd: int
    notice_amount_vnd: int
    account_masked: str
    memo: str
    reference: str
    request_code: str | None
    event_at: datetime
    received_at: datetime


def get_notice(notice_id: UUID, *, for_update: bool = False) -> BankNotice:
    """A notice by id."""
    return db.session.get_one(BankNotice, notice_id, with_for_update=for_update or None, populate_existing=for_update)


def waiting_ids(*, after: UUID | None, limit: int) -> list[UUID]:
    """Notices not handled yet, oldest first."""
    statement = sa.select(BankNotice.id).where(BankNotice.handled_at.is_(None))
    if after is not None:
        statement = statement.where(BankNotice.id > after)
    return list(db.session.scalars(statement.order_by(BankNotice.id).limit(limit)))


def suspense(*, cursor: str | None, limit: int) -> Page[SuspenseItem]:
    """What waits in suspense, newest first."""
    statement = (
        sa.select(NoticeAllocation.amount_vnd, BankNotice, PaymentRequest.code)
        .join(BankNotice, BankNotice.id == NoticeAllocation.notice_id)
        .outerjoin(PaymentRequest, PaymentRequest.id == BankNotice.request_id)
        .where(NoticeAllocation.request_id.is_(None))
        .order_by(NoticeAllocation.notice_id.desc())
        .limit(limit + 1)
    )
    if cursor:
        statement = statement.where(NoticeAllocation.notice_id < decode_uuid_cursor(cursor))
    rows = db.session.execute(statement).all()
    items = [_item(*row) for row in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].notice_id)) if len(rows) > limit else None)


def suspense_total_vnd() -> int:
    """All that waits, in đồng."""
    total = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(NoticeAllocation.amount_vnd), 0)).where(
            NoticeAllocation.request_id.is_(None)
        )
    )
    return int(total or 0)


def _item(amount_vnd: int, notice: BankNotice, request_code: str | None) -> SuspenseItem:
    return SuspenseItem(
        notice_id=notice.id,
        wire=notice.wire,
        outcome=notice.outcome or "",
        amount_vnd=amount_vnd,
        notice_amount_vnd=notice.amount_vnd,
        account_masked=mask_tail(unseal_record(ACCOUNT_FIELD, notice.account_enc)),
        memo=unseal_record(MEMO_FIELD, notice.memo_enc),
        reference=notice.reference,
        request_code=request_code,
        event_at=notice.event_at,
        received_at=notice.received_at,
    )
