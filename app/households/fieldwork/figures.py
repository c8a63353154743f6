"""Counts of the teams' work for the province's page."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import db
from app.households.registry.models import Household
from app.identity import teams

from .models import Visit

LATELY = timedelta(days=30)


def team_of_each_commune(*, clock: Clock) -> dict[str, tuple[int, int, int]]:
    """(members, those who registered or visited somebody in the last thirty days, visits in these days) by commune."""
    since = clock.now() - LATELY
    members = teams.members_by_commune(at=clock.now())
    came = sa.select(Household.commune_code, Household.registered_by.label("member")).where(
        Household.created_at >= since
    )
    visited = (
        sa.select(Household.commune_code, Visit.member_id.label("member"))
        .join(Visit, Visit.household_id == Household.id)
        .where(Visit.created_at >= since, Visit.undone_at.is_(None))
    )
    visits = dict(db.session.execute(_by_commune(visited.subquery())).all())
    active: dict[str, int] = {}
    for commune, member in db.session.execute(sa.union(came, visited)):
        active[commune] = active.get(commune, 0) + (member in members.get(commune, ()))
    return {code: (len(people), active.get(code, 0), visits.get(code, 0)) for code, people in members.items()}


def _by_commune(rows: sa.Subquery) -> sa.Select[str, int]:
    return sa.select(rows.c.commune_code, sa.func.count()).group_by(rows.c.commune_code)
