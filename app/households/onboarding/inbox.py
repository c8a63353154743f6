"""Keeping what phones send before anything is done with it, so that nothing is lost between two steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import DataKey, load_keys, new_data_key, new_data_keys, seal
from app.core.database import db, require_transaction
from app.households.areas import queries as areas
from app.households.registry import queries as registry
from app.households.registry.models import Household

from . import records
from .models import DoorstepPhoto, DoorstepRecord, Kind, Outcome
from .records import Sent

MAX_PHOTOS = 6


def receive(actor: Actor, sent: Sequence[Sent], *, clock: Clock) -> None:
    """Store each record whose id is new, sealed; the others stay as they are. Needs an open transaction.

    Two sendings of one phone go one after the other, so that the second finds what the first stored.
    """
    session = require_transaction()
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended('doorstep ' || :member, 0))"),
        {"member": str(actor.user_id)},
    )
    known = _known([one.id for one in sent])
    fresh = sorted((one for one in sent if one.id not in known), key=lambda one: one.id)
    if not fresh:
        return
    homes = registry.keys_by_code(actor, (one.household_code for one in fresh if one.household_code))
    hamlets = areas.load(hamlet for one in fresh if (hamlet := one.fields.get("hamlet_code")))
    keys = _keys(fresh, homes, clock)
    rows = []
    for one, key in zip(fresh, keys, strict=True):
        home = homes.get(one.household_code or "")
        row = _row(actor, one, key, clock.now())
        if home is not None:
            row |= {"household_id": home[0], "commune_code": home[2], "hamlet_code": home[3]}
        elif one.kind == Kind.REGISTRATION and (place := hamlets.get(one.fields.get("hamlet_code") or "")):
            row |= in_reach(actor, place.code, place.parent_code)
        rows.append(row)
    session.execute(insert(DoorstepRecord).on_conflict_do_nothing(index_elements=["id"]), rows)


def in_reach(actor: Actor, hamlet: str, commune: str | None) -> dict[str, str | None]:
    """The place of a record: only where its sender is at home."""
    if commune is None or not actor.reaches(hamlet, commune):
        return {"commune_code": None, "hamlet_code": None}
    return {"commune_code": commune, "hamlet_code": hamlet}


def lock(ids: Sequence[UUID]) -> dict[UUID, DoorstepRecord]:
    """Records by id, locked in the order of their ids, data keys loaded; those of others out of reach are missing."""
    query = sa.select(DoorstepRecord).where(DoorstepRecord.id.in_(ids)).order_by(DoorstepRecord.id).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return {record.id: record for record in found}


def replace(record: DoorstepRecord, sent: Sent, home: Household | None, *, clock: Clock) -> None:
    """Put a newer word in place of one that had no effect, under the household's key when it is known by now."""
    session = require_transaction()
    key = session.get_one(DataKey, record.data_key_id if home is None else home.data_key_id)
    if key.wrapped is None:
        key = new_data_key(clock=clock)
    record.data_key_id = key.id
    if home is not None:
        record.household_id = home.id
    record.content_mark = records.mark(sent)
    record.content_enc = seal(key, records.CONTENT, records.as_text(sent))
    record.attempt = max(sent.attempt, record.attempt)
    record.made_at, record.sent_at, record.seconds_spent = sent.made_at, sent.sent_at, sent.seconds_spent


def keys_of_refused(*, before: datetime, limit: int) -> Sequence[UUID]:
    """Keys still whole of records refused before this moment that are about no household we know, locked."""
    query = (
        sa.select(DataKey.id)
        .join(DoorstepRecord, DoorstepRecord.data_key_id == DataKey.id)
        .where(
            DoorstepRecord.outcome == Outcome.REFUSED,
            DoorstepRecord.household_id.is_(None),
            DoorstepRecord.handled_at < before,
            DataKey.destroyed_at.is_(None),
        )
        .order_by(DoorstepRecord.handled_at)
        .limit(limit)
        .with_for_update(of=[DataKey, DoorstepRecord], skip_locked=True)
    )
    return db.session.scalars(query).all()


def left(
    *, before: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[sa.Row[datetime, UUID, UUID]]:
    """(received at, id, who sent it) of records kept before this moment that nothing was done with, oldest first.

    Args:
        after: (received at, id) of the last one seen.
    """
    query = sa.select(DoorstepRecord.received_at, DoorstepRecord.id, DoorstepRecord.member_id).where(
        DoorstepRecord.outcome.is_(None), DoorstepRecord.received_at < before
    )
    if after is not None:
        query = query.where(sa.tuple_(DoorstepRecord.received_at, DoorstepRecord.id) > after)
    return db.session.execute(query.order_by(DoorstepRecord.received_at, DoorstepRecord.id).limit(limit)).all()


def announce(pairs: Sequence[tuple[DoorstepRecord, Sent]], *, clock: Clock) -> None:
    """Expect the photos these records name, at most six of each; what was announced before stays as it is."""
    wanted = [(record, photo) for record, sent in pairs for photo in sent.photos]
    if not wanted:
        return
    session = require_transaction()
    ids = sorted({record.id for record, _photo in wanted})
    counted = sa.select(DoorstepPhoto.record_id, DoorstepPhoto.id).where(DoorstepPhoto.record_id.in_(ids))
    there: dict[UUID, set[UUID]] = {id: set() for id in ids}
    for record_id, photo_id in session.execute(counted):
        there[record_id].add(photo_id)
    rows = []
    for record, photo in wanted:
        if photo.id in there[record.id] or len(there[record.id]) >= MAX_PHOTOS:
            continue
        there[record.id].add(photo.id)
        rows.append(
            {
                "id": photo.id,
                "record_id": record.id,
                "kind": photo.kind,
                "media_type": photo.media_type,
                "size_bytes": photo.size_bytes,
                "sha256": photo.sha256,
                "data_key_id": record.data_key_id,
                "received_bytes": 0,
                "created_at": clock.now(),
            }
        )
    if rows:
        rows.sort(key=lambda row: str(row["id"]))
        session.execute(insert(DoorstepPhoto).on_conflict_do_nothing(index_elements=["id"]), rows)


def _known(ids: Sequence[UUID]) -> set[UUID]:
    return set(db.session.scalars(sa.select(DoorstepRecord.id).where(DoorstepRecord.id.in_(ids))))


def _keys(fresh: Sequence[Sent], homes: Mapping[str, tuple[UUID, UUID, str, str]], clock: Clock) -> list[DataKey]:
    """The key of each record: its household's, or a new one that a household will take over."""
    load_keys({home[1] for home in homes.values()})
    theirs = [homes.get(one.household_code or "") for one in fresh]
    new = iter(new_data_keys(theirs.count(None), clock=clock))
    return [next(new) if home is None else db.session.get_one(DataKey, home[1]) for home in theirs]


def _row(actor: Actor, one: Sent, key: DataKey, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "member_id": actor.user_id,
        "commune_code": None,
        "hamlet_code": None,
        "household_id": None,
        "data_key_id": key.id,
        "content_enc": seal(key, records.CONTENT, records.as_text(one)),
        "content_mark": records.mark(one),
        "attempt": one.attempt,
        "made_at": one.made_at,
        "sent_at": one.sent_at,
        "received_at": now,
        "seconds_spent": one.seconds_spent,
    }
