"""What a reform does, worked out from a sheet of hamlets; touches no database.

A sheet has a row for each hamlet of the communes concerned and says in which commune it lies from then on: its own, one
that is, or a new one. A commune that keeps no hamlet ends. A commune without hamlets stands in the sheet by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _

from app.core.texts import fold, tidy

from .errors import BadPlan, RowFault

MAX_ROWS = 5_000
MAX_NAME = 60
COMMUNE_DIGITS = 5
# How a commune's full name begins, folded; the word is its unit.
_UNITS = {"xa ": "xã", "phuong ": "phường", "dac khu ": "đặc khu"}
_FAULTS_SHOWN = 50


@dataclass(frozen=True)
class Unit:
    """A commune or hamlet in force, as far as planning needs it."""

    code: str
    kind: str
    name: str
    parent_code: str | None


@dataclass(frozen=True)
class NewCommune:
    """A commune that a reform makes."""

    code: str
    name: str
    unit: str
    province_code: str


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        new: communes to make.
        moves: hamlet → the other commune it goes to.
        ended: commune that ends → where its hamlets went, the one with most of them first.
    """

    new: tuple[NewCommune, ...]
    moves: Mapping[str, str]
    ended: Mapping[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        """For the database."""
        return {"new": [asdict(one) for one in self.new], "moves": dict(self.moves), "ended": dict(self.ended)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Plan:
        """From the database."""
        ended = {code: tuple(targets) for code, targets in kept["ended"].items()}
        return cls(tuple(NewCommune(**one) for one in kept["new"]), kept["moves"], ended)

    def concerned(self) -> set[str]:
        """Every unit that has to be in force still when this is carried out."""
        targets = {*self.moves.values(), *(one for ones in self.ended.values() for one in ones)}
        return {*self.moves, *self.ended, *targets} - {one.code for one in self.new}


@dataclass(frozen=True)
class Line:
    """A row of the sheet: `unit_code` is a hamlet's, or that of a commune without any."""

    row: int
    unit_code: str
    target_code: str
    target_name: str


def plan_of(lines: Sequence[Line], units: Mapping[str, Unit], used_codes: Iterable[str]) -> Plan:
    """Work out a plan.

    Args:
        lines: the sheet.
        units: communes and hamlets in force, by code: at least those concerned with all their hamlets.
        used_codes: codes of units that were; they are not given again.

    Raises:
        BadPlan: with a sentence for each row that can't be.
    """
    faults = [RowFault(line.row, words) for line in lines if (words := _fault_of(line, units, set(used_codes)))]
    seen = Counter(line.unit_code for line in lines)
    faults += [RowFault(line.row, _("Đơn vị này có ở hai dòng.")) for line in lines if seen[line.unit_code] > 1]
    if not lines:
        faults.append(RowFault(1, _("Bảng không có dòng nào.")))
    names, more = _names_of_new(lines, units)
    if faults + more:
        first = {fault.row: fault for fault in reversed(faults + more)}  # one sentence a row is enough
        raise BadPlan([first[row] for row in sorted(first)][:_FAULTS_SHOWN])
    moves = {
        line.unit_code: line.target_code
        for line in lines
        if units[line.unit_code].kind == "hamlet" and units[line.unit_code].parent_code != line.target_code
    }
    plan = Plan(
        new=tuple(_new(code, names[code], lines, units) for code in sorted(names)),
        moves=moves,
        ended=_ended(lines, moves, units),
    )
    if not plan.moves and not plan.ended:
        raise BadPlan([RowFault(1, _("Bảng không đổi gì: xóm nào cũng ở nguyên xã của mình."))])
    return plan


def _fault_of(line: Line, units: Mapping[str, Unit], used_codes: set[str]) -> str:
    unit = units.get(line.unit_code)
    words: str = ""
    if unit is None or unit.kind == "province":
        words = _("Không có xóm nào mang mã %(code)s.", code=line.unit_code[:20] or "–")
    elif unit.kind == "commune" and any(one.parent_code == unit.code for one in units.values()):
        words = _("Xã này có xóm: ghi từng xóm một dòng.")
    else:
        words = _fault_of_target(line.target_code, _province_of(unit, units), units.get(line.target_code), used_codes)
    return words


def _fault_of_target(code: str, province_code: str, target: Unit | None, used_codes: set[str]) -> str:
    words: str = ""
    if not (code.isdecimal() and len(code) == COMMUNE_DIGITS):
        words = _("Mã xã mới gồm 5 chữ số.")
    elif target is None and code in used_codes:
        words = _("Mã %(code)s là của một xã trước đây, không dùng lại.", code=code)
    elif target is not None and target.kind != "commune":
        words = _("Mã %(code)s không phải mã xã.", code=code)
    elif target is not None and target.parent_code != province_code:
        words = _("%(name)s ở tỉnh khác.", name=target.name)
    return words


def _province_of(unit: Unit, units: Mapping[str, Unit]) -> str:
    commune = units[unit.parent_code or ""] if unit.kind == "hamlet" else unit
    return commune.parent_code or ""


def _names_of_new(lines: Sequence[Line], units: Mapping[str, Unit]) -> tuple[dict[str, str], list[RowFault]]:
    """Names of communes that are not there yet; each has one name, beginning with its word."""
    names: dict[str, str] = {}
    faults = []
    wanted = [line for line in lines if line.target_code not in units]
    for line in wanted:
        name = tidy(line.target_name)
        if name and fold(names.setdefault(line.target_code, name)) != fold(name):
            faults.append(RowFault(line.row, _("Xã mới này có hai tên khác nhau trong bảng.")))
    for line in wanted:
        name = names.get(line.target_code, "")
        if not _unit_of(name) or len(name) > MAX_NAME:
            faults.append(RowFault(line.row, _("Ghi tên xã mới, bắt đầu bằng Xã hoặc Phường.")))
    return names, faults


def _unit_of(name: str) -> str:
    return next((unit for start, unit in _UNITS.items() if fold(name).startswith(start)), "")


def _new(code: str, name: str, lines: Sequence[Line], units: Mapping[str, Unit]) -> NewCommune:
    first = next(units[line.unit_code] for line in lines if line.target_code == code)
    return NewCommune(code, name, _unit_of(name), _province_of(first, units))


def _ended(lines: Sequence[Line], moves: Mapping[str, str], units: Mapping[str, Unit]) -> dict[str, tuple[str, ...]]:
    alone = {line.unit_code: line.target_code for line in lines if units[line.unit_code].kind == "commune"}
    ended: dict[str, tuple[str, ...]] = {code: (target,) for code, target in alone.items() if target != code}
    for commune in sorted({units[hamlet].parent_code or "" for hamlet in moves} - set(moves.values())):
        hamlets = [unit.code for unit in units.values() if unit.parent_code == commune]
        if all(hamlet in moves for hamlet in hamlets):
            parts = Counter(moves[hamlet] for hamlet in hamlets)
            ended[commune] = tuple(sorted(parts, key=lambda code: (-parts[code], code)))
    return ended
