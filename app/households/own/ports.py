"""What rooms above tell about a household, without this floor knowing them. They register when the app is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

Payees = Callable[[UUID], Iterable[UUID]]
Section = Callable[[UUID], dict[str, Any] | None]

_payees: list[Payees] = []
_sections: dict[str, Section] = {}


def know_payees(payees: Payees) -> None:
    """Let a room say as which payees a household is paid, so that money under way is seen."""
    if payees not in _payees:
        _payees.append(payees)


def add_section(name: str, section: Section) -> None:
    """Let a room add what it knows to a household's own export: JSON-ready, the household's own data only."""
    _sections[name] = section


def payees_of(household_id: UUID) -> set[UUID]:
    """Everything the household is paid as."""
    return {payee for ask in _payees for payee in ask(household_id)}


def sections_of(household_id: UUID) -> dict[str, dict[str, Any]]:
    """What the rooms above know of the household, by room."""
    told = {name: section(household_id) for name, section in _sections.items()}
    return {name: content for name, content in told.items() if content}
