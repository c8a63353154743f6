"""Promises of the tree: the hashes are RFC 6962's, proofs hold exactly for what they claim, and reads stay few."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from app.giving.log.merkle import (
    EMPTY_ROOT,
    NodeId,
    ProofError,
    append,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    root_of_entries,
    verify_consistency,
    verify_inclusion,
)

# The entries and roots every Certificate Transparency implementation is tried with.
CT_ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class CountingStore:
    """The node table as a dictionary that remembers how much it was asked for."""

    def __init__(self, entries: Collection[bytes] = ()) -> None:
        self.nodes: dict[NodeId, bytes] = {}
        self.size = 0
        self.reads = 0
        self.calls = 0
        self.add(entries)

    def add(self, entries: Collection[bytes]) -> int:
        new = append(self.size, [leaf_hash(entry) for entry in entries], self)
        assert not new.keys() & self.nodes.keys()
        self.nodes |= new
        self.size += len(entries)
        return len(new)

    def __call__(self, wanted: Collection[NodeId]) -> Mapping[NodeId, bytes]:
        self.reads += len(wanted)
        self.calls += 1
        return {node: self.nodes[node] for node in wanted}


def numbered(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def reference(entries: list[bytes]) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of_entries(CT_ENTRIES[:size]).hex() == CT_ROOTS[size - 1]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root(0, CountingStore()) == EMPTY_ROOT == hashlib.sha256(b"").digest() == root_of_entries([])


def test_inclusion_and_consistency_proofs_are_those_of_certificate_transparency() -> None:
    store = CountingStore(CT_ENTRIES)
    assert [item.hex() for item in inclusion_proof(0, 8, store)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [item.hex() for item in inclusion_proof(5, 8, store)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [item.hex() for item in consistency_proof(6, 8, store)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(entries=st.lists(st.binary(max_size=40), min_size=1, max_size=70), data=st.data())
def test_roots_and_proofs_agree_with_another_implementation(entries: list[bytes], data: st.DataObject) -> None:
    tree, store = reference(entries), CountingStore(entries)
    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    old_size = data.draw(st.integers(1, size))
    assert root(size, store) == tree.get_root(size)
    theirs = tree.prove_inclusion(index + 1, size)
    assert [leaf_hash(entries[index]), *inclusion_proof(index, size, store)] == theirs.path
    proof = consistency_proof(old_size, size, store)
    verify_consistency(old_size, size, tree.get_root(old_size), tree.get_root(size), proof)


def test_every_proof_of_every_small_tree_holds() -> None:
    entries = numbered(33)
    store = CountingStore(entries)
    for size in range(1, len(entries) + 1):
        top = root(size, store)
        for index in range(size):
            verify_inclusion(leaf_hash(entries[index]), index, size, inclusion_proof(index, size, store), top)
        for old_size in range(size + 1):
            proof = consistency_proof(old_size, size, store)
            verify_consistency(old_size, size, root(old_size, store), top, proof)


@given(count=st.integers(2, 70), data=st.data())
def test_an_inclusion_proof_with_any_bit_changed_is_refused(count: int, data: st.DataObject) -> None:
    entries = numbered(count)
    store = CountingStore(entries)
    index = data.draw(st.integers(0, count - 1))
    proof, top = inclusion_proof(index, count, store), root(count, store)
    flipped = flip_one_bit([leaf_hash(entries[index]), top, *proof], data)
    with pytest.raises(ProofError):
        verify_inclusion(flipped[0], index, count, flipped[2:], flipped[1])


@given(count=st.integers(2, 70), data=st.data())
def test_a_consistency_proof_with_any_bit_changed_is_refused(count: int, data: st.DataObject) -> None:
    store = CountingStore(numbered(count))
    old_size = data.draw(st.integers(1, count))
    hashes = [root(old_size, store), root(count, store), *consistency_proof(old_size, count, store)]
    flipped = flip_one_bit(hashes, data)
    with pytest.raises(ProofError):
        verify_consistency(old_size, count, flipped[0], flipped[1], flipped[2:])


def flip_one_bit(hashes: list[bytes], data: st.DataObject) -> list[bytes]:
    bit = data.draw(st.integers(0, len(hashes) * 256 - 1))
    changed = int.from_bytes(b"".join(hashes), "big") ^ (1 << bit)
    joined = changed.to_bytes(len(hashes) * 32, "big")
    return [joined[start : start + 32] for start in range(0, len(joined), 32)]


@given(count=st.integers(1, 70), data=st.data())
def test_a_proof_holds_for_one_place_and_one_length_only(count: int, data: st.DataObject) -> None:
    entries = numbered(count)
    store = CountingStore(entries)
    index = data.draw(st.integers(0, count - 1))
    leaf, top, proof = leaf_hash(entries[index]), root(count, store), inclusion_proof(index, count, store)
    elsewhere = data.draw(st.integers(-2, count + 2).filter(lambda other: other != index))
    with pytest.raises(ProofError):
        verify_inclusion(leaf, elsewhere, count, proof, top)
    with pytest.raises(ProofError):
        verify_inclusion(leaf, index, count, [*proof, top], top)
    with pytest.raises(ProofError):
        verify_inclusion(leaf, index, 0, proof, top)
    if proof:
        with pytest.raises(ProofError):
            verify_inclusion(leaf, index, count, proof[:-1], top)


def test_malformed_proofs_are_refused_whatever_their_shape() -> None:
    store = CountingStore(numbered(7))
    three, seven = root(3, store), root(7, store)
    proof = consistency_proof(3, 7, store)
    wrong = [
        (3, 7, three, seven, []),
        (3, 7, three, seven, proof[:-1]),
        (3, 7, three, seven, [*proof, seven]),
        (3, 7, three, seven, [proof[0][:31], *proof[1:]]),
        (7, 3, seven, three, proof),
        (-1, 7, three, seven, proof),
        (4, 7, root(4, store), seven, []),
        (7, 7, seven, three, []),
        (7, 7, seven, seven, proof),
        (0, 7, three, seven, []),
    ]
    for old_size, size, old, new, path in wrong:
        with pytest.raises(ProofError):
            verify_consistency(old_size, size, old, new, path)
    with pytest.raises(ProofError):
        verify_inclusion(b"short", 0, 1, [], b"short")


def test_asking_for_what_is_not_there_is_an_error() -> None:
    store = CountingStore(numbered(3))
    for index, size in [(3, 3), (-1, 3), (0, 0)]:
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, size, store)
    with pytest.raises(ValueError, match="before"):
        consistency_proof(4, 3, store)


@given(batches=st.lists(st.integers(0, 20), max_size=8))
def test_a_tree_grown_in_batches_is_the_tree_grown_at_once(batches: list[int]) -> None:
    entries = numbered(sum(batches))
    grown, rest = CountingStore(), entries
    for count in batches:
        grown.add(rest[:count])
        rest = rest[count:]
    assert grown.nodes == CountingStore(entries).nodes


def test_appending_and_proving_touch_few_nodes_of_a_big_tree() -> None:
    size = 100_003
    store = CountingStore(numbered(size))
    assert len(store.nodes) < 2 * size
    store.reads = store.calls = 0
    written = store.add([b"one more"])
    assert (store.calls, written) <= (1, 17)
    assert store.reads <= 17
    for index in (0, 1, 65_535, 65_536, 99_999, size):
        store.reads = store.calls = 0
        proof = inclusion_proof(index, size + 1, store)
        assert store.calls == 1
        assert store.reads <= 2 * 17
        assert len(proof) <= 17


def test_a_true_path_under_a_root_of_another_size_is_refused() -> None:
    """The hashes fit, the sizes do not: only counting the steps tells."""
    store = CountingStore(numbered(8))
    two, four, eight = root(2, store), root(4, store), root(8, store)
    leaf = leaf_hash(b"entry 0")
    with pytest.raises(ProofError, match="too short"):
        verify_inclusion(leaf, 0, 4, inclusion_proof(0, 2, store), two)
    with pytest.raises(ProofError, match="too long"):
        verify_inclusion(leaf, 0, 2, inclusion_proof(0, 4, store), four)
    with pytest.raises(ProofError, match="too short"):
        verify_consistency(2, 8, two, four, consistency_proof(2, 4, store))
    with pytest.raises(ProofError, match="too long"):
        verify_consistency(2, 4, two, eight, consistency_proof(2, 8, store))
