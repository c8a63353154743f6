"""Going on with records that were kept and, because whoever was to handle them died, wait without anybody knowing."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.actor import SYSTEM, Actor
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed, load_keys, unseal_by_id
from app.core.database import again_after_deadlock, transaction
from app.households.registry.errors import NoSuchHousehold
from app.identity import queries as identity

from . import handling, inbox, records
from .models import DoorstepRecord
from .records import Sent

CHUNK = 200
logger = logging.getLogger(__name__)


def handle_left(*, before: datetime, clock: Clock) -> int:
    """Handle what was kept before this moment and never handled, with the rights its senders have now.

    Twice, or beside a phone that sends again, makes no difference: each record is locked and looked at anew. One that
    cannot be handled now holds up none of the others and is tried again next time.

    Returns:
        How many were handled.
    """
    done, after = 0, None
    while True:
        with transaction(actor=SYSTEM):
            found = inbox.left(before=before, after=after, limit=CHUNK)
        by_member: dict[UUID, list[UUID]] = defaultdict(list)
        for _at, id, member_id in found:
            by_member[member_id].append(id)
        for member_id, ids in by_member.items():
            done += _handle_safely(_sender(member_id, clock), ids, clock)
        if len(found) < CHUNK:
            return done
        after = (found[-1][0], found[-1][1])


def _handle_safely(actor: Actor, ids: Sequence[UUID], clock: Clock) -> int:
    """Together; one by one when something nobody thought of happens, so that it happens to one only."""
    try:
        return _handle(actor, ids, clock)
    except Exception as error:
        if len(ids) > 1:
            return sum(_handle_safely(actor, [id], clock) for id in ids)
        logger.error("record %s of the doorstep could not be handled: %s", ids[0], type(error).__name__)
        return 0


@again_after_deadlock
def _handle(actor: Actor, ids: Sequence[UUID], clock: Clock) -> int:
    with transaction(actor=actor):
        rows = [row for row in inbox.lock(ids).values() if row.outcome is None]
        load_keys({row.data_key_id for row in rows})
        sent = [one for row in rows if (one := _opened(row, clock)) is not None]
        handling.handle(actor, sent, clock=clock)
    return len(rows)


def _opened(row: DoorstepRecord, clock: Clock) -> Sent | None:
    """What was sent; None when its household was erased meanwhile, which is written down as the reason."""
    try:
        return records.from_text(row, unseal_by_id(row.data_key_id, records.CONTENT, row.content_enc))
    except KeyDestroyed:
        handling.refuse(row, NoSuchHousehold(), clock)
        return None


def _sender(member_id: UUID, clock: Clock) -> Actor:
    """Who sent it, with what they may do now: somebody who left may do nothing, and reads the reason."""
    with transaction(actor=SYSTEM):
        user = identity.get(member_id)
        if user is None or not user.active:
            return Actor(user_id=member_id)
        return identity.actor_of(user, clock=clock)
