"""The arithmetic of the public log: RFC 6962 hashes and proofs over stored complete subtrees.

A *node* is a complete subtree: ``(level, index)`` stands for the leaves ``[index << level, (index + 1) << level)``.
Its hash never changes once its last leaf is known, so nodes are only ever inserted. Everything here first works
out which nodes it needs and then asks for them in one call, so a proof is one read of O(log n) rows and an append
reads the right edge of the tree only (at most one node per level).

Sources: RFC 6962 section 2.1 (hashes, paths, proofs), RFC 9162 sections 2.1.3.2 and 2.1.4.2 (verification).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hmac import compare_digest

NodeId = tuple[int, int]
ReadNodes = Callable[[Collection[NodeId]], Mapping[NodeId, bytes]]
Range = tuple[int, int]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not show what it claims to show."""


def leaf_hash(data: bytes) -> bytes:
    """Hash one entry: SHA-256 of 0x00 and the bytes (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children: SHA-256 of 0x01 and both hashes (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtrees(start: int, end: int) -> list[NodeId]:
    """The complete subtrees that cover leaves ``[start, end)``, largest first.

    ``start`` must be where RFC 6962 would start a range of that length: a multiple of the largest power of two that
    is not above the length. All ranges of this module are.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def root_of_entries(entries: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of entries held in memory."""
    new = append(0, [leaf_hash(entry) for entry in entries], _read_nothing)
    return root(sum(1 for level, _ in new if level == 0), _reader(new))


def root(size: int, read: ReadNodes) -> bytes:
    """The root hash of the first ``size`` leaves, from at most log2(size) + 1 stored nodes."""
    if size == 0:
        return EMPTY_ROOT
    return _hashes_of_ranges([(0, size)], read)[0]


def append(size: int, leaf_hashes: Sequence[bytes], read: ReadNodes) -> dict[NodeId, bytes]:
    """Every node that becomes complete when leaf hashes join a tree of ``size`` leaves.

    Less than two nodes per leaf on average. Nothing is stored here: the caller inserts what is returned.
    """
    edge = subtrees(0, size)
    known = dict(read(edge)) if edge and leaf_hashes else {}
    new: dict[NodeId, bytes] = {}
    for seq, digest in enumerate(leaf_hashes, start=size):
        level, index = 0, seq
        known[0, seq] = new[0, seq] = digest
        while index & 1:
            left, right = known[level, index - 1], known[level, index]
            level, index = level + 1, index >> 1
            known[level, index] = new[level, index] = node_hash(left, right)
    return new


def inclusion_proof(index: int, size: int, read: ReadNodes) -> list[bytes]:
    """The audit path of leaf ``index`` in the tree of the first ``size`` leaves (RFC 6962 section 2.1.1).

    Raises:
        ValueError: there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    siblings: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return _hashes_of_ranges(siblings[::-1], read)


def consistency_proof(old_size: int, size: int, read: ReadNodes) -> list[bytes]:
    """The proof that the first ``old_size`` leaves are a prefix of the first ``size`` (RFC 6962 section 2.1.2).

    Raises:
        ValueError: the old tree is larger than the new one.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {old_size} cannot come before one of {size}")
    if old_size in (0, size):
        return []
    ranges: list[Range] = []
    start, end = 0, size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:
        ranges.append((start, end))
    return _hashes_of_ranges(ranges[::-1], read)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> None:
    """Check that the entry with hash ``leaf`` is number ``index`` of the ``size`` entries under a root.

    Raises:
        ProofError: it is not, or the path has the wrong length or shape (RFC 9162 section 2.1.3.2).
    """
    if not 0 <= index < size:
        raise ProofError("the index lies outside the tree")
    _check_lengths([leaf, *proof])
    position, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the path is too long")
        if position & 1 or position == last:
            digest = node_hash(sibling, digest)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("the path is too short")
    if not compare_digest(digest, expected_root):
        raise ProofError("the path does not lead to the root")


def verify_consistency(old_size: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree under ``old_root`` only grew into the tree under ``new_root``.

    Raises:
        ProofError: it did not, or the proof has the wrong length or shape (RFC 9162 section 2.1.4.2).
    """
    if not 0 <= old_size <= size:
        raise ProofError("the old tree is larger than the new one")
    if old_size in (0, size):
        _check_trivial(old_size, size, old_root, new_root, proof)
        return
    _check_lengths(proof)
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the proof is too short")
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for digest in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if position & 1 or position == last:
            old, new = node_hash(digest, old), node_hash(digest, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, digest)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("the proof is too short")
    if not (compare_digest(old, old_root) and compare_digest(new, new_root)):
        raise ProofError("the proof does not lead to both roots")


def _check_trivial(old_size: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofError("the proof is too long")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the old root is not that of an empty tree")
    if old_size == size and old_root != new_root:
        raise ProofError("two trees of one size have different roots")


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise ProofError("a hash has the wrong length")


def _split(length: int) -> int:
    """The largest power of two below ``length``, which is at least 2."""
    return 1 << ((length - 1).bit_length() - 1)


def _hashes_of_ranges(ranges: Sequence[Range], read: ReadNodes) -> list[bytes]:
    """The Merkle tree hash of each range, with one read for all of them."""
    parts = [subtrees(start, end) for start, end in ranges]
    wanted = [node for nodes in parts for node in nodes]
    hashes = read(wanted) if wanted else {}
    return [_fold([hashes[node] for node in nodes]) for nodes in parts]


def _fold(hashes: list[bytes]) -> bytes:
    digest = hashes[-1]
    for left in reversed(hashes[:-1]):
        digest = node_hash(left, digest)
    return digest


def _reader(nodes: Mapping[NodeId, bytes]) -> ReadNodes:
    return lambda wanted: {node: nodes[node] for node in wanted}


def _read_nothing(wanted: Collection[NodeId]) -> Mapping[NodeId, bytes]:
    raise LookupError(f"an empty tree has no nodes {list(wanted)}")
