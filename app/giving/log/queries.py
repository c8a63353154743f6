"""Reads of the public log. All of it is public, so nothing here is scoped to a person."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import db

from . import leaves, merkle, tiles
from .merkle import NodeId
from .models import LogCheckpoint, LogLeaf, LogNode


@dataclass(frozen=True)
class Proof:
    """What a receipt needs so that its holder can check it offline (`docs/log-format.md`).

    `proof` is the RFC 6962 audit path from leaf to root, in hex; `checkpoint` is the signed note for `tree_size`.
    """

    leaf: bytes
    index: int
    tree_size: int
    proof: list[str]
    checkpoint: str

    @property
    def leaf_base64(self) -> str:
        """The leaf's bytes as a receipt carries them."""
        return base64.b64encode(self.leaf).decode()


@dataclass(frozen=True)
class Entry:
    """A leaf as people read it. `seq` is None while it waits for its index; `amount_vnd` in đồng."""

    seq: int | None
    kind: leaves.Kind
    code: str
    household: str | None
    amount_vnd: int
    at: datetime


def get_leaf(leaf_id: UUID) -> LogLeaf | None:
    """A leaf by its row's id."""
    return db.session.get(LogLeaf, leaf_id)


def find_leaf(*, kind: str, subject_id: UUID) -> LogLeaf | None:
    """The leaf about one event, if it was logged."""
    return db.session.scalar(sa.select(LogLeaf).where(LogLeaf.kind == kind, LogLeaf.subject_id == subject_id))


def list_entries(*, before: int | None, limit: int) -> list[Entry]:
    """Placed leaves, newest first, with indexes below `before`."""
    wanted = sa.select(LogLeaf.seq, LogLeaf.leaf).where(LogLeaf.seq.is_not(None)).order_by(LogLeaf.seq.desc())
    if before is not None:
        wanted = wanted.where(LogLeaf.seq < before)
    return [_entry(seq, leaf) for seq, leaf in db.session.execute(wanted.limit(limit))]


def entries_of(code: str) -> list[Entry]:
    """Everything the log says under one receipt number, oldest first; leaves without an index yet come last."""
    wanted = sa.select(LogLeaf.seq, LogLeaf.leaf).where(LogLeaf.code == code).order_by(LogLeaf.seq, LogLeaf.id)
    return [_entry(seq, leaf) for seq, leaf in db.session.execute(wanted)]


def _entry(seq: int | None, leaf: bytes) -> Entry:
    said = leaves.decode(leaf)
    household = said.get("household")
    return Entry(
        seq=seq,
        kind=leaves.Kind(str(said["kind"])),
        code=str(said["code"]),
        household=None if household is None else str(household),
        amount_vnd=int(said["amount_vnd"]),
        at=datetime.fromisoformat(str(said["at"])),
    )


def latest_checkpoint() -> LogCheckpoint | None:
    """The checkpoint of the largest tree; None while the log is empty."""
    return db.session.scalar(sa.select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1))


def tree_size() -> int:
    """How many leaves the newest checkpoint covers."""
    return db.session.scalar(sa.select(sa.func.max(LogCheckpoint.size))) or 0


def pending_count() -> int:
    """How many leaves still wait for their index."""
    return db.session.scalar(sa.select(sa.func.count()).where(LogLeaf.seq.is_(None))) or 0


def receipt_proof(leaf_id: UUID) -> Proof | None:
    """Proof that a leaf is in the newest signed tree, or None while it waits for its index.

    Three reads by key: the leaf, the checkpoint, and the O(log n) nodes of the path.
    """
    leaf = db.session.execute(sa.select(LogLeaf.seq, LogLeaf.leaf).where(LogLeaf.id == leaf_id)).one_or_none()
    if leaf is None or leaf.seq is None:
        return None
    checkpoint = db.session.execute(
        sa.select(LogCheckpoint.size, LogCheckpoint.note).order_by(LogCheckpoint.size.desc()).limit(1)
    ).one()
    path = merkle.inclusion_proof(leaf.seq, checkpoint.size, read_nodes)
    return Proof(leaf.leaf, leaf.seq, checkpoint.size, [digest.hex() for digest in path], checkpoint.note)


def consistency_proof(old_size: int, size: int) -> list[bytes]:
    """Proof that the tree of `size` leaves only added to the tree of `old_size` (RFC 6962 section 2.1.2).

    Raises:
        ValueError: `old_size` is larger, or `size` is beyond the newest checkpoint.
    """
    if size > tree_size():
        raise ValueError("the tree is not that large yet")
    return merkle.consistency_proof(old_size, size, read_nodes)


def read_nodes(wanted: Collection[NodeId]) -> Mapping[NodeId, bytes]:
    """Hashes of complete subtrees, in one query; missing ones are missing from the answer."""
    rows = db.session.execute(
        sa.select(LogNode.level, LogNode.index, LogNode.hash).where(
            sa.tuple_(LogNode.level, LogNode.index).in_(list(wanted))
        )
    )
    return {(level, index): digest for level, index, digest in rows}


def read_tile(tile: tiles.Tile) -> bytes | None:
    """The bytes of a hash tile or entry bundle, or None when the newest checkpoint does not cover all of it."""
    if not tile.exists_in(tree_size()):
        return None
    first, end = tile.first, tile.first + tile.width
    if tile.level is None:
        entries = db.session.scalars(
            sa.select(LogLeaf.leaf).where(LogLeaf.seq >= first, LogLeaf.seq < end).order_by(LogLeaf.seq)
        )
        return tiles.encode_bundle(entries)
    hashes = db.session.scalars(
        sa.select(LogNode.hash)
        .where(LogNode.level == tile.node_level, LogNode.index >= first, LogNode.index < end)
        .order_by(LogNode.index)
    )
    return b"".join(hashes)
