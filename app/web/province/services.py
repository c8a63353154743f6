"""Taking the counts: every few minutes, whole, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import transaction
from app.households.fieldwork import figures as fieldwork
from app.households.registry import figures as registry
from app.households.registry.queries import today
from app.households.welfare import queries as welfare
from app.market.catalogue import queries as catalogue

from .models import CommuneNow, CommuneWeek

LOCK = 320_320  # of this table's counts


def take_counts(*, clock: Clock) -> int:
    """Count anew; the number of communes. Two at once count one after the other."""
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        weeks = _weeks()
        now = _now(clock)
        for model in (CommuneWeek, CommuneNow):
            session.execute(sa.delete(model))
        if weeks:
            session.execute(sa.insert(CommuneWeek), weeks)
        if now:
            session.execute(sa.insert(CommuneNow), now)
    return len(now)


def _weeks() -> list[dict[str, object]]:
    counted: dict[tuple[str, date], dict[str, int]] = defaultdict(dict)
    sources: tuple[tuple[str, Iterable[sa.Row[str, date, int]]], ...] = (
        ("registered", registry.registered_by_week()),
        ("verified", registry.verified_by_week()),
        ("selling", catalogue.opened_by_week()),
    )
    for name, rows in sources:
        for commune, week, count in rows:
            counted[commune, week][name] = count
    nothing = dict.fromkeys(("registered", "verified", "selling"), 0)
    return [{"commune_code": commune, "week": week, **nothing, **counts} for (commune, week), counts in counted.items()]


def _now(clock: Clock) -> list[dict[str, object]]:
    covered = {one.commune_code: one for one in welfare.coverage(SYSTEM, today(clock))}
    teams = fieldwork.team_of_each_commune(clock=clock)
    rows: list[dict[str, object]] = []
    for commune in sorted({*covered, *teams}):
        members, active, visits = teams.get(commune, (0, 0, 0))
        welfare_now = covered.get(commune)
        rows.append(
            {
                "commune_code": commune,
                "eligible": welfare_now.eligible if welfare_now else 0,
                "with_account": welfare_now.covered if welfare_now else 0,
                "members": members,
                "active_members": active,
                "visits": visits,
                "taken_at": clock.now(),
            }
        )
    return rows
