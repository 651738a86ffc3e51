"""What the node stands on: the data folder, room on its disk, and how long a synced write takes."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from statistics import median

from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.server.settings import Settings

LEAST_FREE = 512 * 1024 * 1024
"""Bytes below which a disk is as good as full: a journal segment, a central log and a new index have no room."""

LOW_SHARE = 0.1
SLOW_SYNC = 0.02
WRITES = 16
BLOCK = 4096
MIB = 1024 * 1024


def disk(settings: Settings) -> Iterator[Finding]:
    """Room in the data folder, and how long a write takes to be on disk there: every answer waits for one."""
    usage = shutil.disk_usage(settings.data_dir)
    free = f"{usage.free // MIB:,} MiB of {usage.total // MIB:,} MiB are free"
    if usage.free < LEAST_FREE:
        yield wrong(free, "make room: without it no check is answered; docs/operations.md, “Sizing”")
    elif usage.free < usage.total * LOW_SHARE:
        yield attention(free, "make room before checks are refused; docs/operations.md, “Sizing”")
    else:
        yield sound(free)
    try:
        took = median(synced_writes(settings))
    except OSError as fault:
        yield wrong(f"{settings.data_dir} takes no writes: {os.strerror(fault.errno or 0)}", _for_writes(fault))
        return
    says = f"a synced write takes {took * 1000:.1f} ms"
    if took > SLOW_SYNC:
        yield attention(says, "put the data folder on a faster local disk: every answer waits for such a write")
    else:
        yield sound(says)


def _for_writes(fault: OSError) -> str:
    match fault.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "make room, in blocks, inodes or quota: until then no check is answered"
        case errno.EROFS:
            return "mount its disk for writing; one that went read-only by itself is failing: see the system's log"
        case errno.EACCES | errno.EPERM:
            return "give the folder to the user that the node runs as, and run `clearway doctor` as that user"
        case _:
            return "see the system's log: its disk may be failing"


def synced_writes(settings: Settings) -> Iterator[float]:
    """Seconds that each of a few blocks took to be on disk, in a file that is gone afterwards. Raises `OSError`."""
    block = os.urandom(BLOCK)
    with tempfile.TemporaryFile(dir=settings.data_dir) as file:
        for _ in range(WRITES):
            started = time.perf_counter()
            file.write(block)
            file.flush()
            os.fdatasync(file.fileno())
            yield time.perf_counter() - started
