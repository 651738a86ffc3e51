"""The tree's static files, by C2SP tlog-tiles: tiles of 256 hashes, bundles of 256 entries, and the names of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from clearway.transparency.merkle import HASH_BYTES, Read, root_of

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

LEVEL_BITS = 8
MOST_LEVELS = 6
"""Enough for 2^48 leaves."""

LONGEST_ENTRY = 65_535
CHECKPOINT_FILE = "checkpoint"

_NAME = re.compile(r"tile/(entries|[0-5])/((?:x\d{3}/){0,5}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class TileInvalid(ValueError):
    """The name or the bytes are none of a tile."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file: hashes of a level (0: of the leaves), or, where there is no level, entries."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name: `tile/0/x001/234`, `tile/entries/000.p/17`."""
        groups = [self.number % 1000]
        rest = self.number // 1000
        while rest:
            groups.append(rest % 1000)
            rest //= 1000
        last, *before = groups
        number = "".join(f"x{group:03}/" for group in reversed(before)) + f"{last:03}"
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{part}"

    @property
    def full(self) -> Tile:
        """The tile that this one grows into."""
        return replace(self, width=WIDTH)


def parse_path(path: str) -> Tile:
    """The tile of that name. Raises `TileInvalid`; a name that is taken leads out of no folder."""
    found = _NAME.fullmatch(path)
    if found is None:
        raise TileInvalid("this is no name of a tile")
    kind, digits, width = found.groups()
    number = int(digits.replace("x", "").replace("/", ""))
    tile = Tile(None if kind == "entries" else int(kind), number, WIDTH if width is None else int(width))
    if tile.width > WIDTH or tile.path != path:
        raise TileInvalid("this is no name of a tile")
    return tile


def hashes_in(raw: bytes) -> list[bytes]:
    """The hashes of a tile. Raises `TileInvalid`."""
    if not raw or len(raw) % HASH_BYTES or len(raw) > WIDTH * HASH_BYTES:
        raise TileInvalid("a tile is 1 to 256 hashes of 32 bytes")
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """Entries as one file: each behind its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_in(raw: bytes) -> list[bytes]:
    """The entries of a bundle. Raises `TileInvalid`."""
    entries: list[bytes] = []
    at = 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 2], "big")
        entry = raw[at + 2 : at + 2 + length]
        if len(raw) - at < 2 or len(entry) < length or len(entries) == WIDTH:
            raise TileInvalid("a bundle is 1 to 256 entries, each behind its length")
        entries.append(entry)
        at += 2 + length
    if not entries:
        raise TileInvalid("a bundle is 1 to 256 entries, each behind its length")
    return entries


def bundles_for(size: int) -> list[Tile]:
    """The bundles that hold the first `size` entries, the last one as wide as it must be."""
    full, rest = divmod(size, WIDTH)
    return [Tile(None, number) for number in range(full)] + ([Tile(None, full, rest)] if rest else [])


def tiles_for(size: int) -> list[Tile]:
    """The tiles of hashes of a tree of that size, level by level."""
    tiles: list[Tile] = []
    for level in range(MOST_LEVELS):
        full, rest = divmod(size >> LEVEL_BITS * level, WIDTH)
        tiles += (Tile(level, number) for number in range(full))
        if rest:
            tiles.append(Tile(level, full, rest))
        if not full:
            break
    return tiles


def subtrees(size: int, read: Callable[[Tile], bytes]) -> Read:
    """Reads the hashes of complete subtrees out of the tiles of a tree of that size.

    `read` gives a tile's bytes, and raises where it has none. Raises `TileInvalid` for bytes of another length.
    """

    def hash_of(level: int, number: int) -> bytes:
        above, within = divmod(level, LEVEL_BITS)
        first = number << within
        tile_number = first // WIDTH
        width = min(WIDTH, (size >> LEVEL_BITS * above) - tile_number * WIDTH)
        hashes = hashes_in(read(Tile(above, tile_number, width)))
        if len(hashes) != width:
            raise TileInvalid(f"the tile has {len(hashes)} hashes and not {width}")
        at = first % WIDTH
        return root_of(hashes[at : at + (1 << within)])

    return hash_of
