"""Adding to the log, inside the transaction of the event itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.database import require_transaction
from app.core.ids import uuid7
from app.core.jobs import enqueue

from . import leaves, tasks
from .errors import AlreadyLogged
from .merkle import leaf_hash
from .models import LogLeaf


def append_leaf(*, kind: str, subject_id: UUID, body: Mapping[str, leaves.Value]) -> LogLeaf:
    """Write one public event; needs an open transaction, and lands or falls with it.

    It gets its index when the sequencer, woken by the commit, comes by. The same event with the same words again
    answers the leaf that is there.

    Args:
        kind: one of `leaves.Kind`.
        subject_id: the row the event is about, e.g. the gift; unique together with `kind`.
        body: see `leaves.encode`; `code` must be the number on the receipt. Never a name: `leaves.commit` first.

    Raises:
        leaves.LeafError: the body says something the public format does not allow.
        AlreadyLogged: the event is in the log with other words.
    """
    session = require_transaction()
    data = leaves.encode(kind, body)
    statement = (
        insert(LogLeaf)
        .values(
            id=uuid7(),
            kind=str(kind),
            subject_id=subject_id,
            code=body["code"],
            leaf=data,
            leaf_hash=leaf_hash(data),
        )
        .on_conflict_do_nothing(index_elements=[LogLeaf.kind, LogLeaf.subject_id])
        .returning(LogLeaf)
    )
    leaf = session.scalar(statement)
    if leaf is not None:
        enqueue(tasks.sequence, once=True)
        return leaf
    leaf = session.scalars(sa.select(LogLeaf).where(LogLeaf.kind == str(kind), LogLeaf.subject_id == subject_id)).one()
    if leaf.leaf != data:
        raise AlreadyLogged
    return leaf
