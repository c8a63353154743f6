"""Reads of welfare: the public list, which knows no person, and the officers' view of who has an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.core import codes
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import db
from app.core.paging import Page, decode_cursor, encode_cursor
from app.households.areas import queries as areas
from app.households.registry import queries as registry
from app.households.registry.models import Household

from .errors import NotListed
from .models import AccountStatus, WelfareAccount, WelfareProfile, welfare_public


@dataclass(frozen=True)
class PublicHousehold:
    """What everybody may know of a household that receives help; `direct` offers a QR to its own account."""

    code: str
    commune_code: str
    commune_name: str
    poverty_class: str
    need: str
    direct: bool


@dataclass(frozen=True)
class Coverage:
    """How far a commune has come: eligible households, and those of them with an active account."""

    commune_code: str
    commune_name: str
    eligible: int
    covered: int

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down, so that 100 means everybody."""
        return self.covered * 100 // self.eligible if self.eligible else 100


def public_list(*, commune: str | None, cursor: str | None, limit: int, clock: Clock) -> Page[PublicHousehold]:
    """One page of households that need help today, by their random code."""
    query = _public(registry.today(clock)).order_by(welfare_public.c.code).limit(limit + 1)
    if commune:
        query = query.where(welfare_public.c.commune_code == commune)
    if cursor:
        query = query.where(welfare_public.c.code > decode_cursor(cursor, str)[0])
    rows = db.session.execute(query).all()
    items = _shown(rows[:limit])
    return Page(items, encode_cursor(items[-1].code) if len(rows) > limit else None)


def public_by_code(code: str, *, clock: Clock) -> PublicHousehold:
    """One listed household.

    Raises:
        NotListed: none, or it took back its consent, or its poverty status ended.
    """
    row = db.session.execute(
        _public(registry.today(clock)).where(welfare_public.c.code == codes.normalise(code))
    ).one_or_none()
    if row is None:
        raise NotListed
    return _shown([row])[0]


def payee_for_gift(code: str, *, clock: Clock) -> UUID:
    """The payee that stands for a listed household's welfare account.

    Raises:
        NotListed: as for `public_by_code`.
    """
    payee_id = db.session.scalar(
        sa.select(welfare_public.c.payee_id).where(
            welfare_public.c.code == codes.normalise(code), *_holds(registry.today(clock))
        )
    )
    if payee_id is None:
        raise NotListed
    return UUID(str(payee_id))


def profile(household_id: UUID) -> WelfareProfile | None:
    """The household as one that receives help."""
    return db.session.scalar(sa.select(WelfareProfile).where(WelfareProfile.household_id == household_id))


def open_account(household_id: UUID, *, for_update: bool = False) -> WelfareAccount | None:
    """The account that is not closed."""
    query = sa.select(WelfareAccount).where(
        WelfareAccount.household_id == household_id, WelfareAccount.status != AccountStatus.CLOSED
    )
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def coverage(actor: Actor, day: date) -> list[Coverage]:
    """Per commune in scope: eligible households and how many have an active account."""
    eligible = registry.eligible(actor, day).subquery()
    rows = db.session.execute(
        sa.select(eligible.c.commune_code, sa.func.count(), sa.func.count(WelfareAccount.id))
        .outerjoin(WelfareAccount, _active_of(eligible))
        .group_by(eligible.c.commune_code)
        .order_by(eligible.c.commune_code)
    ).all()
    names = areas.names(row[0] for row in rows)
    return [Coverage(code, names.get(code, code), total, having) for code, total, having in rows]


def without_account(actor: Actor, day: date, *, cursor: str | None, limit: int) -> Page[Household]:
    """Eligible households in scope that have no active account yet, by code; data keys loaded."""
    eligible = registry.eligible(actor, day).subquery()
    query = (
        sa.select(eligible.c.id, eligible.c.code)
        .outerjoin(WelfareAccount, _active_of(eligible))
        .where(WelfareAccount.id.is_(None))
        .order_by(eligible.c.code)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(eligible.c.code > decode_cursor(cursor, str)[0])
    found = db.session.execute(query).all()
    households = registry.many([household_id for household_id, _code in found[:limit]])
    return Page(households, encode_cursor(found[limit - 1].code) if len(found) > limit else None)


def _active_of(eligible: sa.Subquery) -> sa.ColumnElement[bool]:
    return sa.and_(WelfareAccount.household_id == eligible.c.id, WelfareAccount.status == AccountStatus.ACTIVE)


def _public(day: date) -> sa.Select[str, str, str, str, bool]:
    columns = welfare_public.c
    return sa.select(columns.code, columns.commune_code, columns.poverty_class, columns.need, columns.direct).where(
        *_holds(day)
    )


def _holds(day: date) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return welfare_public.c.valid_from <= day, welfare_public.c.valid_to >= day


def _shown(rows: Sequence[sa.Row[str, str, str, str, bool]]) -> list[PublicHousehold]:
    names = areas.names(row.commune_code for row in rows)
    return [
        PublicHousehold(
            row.code, row.commune_code, names.get(row.commune_code, ""), row.poverty_class, row.need, row.direct
        )
        for row in rows
    ]
