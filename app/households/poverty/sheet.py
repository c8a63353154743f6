"""A list of poor households as rows that mean something: who, which class, from when to when, or when they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from app.core.texts import fold
from app.core.uploads import Row, UnreadableFile, read_rows

from . import cells
from .cells import BadCell, clean
from .columns import HEADINGS_WITHIN, Column, Layout, letter, look_over
from .errors import UnreadableList

MAX_ROWS = 60_000
MAX_BYTES = 10 * 1024 * 1024
Read = TypeVar("Read")
_SUMMARY = ("tong", "cong ", "tong cong", "total")


@dataclass(frozen=True)
class Decision:
    """What the list says of every row that does not say otherwise itself."""

    number: str
    year: int
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class Who:
    """A household as the list names it. `citizen_id` is in its normal form, the rest as typed."""

    name: str = ""
    citizen_id: str = ""
    code: str = ""
    birth_year: int | None = None
    hamlet: str = ""
    commune: str = ""


@dataclass
class Line:
    """One row. `poverty_class` is `poor`, `near_poor` or `leaves`; `ends_on` the first day after leaving."""

    place: int
    who: Who
    poverty_class: str = ""
    decision: Decision | None = None
    ends_on: date | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)


def open_list(data: bytes) -> list[Row]:
    """The rows of the first sheet.

    Raises:
        UnreadableList: of no use as a whole.
    """
    if not data:
        raise UnreadableList("empty")
    if len(data) > MAX_BYTES:
        raise UnreadableList("too_large")
    try:
        rows = read_rows(data, max_rows=MAX_ROWS + HEADINGS_WITHIN)
    except UnreadableFile as error:
        raise UnreadableList(error.reason) from None
    if not any(clean(cell) for row in rows for cell in row):
        raise UnreadableList("no_rows")
    return rows


def layout_of(rows: Sequence[Row]) -> Layout:
    """Where the list begins and what its columns probably are.

    Raises:
        UnreadableList: nothing stands under the headings.
    """
    layout = look_over(rows)
    if layout.first_row > len(rows) or not layout.labels:
        raise UnreadableList("no_rows")
    return layout


class Reader:
    """Reads rows under confirmed columns, in their order: a row that only names a hamlet holds for those below it."""

    def __init__(self, columns: Mapping[str, int], decision: Decision, *, this_year: int) -> None:
        self._columns = columns
        self._decision = decision
        self._this_year = this_year
        self._hamlet = ""
        self._texts: list[str] = []
        self.skipped = 0

    def read(self, row: Row, place: int) -> Line | None:
        """The line, with what could not be read in it; None for a row that is no household."""
        self._texts = [clean(cell) for cell in row]
        if not any(self._texts):
            return None
        if self._is_between():
            self.skipped += 1
            return None
        line = Line(place, Who())
        line.who = self._who(row, line)
        self._say_class(row, line)
        return line

    def _cell(self, row: Row, column: Column) -> object:
        at = self._columns.get(column)
        return row[at] if at is not None and at < len(row) else ""

    def _text(self, column: Column) -> str:
        at = self._columns.get(column)
        return self._texts[at] if at is not None and at < len(self._texts) else ""

    def _is_between(self) -> bool:
        """A hamlet's heading, a sum, a signature, the columns' numbers again: says nothing that names a household."""
        if self._text(Column.CITIZEN) or self._text(Column.CODE):
            return False
        texts = [text for text in self._texts if text]
        if any(fold(text).startswith(_SUMMARY) for text in texts[:2]):
            return True
        if len(texts) <= 2:
            if len(texts) == 1 or len(texts[0]) <= 5:
                self._hamlet = max(texts, key=len)
            return True
        said = (self._text(column) for column in (Column.NAME, Column.CLASS, Column.POOR_MARK, Column.NEAR_MARK))
        return not any(said)

    def _who(self, row: Row, line: Line) -> Who:
        number = self._tried(
            line, Column.CITIZEN, lambda: cells.citizen_id(self._cell(row, Column.CITIZEN), this_year=self._this_year)
        )
        return Who(
            name=self._text(Column.NAME)[:100],
            citizen_id=number or "",
            code=self._text(Column.CODE)[:40],
            birth_year=cells.birth_year(self._cell(row, Column.BIRTH)),
            hamlet=(self._text(Column.HAMLET) or self._hamlet)[:100],
            commune=self._text(Column.COMMUNE)[:100],
        )

    def _say_class(self, row: Row, line: Line) -> None:
        said = self._tried(line, Column.CLASS, lambda: cells.poverty_class(self._cell(row, Column.CLASS))) or ""
        if not said and not line.faults:
            said = self._marked(row, line)
        start = self._tried(line, Column.FROM, lambda: cells.day(self._cell(row, Column.FROM)))
        end = self._tried(line, Column.TO, lambda: cells.day(self._cell(row, Column.TO)))
        leaves_on = self._leaves_on(row, line)
        if leaves_on is not None:
            said = cells.LEAVES
        if not said:
            if not line.faults:
                self._fault(line, Column.CLASS if Column.CLASS in self._columns else Column.POOR_MARK, "no_class")
            return
        line.poverty_class = said
        if said == cells.LEAVES:
            line.ends_on = leaves_on or start or self._decision.valid_from
            return
        number = self._tried(line, Column.NUMBER, lambda: cells.decision_number(self._cell(row, Column.NUMBER)))
        year = self._tried(line, Column.YEAR, lambda: cells.year(self._cell(row, Column.YEAR)))
        valid_from, valid_to = start or self._decision.valid_from, end or self._decision.valid_to
        if valid_to < valid_from:
            self._fault(line, Column.TO if Column.TO in self._columns else Column.FROM, "ends_before_it_begins")
            return
        line.decision = Decision(
            number or self._decision.number,
            year or (start.year if start else self._decision.year),
            valid_from,
            valid_to,
        )

    def _marked(self, row: Row, line: Line) -> str:
        poor = self._tried(line, Column.POOR_MARK, lambda: cells.is_marked(self._cell(row, Column.POOR_MARK)))
        near = self._tried(line, Column.NEAR_MARK, lambda: cells.is_marked(self._cell(row, Column.NEAR_MARK)))
        if poor and near:
            self._fault(line, Column.NEAR_MARK, "both_classes")
            return ""
        return "poor" if poor else "near_poor" if near else ""

    def _leaves_on(self, row: Row, line: Line) -> date | None:
        """The day in the column of those who leave; a cross there means the decision's day."""
        cell = self._cell(row, Column.LEAVES)
        if not self._text(Column.LEAVES):
            return None
        try:
            return self._decision.valid_from if cells.is_marked(cell) else None
        except BadCell:
            return self._tried(line, Column.LEAVES, lambda: cells.day(cell))

    def _tried(self, line: Line, column: Column, read: Callable[[], Read]) -> Read | None:
        """What was read; a cell that can't be is noted."""
        try:
            return read()
        except BadCell as bad:
            self._fault(line, column, bad.problem)
            return None

    def _fault(self, line: Line, column: Column, problem: str) -> None:
        line.faults.append(fault(line.place, self._columns, column, problem))


def fault(place: int, columns: Mapping[str, int], column: Column, problem: str) -> dict[str, Any]:
    """What is wrong with a cell, named as a spreadsheet names it: {cell: "C17", column, problem}."""
    at = columns.get(column)
    return {"cell": f"{letter(at)}{place}" if at is not None else str(place), "column": column, "problem": problem}
