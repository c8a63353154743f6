"""Whose name may stand on a household's bank account: its head's, and its members' as rooms above know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from app.core.texts import fold, tidy

from .models import Household
from .people import Field, open_field

Source = Callable[[Sequence[Household]], dict[str, list[str]]]
"""Members' names in full of many households, by the household's code; data keys are loaded."""
TITLES = frozenset({"ong", "ba", "anh", "chi", "co", "chu", "bac", "cu", "em", "mr", "mrs", "ms"})
_SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let a room that keeps members tell their names; called once by its wiring."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of_many(households: Sequence[Household]) -> dict[str, list[str]]:
    """By code: the head's name, then the members'. Load the data keys first. For comparing only, never for showing."""
    found = {one.code: [open_field(one, Field.HEAD_NAME) or ""] for one in households}
    for source in _SOURCES:
        for code, names in source(households).items():
            found[code] += names
    return found


def of(household: Household) -> list[str]:
    """The head's name, then the members'."""
    return of_many([household])[household.code]


def matches(typed: str, known: Iterable[str]) -> bool:
    """Whether a name as a bank writes it is one of these: accents, capitals, titles and the words' order aside."""
    ways = _ways(typed)
    return any(ways & _ways(name) for name in known)


def _ways(name: str) -> set[tuple[str, ...]]:
    """The words of a name in one order, and the same without a title at their head: `Ba` may be a name, too."""
    words = tidy("".join(mark if mark.isalnum() else " " for mark in fold(name))).split()
    ways = {tuple(sorted(words))} if words else set()
    if len(words) > 2 and words[0] in TITLES:
        ways.add(tuple(sorted(words[1:])))
    return ways
