"""Conflicts: values of the doorstep that stand against others, until a person chooses field by field."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.audit import record
from app.core.clock import Clock
from app.core.crypto import DataKey, seal, unseal_by_id
from app.core.database import db, require_transaction
from app.core.ids import uuid7
from app.core.paging import Page, decode_uuid_cursor, encode_cursor
from app.households.registry import fields
from app.households.registry import queries as registry
from app.households.registry.fields import Fields
from app.households.registry.models import Household, How, Purpose
from app.households.registry.operations import SUBJECT
from app.identity.roles import Role

from .errors import NoSuchConflict
from .models import DoorstepConflict, DoorstepRecord, Outcome
from .records import Said, Sent

SEALED_AS = "doorstep_conflict.sent"
CONSENTS = "consents"


def open_one(
    row: DoorstepRecord, home: Household, values: dict[str, Any], *, base: int | None, mark: bytes, clock: Clock
) -> DoorstepConflict:
    """Have a person choose about these values; `consents` among them holds the yeses that were sent.

    Needs an open transaction with the record locked.
    """
    session = require_transaction()
    key = session.get_one(DataKey, home.data_key_id)
    conflict = DoorstepConflict(
        id=uuid7(),
        record_id=row.id,
        household_id=home.id,
        member_id=row.member_id,
        content_mark=mark,
        sent_enc=seal(key, SEALED_AS, json.dumps(values)),
        fields=[name for name in (*fields.NAMES, CONSENTS) if name in values],
        base_version=base,
        created_at=clock.now(),
    )
    session.add(conflict)
    session.flush()
    return conflict


def other_content(
    actor: Actor, row: DoorstepRecord, sent: Sent, home: Household, *, mark: bytes, clock: Clock
) -> DoorstepConflict | None:
    """Other content under an id that had its effect: a conflict about what differs; None when nothing does.

    Raises:
        BadHousehold: values that cannot be.
        Conflict: the household was merged into another.
    """
    from . import edits

    edits.demand_living(home)
    now, meant = edits.wanted(home, None, sent.fields, clock=clock)
    values: dict[str, Any] = {name: value for name, value in meant.items() if value != now[name]}
    held = {purpose for purpose, word in registry.consents(home.id).items() if word.given}
    new = [said for said in sent.consents if said.purpose not in held]
    if new:
        values[CONSENTS] = [[said.purpose, said.how, said.at.isoformat()] for said in new]
    if not values:
        return None
    conflict = open_one(row, home, values, base=sent.base_version, mark=mark, clock=clock)
    row.outcome = Outcome.CONFLICT
    record("doorstep_conflict_opened", actor=actor, subject_kind=SUBJECT, subject_id=home.id, clock=clock,
           conflict_id=str(conflict.id), fields=conflict.fields)  # fmt: skip
    return conflict


def values_sent(conflict: DoorstepConflict, home: Household) -> tuple[Fields, tuple[Said, ...]]:
    """(fields as they were sent, yeses that were sent).

    Raises:
        KeyDestroyed: the household was erased.
    """
    values = json.loads(unseal_by_id(home.data_key_id, SEALED_AS, conflict.sent_enc))
    said = tuple(
        Said(Purpose(purpose), How(how), datetime.fromisoformat(at)) for purpose, how, at in values.pop(CONSENTS, [])
    )
    return values, said


def of_records(record_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DoorstepConflict]]:
    """All conflicts of these records, oldest first."""
    found: dict[UUID, list[DoorstepConflict]] = defaultdict(list)
    if record_ids:
        query = sa.select(DoorstepConflict).where(DoorstepConflict.record_id.in_(record_ids))
        for conflict in db.session.scalars(query.order_by(DoorstepConflict.id)):
            found[conflict.record_id].append(conflict)
    return found


def open_ids(record_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The oldest open conflict of each of these records."""
    everything = of_records(record_ids)
    still = {id: [one.id for one in found if one.settled_at is None] for id, found in everything.items()}
    return {id: ids[0] for id, ids in still.items() if ids}


def get(conflict_id: UUID, *, for_update: bool = False) -> DoorstepConflict:
    """A conflict by id, within what the database lets the current actor see.

    Raises:
        NoSuchConflict: none, or not theirs.
    """
    query = sa.select(DoorstepConflict).where(DoorstepConflict.id == conflict_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    conflict = db.session.scalar(query)
    if conflict is None:
        raise NoSuchConflict
    return conflict


def may_choose(actor: Actor, conflict: DoorstepConflict, home: Household) -> bool:
    """Whether this person settles it: who sent the record, or an officer of the household's commune."""
    is_officer = actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(home.commune_code)
    return is_officer or conflict.member_id == actor.user_id


def listing(actor: Actor, *, cursor: str | None, limit: int) -> Page[tuple[DoorstepConflict, Household]]:
    """One page of open conflicts in sight, oldest first: an officer's of the commune, a member's own."""
    query = (
        sa.select(DoorstepConflict, Household)
        .join(Household, Household.id == DoorstepConflict.household_id)
        .where(DoorstepConflict.settled_at.is_(None), registry.scope(actor))
        .order_by(DoorstepConflict.id)
        .limit(limit + 1)
    )
    if not actor.has_role(Role.COMMUNE_OFFICER):
        query = query.where(DoorstepConflict.member_id == actor.user_id)
    if cursor:
        query = query.where(DoorstepConflict.id > decode_uuid_cursor(cursor))
    found = [(conflict, home) for conflict, home in db.session.execute(query)]
    return Page(found[:limit], encode_cursor(str(found[limit - 1][0].id)) if len(found) > limit else None)
