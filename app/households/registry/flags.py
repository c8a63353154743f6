"""Why a household deserves a closer look, as the rooms above know: they add what they found, this floor asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Flag:
    """One sign on a household, for the officer.

    `title` fits on a badge; `words` say why. `button` leads to the page where one looks into it, which is named by its
    endpoint and arguments: a flag is also raised where no request is.
    """

    title: str
    words: str = ""
    button: str = ""
    endpoint: str = ""
    arguments: Mapping[str, UUID] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.title}. {self.words}" if self.words else self.title


Source = Callable[[Sequence[UUID]], dict[UUID, list[Flag]]]
"""Flags by household, of many at once; none may name another household's people."""
_SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let a room tell what it flagged; called by its wiring."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of_many(household_ids: Sequence[UUID]) -> dict[UUID, list[Flag]]:
    """Every flag on these households, in one round of questions."""
    found: dict[UUID, list[Flag]] = {}
    for source in _SOURCES if household_ids else ():
        for household_id, flags in source(household_ids).items():
            found.setdefault(household_id, []).extend(flags)
    return found
