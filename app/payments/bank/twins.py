"""One đồng, told of twice: by a wire (webhook or poll) and by a statement. It counts once, whichever came first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.core import codes
from app.core.clock import VIETNAM
from app.core.crypto import unseal_record
from app.core.database import db, require_transaction
from app.payments.bank import queries
from app.payments.bank.models import MEMO_FIELD, BankNotice, NoticeOutcome, Wire
from app.payments.vietqr.memo import find_codes

NEAR = timedelta(hours=24)
SAME_REFERENCE = timedelta(days=3)  # as in the database's bank_notice_twin
_Finder = aliased(BankNotice)
# Each function is asked once, the second only when the first found nothing.
_KNOWN = sa.text(
    "SELECT twin, CASE WHEN twin IS NULL AND :by_wire THEN bank_notice_unreferenced(:id) END"
    " FROM (SELECT CASE WHEN :referenced THEN bank_notice_twin(:id) END AS twin OFFSET 0) AS found"
).bindparams(sa.bindparam("id", type_=sa.Uuid()))


def outcome_of_known(notice: BankNotice) -> NoticeOutcome | None:
    """The outcome of a locked notice that moves nothing: money that left, or that is counted already; None otherwise.

    It is the same money when account, amount, direction and a non-empty bank reference agree within three days, one
    of the two came by statement and the other did not, and the counted one was not found again before. What only may
    be the same money is noted as `resembles`.
    """
    if notice.direction != "in":
        return NoticeOutcome.IGNORED
    by_wire = notice.wire != Wire.STATEMENT
    asked = {"id": notice.id, "referenced": bool(notice.reference), "by_wire": by_wire}
    notice.same_as, lines = require_transaction().execute(_KNOWN, asked).one()
    if lines:
        _look_at_unreferenced(notice, lines)
    return NoticeOutcome.KNOWN if notice.same_as else None


def _look_at_unreferenced(notice: BankNotice, lines: Sequence[UUID]) -> None:
    """Find a wire's money among lines that a statement told of before, where one of the two has no bank reference.

    The same code in both memos makes it the same money. Without any code in one of them only a person can say; it then
    `resembles` the line. Other codes mean other money. Each line stands for one notice.
    """
    mine = _codes(notice.memo_enc)
    unsure = None
    for line_id in lines:
        theirs = _codes(queries.get_notice(line_id).memo_enc)
        if mine & theirs:
            notice.same_as = line_id
            return
        if not (mine and theirs):
            unsure = unsure or line_id
    notice.resembles = unsure


def _codes(memo_enc: bytes) -> set[str]:
    return set(find_codes(unseal_record(MEMO_FIELD, memo_enc), codes.is_valid))


def may_be_known(notice: BankNotice) -> bool:
    """Whether a locked notice may tell of money that is counted already; noted as `resembles`.

    Of a statement's line it is so when a wire told of the same amount at the same account within a day, and no
    statement has found that yet; or when a statement dates the same reference to another day, not far away.
    """
    if notice.wire == Wire.STATEMENT:
        session = require_transaction()
        session.execute(sa.select(sa.func.bank_notice_alike_lock(notice.amount_vnd, False)))
        notice.resembles = session.scalar(_near(notice)) or session.scalar(_dated_otherwise(notice))
    return notice.resembles is not None


def _dated_otherwise(notice: BankNotice) -> sa.Select[UUID]:
    day = notice.event_at.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        sa.select(BankNotice.id)
        .where(
            BankNotice.reference == notice.reference,
            BankNotice.reference != "",
            BankNotice.wire == Wire.STATEMENT,
            BankNotice.direction == "in",
            BankNotice.amount_vnd == notice.amount_vnd,
            BankNotice.event_at.between(notice.event_at - SAME_REFERENCE, notice.event_at + SAME_REFERENCE),
            sa.or_(BankNotice.event_at < day, BankNotice.event_at >= day + timedelta(days=1)),
            BankNotice.account_indexes.overlap(notice.account_indexes),
            sa.func.coalesce(BankNotice.outcome, "").not_in([NoticeOutcome.IGNORED, NoticeOutcome.UNDONE]),
        )
        .order_by(BankNotice.event_at, BankNotice.id)
        .limit(1)
    )


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


def told_by_wires(references: Collection[str]) -> dict[tuple[str, int, bytes], list[datetime]]:
    """When a wire told of money with one of these references that no statement has found yet.

    Keys are (reference, amount in đồng, blind index of an account it names). For previews: no lock is taken.
    """
    found_again = sa.exists().where(_Finder.same_as == BankNotice.id)
    rows = db.session.execute(
        sa.select(BankNotice.reference, BankNotice.amount_vnd, BankNotice.account_indexes, BankNotice.event_at).where(
            BankNotice.reference == sa.any_(sa.literal(list(references), ARRAY(sa.Text))),
            BankNotice.reference != "",
            BankNotice.wire != Wire.STATEMENT,
            BankNotice.direction == "in",
            BankNotice.outcome.not_in([NoticeOutcome.IGNORED, NoticeOutcome.KNOWN, NoticeOutcome.UNDONE]),
            ~found_again,
        )
    )
    told = defaultdict[tuple[str, int, bytes], list[datetime]](list)
    for reference, amount, indexes, event_at in rows:
        for index in indexes:
            told[reference, amount, index].append(event_at)
    return told
