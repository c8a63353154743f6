"""Counts of households for the province's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.core.database import db

from .models import Household, Status

ZONE = "Asia/Ho_Chi_Minh"


def week_of(moment: sa.SQLColumnExpression[Any]) -> sa.ColumnElement[date]:
    """The Monday, in Vietnam, of the week in which a moment lies."""
    return sa.cast(sa.func.date_trunc("week", sa.func.timezone(ZONE, moment)), sa.Date)


def registered_by_week() -> Sequence[sa.Row[str, date, int]]:
    """(commune, Monday, households that came that week); merged ones count once."""
    return _counted(Household.created_at, Household.status != Status.MERGED)


def verified_by_week() -> Sequence[sa.Row[str, date, int]]:
    """(commune, Monday, households approved that week, of those that are approved now)."""
    return _counted(Household.verified_at, Household.status == Status.VERIFIED)


def _counted(
    moment: sa.SQLColumnExpression[Any], *conditions: sa.ColumnElement[bool]
) -> Sequence[sa.Row[str, date, int]]:
    week = week_of(moment)
    query = sa.select(Household.commune_code, week, sa.func.count()).where(*conditions)
    return db.session.execute(query.group_by(Household.commune_code, week)).all()
