"""The tree of the database's leaves as files on this node, kept up to date, and made again where they do not fit."""

from __future__ import annotations

from clearway.querylog.transparency.folders import TileFolder, TileMissing
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.merkle import HASH_BYTES, leaf_hash, root_at, root_of
from clearway.transparency.notes import NoteInvalid, parse_note
from clearway.transparency.tiles import (
    LEVEL_BITS,
    MOST_LEVELS,
    WIDTH,
    Tile,
    TileInvalid,
    bundle_of,
    hashes_in,
    subtrees,
)

BLOCK = WIDTH * WIDTH
"""Leaves under a full tile of level 1. At its start a mirror writes the last block again, and the one before it.

Files are not forced to the disk, so that they cost the journals nothing; what a power cut leaves short is among them.
"""


class Mirror:
    """The files of one node and the tree's right edge. One thread's."""

    def __init__(self, folder: TileFolder) -> None:
        self._folder = folder
        self.size = 0
        """Leaves that the files hold."""
        self._counts = [0] * MOST_LEVELS
        self._edges: list[list[bytes]] = [[] for _ in range(MOST_LEVELS)]
        self._entries: list[bytes] = []
        self._resume()

    def append(self, entry: bytes) -> None:
        """Add the next leaf."""
        self._entries.append(entry)
        if len(self._entries) == WIDTH:
            self._folder.write(Tile(None, self.size // WIDTH), bundle_of(self._entries))
            self._entries = []
        self._push(0, leaf_hash(entry))
        self.size += 1

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves, of at most `self.size`. Raises `TileMissing` and `TileInvalid`."""
        return root_at(size, subtrees(size, self._read))

    def publish(self, checkpoint: Checkpoint, raw: bytes) -> None:
        """Let readers see the tree as of this checkpoint, which it is known to agree with."""
        size = checkpoint.size
        for level in range(MOST_LEVELS):
            full, width = divmod(size >> LEVEL_BITS * level, WIDTH)
            if width:
                tile = Tile(level, full, width)
                self._folder.write(tile, self._read(tile))
        full, width = divmod(size, WIDTH)
        if width and full == self.size // WIDTH:
            self._folder.write(Tile(None, full, width), bundle_of(self._entries[:width]))
        self._folder.write_checkpoint(raw)

    def begin_anew(self) -> None:
        """Forget the files; they are written over from the first leaf on."""
        self.size = 0
        self._counts = [0] * MOST_LEVELS
        self._edges = [[] for _ in range(MOST_LEVELS)]
        self._entries = []

    def _resume(self) -> None:
        raw = self._folder.checkpoint()
        if raw is None:
            return
        try:
            size = parse_checkpoint(parse_note(raw).text).size
            blocks = max(0, size // BLOCK - 1)
            for number in range(blocks):
                self._push(2, root_of(hashes_in(self._folder.read(Tile(1, number)))))
        except (NoteInvalid, TileMissing, TileInvalid):
            self.begin_anew()
        else:
            self.size = self._counts[0] = blocks * BLOCK
            self._counts[1] = blocks * WIDTH

    def _push(self, level: int, one: bytes) -> None:
        edge = self._edges[level]
        edge.append(one)
        self._counts[level] += 1
        if len(edge) < WIDTH:
            return
        self._folder.write(Tile(level, self._counts[level] // WIDTH - 1), b"".join(edge))
        self._edges[level] = []
        if level + 1 < MOST_LEVELS:
            self._push(level + 1, root_of(edge))

    def _read(self, tile: Tile) -> bytes:
        """A tile of hashes, at most as wide as asked for."""
        level = tile.level or 0
        if tile.number == self._counts[level] // WIDTH:
            return b"".join(self._edges[level][: tile.width])
        return self._folder.read(tile)[: tile.width * HASH_BYTES]
