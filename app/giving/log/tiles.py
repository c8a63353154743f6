"""Tile addresses and entry bundles: how anyone may read the log as static files.

Source: C2SP ``tlog-tiles`` v1. A tile at level L holds up to 256 hashes of complete subtrees of height 8·L; a bundle
holds the same stretch of raw entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .merkle import NodeId

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_BYTES = 2**16 - 1
MAX_TILE_LEVEL = 63

_TILE = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)"
    r"/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z",
    re.ASCII,
)


class TileError(ValueError):
    """A tile address or an entry bundle is not what the format allows."""


@dataclass(frozen=True)
class Tile:
    """One tile (``level`` 0 to 63) or one entry bundle (``level`` None) of ``width`` hashes or entries."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def is_full(self) -> bool:
        """A full tile never changes and may be cached for ever."""
        return self.width == TILE_WIDTH

    @property
    def path(self) -> str:
        """Its address below ``tile/``."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.is_full else f".p/{self.width}"
        return f"{level}/{index_path(self.index)}{suffix}"

    @property
    def first(self) -> int:
        """The index, at this tile's own level, of its first hash or entry."""
        return self.index * TILE_WIDTH

    @property
    def node_level(self) -> int:
        """The level of its nodes in the binary tree; 0 for a bundle's entries."""
        return TILE_HEIGHT * (self.level or 0)

    @property
    def nodes(self) -> list[NodeId]:
        """The tree nodes whose hashes it holds, in order."""
        return [(self.node_level, index) for index in range(self.first, self.first + self.width)]

    def exists_in(self, tree_size: int) -> bool:
        """Whether a tree of that many leaves has every hash or entry of it."""
        return self.first + self.width <= tree_size >> self.node_level


def index_path(index: int) -> str:
    """Spell a tile number in three-digit path elements: 1234067 is ``x001/x234/067``."""
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts))


def parse_tile(path: str) -> Tile:
    """Read an address below ``tile/``: ``<L>/<N>[.p/<W>]`` or ``entries/<N>[.p/<W>]``.

    Raises:
        TileError: any spelling but the canonical one.
    """
    match = _TILE.match(path)
    if match is None:
        raise TileError("not a tile address")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    tile = Tile(level, index, int(match["width"] or TILE_WIDTH))
    if tile.node_level > TILE_HEIGHT * MAX_TILE_LEVEL or tile.width > TILE_WIDTH or tile.path != path:
        raise TileError("not a tile address")
    return tile


def tiles_of(tree_size: int) -> list[Tile]:
    """Every hash tile a tree of that size is made of, full and partial, lowest level first."""
    tiles = []
    level = 0
    while count := tree_size >> TILE_HEIGHT * level:
        full, rest = divmod(count, TILE_WIDTH)
        tiles += [Tile(level, index) for index in range(full)]
        if rest:
            tiles.append(Tile(level, full, rest))
        level += 1
    return tiles


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries, each after its length as a big-endian uint16.

    Raises:
        TileError: an entry is longer than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileError("an entry is too long for a bundle")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def decode_bundle(data: bytes) -> list[bytes]:
    """Take a bundle apart.

    Raises:
        TileError: it ends in the middle of an entry.
    """
    entries = []
    position = 0
    while position < len(data):
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        if start > len(data) or position > len(data):
            raise TileError("the bundle is cut off")
        entries.append(data[start:position])
    return entries
