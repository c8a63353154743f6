"""Which household an edit is about by now: the one it names, or the one that stands for it since two were merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.core.actor import Actor
from app.core.codes import normalise
from app.households.registry import queries as registry
from app.households.registry.models import Household

from .models import DoorstepRecord
from .records import Sent


@dataclass(frozen=True)
class Target:
    """`home` is where an edit is written; its base version is one of `named`, or of nobody we know."""

    home: Household
    named: Household | None

    @property
    def followed(self) -> bool:
        """Whether the edit goes to another record than the one it was made for."""
        return self.named is not self.home


@dataclass(frozen=True)
class Targets:
    """The households a chunk of edits may be about, locked; and the erased among those it names."""

    homes: Mapping[UUID, Household]
    by_code: Mapping[str, Household]
    gone: frozenset[UUID | str]

    def find(self, row: DoorstepRecord, sent: Sent) -> Target | None:
        """What an edit is about, in sight of whoever sent it. A record that was stored stays with its household."""
        named = self.by_code.get(normalise(sent.household_code)) if sent.household_code else None
        if row.household_id is None:
            return Target(self._stands_for(named), named) if named else None
        known = self.homes.get(row.household_id)
        if known is None:
            return None
        home = self._stands_for(known)
        same = named is not None and self._stands_for(named) is home
        return Target(home, named if same else None)

    def is_gone(self, row: DoorstepRecord, sent: Sent) -> bool:
        """Whether an edit is about a household that was erased."""
        return row.household_id in self.gone or normalise(sent.household_code or "") in self.gone

    def _stands_for(self, home: Household) -> Household:
        """The record that stands for this one, as far as it is in sight."""
        for _step in range(registry.LONGEST_CHAIN):
            following = self.homes.get(home.merged_into) if home.merged_into else None
            if following is None:
                break
            home = following
        return home


def lock(actor: Actor, *, codes: Iterable[str], ids: Iterable[UUID]) -> Targets:
    """Lock the households of these codes and ids, and those that stand for them, in the order of their ids."""
    codes, ids = set(codes), set(ids)
    if not codes and not ids:
        return Targets({}, {}, frozenset())
    stand_ins = registry.stand_ins(codes=codes, ids=ids)
    homes = registry.lock_many(actor, codes=codes, ids=ids | stand_ins)
    missing = codes - {home.code for home in homes} or ids - {home.id for home in homes}
    gone = registry.erased_among(codes=codes, ids=ids) if missing else []
    return Targets(
        homes={home.id: home for home in homes},
        by_code={home.code: home for home in homes},
        gone=frozenset(name for pair in gone for name in pair),
    )
