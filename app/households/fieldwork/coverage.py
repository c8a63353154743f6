"""How far a commune's team has come: each hamlet in figures and as a dot, each member's month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import db
from app.households.registry.models import Household, Status

from . import teams
from .models import Lesson, Visit
from .teams import Member

LATELY = timedelta(days=30)
WIDTH, HEIGHT, MARGIN = 640, 480, 40


@dataclass(frozen=True)
class HamletRow:
    """A hamlet in figures, and who works there."""

    code: str
    name: str
    registered: int
    verified: int
    visited: int
    members: tuple[str, ...]

    @property
    def share(self) -> int:
        """How many of a hundred registered households were visited."""
        return 100 * self.visited // self.registered if self.registered else 0


@dataclass(frozen=True)
class Dot:
    """A hamlet on the map: `number` is its place in the list, x and y in a box of 640 by 480, radius by size."""

    number: int
    x: float
    y: float
    radius: float
    row: HamletRow


@dataclass(frozen=True)
class Activity:
    """A member and what they did in the last thirty days."""

    member: Member
    registered: int
    visits: int
    lessons: int


@dataclass(frozen=True)
class Coverage:
    """A commune's team at a glance; `dots` is empty when its hamlets have no coordinates."""

    commune_code: str
    hamlets: list[HamletRow]
    dots: list[Dot]
    activity: list[Activity]


def of_commune(commune_code: str, *, clock: Clock) -> Coverage:
    """The commune's hamlets and members; whoever asks was found to look after them."""
    members = teams.members(commune_code, clock=clock)
    units = teams.hamlets(commune_code)
    figures = _figures(commune_code)
    rows = []
    for unit in units:
        registered, verified, visited = figures.get(unit.code, (0, 0, 0))
        there = tuple(member.name for member in members if unit.code in member.hamlets)
        rows.append(HamletRow(unit.code, unit.name, registered, verified, visited, there))
    places = [(unit.longitude, unit.latitude) for unit in units]
    return Coverage(commune_code, rows, dots(rows, places), _activity(commune_code, members, clock))


def dots(rows: Sequence[HamletRow], places: Sequence[tuple[float | None, float | None]]) -> list[Dot]:
    """Hamlets with coordinates (longitude, latitude in degrees) placed in the box, north up, shape kept."""
    known = [(n, row, x, y) for n, (row, (x, y)) in enumerate(zip(rows, places, strict=True), 1) if x and y]
    if not known:
        return []
    west, east = min(x for _n, _row, x, _y in known), max(x for _n, _row, x, _y in known)
    south, north = min(y for _n, _row, _x, y in known), max(y for _n, _row, _x, y in known)
    scale = min(
        (WIDTH - 2 * MARGIN) / max(east - west, 1e-4),
        (HEIGHT - 2 * MARGIN) / max(north - south, 1e-4),
    )
    most = max(row.registered for _n, row, _x, _y in known) or 1
    left, top = (WIDTH - (east - west) * scale) / 2, (HEIGHT - (north - south) * scale) / 2
    return [
        Dot(
            number=number,
            x=round(left + (x - west) * scale, 1),
            y=round(top + (north - y) * scale, 1),
            radius=round(12 + 12 * (row.registered / most) ** 0.5, 1),
            row=row,
        )
        for number, row, x, y in known
    ]


def _figures(commune_code: str) -> dict[str, tuple[int, int, int]]:
    seen = sa.exists().where(Visit.household_id == Household.id, Visit.undone_at.is_(None))
    query = (
        sa.select(
            Household.hamlet_code,
            sa.func.count(),
            sa.func.count().filter(Household.status == Status.VERIFIED),
            sa.func.count().filter(seen),
        )
        .where(Household.commune_code == commune_code, Household.status != Status.MERGED)
        .group_by(Household.hamlet_code)
    )
    return {code: (registered, verified, visited) for code, registered, verified, visited in db.session.execute(query)}


def _activity(commune_code: str, members: Sequence[Member], clock: Clock) -> list[Activity]:
    since = clock.now() - LATELY
    registered = _counted(
        sa.select(Household.registered_by, sa.func.count())
        .where(Household.commune_code == commune_code, Household.created_at >= since)
        .group_by(Household.registered_by)
    )
    visits = _counted(
        sa.select(Visit.member_id, sa.func.count())
        .join(Household, Household.id == Visit.household_id)
        .where(Household.commune_code == commune_code, Visit.created_at >= since, Visit.undone_at.is_(None))
        .group_by(Visit.member_id)
    )
    lessons = _counted(
        sa.select(Lesson.led_by, sa.func.count())
        .where(Lesson.commune_code == commune_code, Lesson.held_at >= since, Lesson.undone_at.is_(None))
        .group_by(Lesson.led_by)
    )
    return [Activity(one, registered[one.user_id], visits[one.user_id], lessons[one.user_id]) for one in members]


def _counted(query: sa.Select[UUID, int]) -> Counter[UUID]:
    return Counter(dict(db.session.execute(query).all()))
