"""The log's invariants: everything in the database follows from the leaves alone, and every signed root fits."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.core.database import db

from . import leaves, merkle, queries
from .models import LogCheckpoint, LogLeaf
from .note import NoteError, VerifierKey, open_checkpoint

BATCH = 2_000


def check_log(key: VerifierKey) -> list[str]:
    """Recompute the tree from its leaves and compare it with stored nodes and checkpoints.

    Reads the whole log in batches: for the command line and the night.

    Returns:
        One sentence per problem; empty when all is well.
    """
    problems: list[str] = []
    size = 0
    edge: dict[merkle.NodeId, bytes] = {}
    signed = _checkpoints()
    checkpoint = next(signed, None)
    for batch in _batches():
        problems += _check_leaves(batch, first=size)
        new = merkle.append(size, [merkle.leaf_hash(leaf.leaf) for leaf in batch], _read(edge))
        problems += _compare_nodes(new)
        known = edge | new
        size += len(batch)
        while checkpoint is not None and checkpoint.size <= size:
            problems += _check_checkpoint(checkpoint, merkle.root(checkpoint.size, _read(known)), key)
            checkpoint = next(signed, None)
        edge = {node: known[node] for node in merkle.subtrees(0, size)}
    if checkpoint is not None:
        problems.append(f"a checkpoint of {checkpoint.size} leaves is signed, but there are only {size}")
    elif size != queries.tree_size():
        problems.append(f"{size} leaves have an index, but the newest checkpoint covers {queries.tree_size()}")
    return problems


def _batches() -> Iterator[list[LogLeaf]]:
    after = -1
    while True:
        wanted = sa.select(LogLeaf).where(LogLeaf.seq > after).order_by(LogLeaf.seq).limit(BATCH)
        batch = list(db.session.scalars(wanted))
        if not batch:
            return
        yield batch
        after = batch[-1].seq if batch[-1].seq is not None else after
        db.session.expunge_all()


def _checkpoints() -> Iterator[LogCheckpoint]:
    size = 0
    while True:
        wanted = sa.select(LogCheckpoint).where(LogCheckpoint.size > size).order_by(LogCheckpoint.size).limit(BATCH)
        batch = list(db.session.scalars(wanted))
        if not batch:
            return
        yield from batch
        size = batch[-1].size


def _check_leaves(batch: list[LogLeaf], *, first: int) -> Iterator[str]:
    for expected, leaf in enumerate(batch, start=first):
        if leaf.seq != expected:
            yield f"leaf {leaf.id} has index {leaf.seq} where {expected} comes next"
        if leaf.leaf_hash != merkle.leaf_hash(leaf.leaf):
            yield f"leaf {leaf.id} does not have the hash it was sequenced with"
        try:
            said = leaves.decode(leaf.leaf)
        except leaves.LeafError as error:
            yield f"leaf {leaf.id} is malformed: {error}"
            continue
        if (said["kind"], said["code"]) != (leaf.kind, leaf.code):
            yield f"leaf {leaf.id} says another kind or code than its row"


def _compare_nodes(expected: dict[merkle.NodeId, bytes]) -> Iterator[str]:
    stored = queries.read_nodes(expected.keys())
    for node, digest in expected.items():
        if stored.get(node) != digest:
            yield f"node {node} is missing or does not follow from the leaves"


def _check_checkpoint(checkpoint: LogCheckpoint, root: bytes, key: VerifierKey) -> Iterator[str]:
    if checkpoint.root != root:
        yield f"the root signed for {checkpoint.size} leaves does not follow from the leaves"
    try:
        opened = open_checkpoint(checkpoint.note, key)
    except NoteError as error:
        yield f"the checkpoint of {checkpoint.size} leaves does not open: {error}"
        return
    if (opened.size, opened.root) != (checkpoint.size, checkpoint.root):
        yield f"the checkpoint of {checkpoint.size} leaves says something else than its row"


def _read(nodes: dict[merkle.NodeId, bytes]) -> merkle.ReadNodes:
    return lambda wanted: {node: nodes[node] for node in wanted}
