"""Reads of administrative units. Public, and small enough to be asked freely."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.core.database import db
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.texts import fold, tidy

from .models import Area, AreaChange

KM_PER_DEGREE = 111.2
"""Of latitude; of longitude at the equator."""
IN_FORCE = Area.valid_to.is_(None)


@dataclass(frozen=True)
class FoundArea:
    """A unit in a list; `formerly` names old units that went into it and matched what was searched."""

    code: str
    name: str
    kind: str
    parent_code: str | None
    latitude: float | None
    longitude: float | None
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True)
class Successor:
    """A unit an old commune went to. `choose` asks a person which part is meant; `main` is the larger part."""

    code: str
    name: str
    choose: bool
    main: bool


def get(code: str) -> Area | None:
    """The unit in force with this code."""
    area = db.session.get(Area, code)
    return None if area is None or area.valid_to else area


def current(code: str) -> Area | None:
    """The unit in force with this code, or the one that a unit which ended went to as a whole: a phone without a
    network may still know the old one."""
    area = get(code)
    if area is None and len(went := successors(code)) == 1:
        area = get(went[0].code)
    return area


def children(parent_code: str | None) -> Sequence[Area]:
    """Units in force right below, by code; the provinces for None."""
    return db.session.scalars(sa.select(Area).where(_below(parent_code), IN_FORCE).order_by(Area.code)).all()


def load(codes: Iterable[str]) -> dict[str, Area]:
    """Units by code, in one query; as long as the answer is held, `get` asks for none of them again."""
    wanted = set(codes)
    found = db.session.scalars(sa.select(Area).where(Area.code.in_(wanted))) if wanted else ()
    return {area.code: area for area in found}


def hamlets_of(reach: Iterable[str]) -> dict[str, str]:
    """Names by code of the hamlets in a reach: those it names, and all of the communes it names; in one query."""
    codes = sorted(code for code in reach if code != "*")
    below = sa.or_(Area.code.in_(codes), Area.parent_code.in_(codes))
    rows = db.session.execute(sa.select(Area.code, Area.name).where(Area.kind == "hamlet", below, IN_FORCE))
    return dict(rows.all())


def names(codes: Iterable[str]) -> dict[str, str]:
    """Full names by code, in one query; unknown codes are missing from the answer."""
    wanted = set(codes)
    if not wanted:
        return {}
    rows = db.session.execute(sa.select(Area.code, Area.name).where(Area.code.in_(wanted)))
    return dict(rows.all())


def successors(old_code: str) -> list[Successor]:
    """Where a unit that ended went, the larger part first; more than one when a person must choose."""
    rows = db.session.execute(
        sa.select(Area.code, Area.name, AreaChange.choose, AreaChange.main)
        .join(Area, Area.code == AreaChange.new_code)
        .where(AreaChange.old_code == old_code, IN_FORCE)
        .order_by(AreaChange.main.desc(), Area.code)
    )
    return [Successor(*row) for row in rows]


def search(*, parent: str | None, text: str, cursor: str | None, limit: int) -> Page[FoundArea]:
    """One page of units by code.

    Args:
        parent: only units right below this one; with neither parent nor text, the provinces.
        text: part of a name, accents or not; names of before a reform find the unit of today.
    """
    folded = fold(tidy(text))
    query = sa.select(Area).where(IN_FORCE).order_by(Area.code).limit(limit + 1)
    if parent or not folded:
        query = query.where(_below(parent or None))
    if folded:
        former = sa.select(AreaChange.new_code).where(AreaChange.search_name.contains(folded, autoescape=True))
        query = query.where(sa.or_(Area.search_name.contains(folded, autoescape=True), Area.code.in_(former)))
    if cursor:
        query = query.where(Area.code > decode_cursor(cursor, str)[0])
    found = db.session.scalars(query).all()
    formerly = _former_names([area.code for area in found], folded)
    items = [
        FoundArea(
            code=unit.code,
            name=unit.name,
            kind=unit.kind,
            parent_code=unit.parent_code,
            latitude=unit.latitude,
            longitude=unit.longitude,
            formerly=formerly.get(unit.code, ()),
        )
        for unit in found[:limit]
    ]
    return Page(items, encode_cursor(items[-1].code) if len(found) > limit else None)


def _below(parent_code: str | None) -> sa.ColumnElement[bool]:
    return Area.kind == "province" if parent_code is None else Area.parent_code == parent_code


def _former_names(codes: list[str], folded: str) -> dict[str, tuple[str, ...]]:
    if not codes or not folded:
        return {}
    rows = db.session.execute(
        sa.select(AreaChange.new_code, AreaChange.old_name, AreaChange.old_parent)
        .where(AreaChange.new_code.in_(codes), AreaChange.search_name.contains(folded, autoescape=True))
        .order_by(AreaChange.old_code)
    )
    found: dict[str, tuple[str, ...]] = {}
    for code, name, parent in rows:
        found[code] = (*found.get(code, ()), f"{name}, {parent}")
    return found


def named_below(commune_code: str | None) -> Sequence[sa.Row[str, str, str, str | None]]:
    """(code, kind, name, parent's code) of a commune and its hamlets; of every commune and hamlet for None."""
    query = sa.select(Area.code, Area.kind, Area.name, Area.parent_code).where(IN_FORCE)
    if commune_code is None:
        return db.session.execute(query.where(Area.kind != "province")).all()
    return db.session.execute(query.where(sa.or_(Area.code == commune_code, Area.parent_code == commune_code))).all()


def communes() -> list[tuple[str, str]]:
    """(code, full name) of every commune, by name."""
    query = sa.select(Area.code, Area.name).where(Area.kind == "commune", IN_FORCE)
    rows = db.session.execute(query.order_by(Area.search_name))
    return [(code, name) for code, name in rows]


def communes_near(latitude: float, longitude: float, *, within_km: float, limit: int = 40) -> list[str]:
    """Codes of communes whose middle lies within so many kilometres, the nearest first.

    Args:
        latitude, longitude: in degrees (WGS 84).
    """
    north_km = (Area.latitude - latitude) * KM_PER_DEGREE
    east_km = (Area.longitude - longitude) * KM_PER_DEGREE * math.cos(math.radians(latitude))
    apart = sa.func.sqrt(north_km * north_km + east_km * east_km)
    query = sa.select(Area.code).where(Area.kind == "commune", IN_FORCE, apart <= within_km)
    return list(db.session.scalars(query.order_by(apart, Area.code).limit(limit)))
