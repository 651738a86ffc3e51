"""Whether a file has changed since it was read."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int] | None


def stamp_of(file: Path) -> Stamp:
    """What changes when a file is written or replaced: modification time, size, inode. None where it is missing."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
