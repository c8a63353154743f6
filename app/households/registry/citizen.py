"""The structure of a citizen's number (số định danh cá nhân).

Decree 137/2015/NĐ-CP, article 13: twelve digits; three for the province where the birth was registered, one for century
and sex, two for the year of birth, six at random. Only what the digits themselves say is checked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Codes of the 63 provinces of before July 2025: numbers given out keep them.
PROVINCES = frozenset(
    ["001", "002", "004", "006", "008", "010", "011", "012", "014", "015", "017", "019", "020", "022", "024", "025", "026", "027", "030", "031", "033", "034", "035", "036", "037", "038", "040", "042", "044", "045", "046", "048", "049", "051", "052", "054", "056", "058", "060", "062", "064", "066", "067", "068", "070", "072", "074", "075", "077", "079", "080", "082", "083", "084", "086", "087", "089", "091", "092", "093", "094", "095", "096"]
)
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
