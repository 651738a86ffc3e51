"""The processes of a running node, by the part each plays."""

from __future__ import annotations

import os
import time
from pathlib import Path

PARTS = ("follower", "shipper", "notary", "watcher")
"""What a node starts before its workers, in this order."""


def children(parent: int) -> list[int]:
    """The parent's processes that serve, oldest first; none where it has ended."""
    try:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except FileNotFoundError:
        return []
    return sorted((int(pid) for pid in found if _serves(int(pid))), key=_born)


def parts(parent: int, workers: int = 1, beside: tuple[str, ...] = (), *, feeds: bool = False) -> dict[str, int]:
    """Part → process id, of a node that has restarted nothing yet; `feeds` where it has that process, `beside` more."""
    workers_of = (f"worker-{number}" for number in range(1, workers + 1))
    names = (*PARTS, *(["feeds"] if feeds else []), *workers_of, *beside)
    last = time.monotonic() + 20
    while time.monotonic() < last:
        found = children(parent)
        if len(found) == len(names):
            return dict(zip(names, found, strict=True))
        time.sleep(0.05)
    raise AssertionError(f"the node has {len(found)} processes, not {len(names)}")


def successor(parent: int, known: set[int], within: float = 20.0) -> int:
    """The process the node started in place of one that was killed: the child that is not in `known`."""
    last = time.monotonic() + within
    while time.monotonic() < last:
        fresh = [pid for pid in children(parent) if pid not in known]
        if fresh:
            return fresh[0]
        time.sleep(0.05)
    raise AssertionError("the node did not start the process again")


def _serves(pid: int) -> bool:
    """Whether it is one of the node's own, not Python's resource tracker, and not dead already."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"spawn_main" in command


def _born(pid: int) -> tuple[int, int]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return os.sysconf("SC_INT_MAX"), pid
    return int(stat.rpartition(")")[2].split()[19]), pid
