"""Reads of the counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from app.core.database import db
from app.households.areas import queries as areas

from .models import CommuneNow, CommuneWeek

PROVINCE = "19"


@dataclass(frozen=True)
class CommuneRow:
    """A commune of the province, in figures; also one with none."""

    code: str
    name: str
    latitude: float | None
    longitude: float | None
    registered: int = 0
    verified: int = 0
    selling: int = 0
    eligible: int = 0
    with_account: int = 0
    members: int = 0
    active_members: int = 0
    visits: int = 0


@dataclass(frozen=True)
class WeekRow:
    """What was new in a week that began on `week`."""

    week: date
    registered: int
    verified: int
    selling: int


def communes() -> list[CommuneRow]:
    """Every commune in force, by name."""
    sums = sa.select(
        CommuneWeek.commune_code,
        sa.func.sum(CommuneWeek.registered),
        sa.func.sum(CommuneWeek.verified),
        sa.func.sum(CommuneWeek.selling),
    ).group_by(CommuneWeek.commune_code)
    totals = {code: [int(count) for count in counts] for code, *counts in db.session.execute(sums)}
    now = {one.commune_code: one for one in db.session.scalars(sa.select(CommuneNow))}
    rows = []
    for area in areas.children(PROVINCE):
        registered, verified, selling = totals.get(area.code, (0, 0, 0))
        place = CommuneRow(area.code, area.name, area.latitude, area.longitude, registered, verified, selling)
        stand = now.get(area.code)
        rows.append(
            place
            if stand is None
            else CommuneRow(
                *(area.code, area.name, area.latitude, area.longitude, registered, verified, selling),
                *(stand.eligible, stand.with_account, stand.members, stand.active_members, stand.visits),
            )
        )
    return sorted(rows, key=lambda row: row.name)


def weeks(*, last: date, count: int, commune: str | None = None) -> list[WeekRow]:
    """The last `count` weeks up to the one that begins on `last`, each with what was new; weeks without are zero."""
    first = last - timedelta(weeks=count - 1)
    query = (
        sa.select(
            CommuneWeek.week,
            sa.func.sum(CommuneWeek.registered),
            sa.func.sum(CommuneWeek.verified),
            sa.func.sum(CommuneWeek.selling),
        )
        .where(CommuneWeek.week >= first, CommuneWeek.week <= last)
        .group_by(CommuneWeek.week)
    )
    if commune:
        query = query.where(CommuneWeek.commune_code == commune)
    known = {week: [int(count) for count in counts] for week, *counts in db.session.execute(query)}
    return [WeekRow(week, *known.get(week, (0, 0, 0))) for week in (first + timedelta(weeks=n) for n in range(count))]


def every_week() -> Sequence[CommuneWeek]:
    """All counts, by commune and week; for the file."""
    return db.session.scalars(sa.select(CommuneWeek).order_by(CommuneWeek.commune_code, CommuneWeek.week)).all()


def taken_at() -> datetime | None:
    """When the counts were taken; None before the first time."""
    return db.session.scalar(sa.select(sa.func.max(CommuneNow.taken_at)))


def total(rows: Sequence[CommuneRow]) -> dict[str, int]:
    """The sums over communes."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        for name in ("registered", "verified", "selling", "eligible", "with_account", "members", "active_members"):
            sums[name] += getattr(row, name)
    return sums
