"""What the columns of a list of poor households are called, over one to three rows of headings with merged cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.crypto import blind_index
from app.core.texts import fold, tidy
from app.core.uploads import Row

from .cells import clean

HEADINGS_WITHIN = 40
MAX_DEPTH = 3
SAMPLES = 3
MAX_LABEL = 120


class Column(StrEnum):
    """What a column may hold."""

    NAME = "name"
    CITIZEN = "citizen"
    CODE = "code"
    BIRTH = "birth"
    HAMLET = "hamlet"
    COMMUNE = "commune"
    CLASS = "class"
    POOR_MARK = "poor_mark"
    NEAR_MARK = "near_mark"
    NUMBER = "number"
    YEAR = "year"
    FROM = "from"
    TO = "to"
    LEAVES = "leaves"


# Folded: lower case, no accents, đ as d. The longest name that a heading says wins, so that "cận nghèo" is not "nghèo".
NAMES: dict[Column, Sequence[str]] = {
    Column.NAME: (
        "ho va ten chu ho", "ho ten chu ho", "ten chu ho", "chu ho", "ho va ten", "ho ten", "ho, ten chu ho",
        "ho va ten nguoi dai dien", "nguoi dai dien ho", "household head", "full name",
    ),
    Column.CITIZEN: (
        "so cccd", "cccd", "so can cuoc cong dan", "so can cuoc", "can cuoc cong dan", "so dinh danh ca nhan",
        "so dinh danh", "ma dinh danh", "ma so dinh danh", "cmnd/cccd", "cccd/cmnd", "so cmnd", "so cmt", "can cuoc",
        "so cmnd/cccd", "so cccd/so dinh danh", "citizen id",
    ),
    Column.CODE: ("ma ho", "ma ho gia dinh", "ma so ho", "ma ho tren cho phien", "household code"),
    Column.BIRTH: ("nam sinh", "ngay sinh", "ngay thang nam sinh", "nam sinh chu ho", "ngay, thang, nam sinh",
                   "year of birth", "date of birth"),
    Column.HAMLET: ("xom", "thon", "ban", "to dan pho", "xom/to dan pho", "thon/xom", "xom, to dan pho", "dia chi",
                    "thon, xom", "noi o", "thon/ban", "ten xom", "ten thon", "khu pho", "hamlet", "dia ban"),
    Column.COMMUNE: ("xa", "phuong", "xa/phuong", "xa, phuong", "ten xa", "commune", "xa (phuong)"),
    Column.CLASS: (
        "phan loai", "loai ho", "phan loai ho", "ket qua", "ket qua phan loai", "dien ho", "doi tuong",
        "ho ngheo/can ngheo",
        "ho ngheo, can ngheo", "ho ngheo, ho can ngheo", "ngheo/can ngheo", "ket qua ra soat", "thuoc dien", "class",
        "n/cn", "ho ngheo/ho can ngheo", "loai ho (n/cn)",
    ),
    Column.POOR_MARK: ("ho ngheo", "ngheo", "la ho ngheo"),
    Column.NEAR_MARK: ("ho can ngheo", "can ngheo", "la ho can ngheo"),
    Column.NUMBER: ("so quyet dinh", "quyet dinh so", "so qd", "qd so", "quyet dinh", "decision number"),
    Column.YEAR: ("nam", "nam ap dung", "nam cong nhan", "ap dung nam", "year"),
    Column.FROM: ("tu ngay", "ngay hieu luc", "ngay cong nhan", "ngay bat dau", "hieu luc tu", "hieu luc tu ngay",
                  "valid from"),
    Column.TO: ("den ngay", "den het ngay", "ngay het hieu luc", "ngay ket thuc", "hieu luc den", "valid to"),
    Column.LEAVES: (
        "thoat ngheo", "ngay thoat ngheo", "thoat ngheo tu ngay", "thoat ngheo, can ngheo", "ngay thoat",
        "ra khoi danh sach", "ngay ra khoi danh sach", "thoat ngheo/can ngheo", "thoat ho ngheo",
    ),
}  # fmt: skip
_COLUMN_OF = {name: column for column, names in NAMES.items() for name in names}
_WHO = frozenset({Column.NAME, Column.CITIZEN, Column.CODE})
_WHAT = frozenset({Column.CLASS, Column.POOR_MARK, Column.NEAR_MARK, Column.LEAVES})
_NUMBER_ROW = re.compile(r"\(?\s*(?:[0-9]{1,2}|[A-Za-z])\s*\)?(?:\s*=.*)?")
_DECISION = re.compile(
    r"(?i)(?:quyết định|qđ)\s*(?:số)?\s*[:.]?\s*(?P<number>[0-9]{1,6}\s*/\s*[0-9A-ZĐa-zđ][\w/Đđ-]{1,30})"
)
_YEAR = re.compile(r"(?i)năm\s*:?\s*(?P<year>20[0-9]{2})")


@dataclass(frozen=True)
class Layout:
    """Where the list begins, what its headings say, and what they probably mean.

    `first_row` is the place (from 1) of the first row under the headings; `labels` is one text per column; `samples`
    are the first few cells of each.
    """

    first_row: int
    labels: list[str]
    guess: dict[str, int]
    samples: list[list[str]] = field(default_factory=list)
    decision_number: str = ""
    year: int | None = None

    def mark(self) -> bytes:
        """A keyed fingerprint of the headings, the same for next year's file under the same ones."""
        said = "\x1f".join(re.sub(r"[0-9]+", "#", tidy(fold(label))) for label in self.labels)
        return blind_index("poverty_import.headings", said)


def look_over(rows: Sequence[Row]) -> Layout:
    """Find the headings: the row, or rows, of which most names are known; else the fullest row near the top."""
    best: tuple[tuple[int, int, int], int, int, dict[str, int], list[str]] | None = None
    for at in range(min(HEADINGS_WITHIN, len(rows))):
        for depth in range(1, min(MAX_DEPTH, len(rows) - at) + 1):
            labels = _labels(rows[at : at + depth])
            guess = _guess(rows[at : at + depth], labels)
            sure = int(_WHO & guess.keys() != set() and _WHAT & guess.keys() != set())
            score = (sure, len(guess), sum(bool(label) for label in labels) if not guess else 0)
            if best is None or score > best[0]:
                best = (score, at, depth, guess, labels)
    if best is None:
        return Layout(1, [], {})
    _score, at, depth, guess, labels = best
    first = at + depth
    while first < len(rows) and _numbers_columns(rows[first]):
        first += 1
    above = " ".join(clean(cell) for row in rows[:at] for cell in row)[:5_000]
    number, year = _DECISION.search(above), _YEAR.search(above)
    return Layout(
        first_row=first + 1,
        labels=[label[:MAX_LABEL] for label in labels],
        guess=guess,
        samples=_samples(rows[first : first + 200], len(labels)),
        decision_number=re.sub(r"\s", "", number["number"])[:60] if number else "",
        year=int(year["year"]) if year else None,
    )


def _labels(rows: Sequence[Row]) -> list[str]:
    """One text per column. A merged heading stands in its first cell only: it is carried to the right."""
    width = max(len(row) for row in rows)
    parts: list[list[str]] = [[] for _column in range(width)]
    for level, row in enumerate(rows):
        last = len(rows) - 1
        carried = ""
        for column in range(width):
            text = clean(row[column]) if column < len(row) else ""
            below = any(column < len(later) and clean(later[column]) for later in rows[level + 1 :])
            carried = text or (carried if level < last and below else "")
            if carried and carried not in parts[column]:
                parts[column].append(carried)
    return [" / ".join(texts) for texts in parts]


def _guess(rows: Sequence[Row], labels: Sequence[str]) -> dict[str, int]:
    """Which column holds what: the lowest heading speaks first, the whole of them after it; the first of each wins."""
    found: dict[str, int] = {}
    for level in range(len(rows) - 1, -1, -1):
        for index, cell in enumerate(rows[level]):
            column = column_named(clean(cell))
            if column and column not in found and index not in found.values():
                found[column] = index
    for index, label in enumerate(labels):
        column = column_named(label)
        if column and column not in found and index not in found.values():
            found[column] = index
    return found


def column_named(heading: str) -> Column | None:
    """What a heading means: said in full, or before a note in parentheses, or on one of its lines."""
    if not heading or len(heading) > MAX_LABEL:
        return None
    for part in (heading, re.sub(r"\(.*?\)", " ", heading), *re.split(r"[\n\r]| / ", heading)):
        name = tidy(re.sub(r"[.:*]", " ", fold(part)))
        if name in _COLUMN_OF:
            return _COLUMN_OF[name]
    return None


def _numbers_columns(row: Row) -> bool:
    """The row below headings that says (1) (2) (3) or A B C."""
    texts = [text for cell in row if (text := clean(cell))]
    return len(texts) >= 3 and all(_NUMBER_ROW.fullmatch(text) for text in texts) and len(set(texts)) == len(texts)


def _samples(rows: Sequence[Row], width: int) -> list[list[str]]:
    samples: list[list[str]] = [[] for _column in range(width)]
    for row in rows:
        for column, cell in enumerate(row[:width]):
            if len(samples[column]) < SAMPLES and (text := clean(cell)):
                samples[column].append(text[:40])
    return samples


def letter(index: int) -> str:
    """What a spreadsheet calls the column: 0 is A, 26 is AA."""
    name = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
