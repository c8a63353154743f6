"""How long the law gives us to answer and to act, as dated data. The days end at midnight in Vietnam.

Working days leave out weekends and the public holidays that are listed here. A holiday that is not listed makes us
answer a day sooner than we must, never later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.core.clock import VIETNAM, in_vietnam


@dataclass(frozen=True)
class Rule:
    """Days within which a request is answered (working days) and done (calendar days), from a day on."""

    valid_from: date
    answer_working_days: int
    done_days: int
    source: str


RULES = (
    Rule(date(2026, 1, 1), 2, 15, "Luật 91/2025/QH15, Nghị định 356/2025/NĐ-CP"),
)  # fmt: skip
"""Oldest first. A day before the first counts by the first."""

# Labour Code 45/2019, article 112: the days with a fixed date each year, and those the calendar of a year gave.
HOLIDAYS_EACH_YEAR = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
HOLIDAYS = frozenset({
    date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 19), date(2026, 2, 20),
    date(2026, 4, 27), date(2026, 9, 1),
})  # fmt: skip


@dataclass(frozen=True)
class Deadlines:
    """The moments before which a request is to be answered and done, and the rule they come from."""

    rule: Rule
    answer_by: datetime
    done_by: datetime


def counted_from(asked_at: datetime) -> Deadlines:
    """The deadlines of a request asked at this moment. The day of asking does not count."""
    day = in_vietnam(asked_at).date()
    rule = [rule for rule in RULES if rule.valid_from <= day][-1:] or [RULES[0]]
    done = day + timedelta(days=rule[0].done_days)
    answer = min(_working_days_after(day, rule[0].answer_working_days), done)
    return Deadlines(rule[0], _end_of(answer), _end_of(done))


def is_working_day(day: date) -> bool:
    """Monday to Friday, and no public holiday we know of."""
    return day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS_EACH_YEAR and day not in HOLIDAYS


def _working_days_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM)
