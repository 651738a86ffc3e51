"""How far the watcher is, for the node's workers to tell: a small file, replaced whole. Lost, it is written again."""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = "watching.json"


class Progress(msgspec.Struct, frozen=True):
    """Every pending case has been compared with this revision of this database."""

    database_id: str = ""
    revision: int = 0


class ProgressFile:
    """The watcher's progress in the data folder. One writer, any number of readers."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def write(self, progress: Progress) -> None:
        """Say how far the watcher is."""
        beside = self._path.with_suffix(".tmp")
        beside.write_bytes(msgspec.json.encode(progress))
        beside.replace(self._path)

    def read(self) -> Progress:
        """How far the watcher is; at the beginning where it has not said so yet."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Progress)
        except (FileNotFoundError, msgspec.MsgspecError):
            return Progress()
