"""A node's processes as the kernel tells of them: which answer, who is connected to each, what memory they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTENING, ESTABLISHED = "0A", "01"
INDEX_FILE = ".mdb"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MB.

    `private` and `shared` are pages of its own and pages that others have mapped too, without those of the index's
    file; `index` are that file's pages, mapped from the page cache, which the kernel takes back where memory is short.
    """

    private: float
    shared: float
    index: float


def memory_of(pid: int) -> Memory:
    """What the process holds now."""
    return added_up((PROC / str(pid) / "smaps").read_text().splitlines())


def added_up(lines: Iterable[str]) -> Memory:
    """The sums of a `smaps` table: a line that names a mapping, then its amounts in kB, a line each."""
    private = shared = index = 0
    of_index = False
    for line in lines:
        name, *rest = line.split()
        if not name.endswith(":"):
            of_index = line.rstrip().removesuffix(" (deleted)").endswith(INDEX_FILE)
        elif of_index:
            index += int(rest[0]) if name == "Rss:" else 0
        elif name in ("Private_Clean:", "Private_Dirty:"):
            private += int(rest[0])
        elif name in ("Shared_Clean:", "Shared_Dirty:"):
            shared += int(rest[0])
    return Memory(*(round(kilobytes / 1000, 1) for kilobytes in (private, shared, index)))


def workers_of(pid: int, port: int) -> list[int]:
    """The processes among the descendants of `pid` that answer on the port."""
    sockets = sockets_on(port, LISTENING)
    return [child for child in descendants(pid) if sockets & inodes_of(child)]


def connections_of(workers: Iterable[int], port: int) -> Counter[int]:
    """Worker → how many connections it has on the port."""
    sockets = sockets_on(port, ESTABLISHED)
    return Counter({worker: len(sockets & inodes_of(worker)) for worker in workers})


def descendants(pid: int) -> Iterator[int]:
    """The process's children, and theirs."""
    for children in (PROC / str(pid) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield int(child)
            with suppress(OSError):
                yield from descendants(int(child))


def sockets_on(port: int, state: str) -> set[str]:
    """The inodes of this machine's sockets whose own end is on the port, in a state. gRPC's are of IPv6, mapped."""
    tables = ((PROC / "net" / name).read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    lines = (line.split() for table in tables for line in table)
    return {fields[9] for fields in lines if fields[3] == state and int(fields[1].rpartition(":")[2], 16) == port}


def inodes_of(pid: int) -> set[str]:
    """The inodes of the sockets that a process has open."""
    found = set()
    for handle in (PROC / str(pid) / "fd").iterdir():
        with suppress(OSError):
            found.add(str(handle.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found
