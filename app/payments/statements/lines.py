"""What every reader of statements makes, and the cells that all of them read alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from app.core.clock import VIETNAM
from app.core.money import MAX_VND
from app.core.texts import tidy
from app.payments.statements.models import Format

MAX_ROWS = 50_000
MAX_FAULTS = 100
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=VIETNAM), datetime(2200, 1, 1, tzinfo=VIETNAM)
_GROUPED = re.compile(r"(?P<whole>[0-9]{1,3}(?P<mark>[.,])[0-9]{3}(?:(?P=mark)[0-9]{3})*)(?:(?!(?P=mark))[.,]0{1,2})?")
_PLAIN = re.compile(r"(?P<whole>[0-9]+)(?:[.,]0{1,2})?")
_CURRENCY = re.compile(r"(?i)vnd|vnđ|₫|đồng|đ")
_DAY_FIRST = re.compile(r"(?P<d>[0-9]{1,2})[/.-](?P<m>[0-9]{1,2})[/.-](?P<y>[0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"(?P<y>[0-9]{4})[/.-](?P<m>[0-9]{1,2})[/.-](?P<d>[0-9]{1,2})")
_HOUR = re.compile(r"(?<![0-9])(?P<h>[0-9]{1,2}):(?P<min>[0-9]{2})(?::(?P<s>[0-9]{2}))?(?![0-9])")
_ACCOUNT = re.compile(r"[0-9A-Z]{4,34}")


class BadCell(ValueError):
    """A cell can't be read; `problem` is a stable word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Line:
    """One movement. `place` is the row in the sheet (from 1) or the number of the entry.

    `end_to_end_id` is what the sender named it, where the file says.
    """

    place: int
    direction: str
    amount_vnd: int
    account: str
    memo: str
    reference: str
    event_at: datetime
    end_to_end_id: str = ""


@dataclass(frozen=True)
class Fault:
    """A cell that could not be read."""

    row: int
    column: str
    problem: str


@dataclass
class Statement:
    """What a file says."""

    format: Format
    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    faults_total: int = 0

    def fault(self, row: int, column: str, problem: str) -> None:
        """Note a cell that could not be read; the first hundred are kept."""
        self.faults_total += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(row, column, problem))


def clean(value: object) -> str:
    """A cell as text: one Unicode form, nothing a database can't hold. Whole floats lose their `.0`."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and value == value and abs(value) < 2**53 and value == int(value):  # noqa: PLR0124
        return str(int(value))
    text = "".join(mark if mark.isprintable() or mark.isspace() else " " for mark in str(value))
    return tidy(text)[:500]


def money(value: object) -> int:
    """Whole đồng, below zero for a minus or parentheses; 0 for an empty cell.

    Raises:
        BadCell: not a whole number of đồng.
    """
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadCell("not_an_amount")
    amount = _typed_money(value) if isinstance(value, str) else _whole(value)
    if abs(amount) > MAX_VND:
        raise BadCell("amount_too_large")
    return amount


def _whole(value: int | float | Decimal) -> int:
    try:
        whole = int(value)
    except (ValueError, OverflowError, InvalidOperation):
        raise BadCell("not_an_amount") from None
    if whole != value:
        raise BadCell("not_whole_dong")
    return whole


def _typed_money(value: str) -> int:
    text = _CURRENCY.sub("", "".join(tidy(value).split()))
    minus = text.startswith("-") or (text.startswith("(") and text.endswith(")"))
    text = text.strip("()").lstrip("+-") if text[:1] in "+-(" else text
    if text in ("", "-"):
        return 0
    found = _GROUPED.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is None or len(text) > 40:
        raise BadCell("not_an_amount")
    amount = int(re.sub(r"[.,]", "", found["whole"]))
    return -amount if minus else amount


def moment(value: object) -> datetime:
    """When it happened. A day without an hour is its beginning: the doubt is the payer's.

    Raises:
        BadCell: not a date of this age.
    """
    found = _moment(value)
    found = found if found.tzinfo else found.replace(tzinfo=VIETNAM)
    if not EARLIEST <= found < LATEST:
        raise BadCell("not_a_date")
    return found


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        raise BadCell("not_a_date")
    text = tidy(value)
    day = _YEAR_FIRST.search(text) or _DAY_FIRST.search(text)
    if day is None or len(text) > 40:
        raise BadCell("not_a_date")
    hour = _HOUR.search(text)
    year = int(day["y"])
    try:
        if _YEAR_FIRST.match(text) and "T" in text:
            return datetime.fromisoformat(text)
        clock = time(int(hour["h"]), int(hour["min"]), int(hour["s"] or 0)) if hour else time()
        return datetime.combine(date(year + 2000 if year < 100 else year, int(day["m"]), int(day["d"])), clock)
    except ValueError:
        raise BadCell("not_a_date") from None


def account(value: object) -> str:
    """An account number as banks print it, without spaces, dots and dashes.

    Raises:
        BadCell: a number cell, which loses leading zeros; or no account number at all.
    """
    if isinstance(value, int | float):
        raise BadCell("account_is_a_number")
    text = re.sub(r"[\s.-]", "", clean(value)).upper()
    if not _ACCOUNT.fullmatch(text):
        raise BadCell("not_an_account")
    return text
