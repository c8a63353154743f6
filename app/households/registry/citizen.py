"""The structure of a citizen's number (số định danh cá nhân).

Decree 137/2015/NĐ-CP, article 13: twelve digits; three for the province where the birth was registered, one for century
and sex, two for the year of birth, six at random. Only what the digits themselves say is checked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Codes of the 63 provinces of before July 2025: numbers given out keep them.
# fmt: off
PROVINCES = frozenset(f"{number:03d}" for number in (
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44, 45,
    46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92,
    93, 94, 95, 96,
))
# fmt: on
_DIGITS = re.compile(r"[0-9]{12}")
OLDEST_YEARS = 125


class BadCitizenId(ValueError):
    """Not a number that can exist; the text names the part: `digits`, `province` or `birth_year`."""


@dataclass(frozen=True)
class CitizenId:
    """A number whose parts make sense."""

    number: str
    province_code: str
    female: bool
    birth_year: int


def parse(text: str, *, this_year: int) -> CitizenId:
    """Read a number, spaces and dots allowed.

    Raises:
        BadCitizenId: with the part that cannot be.
    """
    number = re.sub(r"[\s.\-]", "", text)
    if not _DIGITS.fullmatch(number):
        raise BadCitizenId("digits")
    if number[:3] not in PROVINCES:
        raise BadCitizenId("province")
    century, female = divmod(int(number[3]), 2)
    birth_year = 1900 + 100 * century + int(number[4:6])
    if not this_year - OLDEST_YEARS <= birth_year <= this_year:
        raise BadCitizenId("birth_year")
    return CitizenId(number, number[:3], bool(female), birth_year)
