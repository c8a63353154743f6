"""What lists of households show of each, whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.households.areas import queries as areas

from .models import Household
from .people import MaskedHousehold, masked


@dataclass(frozen=True)
class Row:
    """One household in a list."""

    seen: MaskedHousehold
    place: str
    created_at: datetime


def rows(households: Sequence[Household]) -> list[Row]:
    """Masked, with the names of hamlet and commune; data keys must be loaded."""
    names = areas.names({code for one in households for code in (one.hamlet_code, one.commune_code)})
    return [Row(masked(one), _place(one, names), one.created_at) for one in households]


def place(household: Household) -> str:
    """Hamlet and commune in words."""
    return _place(household, areas.names([household.hamlet_code, household.commune_code]))


def _place(household: Household, names: dict[str, str]) -> str:
    return f"{names.get(household.hamlet_code, household.hamlet_code)}, {names.get(household.commune_code, '')}"
