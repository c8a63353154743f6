"""Whose line it is. Payments know payees, not shops: the room that owns them registers how they are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Seller:
    """A seller's public code and name."""

    code: str
    name: str


_NAMERS: list[Callable[[Collection[UUID]], Mapping[UUID, Seller]]] = []


def register(namer: Callable[[Collection[UUID]], Mapping[UUID, Seller]]) -> None:
    """Add who knows the names of some payees."""
    _NAMERS.append(namer)


def names_of(payee_ids: Collection[UUID]) -> dict[UUID, Seller]:
    """Code and name of each payee that anybody knows."""
    found: dict[UUID, Seller] = {}
    for namer in _NAMERS:
        found |= namer(payee_ids)
    return found
