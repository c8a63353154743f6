"""Reads of what waits at the desk and of what was done with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from app.core.crypto import unseal_record
from app.core.database import db, require_transaction
from app.core.masking import mask_tail
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.bank.models import ACCOUNT_FIELD, MEMO_FIELD, BankNotice
from app.payments.desk.errors import ActionNotFound, ItemNotFound
from app.payments.desk.models import DeskAction, DeskItem, PayerWish
from app.payments.desk.states import State
from app.payments.payees.models import BankAccount
from app.payments.requests.models import PaymentRequest, Settlement
from app.payments.requests.states import OPEN


class View(StrEnum):
    """Which items a list shows."""

    OPEN = "open"
    PROPOSED = "proposed"
    SETTLED = "settled"


@dataclass(frozen=True)
class SuspenseItem:
    """Money of a notice that waits for a person.

    Attributes:
        amount_vnd: what nobody decided about yet.
        proposed_vnd: what waits for a second person.
        suspense_vnd: what came into suspense at first.
        request_code: the request the memo names, if any.
        wish: what its payer wants done with it, if they said.
        resembles: reference of a notice that may have told of the same money, if any; not in lists.
        resembles_id: that notice.
    """

    notice_id: UUID
    wire: str
    outcome: str
    amount_vnd: int
    proposed_vnd: int
    suspense_vnd: int
    notice_amount_vnd: int
    account_masked: str
    memo: str
    reference: str
    request_code: str | None
    event_at: datetime
    received_at: datetime
    wish: str | None = None
    resembles: str | None = None
    resembles_id: UUID | None = None


@dataclass(frozen=True)
class ActionView:
    """An action with the code of its request."""

    action: DeskAction
    request_code: str | None


def suspense(
    *, cursor: str | None, limit: int, view: View = View.OPEN, reference: str = "", amount_vnd: int | None = None
) -> Page[SuspenseItem]:
    """Items of this view, newest first; those of a reference, or of an amount, when one is given."""
    statement = (
        sa.select(DeskItem, BankNotice, PaymentRequest.code, PayerWish.choice)
        .join(BankNotice, BankNotice.id == DeskItem.notice_id)
        .outerjoin(PaymentRequest, PaymentRequest.id == BankNotice.request_id)
        .outerjoin(PayerWish, PayerWish.allocation_id == DeskItem.allocation_id)
        .where(_shown(view))
        .order_by(DeskItem.notice_id.desc())
        .limit(limit + 1)
        .execution_options(populate_existing=True)
    )
    if amount_vnd is not None:
        amounts = (DeskItem.amount_vnd, DeskItem.waiting_vnd, BankNotice.amount_vnd)
        matches = sa.or_(*(amount == amount_vnd for amount in amounts), BankNotice.reference == reference)
        statement = statement.where(matches)
    elif reference:
        statement = statement.where(BankNotice.reference == reference)
    if cursor:
        statement = statement.where(DeskItem.notice_id < decode_uuid_cursor(cursor))
    rows = db.session.execute(statement).all()
    items = [_item(*row) for row in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].notice_id)) if len(rows) > limit else None)


def _shown(view: View) -> sa.ColumnElement[bool]:
    in_suspense = DeskItem.waiting_vnd + DeskItem.proposed_vnd
    undo_asked = sa.exists().where(
        DeskAction.allocation_id == DeskItem.allocation_id,
        DeskAction.undo_asked_by.is_not(None),
        DeskAction.state == State.DONE,
    )
    conditions = {
        View.OPEN: in_suspense > 0,
        View.PROPOSED: sa.or_(DeskItem.proposed_vnd > 0, undo_asked),
        View.SETTLED: in_suspense == 0,
    }
    return conditions[view]


def suspense_total_vnd() -> int:
    """All that is in suspense, decided about or not, in đồng."""
    in_suspense = DeskItem.waiting_vnd + DeskItem.proposed_vnd
    total = sa.select(sa.func.coalesce(sa.func.sum(in_suspense), 0)).where(in_suspense > 0)
    return int(db.session.scalar(total) or 0)


def shown(notice_id: UUID) -> SuspenseItem:
    """One item as people see it, settled or not.

    Raises:
        ItemNotFound: the notice has no money in suspense and never had.
    """
    row = db.session.execute(
        sa.select(DeskItem, BankNotice, PaymentRequest.code, PayerWish.choice)
        .join(BankNotice, BankNotice.id == DeskItem.notice_id)
        .outerjoin(PaymentRequest, PaymentRequest.id == BankNotice.request_id)
        .outerjoin(PayerWish, PayerWish.allocation_id == DeskItem.allocation_id)
        .where(DeskItem.notice_id == notice_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise ItemNotFound()
    return replace(_item(*row), resembles=_told_before(row[1]), resembles_id=row[1].resembles)


def _told_before(notice: BankNotice) -> str | None:
    if notice.resembles is None:
        return None
    other = db.session.get_one(BankNotice, notice.resembles)
    return f"{other.wire} {other.reference or other.external_id}"


def item(notice_id: UUID, *, for_update: bool = False) -> DeskItem:
    """The suspense part of a notice.

    Raises:
        ItemNotFound: it has none.
    """
    return _one_item(DeskItem.notice_id == notice_id, for_update)


def _one_item(condition: sa.ColumnElement[bool], for_update: bool) -> DeskItem:
    statement = sa.select(DeskItem).where(condition).execution_options(populate_existing=True)
    found = db.session.scalar(statement.with_for_update() if for_update else statement)
    if found is None:
        raise ItemNotFound()
    return found


def notice_of(of: DeskItem) -> BankNotice:
    """The notice that brought the money."""
    return db.session.get_one(BankNotice, of.notice_id)


def keep(action: DeskAction) -> None:
    """Write a new action; the database moves its item's sums."""
    session = require_transaction()
    session.add(action)
    session.flush()


def lock_action(action_id: UUID) -> tuple[DeskAction, DeskItem]:
    """The action under its item's lock, as it is now.

    Raises:
        ActionNotFound: there is none.
    """
    allocation_id = db.session.scalar(sa.select(DeskAction.allocation_id).where(DeskAction.id == action_id))
    if allocation_id is None:
        raise ActionNotFound()
    locked = _one_item(DeskItem.allocation_id == allocation_id, True)
    return db.session.get_one(DeskAction, action_id, populate_existing=True), locked


def actions(notice_id: UUID) -> list[ActionView]:
    """What people did with a notice's money, oldest first."""
    rows = db.session.execute(
        sa.select(DeskAction, PaymentRequest.code)
        .join(DeskItem, DeskItem.allocation_id == DeskAction.allocation_id)
        .outerjoin(PaymentRequest, PaymentRequest.id == DeskAction.request_id)
        .where(DeskItem.notice_id == notice_id)
        .order_by(DeskAction.created_at, DeskAction.position, DeskAction.id)
        .execution_options(populate_existing=True)
    )
    return [ActionView(action, code) for action, code in rows]


def notice_of_action(action_id: UUID) -> UUID:
    """The notice whose money an action moves.

    Raises:
        ActionNotFound: there is no such action.
    """
    found = db.session.scalar(
        sa.select(DeskItem.notice_id)
        .join(DeskAction, DeskAction.allocation_id == DeskItem.allocation_id)
        .where(DeskAction.id == action_id)
    )
    if found is None:
        raise ActionNotFound()
    return found


def by_key(idempotency_key: str) -> list[DeskAction]:
    """What a key did before, in the order it was asked for."""
    statement = sa.select(DeskAction).where(DeskAction.idempotency_key == idempotency_key)
    return list(db.session.scalars(statement.order_by(DeskAction.position)))


def codes_of(acted: Iterable[DeskAction]) -> dict[UUID | None, str]:
    """The request codes of actions by request id."""
    wanted = [action.request_id for action in acted if action.request_id]
    rows = db.session.execute(sa.select(PaymentRequest.id, PaymentRequest.code).where(PaymentRequest.id.in_(wanted)))
    return dict(rows.all())


def lock_requests(codes: Sequence[str]) -> list[PaymentRequest]:
    """The requests with these codes, locked in the order of their ids."""
    statement = sa.select(PaymentRequest).where(PaymentRequest.code.in_(codes)).order_by(PaymentRequest.id)
    return list(db.session.scalars(statement.with_for_update().execution_options(populate_existing=True)))


def request_of(action: DeskAction, *, for_update: bool) -> PaymentRequest | None:
    """The request an action gives money to; None for a return."""
    if action.request_id is None:
        return None
    return db.session.get_one(
        PaymentRequest, action.request_id, with_for_update=for_update or None, populate_existing=True
    )


def candidates(
    notice: BankNotice, *, waiting_vnd: int, since: datetime, named: UUID | None, limit: int
) -> list[PaymentRequest]:
    """Requests this money may be meant for: asked since then by whoever owns the account it came to.

    First the one its memo names, then open ones that miss exactly what waits, then the newest.
    """
    missing = PaymentRequest.amount_vnd - PaymentRequest.paid_vnd
    owners = sa.select(BankAccount.payee_id).where(BankAccount.number_index.in_(notice.account_indexes))
    statement = (
        sa.select(PaymentRequest)
        .where(
            PaymentRequest.payee_id.in_(owners),
            PaymentRequest.settlement == Settlement.DIRECT,
            PaymentRequest.id >= first_id(since),
        )
        .order_by(
            *([(PaymentRequest.id == named).desc()] if named else []),
            sa.and_(PaymentRequest.status.in_(OPEN), missing == waiting_vnd).desc(),
            PaymentRequest.id.desc(),
        )
        .limit(limit)
    )
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def first_id(at: datetime) -> UUID:
    """The smallest id made at this moment; ids are in the order of their making."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def is_account_of(payee_id: UUID, notice: BankNotice) -> bool:
    """Whether the notice is of an account that is, or was, this payee's."""
    owned = sa.exists().where(BankAccount.payee_id == payee_id, BankAccount.number_index.in_(notice.account_indexes))
    return bool(db.session.scalar(sa.select(owned)))


def done_alone_vnd(allocation_id: UUID, actor_id: UUID) -> int:
    """What this person gave out of the item without a second pair of eyes, in đồng."""
    total = sa.select(sa.func.coalesce(sa.func.sum(DeskAction.amount_vnd), 0)).where(
        DeskAction.allocation_id == allocation_id,
        DeskAction.created_by == actor_id,
        DeskAction.state == State.DONE,
        DeskAction.approved_by.is_(None),
    )
    return int(db.session.scalar(total) or 0)


def undone_alone_vnd(allocation_id: UUID, actor_id: UUID) -> int:
    """What this person took back into the item without a second pair of eyes, in đồng."""
    total = sa.select(sa.func.coalesce(sa.func.sum(DeskAction.amount_vnd), 0)).where(
        DeskAction.allocation_id == allocation_id,
        DeskAction.closed_by == actor_id,
        DeskAction.state == State.UNDONE,
        DeskAction.undo_asked_by.is_(None),
    )
    return int(db.session.scalar(total) or 0)


def _item(of: DeskItem, notice: BankNotice, request_code: str | None, wish: str | None) -> SuspenseItem:
    return SuspenseItem(
        notice_id=notice.id,
        wire=notice.wire,
        outcome=notice.outcome or "",
        amount_vnd=of.waiting_vnd,
        proposed_vnd=of.proposed_vnd,
        suspense_vnd=of.amount_vnd,
        notice_amount_vnd=notice.amount_vnd,
        account_masked=mask_tail(unseal_record(ACCOUNT_FIELD, notice.account_enc)),
        memo=unseal_record(MEMO_FIELD, notice.memo_enc),
        reference=notice.reference,
        request_code=request_code,
        event_at=notice.event_at,
        received_at=notice.received_at,
        wish=wish,
    )


def waiting_since(before: datetime, *, limit: int) -> Queue:
    """Items that came into suspense before then and are still there, oldest first."""
    in_suspense = DeskItem.waiting_vnd + DeskItem.proposed_vnd
    return oldest(
        BankNotice.id,
        BankNotice.reference,
        in_suspense,
        BankNotice.received_at,
        where=sa.select(DeskItem)
        .join(BankNotice, BankNotice.id == DeskItem.notice_id)
        .where(in_suspense > 0, BankNotice.received_at < before),
        limit=limit,
    )
