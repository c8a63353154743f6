"""Promises of the citizen's number: what cannot be is caught at the doorstep."""

from __future__ import annotations

import pytest

from app.households.registry import citizen


def test_the_parts_of_a_number_are_read() -> None:
    read = citizen.parse("019 180 000 001", this_year=2026)
    assert (read.number, read.province_code, read.female, read.birth_year) == ("019180000001", "019", True, 1980)
    assert citizen.parse("006305123456", this_year=2026).birth_year == 2005


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("", "digits"),
        ("01918000001", "digits"),
        ("0191800000012", "digits"),
        ("01918000000a", "digits"),
        ("٠١٩١٨٠٠٠٠٠٠١", "digits"),
        ("003180000001", "province"),
        ("019330000001", "birth_year"),
        ("019500000001", "birth_year"),
        ("019000000001", "birth_year"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_the_part(number: str, part: str) -> None:
    with pytest.raises(citizen.BadCitizenId, match=part):
        citizen.parse(number, this_year=2026)
