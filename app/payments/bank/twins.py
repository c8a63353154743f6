"""One đồng, told of twice: by a wire (webhook or poll) and by a statement. It counts once, whichever came first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.core.database import db, require_transaction
from app.payments.bank.models import BankNotice, NoticeOutcome, Wire

NEAR = timedelta(hours=24)
_Finder = aliased(BankNotice)


def outcome_of_known(notice: BankNotice) -> NoticeOutcome | None:
    """The outcome of a locked notice that moves nothing: money that left, or that is counted already; None otherwise.

    It is the same money when account, amount, direction and a non-empty bank reference agree, one of the two came by
    statement and the other did not, and the counted one was not found again before.
    """
    if notice.direction != "in":
        return NoticeOutcome.IGNORED
    if not notice.reference:
        return None
    notice.same_as = require_transaction().scalar(sa.select(sa.func.bank_notice_twin(notice.id)))
    return NoticeOutcome.KNOWN if notice.same_as else None


def may_be_known(notice: BankNotice) -> bool:
    """Whether a locked notice from a statement may tell of money that is counted already; noted as `resembles`.

    So it is when a wire told of the same amount at the same account within a day, and no statement has found that yet.
    """
    if notice.wire == Wire.STATEMENT:
        notice.resembles = require_transaction().scalar(_near(notice))
    return notice.resembles is not None


def _near(notice: BankNotice) -> sa.Select[UUID]:
    return (
        sa.select(BankNotice.id)
        .where(
            BankNotice.direction == "in",
            BankNotice.wire != Wire.STATEMENT,
            BankNotice.amount_vnd == notice.amount_vnd,
            BankNotice.event_at.between(notice.event_at - NEAR, notice.event_at + NEAR),
            BankNotice.account_indexes.overlap(notice.account_indexes),
            sa.func.coalesce(BankNotice.outcome, "").not_in([NoticeOutcome.IGNORED, NoticeOutcome.KNOWN]),
            ~sa.exists().where(_Finder.same_as == BankNotice.id),
        )
        .order_by(BankNotice.event_at, BankNotice.id)
        .limit(1)
    )


def told_by_wires(references: Collection[str]) -> Counter[tuple[str, int, bytes]]:
    """How often a wire told of money with one of these references that no statement has found yet.

    Keys are (reference, amount in đồng, blind index of an account it names). For previews: no lock is taken.
    """
    found_again = sa.exists().where(_Finder.same_as == BankNotice.id)
    rows = db.session.execute(
        sa.select(BankNotice.reference, BankNotice.amount_vnd, BankNotice.account_indexes).where(
            BankNotice.reference == sa.any_(sa.literal(list(references), ARRAY(sa.Text))),
            BankNotice.reference != "",
            BankNotice.wire != Wire.STATEMENT,
            BankNotice.direction == "in",
            BankNotice.outcome.not_in([NoticeOutcome.IGNORED, NoticeOutcome.KNOWN, NoticeOutcome.UNDONE]),
            ~found_again,
        )
    )
    return Counter((reference, amount, index) for reference, amount, indexes in rows for index in indexes)
