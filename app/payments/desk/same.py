"""A held notice that tells of money which is counted already: a person says so. Needs an open transaction.

Its money leaves suspense as it came, and `same_as` names the notice that counts: nobody counts either again, and the
statement's line of the two is not taken back while this stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.database import db, require_transaction
from app.payments.bank import queries as bank
from app.payments.bank.models import BankNotice, NoticeOutcome
from app.payments.desk.errors import BadAction, NotTheSameMoney
from app.payments.desk.models import DeskItem, Kind
from app.payments.desk.wanted import Wish

NOT_COUNTED = (None, NoticeOutcome.IGNORED, NoticeOutcome.UNDONE)


def demand_whole(item: DeskItem, wishes: Sequence[Wish]) -> None:
    """Who says that a notice is the same money says it of all of it.

    Raises:
        BadAction: other parts are given away with it, or it is less than all.
    """
    said = [wish for wish in wishes if wish.kind is Kind.SAME_MONEY]
    if said and (len(wishes) > 1 or said[0].amount_vnd != item.amount_vnd):
        raise BadAction("amount_vnd", _("Báo trùng thì cả khoản là trùng, không chia phần được."))


def demand_twin(notice: BankNotice) -> None:
    """The notice resembles one that counts and that no other was found to be; both are locked, in the order of ids.

    Raises:
        NotTheSameMoney: it resembles none, or that one does not count, or it stands for another notice.
    """
    _lock(notice)
    twin = _resembled(notice)
    if notice.outcome != NoticeOutcome.UNMATCHED or notice.same_as is not None or twin is None:
        raise NotTheSameMoney()
    taken = sa.select(sa.exists().where(BankNotice.same_as == twin.id))
    alike = (twin.direction, twin.amount_vnd) == (notice.direction, notice.amount_vnd)
    if db.session.scalar(taken) or not alike or not _counts(twin, notice):
        raise NotTheSameMoney()


def say(notice: BankNotice) -> None:
    """Note whose money it is; the database takes one notice for each."""
    notice.same_as = notice.resembles


def take_back(notice_id: UUID) -> None:
    """The notice stands for itself again."""
    bank.get_notice(notice_id, for_update=True).same_as = None


def _lock(notice: BankNotice) -> None:
    ids = sorted(one for one in (notice.id, notice.resembles) if one is not None)
    wanted = sa.select(BankNotice).where(BankNotice.id.in_(ids)).order_by(BankNotice.id).with_for_update()
    require_transaction().scalars(wanted, execution_options={"populate_existing": True}).all()


def _resembled(notice: BankNotice) -> BankNotice | None:
    return db.session.get(BankNotice, notice.resembles) if notice.resembles else None


def _counts(twin: BankNotice, notice: BankNotice) -> bool:
    """Whether the twin's money is in the books, by itself or as what it is known to be, and not as this notice."""
    seen = {notice.id}
    while twin.same_as is not None:
        if twin.id in seen:
            return False
        seen.add(twin.id)
        twin = db.session.get_one(BankNotice, twin.same_as)
    return twin.id not in seen and twin.outcome not in NOT_COUNTED
