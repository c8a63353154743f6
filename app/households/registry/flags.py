"""Why a registration deserves a closer look, as the rooms above know: they add what they found, this floor asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

Source = Callable[[Sequence[UUID]], dict[UUID, list[str]]]
"""Sentences for the officer, by household, of many at once; none may name another household's people."""
_SOURCES: list[Source] = []


def add_source(source: Source) -> None:
    """Let a room tell what it flagged; called by its wiring."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def of_many(household_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Every flag on these households, in one round of questions."""
    found: dict[UUID, list[str]] = {}
    for source in _SOURCES:
        for household_id, sentences in source(household_ids).items():
            found.setdefault(household_id, []).extend(sentences)
    return found
