"""Giving leaves their place in the tree. One at a time: an advisory lock holds until the transaction ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import require_transaction

from . import merkle, queries
from .models import LogCheckpoint, LogLeaf
from .note import Checkpoint, Signer, sign_checkpoint

LOCK_KEY = int.from_bytes(b"tlog", "big")


def sequence_batch(*, signer: Signer, now: datetime, limit: int) -> int:
    """Give up to `limit` waiting leaves the next indexes, write their nodes and sign the tree; needs a transaction.

    Leaves go in by the time they were made. One that commits after a younger one simply comes later.

    Returns:
        How many leaves got an index.
    """
    session = require_transaction()
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    waiting = session.execute(
        sa.select(LogLeaf.id, LogLeaf.leaf_hash).where(LogLeaf.seq.is_(None)).order_by(LogLeaf.id).limit(limit)
    ).all()
    if not waiting:
        return 0
    size = queries.tree_size()
    new_size = size + len(waiting)
    nodes = merkle.append(size, [digest for _, digest in waiting], queries.read_nodes)
    _number([leaf_id for leaf_id, _ in waiting], first=size)
    _store(nodes)
    root = merkle.root(new_size, queries.read_nodes)
    note = sign_checkpoint(Checkpoint(signer.key.name, new_size, root), signer)
    session.execute(sa.insert(LogCheckpoint).values(size=new_size, root=root, note=note, created_at=now))
    return len(waiting)


def _number(leaf_ids: Sequence[UUID], *, first: int) -> None:
    require_transaction().execute(
        sa.text(
            "UPDATE log_leaf SET seq = place.seq"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:seqs AS bigint[])) AS place (id, seq)"
            " WHERE log_leaf.id = place.id"
        ),
        {"ids": list(leaf_ids), "seqs": list(range(first, first + len(leaf_ids)))},
    )


def _store(nodes: Mapping[merkle.NodeId, bytes]) -> None:
    require_transaction().execute(
        sa.text(
            "INSERT INTO log_node (level, index, hash) SELECT * FROM"
            " unnest(CAST(:levels AS bigint[]), CAST(:indexes AS bigint[]), CAST(:hashes AS bytea[]))"
        ),
        {
            "levels": [level for level, _ in nodes],
            "indexes": [index for _, index in nodes],
            "hashes": list(nodes.values()),
        },
    )
