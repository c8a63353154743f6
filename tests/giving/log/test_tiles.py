"""Promises of tiles: addresses as the C2SP text spells them, and nothing beyond the signed size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.giving.log.tiles import (
    MAX_ENTRY_BYTES,
    Tile,
    TileError,
    decode_bundle,
    encode_bundle,
    index_path,
    parse_tile,
    tiles_of,
)


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (7, "007"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_tile_numbers_are_spelled_as_in_the_spec(index: int, path: str) -> None:
    assert index_path(index) == path
    assert parse_tile(f"0/{path}") == Tile(0, index)


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("0/000", Tile(0, 0)),
        ("63/x001/x234/067", Tile(63, 1234067)),
        ("1/000.p/17", Tile(1, 0, 17)),
        ("entries/x001/000.p/255", Tile(None, 1000, 255)),
        ("entries/273", Tile(None, 273)),
    ],
)
def test_addresses_are_read_and_written_back(path: str, tile: Tile) -> None:
    assert parse_tile(path) == tile
    assert tile.path == path


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "/000", "00/000", "64/000", "100/000", "-1/000", "0/0", "0/0000", "0/x000/001", "0/x001/x002",
        "0/001/002", "0/X001/000", "0/000.p/", "0/000.p/0", "0/000.p/07", "0/000.p/256", "0/000.p/1000", "0/000/p/1",
        "0/000\n", "0/٠٠٠", "entry/000", "entries/000.p/256", "0/../000", "0/" + "x111/" * 7 + "000", "data/000",
    ],
)  # fmt: skip
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(TileError):
        parse_tile(path)


@given(st.none() | st.integers(0, 63), st.integers(0, 10**20), st.integers(1, 256))
def test_every_tile_has_one_address(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_tile(tile.path) == tile


def test_a_tree_of_70000_has_the_tiles_the_spec_counts() -> None:
    tiles = tiles_of(70_000)
    assert [tile for tile in tiles if tile.level == 0 and tile.is_full] == [Tile(0, n) for n in range(273)]
    assert [tile for tile in tiles if not (tile.level == 0 and tile.is_full)] == [
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert tiles_of(256) == [Tile(0, 0), Tile(1, 0, 1)]
    assert tiles_of(0) == []


@given(st.integers(1, 200_000))
def test_the_tiles_of_a_tree_exist_in_it_and_not_one_hash_more(size: int) -> None:
    for tile in tiles_of(size):
        assert tile.exists_in(size)
        if not tile.is_full:
            assert not Tile(tile.level, tile.index, tile.width + 1).exists_in(size)
            assert not Tile(tile.level, tile.index + 1, 1).exists_in(size)


def test_a_level_one_tile_holds_roots_of_full_level_zero_tiles() -> None:
    assert Tile(1, 2, 2).nodes == [(8, 512), (8, 513)]
    assert Tile(None, 1, 2).nodes == [(0, 256), (0, 257)]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_a_bundle_prefixes_each_entry_with_its_length() -> None:
    assert encode_bundle([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258


def test_an_entry_too_long_and_a_bundle_cut_off_are_refused() -> None:
    assert len(encode_bundle([bytes(MAX_ENTRY_BYTES)])) == MAX_ENTRY_BYTES + 2
    with pytest.raises(TileError):
        encode_bundle([bytes(MAX_ENTRY_BYTES + 1)])
    for data in (b"\x00", b"\x00\x03ab", b"\x00\x01a\x00"):
        with pytest.raises(TileError):
            decode_bundle(data)
