"""Locks by request id that the workers of one node share: one of them at a time answers under an id.

Each is a byte of one empty file, locked in the kernel, at a place made of the id: nothing is written, nothing is left
behind, and what a killed worker held is free at once. Whoever gets a lock after waiting finds in the journals what its
holder has recorded.
"""

from __future__ import annotations

import fcntl
import os
import struct
from hashlib import blake2b
from pathlib import Path

LOCK_FILE = "request-ids.lock"
"""In the journal directory."""

_FLOCK = "hhqqi"
"""`struct flock` of Linux: type, whence, start, length, process."""


class IdLocks:
    """One worker's locks. Any thread may use it; the file system must be local, as for the journals."""

    def __init__(self, journals: Path) -> None:
        journals.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(journals / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_lock(self, authority: str, request_id: str) -> bool:
        """Take the lock of an id, or say that another worker has it."""
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _byte(fcntl.F_WRLCK, authority, request_id))
        except BlockingIOError:
            return False
        return True

    def unlock(self, authority: str, request_id: str) -> None:
        """Let it go."""
        fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _byte(fcntl.F_UNLCK, authority, request_id))

    def close(self) -> None:
        """Let all go."""
        os.close(self._descriptor)


def _byte(kind: int, authority: str, request_id: str) -> bytes:
    name = f"{authority}\0{request_id}".encode()
    # A place in a file is a signed number. Two ids that share one would wait for each other, and do nothing worse.
    place = int.from_bytes(blake2b(name, digest_size=8).digest(), "big") >> 2
    return struct.pack(_FLOCK, kind, os.SEEK_SET, place, 1, 0)
