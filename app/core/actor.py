"""Who does something. Passed into services; the database learns of it for row-level security."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

EVERYWHERE = "*"


@dataclass(frozen=True)
class Actor:
    """A person or a machine, with what it may reach.

    Attributes:
        user_id: the signed-in user; None for a guest or the system itself.
        roles: role names, see `app.identity.roles`.
        areas: codes of the areas (hamlets, communes) the roles reach; `*` means all.
        household_id: the household this person speaks for, if any.
    """

    user_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    household_id: UUID | None = None
    label: str = field(default="guest", compare=False)

    def has_role(self, *names: str) -> bool:
        """Whether one of the named roles is held."""
        return not self.roles.isdisjoint(names)

    def reaches(self, *area_codes: str | None) -> bool:
        """Whether one of the given areas (a hamlet and its commune, say) lies within the actor's scope."""
        return EVERYWHERE in self.areas or any(code in self.areas for code in area_codes if code)


GUEST = Actor()
SYSTEM = Actor(roles=frozenset({"system"}), areas=frozenset({EVERYWHERE}), label="system")
