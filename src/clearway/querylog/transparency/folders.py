"""The tree as a folder of files, for a web server or for a copy that an auditor takes home."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4

from clearway.transparency.checkpoints import parse_checkpoint
from clearway.transparency.notes import parse_note
from clearway.transparency.tiles import (
    CHECKPOINT_FILE,
    Tile,
    TileInvalid,
    bundle_of,
    bundles_for,
    entries_in,
    hashes_in,
    parse_path,
    tiles_for,
)

TREE_FOLDER = "tlog"
"""The tree's folder in the data directory."""


class TileMissing(Exception):
    """The folder lacks a file that the tree of that size has."""


class TileFolder:
    """Tiles, bundles and the latest checkpoint. Files appear whole; a wider one serves where a narrower is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes | None:
        """The checkpoint that the folder was last brought up to."""
        return self._bytes(CHECKPOINT_FILE)

    def get(self, path: str) -> bytes | None:
        """The file of that name, for whoever serves the folder. None where there is none, whatever the name."""
        if path == CHECKPOINT_FILE:
            return self.checkpoint()
        try:
            return self.read(parse_path(path))
        except (TileInvalid, TileMissing):
            return None

    def read(self, tile: Tile) -> bytes:
        """A tile's or bundle's bytes. Raises `TileMissing`, and `TileInvalid` for a file that is cut short."""
        raw = self._bytes(tile.path)
        if raw is not None:
            return raw
        raw = self._bytes(tile.full.path)
        if raw is None:
            raise TileMissing(f"{tile.path} is missing")
        if tile.level is None:
            return bundle_of(entries_in(raw)[: tile.width])
        return b"".join(hashes_in(raw)[: tile.width])

    def write(self, tile: Tile, raw: bytes) -> None:
        """Put a file there, whole; a full one takes the place of those it grew out of."""
        self._write(tile.path, raw)
        if tile.full == tile:
            shutil.rmtree(self.folder / f"{tile.path}.p", ignore_errors=True)

    def write_checkpoint(self, raw: bytes) -> None:
        """Put the checkpoint there, after everything that it covers."""
        if self.checkpoint() != raw:
            self._write(CHECKPOINT_FILE, raw)

    def publish_to(self, other: TileFolder) -> int:
        """Copy the tree as of the latest checkpoint; gives its size. Raises `TileMissing`, `NoteInvalid`."""
        raw = self.checkpoint()
        if raw is None:
            raise TileMissing("there is no checkpoint yet")
        size = parse_checkpoint(parse_note(raw).text).size
        for tile in (*tiles_for(size), *bundles_for(size)):
            if not (tile == tile.full and (other.folder / tile.path).exists()):
                other.write(tile, self.read(tile))
        other.write_checkpoint(raw)
        return size

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _write(self, name: str, raw: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        beside.write_bytes(raw)
        os.replace(beside, path)
