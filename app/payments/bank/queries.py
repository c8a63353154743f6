"""Reads of notices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.core.waiting import Queue, oldest
from app.payments.bank.errors import NoticeNotFound
from app.payments.bank.models import BankNotice, Wire


def get_notice(notice_id: UUID, *, for_update: bool = False) -> BankNotice:
    """A notice by id."""
    return db.session.get_one(BankNotice, notice_id, with_for_update=for_update or None, populate_existing=for_update)


def demand(notice_id: UUID) -> None:
    """Make sure there is such a notice.

    Raises:
        NoticeNotFound: there is none.
    """
    if db.session.get(BankNotice, notice_id) is None:
        raise NoticeNotFound()


def claim(notice_id: UUID) -> BankNotice | None:
    """The notice under lock; None when somebody else is at it, or there is none."""
    return db.session.scalar(
        sa.select(BankNotice).where(BankNotice.id == notice_id).with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    )


def waiting_ids(*, after: UUID | None, limit: int) -> list[UUID]:
    """Notices not handled yet, oldest first."""
    statement = sa.select(BankNotice.id).where(BankNotice.handled_at.is_(None))
    if after is not None:
        statement = statement.where(BankNotice.id > after)
    return list(db.session.scalars(statement.order_by(BankNotice.id).limit(limit)))


def known_external_ids(wire: Wire, external_ids: Collection[str]) -> set[str]:
    """Which of these the inbox holds already."""
    found = sa.select(BankNotice.external_id).where(BankNotice.wire == wire, BankNotice.external_id.in_(external_ids))
    return set(db.session.scalars(found))


def unhandled(before: datetime, *, limit: int) -> Queue:
    """Notices that came before then and are not handled, oldest first."""
    return oldest(
        BankNotice.id,
        BankNotice.reference,
        BankNotice.amount_vnd,
        BankNotice.received_at,
        where=sa.select(BankNotice).where(BankNotice.handled_at.is_(None), BankNotice.received_at < before),
        limit=limit,
        tried=BankNotice.attempts,
    )
