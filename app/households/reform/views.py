"""A plan as people read it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.core.actor import Actor
from app.core.clock import Clock
from app.households.areas import queries as areas

from . import queries
from .models import AreaReform
from .plans import Plan

PROVINCE = "19"


class Act(Protocol):
    """A step of a reform."""

    def __call__(self, *, actor: Actor, reform_id: UUID, clock: Clock) -> AreaReform: ...


@dataclass(frozen=True)
class Row:
    """What goes from one commune to another."""

    source: str
    target: str
    hamlets: tuple[str, ...]
    households: int


def rows(plan: Plan, *, applied: bool) -> list[Row]:
    """A row for each (from, to), by name; households are counted while the hamlets are still the old ones.

    Args:
        applied: the households are elsewhere now, so they are not counted.
    """
    names = _names(plan)
    counted = {} if applied else queries.households_in(plan.moves)
    parts = defaultdict[tuple[str, str], list[str]](list)
    for hamlet, target in sorted(plan.moves.items()):
        parts[hamlet.split("-")[0], target].append(hamlet)
    return [
        Row(
            names.get(source, source),
            names.get(target, target),
            tuple(names.get(hamlet, hamlet) for hamlet in hamlets),
            sum(counted.get(hamlet, 0) for hamlet in hamlets),
        )
        for (source, target), hamlets in sorted(parts.items())
    ]


def ended(plan: Plan) -> list[tuple[str, list[str]]]:
    """Communes that end, each with where it goes, by name."""
    names = _names(plan)
    return [(names.get(code, code), [names.get(one, one) for one in parts]) for code, parts in plan.ended.items()]


def _names(plan: Plan) -> dict[str, str]:
    codes = {*plan.concerned(), *(hamlet.split("-")[0] for hamlet in plan.moves)}
    return areas.names(codes) | {one.code: one.name for one in plan.new}
