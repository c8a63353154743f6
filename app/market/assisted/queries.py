"""Reads of what was written down for households, within what the database lets the current actor see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.codes import normalise
from app.core.database import db
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.identity import queries as accounts
from app.market.catalogue import queries as catalogue

from .errors import NoSuchListing
from .models import MAX_SENDS, MAX_TRIES, AssistedListing, Status

_AT_ONCE = 10


@dataclass(frozen=True)
class Seen:
    """A listing as its household and its team see it. Price in đồng for one `unit`, stock in `unit`s.

    Attributes:
        who: what the member who wrote it down is called.
        product_code: once it is on the market.
        locked: whether too many wrong codes were typed.
    """

    code: str
    name: str
    unit: str
    price_vnd: int
    stock: int
    photo_key: str | None
    who: str
    status: Status
    listed_at: datetime
    expires_at: datetime
    undo_until: datetime | None
    can_be_undone: bool
    can_be_sent_again: bool
    locked: bool
    product_code: str | None


def by_code(code: str, *, for_update: bool = False) -> AssistedListing | None:
    """The listing of a link."""
    query = sa.select(AssistedListing).where(AssistedListing.code == normalise(code))
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def get(code: str) -> AssistedListing:
    """The listing of a link.

    Raises:
        NoSuchListing: none in reach.
    """
    listing = by_code(code)
    if listing is None:
        raise NoSuchListing
    return listing


def by_key(listed_by: UUID, idempotency_key: str) -> AssistedListing | None:
    """What this member wrote down with this key."""
    return db.session.scalar(
        sa.select(AssistedListing).where(
            AssistedListing.listed_by == listed_by, AssistedListing.idempotency_key == idempotency_key
        )
    )


def of_household(household_id: UUID, *, clock: Clock, cursor: str | None = None, limit: int = 20) -> Page[Seen]:
    """What was written down for a household, newest first."""
    query = sa.select(AssistedListing).where(AssistedListing.household_id == household_id)
    if cursor:
        query = query.where(AssistedListing.id < decode_uuid_cursor(cursor))
    rows = db.session.scalars(query.order_by(AssistedListing.id.desc()).limit(limit + 1)).all()
    more = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
    return Page(seen(rows[:limit], at=clock.now()), more)


def waiting_for(household_id: UUID, *, at: datetime) -> Sequence[AssistedListing]:
    """What waits for the household's word, the oldest first; a handful at most."""
    return db.session.scalars(
        sa.select(AssistedListing)
        .where(
            AssistedListing.household_id == household_id,
            AssistedListing.status == Status.WAITING,
            AssistedListing.expires_at > at,
        )
        .order_by(AssistedListing.id)
        .limit(_AT_ONCE)
    ).all()


def lock_waiting(household_id: UUID) -> Sequence[AssistedListing]:
    """Everything that is down as waiting for the household, locked."""
    wanted = sa.select(AssistedListing).where(
        AssistedListing.household_id == household_id, AssistedListing.status == Status.WAITING
    )
    locked = wanted.order_by(AssistedListing.id).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(locked).all()


def lock_run_out(*, at: datetime, limit: int) -> Sequence[AssistedListing]:
    """Some of those that nobody answered in time, locked; those at work elsewhere are left out."""
    return db.session.scalars(
        sa.select(AssistedListing)
        .where(AssistedListing.status == Status.WAITING, AssistedListing.expires_at <= at)
        .order_by(AssistedListing.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def all_of(household_id: UUID) -> Sequence[AssistedListing]:
    """Everything that was written down for a household."""
    return db.session.scalars(
        sa.select(AssistedListing)
        .where(AssistedListing.household_id == household_id)
        .order_by(AssistedListing.id)
        .limit(1000)
    ).all()


def written_since(since: datetime, *, household_id: UUID, member_id: UUID) -> tuple[int, int]:
    """How many were written down since a moment: for the household, by the member."""
    newer = sa.select(sa.func.count()).where(AssistedListing.listed_at > since)
    return (
        db.session.scalar(newer.where(AssistedListing.household_id == household_id)) or 0,
        db.session.scalar(newer.where(AssistedListing.listed_by == member_id)) or 0,
    )


def uses_photo(key: str) -> bool:
    """Whether a listing shows this picture."""
    return bool(db.session.scalar(sa.select(sa.exists().where(AssistedListing.photo_key == key))))


def seen(rows: Sequence[AssistedListing], *, at: datetime) -> list[Seen]:
    """The listings to look at, names and products of all in one query each."""
    names = accounts.display_names({row.listed_by for row in rows})
    products = catalogue.codes_of(row.product_id for row in rows if row.product_id)
    return [
        Seen(
            code=row.code,
            name=row.name,
            unit=row.unit,
            price_vnd=row.price_vnd,
            stock=row.stock,
            photo_key=row.photo_key,
            who=names.get(row.listed_by) or _("Người của tổ công nghệ"),
            status=row.standing(at),
            listed_at=row.listed_at,
            expires_at=row.expires_at,
            undo_until=row.undo_until,
            can_be_undone=row.can_be_undone(at),
            can_be_sent_again=row.standing(at) is Status.WAITING and row.sends < MAX_SENDS,
            locked=row.tries >= MAX_TRIES,
            product_code=products.get(row.product_id) if row.product_id else None,
        )
        for row in rows
    ]
