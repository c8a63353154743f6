"""What a phone takes along for a day without a network: hamlets, roster, words to read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed
from app.core.masking import mask_name
from app.households.areas import queries as areas
from app.households.registry import queries, words
from app.households.registry.models import Household, Status
from app.households.registry.people import Field, open_field
from app.households.registry.queries import Filter
from app.payments.vietqr.banks import Bank, payee_banks

ROSTER_PAGE = 500


@dataclass(frozen=True)
class Hamlet:
    """One of my hamlets, and how many households it has on record."""

    code: str
    name: str
    commune: str
    households: int


@dataclass(frozen=True)
class OnRoster:
    """A household as a phone may keep it: masked."""

    code: str
    name: str
    hamlet_code: str
    status: str
    return_reason: str | None
    version: int
    mine: bool
    can_edit: bool


@dataclass(frozen=True)
class Bundle:
    """One page of it: the roster goes on at `next_cursor`, the rest is on each page."""

    member: dict[str, object]
    hamlets: Sequence[Hamlet]
    purposes: Sequence[dict[str, str]]
    banks: Sequence[dict[str, str]]
    roster: Sequence[OnRoster]
    progress: dict[str, int]
    next_cursor: str | None
    taken_at: datetime


def take(actor: Actor, *, member_name: str, cursor: str | None, clock: Clock) -> Bundle:
    """One page of what this person takes along: households of their hamlets, newest first."""
    page = queries.listing(actor, Filter(), cursor=cursor, limit=ROSTER_PAGE)
    counts = queries.counts(actor, registered_by=actor.user_id)
    roster = [_on_roster(home, actor.user_id) for home in page.items]
    return Bundle(
        member={"id": actor.user_id, "name": member_name},
        hamlets=_hamlets(actor),
        purposes=[{"purpose": purpose, "name": name, "words": said} for purpose, name, said in words.purposes()],
        banks=[_bank(bank) for bank in payee_banks()],
        roster=[one for one in roster if one is not None],
        progress={status: counts[status] for status in (Status.SUBMITTED, Status.RETURNED, Status.VERIFIED)},
        next_cursor=page.next_cursor,
        taken_at=clock.now(),
    )


def _on_roster(home: Household, member: UUID | None) -> OnRoster | None:
    """None for an erased one, and for one that another record stands for."""
    if home.status == Status.MERGED:
        return None
    try:
        name = mask_name(open_field(home, Field.HEAD_NAME) or "")
    except KeyDestroyed:
        return None
    return OnRoster(
        code=home.code,
        name=name,
        hamlet_code=home.hamlet_code,
        status=home.status,
        return_reason=home.return_reason,
        version=home.version,
        mine=home.registered_by == member,
        can_edit=True,
    )


def _bank(bank: Bank) -> dict[str, str]:
    return {"bin": bank.bin, "name": bank.short_name}


def _hamlets(actor: Actor) -> list[Hamlet]:
    """Hamlets named in the actor's reach, and those of communes in it."""
    counts = queries.hamlet_counts(actor)
    names = areas.hamlets_of(actor.areas)
    communes = areas.names({code.split("-")[0] for code in names})
    return [
        Hamlet(code, name, communes.get(code.split("-")[0], ""), counts.get(code, 0))
        for code, name in sorted(names.items())
    ]
