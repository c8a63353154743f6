"""What a household's fields were at each version, sealed under its own data key: erasing it erases them all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import DataKey, seal, unseal_by_id
from app.core.database import db, require_transaction

from . import fields, listeners
from .fields import Fields
from .listeners import What
from .models import Household, HouseholdVersion

SEALED_AS = "household_version.fields"
DOORSTEP, OFFICE, HOUSEHOLD, MERGE = "doorstep", "office", "household", "merge"


@dataclass(frozen=True)
class Change:
    """One version in a history; `changed` names the fields that differ from the version before."""

    version: int
    changed: tuple[str, ...]
    changed_by: UUID | None
    source: str
    changed_at: datetime


def begin_all(made: Iterable[tuple[Household, Fields, DataKey]], *, actor: Actor, source: str, clock: Clock) -> None:
    """Write down the first version of households just made, in one statement. Needs an open transaction."""
    at = clock.now()
    rows = [_row(household, data, key, actor=actor, source=source, at=at) for household, data, key in made]
    if rows:
        require_transaction().execute(sa.insert(HouseholdVersion), rows)


def keep(household: Household, *, at: datetime | None = None) -> Fields:
    """The fields as they stand, on record as the present version. Call it before changing any.

    Households loaded in bulk have nothing on record until they change for the first time.
    """
    session = require_transaction()
    now = fields.of(household)
    if session.get(HouseholdVersion, (household.id, household.version)) is None:
        key = session.get_one(DataKey, household.data_key_id)
        machine = Actor(user_id=household.registered_by)
        _write(household, now, key, actor=machine, source=DOORSTEP, at=at or household.created_at)
    return now


def note(household: Household, *, actor: Actor, source: str, clock: Clock) -> int:
    """Write down a change that was just made, as the next version; a change of nothing is none.

    Needs an open transaction and the household's row locked. A merge moves who speaks for the household by itself;
    otherwise a new number or sales account is told to those who listen.

    Args:
        source: `doorstep`, `office`, `household` or `merge`.

    Returns:
        The version the household has now.
    """
    session = require_transaction()
    now = fields.of(household)
    before = session.get(HouseholdVersion, (household.id, household.version))
    if before is not None and _opened(household, before) == now:
        return household.version
    household.version += 1
    session.flush()
    key = session.get_one(DataKey, household.data_key_id)
    _write(household, now, key, actor=actor, source=source, at=clock.now())
    if source != MERGE and before is not None:
        _tell_of_what_follows(household, _opened(household, before), now, clock)
    return household.version


def fields_at(household: Household, version: int) -> Fields | None:
    """The fields a household had at a version; None when there was no such version or nothing is on record.

    Raises:
        KeyDestroyed: the household was erased.
    """
    row = db.session.get(HouseholdVersion, (household.id, version))
    if row is not None:
        return _opened(household, row)
    return fields.of(household) if version == household.version else None


def load(wanted: Iterable[tuple[UUID, int]]) -> Sequence[HouseholdVersion]:
    """Fetch many (household, version) in one query; as long as the answer is held, `fields_at` asks no more."""
    keys = sorted(set(wanted))
    if not keys:
        return []
    pair = sa.tuple_(HouseholdVersion.household_id, HouseholdVersion.version)
    return db.session.scalars(sa.select(HouseholdVersion).where(pair.in_(keys))).all()


def history(household_id: UUID) -> Sequence[Change]:
    """Every version on record, oldest first, with which fields changed and never what is in them.

    Raises:
        KeyDestroyed: the household was erased.
    """
    household = db.session.get(Household, household_id)
    rows = db.session.scalars(
        sa.select(HouseholdVersion)
        .where(HouseholdVersion.household_id == household_id)
        .order_by(HouseholdVersion.version)
    ).all()
    if household is None:
        return []
    changes, before = [], dict.fromkeys(fields.NAMES)
    for row in rows:
        now = _opened(household, row)
        changed = tuple(name for name in fields.NAMES if now.get(name) != before.get(name))
        changes.append(Change(row.version, changed, row.changed_by, row.source, row.changed_at))
        before = dict(now)
    return changes


def wrote(household: Household, user_id: UUID | None) -> bool:
    """Whether this person wrote fields on their own word: at the door, not as an officer's decision."""
    mine = sa.select(HouseholdVersion.version).where(
        HouseholdVersion.household_id == household.id,
        HouseholdVersion.changed_by == user_id,
        HouseholdVersion.source == DOORSTEP,
    )
    return db.session.scalar(mine.limit(1)) is not None


def _tell_of_what_follows(household: Household, before: Fields, now: Fields, clock: Clock) -> None:
    """The account before the phone: who hears of it is reached at the number known before; see `fields_at`."""
    if any(before.get(name) != now.get(name) for name in fields.ACCOUNT):
        listeners.tell(household.id, What.ACCOUNT, clock=clock)
    if _reached(before) != _reached(now):
        listeners.tell(household.id, What.PHONE, clock=clock)


def _reached(data: Fields) -> tuple[str | None, str | None]:
    return data.get("phone"), data.get("phone_is_contact")


def _write(household: Household, data: Fields, key: DataKey, *, actor: Actor, source: str, at: datetime) -> None:
    require_transaction().add(HouseholdVersion(**_row(household, data, key, actor=actor, source=source, at=at)))


def _row(
    household: Household, data: Fields, key: DataKey, *, actor: Actor, source: str, at: datetime
) -> dict[str, object]:
    return {
        "household_id": household.id,
        "version": household.version,
        "fields_enc": seal(key, SEALED_AS, json.dumps(data)),
        "changed_by": actor.user_id,
        "source": source,
        "changed_at": at,
    }


def _opened(household: Household, row: HouseholdVersion) -> Fields:
    return dict(json.loads(unseal_by_id(household.data_key_id, SEALED_AS, row.fields_enc)))
