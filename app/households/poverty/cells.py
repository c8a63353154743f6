"""Cells as officers type them: numbers as text, dates as text or serial numbers, marks, accents in any form."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from app.core.texts import fold, tidy
from app.households.registry import citizen
from app.households.registry.models import PovertyClass

LEAVES = "leaves"
MAX_CELL = 300
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 12, 31)
_SERIAL_ZERO = date(
    1899, 12, 30
)  # day 0 of a spreadsheet; its 29 February 1900 never was, which matters to no date of ours
_DAY_FIRST = re.compile(
    r"(?:ngay)?\s*(?P<d>[0-9]{1,2})\s*(?:[/.\-]|thang)\s*(?P<m>[0-9]{1,2})\s*(?:[/.\-]|nam)\s*(?P<y>[0-9]{4}|[0-9]{2})"
)
_YEAR_FIRST = re.compile(r"(?P<y>[0-9]{4})[/.\-](?P<m>[0-9]{1,2})[/.\-](?P<d>[0-9]{1,2})")
_YEAR = re.compile(r"(?:nam)?\s*(?P<y>[12][0-9]{3})(?:\.0)?")
_BIRTH_YEAR = re.compile(r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?![0-9])")
_POOR = {"n", "ngheo", "ho ngheo", "hn", "ho n", "1", "poor"}
_NEAR = {"cn", "can ngheo", "ho can ngheo", "hcn", "ho cn", "c n", "2", "near poor", "near_poor"}
_LEAVES = ("thoat", "ra khoi", "khong con", "khong ngheo", "het ngheo", "tn", "tcn")
_NO_MARK = {"", "0", "khong", "-", "–", "no", "k"}
_MARK = {"x", "v", "1", "co", "✓", "✔", "☑", "×", "yes", "y", "+", "*", "√", "ü"}


class BadCell(ValueError):
    """A cell can't be read; `problem` is a stable word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def clean(value: object) -> str:
    """A cell as text: one Unicode form, plain spaces, nothing unprintable. Whole floats lose their `.0`."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and abs(value) < 2**53 and value == int(value):
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.strftime("%d/%m/%Y") if value.year >= 1000 else ""
    raw = str(value)[: MAX_CELL * 4]
    if raw.isprintable():
        return tidy(raw)[:MAX_CELL]
    text = "".join(" " if mark.isspace() else mark for mark in raw if mark.isspace() or mark.isprintable())
    return tidy(text)[:MAX_CELL]


def poverty_class(value: object) -> str:
    """`poor`, `near_poor` or `leaves`; nothing for an empty cell.

    Raises:
        BadCell: another word.
    """
    word = tidy(re.sub(r"[.,;:()]", " ", fold(clean(value))))
    if not word:
        return ""
    if word.startswith(_LEAVES[:5]) or word in _LEAVES:
        return LEAVES
    if word in _POOR:
        return PovertyClass.POOR
    if word in _NEAR:
        return PovertyClass.NEAR_POOR
    raise BadCell("not_a_class")


def is_marked(value: object) -> bool:
    """Whether a cell under "hộ nghèo" carries a cross.

    Raises:
        BadCell: something else than a mark.
    """
    if isinstance(value, bool):
        return value
    word = fold(clean(value))
    if word in _NO_MARK:
        return False
    if word in _MARK or unicodedata.normalize("NFKC", word) in _MARK or set(word) == {"x"}:
        return True
    raise BadCell("not_a_mark")


def day(value: object) -> date | None:
    """A day, nothing for an empty cell.

    Raises:
        BadCell: not a day of these years.
    """
    found = _day(value)
    if found is not None and not EARLIEST <= found <= LATEST:
        raise BadCell("not_a_date")
    return found


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool | timedelta):
        raise BadCell("not_a_date")
    if isinstance(value, int | float):
        return _serial(value)
    text = fold(clean(value))
    if not text:
        return None
    found = _YEAR_FIRST.match(text) or _DAY_FIRST.fullmatch(text.split(" 00:00")[0].strip())
    if found is None:
        if text.isdigit() and len(text) == 5:
            return _serial(int(text))
        raise BadCell("not_a_date")
    year = int(found["y"])
    try:
        return date(year + 2000 if year < 100 else year, int(found["m"]), int(found["d"]))
    except ValueError:
        raise BadCell("not_a_date") from None


def _serial(value: float) -> date:
    if not 36_526 <= value <= 80_000:  # 2000 to 2119: a bare year is no day
        raise BadCell("not_a_date")
    return _SERIAL_ZERO + timedelta(days=int(value))


def year(value: object) -> int | None:
    """A year, nothing for an empty cell.

    Raises:
        BadCell: not one of 2016 to 2100.
    """
    text = fold(clean(value))
    if not text:
        return None
    found = _YEAR.fullmatch(text)
    if found is None or not 2016 <= int(found["y"]) <= 2100:
        raise BadCell("not_a_year")
    return int(found["y"])


def birth_year(value: object) -> int | None:
    """The year somebody was born, of a year, a day or text with one in it; nothing when there is none."""
    if isinstance(value, datetime | date):
        return value.year
    found = _BIRTH_YEAR.search(clean(value))
    return int(found["y"]) if found else None


def citizen_id(value: object, *, this_year: int) -> str:
    """Twelve digits; a number cell has lost its leading zeros, and gets them back. Nothing for an empty cell.

    Raises:
        BadCell: no citizen's number; the old nine digits say so.
    """
    text = re.sub(r"[\s.\-'’]", "", clean(value))
    if not text:
        return ""
    if isinstance(value, int | float) and text.isdigit() and 10 <= len(text) < 12:
        text = text.zfill(12)
    if text.isdigit() and len(text) == 11 and text.zfill(12)[:3] in citizen.PROVINCES:
        text = text.zfill(12)
    if text.isdigit() and len(text) == 9:
        raise BadCell("old_citizen_id")
    try:
        return citizen.parse(text, this_year=this_year).number
    except citizen.BadCitizenId:
        raise BadCell("not_a_citizen_id") from None


def decision_number(value: object) -> str:
    """The number of the decision; nothing for an empty cell.

    Raises:
        BadCell: too long to be one.
    """
    text = clean(value)
    if len(text) > 60:
        raise BadCell("not_a_decision")
    return text
