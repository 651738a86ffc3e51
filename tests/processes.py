"""The processes of a running node, by the part each plays."""

from __future__ import annotations

import time
from pathlib import Path

PARTS = ("follower", "shipper", "notary", "watcher")
"""What a node always runs beside its workers."""

HELPER = "helper"
"""What all of them are forked from."""

TITLE = b"clearway: "

PATIENCE = 60.0
"""Seconds that a node's processes may take to come up, on however busy a machine."""


def living(parent: int) -> dict[str, int]:
    """Part → process id, of those that run now; none where the parent has ended."""
    found = {}
    for helper in offspring(parent):
        if b"multiprocessing.forkserver" in command(helper):
            found[HELPER] = helper
            found |= {name: pid for pid in offspring(helper) if (name := title(pid))}
    return found


def parts(parent: int, workers: int = 1, beside: tuple[str, ...] = (), *, feeds: bool = False) -> dict[str, int]:
    """As `living`, once all run; `feeds` where the node has that process, `beside` for further ones."""
    workers_of = (f"worker-{number}" for number in range(1, workers + 1))
    names = {HELPER, *PARTS, *(["feeds"] if feeds else []), *workers_of, *beside}
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        found = living(parent)
        if found.keys() == names:
            return found
        time.sleep(0.05)
    raise AssertionError(f"the node has the processes {sorted(found)}, not {sorted(names)}")


def successor(parent: int, part: str, former: int, within: float = PATIENCE) -> int:
    """The process the node started in place of the `former` one, which was killed, to play the same part."""
    last = time.monotonic() + within
    while time.monotonic() < last:
        found = living(parent).get(part, former)
        if found != former:
            return found
        time.sleep(0.05)
    raise AssertionError("the node did not start the process again")


def offspring(parent: int) -> list[int]:
    """The processes that a process started and that have not ended."""
    try:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except FileNotFoundError:
        return []


def title(pid: int) -> str:
    """The part that a process says it plays; empty before it says so, and after its end."""
    said = command(pid)
    return said.removeprefix(TITLE).decode() if said.startswith(TITLE) else ""


def command(pid: int) -> bytes:
    """A process's command line, as far as it has one."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return b""


def alive(pid: int) -> bool:
    """Whether the process runs: it has neither ended nor is it ending."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
