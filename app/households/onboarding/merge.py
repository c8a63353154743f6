"""Merging an edit made without a network, field by field, into what the household has become since. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.households.registry.fields import TOGETHER, Fields


@dataclass(frozen=True)
class Merge:
    """`take` holds the values to write; `stand_off` those that stand against a change somebody else made."""

    take: Fields
    stand_off: Fields


def complete(base: Mapping[str, str | None] | None, current: Fields, sent: Mapping[str, str | None]) -> Fields:
    """What the person wanted, with the rest of each group as it was when they changed part of it.

    Args:
        base: the fields they saw; None when nobody knows them any more.
    """
    seen = current if base is None else base
    return {name: sent.get(name, seen[name]) for group in TOGETHER if sent.keys() & set(group) for name in group}


def three_way(base: Mapping[str, str | None] | None, current: Fields, wanted: Fields) -> Merge:
    """Each group of fields: untouched since → take; changed since to the same → nothing to do; else a stand-off.

    Without the base nobody can tell what was untouched, so any difference stands off.
    """
    take: Fields = {}
    stand_off: Fields = {}
    for group in TOGETHER:
        if not wanted.keys() & set(group):
            continue
        differing = {name: wanted[name] for name in group if wanted[name] != current[name]}
        untouched = base is not None and all(base[name] == current[name] for name in group)
        (take if untouched else stand_off).update(differing)
    return Merge(take, stand_off)
