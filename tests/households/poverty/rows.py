"""Rows of lists that name made-up households."""

from __future__ import annotations

from typing import Any

from app.households.registry import people
from app.households.registry.models import Household
from app.households.registry.people import Field
from tests.households.poverty.conftest import rows_of
from tests.households.poverty.lists import workbook


def number_of(household: Household) -> str:
    return people.open_field(household, Field.CITIZEN_ID) or ""


def by_number(household: Household, said: str = "Hộ nghèo") -> list[Any]:
    return ["Nguyễn Thị Thử", number_of(household), None, None, None, said]


def by_code(code: str, said: str = "N") -> list[Any]:
    return ["Nguyễn Thị Thử", None, code, None, None, said]


def a_list(*rows: list[Any]) -> bytes:
    return workbook(rows_of(*rows))
