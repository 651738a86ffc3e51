"""The files around an index.

::

    DIRECTORY/index/<build id>.mdb        one build, and its LMDB lock file beside it
    DIRECTORY/index/current               one line: the file name of the build to read
    DIRECTORY/index/damaged               one line: the build that a reader found damaged
    DIRECTORY/index/writer.lock           held by the node's follower

A build becomes visible only when `current` names it, and that line changes in one step.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Self

from clearway.index.faults import IndexLocked

_BUILD = re.compile(r"[0-9a-f]{8,64}\.mdb")


class IndexLayout:
    """Names, switches and removes the files of one index. `directory` is the node's own data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = (directory / "index").absolute()
        self.pointer = self.directory / "current"
        self._marker = self.directory / "damaged"
        self._lock = self.directory / "writer.lock"

    def create(self) -> None:
        """Make the directory where it is missing."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def build_path(self, build_id: str) -> Path:
        """Where the build of that id stands; ids are 8 to 64 lower-case hexadecimal signs."""
        name = f"{build_id}.mdb"
        if not _BUILD.fullmatch(name):
            raise ValueError("a build id is 8 to 64 lower-case hexadecimal signs")
        return self.directory / name

    def current(self) -> Path | None:
        """The build to read, or None where the pointer is missing or names nothing that could be a build."""
        return self._named_in(self.pointer)

    def publish(self, build: Path) -> None:
        """Make `build`, which must be on disk, the one to read."""
        draft = self.directory / f"{build.stem}.tmp"
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{build.name}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.pointer)
        self._sync_directory()

    def sweep(self, keep: Path | None) -> None:
        """Remove every build but `keep`. Readers that still have one mapped go on reading it."""
        kept = {keep.name, f"{keep.name}-lock"} if keep else set()
        for pattern in ("*.mdb", "*.mdb-lock", "*.tmp"):
            for file in self.directory.glob(pattern):
                if file.name not in kept:
                    file.unlink(missing_ok=True)

    def report_damage(self, build: Path) -> None:
        """Ask the follower to make `build` anew. A reader that may not write leaves it to the follower's own checks."""
        with suppress(OSError):
            self._marker.write_text(f"{build.name}\n", encoding="ascii")

    def damage_reported(self, build: Path) -> bool:
        """Whether a reader found `build` damaged."""
        return self._named_in(self._marker) == build

    def clear_damage(self) -> None:
        """Forget what readers reported."""
        self._marker.unlink(missing_ok=True)

    def lock(self) -> WriterLock:
        """Take the writer's lock; raises `IndexLocked` where another follower has it."""
        self.create()
        return WriterLock(self._lock)

    def _named_in(self, file: Path) -> Path | None:
        try:
            name = file.read_bytes()[:128].decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        return self.directory / name if _BUILD.fullmatch(name) else None

    def _sync_directory(self) -> None:
        handle = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class WriterLock:
    """Held by the one follower of a node, and released by the operating system should it die."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            os.close(self._handle)
            raise IndexLocked(f"another follower holds {path}") from taken

    def release(self) -> None:
        """Let another follower have it. Releasing twice does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
