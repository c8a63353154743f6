"""What a row of the list means beside the decisions a household has: nothing new, another class, an end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from app.households.registry.decisions import ONE_DAY, Held

from .models import Kind
from .sheet import Decision


@dataclass(frozen=True)
class Verdict:
    """`revoked` are the decisions that give way; `cut` those of them that still hold until the given day."""

    kind: Kind
    revoked: Sequence[Held] = ()
    cut: Sequence[tuple[Held, date]] = field(default=())

    @property
    def writes(self) -> bool:
        """Whether anything is to be written."""
        return self.kind in (Kind.NEW, Kind.CONTINUING, Kind.CHANGED) or bool(self.revoked)


def joins(poverty_class: str, decision: Decision, held: Sequence[Held]) -> Verdict:
    """A household that the list names as poor or near poor."""
    over = [one for one in held if one.valid_from <= decision.valid_to and one.valid_to >= decision.valid_from]
    if len(over) == 1 and _says_the_same(over[0], poverty_class, decision):
        return Verdict(Kind.SAME)
    eve = next((one for one in held if one.holds_on(decision.valid_from - ONE_DAY)), None)
    begun = any(one.valid_from >= decision.valid_from for one in over)
    others = {one.poverty_class for one in [*over, *([eve] if eve else [])]} - {poverty_class}
    if not others and eve is not None and not begun:
        kind = Kind.CONTINUING
    elif over or eve is not None:
        kind = Kind.CHANGED
    else:
        kind = Kind.NEW
    return Verdict(kind, over, _cut(over, decision.valid_from))


def leaves(ends_on: date, held: Sequence[Held]) -> Verdict:
    """A household that is no longer poor or near poor from a day on. `SAME` when it was not anyway."""
    over = [one for one in held if one.valid_to >= ends_on]
    if not over and not any(one.holds_on(ends_on - ONE_DAY) for one in held):
        return Verdict(Kind.SAME)
    return Verdict(Kind.ENDING, over, _cut(over, ends_on))


def _cut(over: Sequence[Held], first_day: date) -> list[tuple[Held, date]]:
    return [(one, first_day - ONE_DAY) for one in over if one.valid_from < first_day]


def _says_the_same(one: Held, poverty_class: str, decision: Decision) -> bool:
    return (one.poverty_class, one.year, one.decision_number, one.valid_from, one.valid_to) == (
        poverty_class,
        decision.year,
        decision.number,
        decision.valid_from,
        decision.valid_to,
    )
