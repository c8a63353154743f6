"""Reads that join what the payments' rooms know of one payout, one request, one notice. A page asks a fixed number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.core.database import db
from app.payments.bank.models import BankNotice, NoticeAllocation
from app.payments.cards.models import CardPayment, CardReturn
from app.payments.desk.models import DeskAction, DeskItem
from app.payments.income.kinds import What, what_of
from app.payments.ledger import queries as ledger
from app.payments.ledger.models import Account, AccountKind, Entry, Transfer
from app.payments.payouts.models import SALES, Payout
from app.payments.payouts.states import State
from app.payments.requests.models import PaymentRequest

_LIVE = (State.APPROVED, State.SENT, State.CONFIRMED)


@dataclass(frozen=True)
class Made:
    """What a payout was made of: the payee's account from the draft of the payout before to the draft of this one.

    Attributes:
        earlier: the payout before, if any that stands.
        opening_vnd: what was left then; `closing_vnd` when this one was drafted, all in đồng.
        sums_vnd: what moved in between, by reason.
    """

    account: Account
    earlier: Payout | None
    since: datetime
    until: datetime
    opening_vnd: int
    sums_vnd: dict[What, int]
    closing_vnd: int


@dataclass(frozen=True)
class Came:
    """A transfer that gave a request money, or took it back again: then `amount_vnd` is negative.

    `notice_id` tells of it when a bank did.
    """

    transfer_id: UUID
    amount_vnd: int
    event_at: datetime
    notice_id: UUID | None


@dataclass(frozen=True)
class Part:
    """Part of a notice's money: for the request of this code, or (none) for suspense."""

    amount_vnd: int
    request_code: str | None


def made_of(payout: Payout) -> Made | None:
    """What a payout was made of; None when the payee's account is not there (it always is)."""
    account = ledger.find_account(AccountKind.PAYABLE, str(payout.payee_id))
    if account is None:
        return None
    earlier = _earlier(payout)
    since = earlier.created_at if earlier else account.created_at
    opening_vnd = ledger.balance_at(account.id, since)
    sums_vnd = sums(account.id, since=since, until=payout.created_at)
    closing_vnd = opening_vnd + sum(sums_vnd.values())
    return Made(account, earlier, since, payout.created_at, opening_vnd, sums_vnd, closing_vnd)


def _earlier(payout: Payout) -> Payout | None:
    return db.session.scalar(
        sa.select(Payout)
        .where(
            Payout.payee_id == payout.payee_id,
            Payout.purpose == SALES,
            Payout.id < payout.id,
            Payout.status.in_(_LIVE),
        )
        .order_by(Payout.id.desc())
        .limit(1)
    )


def sums(account_id: UUID, *, since: datetime, until: datetime) -> dict[What, int]:
    """What moved on an account by reason, in đồng; what came is positive."""
    other = aliased(Account)
    other_id = sa.case((Transfer.from_account_id == account_id, Transfer.to_account_id), else_=Transfer.from_account_id)
    groups = (other.kind, other.owner_id, Transfer.purpose_kind)
    statement = (
        sa.select(*groups, sa.func.sum(Entry.amount_vnd))
        .select_from(Entry)
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .join(other, other.id == other_id)
        .where(Entry.account_id == account_id, Entry.created_at >= since, Entry.created_at < until)
        .group_by(*groups)
    )
    found: dict[What, int] = {}
    for kind, owner_id, purpose_kind, amount_vnd in db.session.execute(statement):
        what = what_of(kind, owner_id, purpose_kind)
        found[what] = found.get(what, 0) + int(amount_vnd)
    return {what: found[what] for what in What if found.get(what)}


def came_for(request_id: UUID) -> Sequence[Came]:
    """Every transfer of money for the request, oldest first, with the notice that told of it."""
    undone = aliased(DeskAction)
    statement = (
        sa.select(
            Transfer.id,
            sa.case((Transfer.reverses_id.is_(None), Transfer.amount_vnd), else_=-Transfer.amount_vnd),
            Transfer.event_at,
            sa.func.coalesce(NoticeAllocation.notice_id, DeskItem.notice_id),
        )
        .outerjoin(NoticeAllocation, NoticeAllocation.transfer_id == Transfer.id)
        .outerjoin(DeskAction, DeskAction.transfer_id == Transfer.id)
        .outerjoin(undone, undone.undo_transfer_id == Transfer.id)
        .outerjoin(DeskItem, DeskItem.allocation_id == sa.func.coalesce(DeskAction.allocation_id, undone.allocation_id))
        .where(Transfer.purpose_kind == "payment_request", Transfer.purpose_id == request_id)
        .order_by(Transfer.created_at, Transfer.id)
    )
    return [Came(*row) for row in db.session.execute(statement)]


def payout_after(payee_id: UUID, moment: datetime) -> Payout | None:
    """The first payout that stands and was drafted for the payee after then."""
    return db.session.scalar(
        sa.select(Payout)
        .where(
            Payout.payee_id == payee_id,
            Payout.purpose == SALES,
            Payout.created_at > moment,
            Payout.status.in_(_LIVE),
        )
        .order_by(Payout.id)
        .limit(1)
    )


def find_notice(notice_id: UUID) -> BankNotice | None:
    """The notice, if there is one."""
    return db.session.get(BankNotice, notice_id)


def parts_of(notice_id: UUID) -> Sequence[Part]:
    """What the notice's money became when it came, in the order it was given."""
    statement = (
        sa.select(NoticeAllocation.amount_vnd, PaymentRequest.code)
        .outerjoin(PaymentRequest, PaymentRequest.id == NoticeAllocation.request_id)
        .where(NoticeAllocation.notice_id == notice_id)
        .order_by(NoticeAllocation.created_at, NoticeAllocation.transfer_id)
    )
    return [Part(*row) for row in db.session.execute(statement)]


def has_item(notice_id: UUID) -> bool:
    """Whether some of its money went to the desk."""
    return db.session.scalar(sa.select(DeskItem.allocation_id).where(DeskItem.notice_id == notice_id)) is not None


def code_of_card(purpose_id: UUID) -> str | None:
    """The code of the request of a card payment, or of money that a gateway gave back of one."""
    given_back = sa.select(CardReturn.payment_id).where(CardReturn.id == purpose_id).scalar_subquery()
    return db.session.scalar(
        sa.select(PaymentRequest.code)
        .join(CardPayment, CardPayment.request_id == PaymentRequest.id)
        .where(sa.or_(CardPayment.id == purpose_id, CardPayment.id == given_back))
    )


def code_of(request_id: UUID) -> str | None:
    """The request's code."""
    return db.session.scalar(sa.select(PaymentRequest.code).where(PaymentRequest.id == request_id))
