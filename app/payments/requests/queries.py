"""Reads of payment requests and arrivals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock, in_vietnam
from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.waiting import Queue, oldest
from app.payments.payees.models import BankAccount, Payee
from app.payments.requests.errors import RequestNotFound
from app.payments.requests.models import Arrival, PaymentRequest, Purpose, StandingCode
from app.payments.requests.states import OPEN, State

KEPT_VND = PaymentRequest.paid_vnd - PaymentRequest.refunding_vnd - PaymentRequest.refunded_vnd
_IS_KEPT_PART = sa.and_(
    PaymentRequest.status.in_([State.EXPIRED, State.CANCELLED]),
    PaymentRequest.paid_vnd > PaymentRequest.refunding_vnd + PaymentRequest.refunded_vnd,
)


@dataclass(frozen=True)
class Heard:
    """How far the money of a payee has come.

    Attributes:
        key: the name its listener goes by.
        last_seq: number of the latest arrival, 0 before the first.
        total_vnd: what arrived since midnight in Vietnam, in đồng.
    """

    payee_id: UUID
    key: str
    last_seq: int
    total_vnd: int


def by_code(code: str, *, for_update: bool = False) -> PaymentRequest:
    """The request with this (normalised) code.

    Raises:
        RequestNotFound: there is none.
    """
    request = find(code, for_update=for_update)
    if request is None:
        raise RequestNotFound()
    return request


def find(code: str, *, for_update: bool = False) -> PaymentRequest | None:
    """The request with this code, if any."""
    return _one(PaymentRequest.code == code, for_update)


def find_all(codes: Sequence[str]) -> list[PaymentRequest]:
    """The requests with these codes."""
    return list(db.session.scalars(sa.select(PaymentRequest).where(PaymentRequest.code.in_(codes))))


def get(request_id: UUID, *, for_update: bool = False) -> PaymentRequest:
    """The request by id.

    Raises:
        RequestNotFound: there is none.
    """
    request = _one(PaymentRequest.id == request_id, for_update)
    if request is None:
        raise RequestNotFound()
    return request


def _one(condition: sa.ColumnElement[bool], for_update: bool) -> PaymentRequest | None:
    statement = sa.select(PaymentRequest).where(condition)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(statement)


def for_purpose(purpose: Purpose, *, for_update: bool = False) -> list[PaymentRequest]:
    """All requests of one purpose, oldest first."""
    statement = (
        sa.select(PaymentRequest)
        .where(PaymentRequest.purpose_kind == purpose.kind, PaymentRequest.purpose_id == purpose.id)
        .order_by(PaymentRequest.id)
    )
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(db.session.scalars(statement))


def for_purposes(kind: str, ids: Iterable[UUID]) -> dict[UUID, list[PaymentRequest]]:
    """The requests of many purposes of one kind, in one query."""
    found: dict[UUID, list[PaymentRequest]] = {}
    wanted = list(ids)
    if wanted:
        statement = sa.select(PaymentRequest).where(
            PaymentRequest.purpose_kind == kind, PaymentRequest.purpose_id.in_(wanted)
        )
        for request in db.session.scalars(statement.order_by(PaymentRequest.id)):
            found.setdefault(request.purpose_id, []).append(request)
    return found


def standing_by_codes(codes: Sequence[str]) -> tuple[StandingCode, BankAccount | None] | None:
    """The active standing code that comes first among these, if any, with the account its money goes to now."""
    its_account = sa.and_(BankAccount.payee_id == StandingCode.payee_id, BankAccount.active)
    found = db.session.execute(
        sa.select(StandingCode, BankAccount)
        .outerjoin(BankAccount, its_account)
        .where(StandingCode.code.in_(codes), StandingCode.active)
    )
    pairs = [(standing, account) for standing, account in found]
    return min(pairs, key=lambda pair: codes.index(pair[0].code), default=None)


def standing_for(purpose: Purpose) -> StandingCode | None:
    """The active standing code of a purpose."""
    return db.session.scalar(
        sa.select(StandingCode).where(
            StandingCode.purpose_kind == purpose.kind, StandingCode.purpose_id == purpose.id, StandingCode.active
        )
    )


def arrivals_since(payee_id: UUID, since: int, *, limit: int = 50) -> list[Arrival]:
    """What arrived after number `since`, in order. A number once seen is never given again."""
    return list(
        db.session.scalars(
            sa.select(Arrival)
            .where(Arrival.payee_id == payee_id, Arrival.seq > since)
            .order_by(Arrival.seq)
            .limit(limit)
        )
    )


def heard_so_far(ears: sa.Select[UUID, str], *, clock: Clock) -> list[Heard]:
    """How far the money of each payee has come, in one query.

    Args:
        ears: selects a payee's id and the name its listener goes by; a room above says who that is.
    """
    midnight = in_vietnam(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    today = (Arrival.created_at >= midnight, Arrival.created_at < midnight + timedelta(days=1))
    total = (
        sa.select(sa.func.coalesce(sa.func.sum(Arrival.amount_vnd), 0))
        .where(Arrival.payee_id == Payee.id, *today)
        .scalar_subquery()
    )
    payee_id, key = (ear := ears.subquery()).c
    rows = db.session.execute(sa.select(Payee.id, key, Payee.arrival_seq, total).join(ear, Payee.id == payee_id))
    return [Heard(payee, name, last_seq, int(total_vnd)) for payee, name, last_seq, total_vnd in rows]


def overdue(before: datetime, *, after: tuple[datetime, UUID] | None, limit: int) -> list[tuple[datetime, UUID]]:
    """(time, id) of open requests whose time ended before then, oldest first, beyond the place `after`."""
    place = sa.tuple_(PaymentRequest.expires_at, PaymentRequest.id)
    statement = sa.select(PaymentRequest.expires_at, PaymentRequest.id).where(
        PaymentRequest.status.in_(OPEN), PaymentRequest.expires_at < before
    )
    if after is not None:
        statement = statement.where(place > sa.tuple_(*after))
    rows = db.session.execute(statement.order_by(PaymentRequest.expires_at, PaymentRequest.id).limit(limit))
    return [(expires_at, request_id) for expires_at, request_id in rows]


def open_past_expiry(before: datetime, *, limit: int) -> Queue:
    """Requests whose time ended before then and that nobody closed, oldest first."""
    return oldest(
        PaymentRequest.id,
        PaymentRequest.code,
        PaymentRequest.amount_vnd,
        PaymentRequest.expires_at,
        where=sa.select(PaymentRequest).where(PaymentRequest.status.in_(OPEN), PaymentRequest.expires_at < before),
        limit=limit,
    )


def kept_parts(*, limit: int) -> Queue:
    """Closed requests of which part was paid and nobody decided yet what becomes of it, oldest first."""
    return oldest(
        PaymentRequest.id,
        PaymentRequest.code,
        KEPT_VND,
        PaymentRequest.expires_at,
        where=sa.select(PaymentRequest).where(_IS_KEPT_PART),
        limit=limit,
    )


def unsettled(payee_ids: Iterable[UUID]) -> tuple[int, int, int]:
    """How many requests of these payees still wait for money, have money going back, or keep a part of an ended one."""
    kept = sa.and_(
        PaymentRequest.status.in_(("expired", "cancelled")),
        PaymentRequest.paid_vnd > PaymentRequest.refunding_vnd + PaymentRequest.refunded_vnd,
    )
    row = db.session.execute(
        sa.select(
            sa.func.count().filter(PaymentRequest.status.in_(("asked", "part_paid"))),
            sa.func.count().filter(PaymentRequest.refunding_vnd > 0),
            sa.func.count().filter(kept),
        ).where(PaymentRequest.payee_id.in_(list(payee_ids)))
    ).one()
    return row[0], row[1], row[2]


def kept_page(*, cursor: str | None, limit: int) -> Page[PaymentRequest]:
    """The same as a list, longest closed first."""
    statement = sa.select(PaymentRequest).where(_IS_KEPT_PART)
    if cursor:
        at, request_id = decode_cursor(cursor, str, str)
        statement = statement.where(
            sa.tuple_(PaymentRequest.expires_at, PaymentRequest.id) > sa.tuple_(_moment(at), _uuid(request_id))
        )
    order = (PaymentRequest.expires_at, PaymentRequest.id)
    found = list(db.session.scalars(statement.order_by(*order).limit(limit + 1)))
    items = found[:limit]
    more = len(found) > limit
    return Page(items, encode_cursor(items[-1].expires_at.isoformat(), str(items[-1].id)) if more else None)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("cursor", errors={"cursor": ["invalid"]}) from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadInput("cursor", errors={"cursor": ["invalid"]}) from None
