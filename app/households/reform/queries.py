"""Reads for planning and for the list of reforms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db
from app.core.paging import Page, decode_cursor, encode_cursor
from app.households.areas.models import Area, AreaChange
from app.households.registry.models import Household

from .errors import NoSuchReform
from .models import AreaReform, ReformState
from .plans import Unit


def units_around(codes: Iterable[str]) -> dict[str, Unit]:
    """The units in force among these codes, their communes, and all hamlets of those communes; by code."""
    wanted = set(codes)
    communes = {code.split("-")[0] for code in wanted}
    query = sa.select(Area.code, Area.kind, Area.name, Area.parent_code).where(
        sa.or_(Area.code.in_(wanted | communes), Area.parent_code.in_(communes)), Area.valid_to.is_(None)
    )
    return {row.code: Unit(*row) for row in db.session.execute(query)}


def used_codes(codes: Iterable[str]) -> set[str]:
    """Which of these codes are of units that were, here or before July 2025."""
    wanted = set(codes)
    closed = db.session.scalars(sa.select(Area.code).where(Area.code.in_(wanted), Area.valid_to.is_not(None)))
    former = db.session.scalars(sa.select(AreaChange.old_code).where(AreaChange.old_code.in_(wanted)))
    return {*closed, *former}


def communes_of_province(province_code: str) -> Sequence[sa.Row[str, str]]:
    """(code, name) of communes in force, by name."""
    query = sa.select(Area.code, Area.name).where(Area.parent_code == province_code, Area.valid_to.is_(None))
    return db.session.execute(query.order_by(Area.search_name)).all()


def get(reform_id: UUID, *, for_update: bool = False) -> AreaReform:
    """A reform by id.

    Raises:
        NoSuchReform: there is none.
    """
    query = sa.select(AreaReform).where(AreaReform.id == reform_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NoSuchReform
    return found


def listing(*, cursor: str | None, limit: int) -> Page[AreaReform]:
    """Reforms, newest first."""
    query = sa.select(AreaReform).order_by(AreaReform.id.desc()).limit(limit + 1)
    if cursor:
        (text,) = decode_cursor(cursor, str)
        try:
            query = query.where(AreaReform.id < UUID(text))
        except ValueError:
            raise NoSuchReform from None
    found = list(db.session.scalars(query))
    return Page(found[:limit], encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None)


def due(today: date) -> list[UUID]:
    """Approved reforms whose day has come, in the order of their days."""
    query = sa.select(AreaReform.id).where(AreaReform.state == ReformState.APPROVED, AreaReform.effective_on <= today)
    return list(db.session.scalars(query.order_by(AreaReform.effective_on, AreaReform.id)))


def households_in(hamlets: Iterable[str]) -> dict[str, int]:
    """How many households lie in each of the hamlets."""
    query = sa.select(Household.hamlet_code, sa.func.count()).where(Household.hamlet_code.in_(list(hamlets)))
    return dict(db.session.execute(query.group_by(Household.hamlet_code)).all())
