"""Taking back what a statement brought, as long as nobody built on it. Needs an open transaction."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.payments.bank import queries
from app.payments.bank.models import BankNotice, NoticeAllocation, NoticeOutcome, Wire
from app.payments.ledger import operations as ledger


class NotFree(StrEnum):
    """Why a notice's money stays where it is."""

    MATCHED = "matched"
    CONFIRMED = "confirmed"
    NOT_HANDLED = "not_handled"
    KNOWN = "known"


def take_back(notice_id: UUID, *, clock: Clock) -> UUID | NotFree:
    """Reverse the money of an imported notice; the reversing transfer's id, or why not.

    Raises:
        sqlalchemy.exc.IntegrityError: somebody at the desk touched the money; the database refuses.
    """
    session = require_transaction()
    notice = queries.get_notice(notice_id, for_update=True)
    parts = session.scalars(sa.select(NoticeAllocation).where(NoticeAllocation.notice_id == notice_id)).all()
    if notice.wire != Wire.STATEMENT or notice.outcome is None:
        return NotFree.NOT_HANDLED
    if notice.outcome == NoticeOutcome.KNOWN:
        return NotFree.KNOWN
    if any(part.request_id for part in parts) or len(parts) != 1:
        return NotFree.MATCHED
    if session.scalar(sa.select(sa.exists().where(BankNotice.same_as == notice_id))):
        return NotFree.CONFIRMED
    notice.outcome = NoticeOutcome.UNDONE
    session.flush()  # the desk lets it go, or the database refuses
    reversal = uuid7()
    ledger.reverse(parts[0].transfer_id, new_id=reversal, event_at=clock.now(), clock=clock)
    return reversal
