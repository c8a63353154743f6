"""Reads of gifts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db

from .errors import GiftNotFound
from .models import Gift
from .states import State


@dataclass(frozen=True)
class Helped:
    """How much help reached a household through gifts: how many, and đồng in all."""

    count: int
    total_vnd: int


NOT_YET = Helped(0, 0)


def by_code(code: str) -> Gift:
    """The gift with this (normalised) code.

    Raises:
        GiftNotFound: there is none.
    """
    return _one(Gift.code == code)


def household_codes(gift_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The giving codes of the gifts' households by the gift's id, in one query."""
    wanted = sa.select(Gift.id, Gift.household_code).where(Gift.id.in_(list(gift_ids)))
    return {row.id: row.household_code for row in db.session.execute(wanted)}


def get(gift_id: UUID, *, for_update: bool = False) -> Gift:
    """A gift by id.

    Raises:
        GiftNotFound: there is none.
    """
    return _one(Gift.id == gift_id, for_update=for_update)


def by_key(idempotency_key: str) -> Gift | None:
    """The gift made with this key, if any."""
    return db.session.scalar(sa.select(Gift).where(Gift.idempotency_key == idempotency_key))


def helped(household_codes: Iterable[str]) -> dict[str, Helped]:
    """What reached each of these households; those nobody gave to yet are missing from the answer."""
    wanted = list(household_codes)
    if not wanted:
        return {}
    rows = db.session.execute(
        sa.select(Gift.household_code, sa.func.count(), sa.cast(sa.func.sum(Gift.amount_vnd), sa.BigInteger))
        .where(Gift.household_code.in_(wanted), Gift.status == State.RECEIVED.value)
        .group_by(Gift.household_code)
    )
    return {code: Helped(count, total_vnd) for code, count, total_vnd in rows}


def _one(condition: sa.ColumnElement[bool], *, for_update: bool = False) -> Gift:
    query = sa.select(Gift).where(condition)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    gift = db.session.scalar(query)
    if gift is None:
        raise GiftNotFound()
    return gift
