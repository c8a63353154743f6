"""Which registered household each row names: by code, by the citizen's number, or by name with birth year or hamlet.

Everything is looked up for many rows at once through blind indexes; a household is opened only to tell two of one name
apart by their years of birth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core import codes
from app.core.texts import fold
from app.households.areas import queries as areas
from app.households.registry import decisions, people
from app.households.registry.decisions import Found

from .columns import Column
from .sheet import Line, Who, fault

EVERY_COMMUNE = "*"
_UNIT = re.compile(r"^(?:xa|phuong|dac khu|thi tran|xom|thon|ban|to dan pho|tdp|khu pho|khu|to)\s+")
_NUMERAL = re.compile(r"^(?:[ivxlc]+|[0-9]+|[a-z])\s*[.)/:-]\s*")


@dataclass(frozen=True)
class Places:
    """Communes and hamlets of the batch's area by folded name; a name that two of them share is in neither."""

    communes: Mapping[str, str]
    hamlets: Mapping[tuple[str, str], str]
    only_commune: str | None

    def commune(self, who: Who) -> str | None:
        """The commune a row lies in."""
        return self.only_commune or self.communes.get(place_name(who.commune)) or self.communes.get(who.commune)

    def hamlet(self, who: Who, commune_code: str) -> str | None:
        """The hamlet a row names, also as the beginning of an address."""
        for text in (who.hamlet, *re.split(r"[,;]", who.hamlet)):
            if found := self.hamlets.get((commune_code, place_name(text))):
                return found
        return None


def place_name(text: str) -> str:
    """A place's name for comparing: folded, without the word for its kind and a number before it."""
    folded = " ".join(re.sub(r"[.:]", " ", _NUMERAL.sub("", fold(text))).split())
    return _UNIT.sub("", folded) or folded


def places(area_code: str) -> Places:
    """Names of the area's communes and hamlets, in two queries."""
    only = None if area_code == EVERY_COMMUNE else area_code
    named = areas.named_below(only)
    communes: dict[str, str] = {}
    hamlets: dict[tuple[str, str], str] = {}
    twice: set[object] = set()
    for code, kind, name, parent in named:
        key: object
        if kind == "commune":
            key = place_name(name)
            twice |= {key} if key in communes else set()
            communes[place_name(name)] = code
            communes[code] = code
        elif parent:
            twice |= {(parent, place_name(name))} if (parent, place_name(name)) in hamlets else set()
            hamlets[parent, place_name(name)] = code
    return Places(
        {name: code for name, code in communes.items() if name not in twice},
        {name: code for name, code in hamlets.items() if name not in twice},
        only,
    )


class Matcher:
    """Finds the households of rows, chunk by chunk."""

    def __init__(self, area_code: str, columns: Mapping[str, int], *, this_year: int) -> None:
        self._area = None if area_code == EVERY_COMMUNE else area_code
        self._places = places(area_code)
        self._columns = columns
        self._this_year = this_year

    def match(self, lines: Sequence[Line]) -> dict[int, UUID]:
        """Households by place; a row without one gets a fault that says what to do."""
        open_lines = [line for line in lines if not line.faults]
        code_of = {line.place: codes.normalise(line.who.code) for line in open_lines if line.who.code}
        index_of = {line.place: people.citizen_index(line.who.citizen_id) for line in open_lines if line.who.citizen_id}
        name_of = {line.place: people.name_index(line.who.name) for line in open_lines if line.who.name}
        by_name = {place for place in name_of if place not in code_of and place not in index_of}
        found = decisions.find(
            codes=set(code_of.values()),
            citizens=set(index_of.values()),
            names={name_of[place] for place in by_name},
            commune_code=self._area,
        )
        self._by_code = {one.code: one for one in found}
        self._by_citizen = {one.citizen_index: one for one in found}
        self._by_name: dict[bytes, list[Found]] = {}
        for one in found:
            self._by_name.setdefault(one.name_index, []).append(one)
        self._years = self._birth_years(open_lines, name_of, by_name)
        matched: dict[int, UUID] = {}
        for line in open_lines:
            known = self._one(line, code_of.get(line.place), index_of.get(line.place), name_of.get(line.place))
            if known is not None:
                matched[line.place] = known.id
        return matched

    def _birth_years(self, lines: Sequence[Line], name_of: Mapping[int, bytes], by_name: set[int]) -> dict[UUID, int]:
        doubtful = {
            one.id
            for line in lines
            if line.place in by_name and line.who.birth_year
            for one in self._in_place(line, self._by_name.get(name_of[line.place], []))
        }
        return decisions.birth_years(doubtful, this_year=self._this_year)

    def _one(self, line: Line, code: str | None, index: bytes | None, name: bytes | None) -> Found | None:
        by_code = self._by_code.get(code) if code else None
        by_citizen = self._by_citizen.get(index) if index else None
        if code and by_code is None and by_citizen is None:
            return self._no(line, Column.CODE, "unknown_code")
        if by_code and index and by_code.id != (by_citizen.id if by_citizen else None):
            return self._no(line, Column.CITIZEN, "code_and_number_differ")
        if by_code or by_citizen:
            return by_code or by_citizen
        if index:
            return self._no(line, Column.CITIZEN, "not_registered")
        if name is None:
            return self._no(line, Column.NAME, "names_nobody")
        return self._by_name_alone(line, name)

    def _by_name_alone(self, line: Line, name: bytes) -> Found | None:
        who = line.who
        if self._places.commune(who) is None:
            return self._no(line, Column.COMMUNE, "which_commune")
        near = self._in_place(line, self._by_name.get(name, []))
        if who.hamlet and not who.birth_year and self._hamlet(who) is None:
            return self._no(line, Column.HAMLET, "unknown_hamlet")
        if not who.birth_year and not who.hamlet:
            return self._no(line, Column.NAME, "name_alone")
        if who.birth_year:
            near = [one for one in near if self._years.get(one.id) == who.birth_year]
        if len({one.id for one in near}) > 1:
            return self._no(line, Column.NAME, "several_of_this_name")
        return near[0] if near else self._no(line, Column.NAME, "nobody_of_this_name")

    def _hamlet(self, who: Who) -> str | None:
        commune = self._places.commune(who)
        return self._places.hamlet(who, commune) if commune else None

    def _in_place(self, line: Line, found: Sequence[Found]) -> list[Found]:
        commune, hamlet = self._places.commune(line.who), self._hamlet(line.who)
        return [one for one in found if one.commune_code == commune and (hamlet is None or one.hamlet_code == hamlet)]

    def _no(self, line: Line, column: Column, problem: str) -> Found | None:
        """Nobody, and why."""
        line.faults.append(fault(line.place, self._columns, column, problem))
        return None
