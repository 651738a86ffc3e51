"""Opening a build's LMDB environment.

LMDB allows one environment a file and process, so a follower and readers that live in one process (a test, a
single-process service) share one; the follower has to open first, because a shared environment keeps the rights it was
opened with. Environments do not survive a fork: a child opens its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lmdb

from clearway.index.faults import IndexAbsent, IndexDamaged, IndexUnavailable

MAX_READERS = 1024
"""Read slots a file: one a worker process and open snapshot."""

_SMALLEST = 2 * 4096
"""Bytes of the two pages that every LMDB file begins with, at the smallest page size."""

_DAMAGE = (
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.PageNotFoundError,
    lmdb.PanicError,
    lmdb.VersionMismatchError,
)


@dataclass(slots=True)
class _Opened:
    environment: lmdb.Environment
    writable: bool
    users: int


_opened: dict[Path, _Opened] = {}
_guard = threading.Lock()
os.register_at_fork(after_in_child=_opened.clear)


def acquire(build: Path, *, writable: bool) -> lmdb.Environment:
    """The environment of an existing build, to be given back with `release`.

    Raises `IndexAbsent` where there is no such file, `IndexDamaged` where it is not an LMDB file or is cut short, and
    `IndexUnavailable` where it cannot be opened for another reason. A cut file is found before any page of it is
    touched: touching a page beyond its end would kill the process.
    """
    with _guard:
        opened = _opened.get(build)
        if opened is None:
            opened = _Opened(_open(build, writable=writable), writable, 0)
            _opened[build] = opened
        elif writable and not opened.writable:
            raise IndexUnavailable("a reader in this process has the index open: the follower has to open it first")
        opened.users += 1
        return opened.environment


def release(build: Path) -> None:
    """Give back what `acquire` gave; the last user closes it."""
    with _guard:
        opened = _opened.get(build)
        if opened is None:
            return
        opened.users -= 1
        if opened.users == 0:
            del _opened[build]
            opened.environment.close()


def is_shared(build: Path) -> bool:
    """Whether someone else in this process has the build open too."""
    with _guard:
        return build in _opened and _opened[build].users > 1


def is_whole(build: Path, environment: lmdb.Environment) -> bool:
    """Whether the file still stands at `build` and holds every page that its newest commit speaks of."""
    wanted = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    try:
        return build.stat().st_size >= wanted
    except FileNotFoundError:
        return False


def fault_of(error: lmdb.Error) -> IndexUnavailable:
    """What an LMDB error says of the index: damage, or something that passes (no free reader slot, no memory)."""
    if isinstance(error, _DAMAGE):
        return IndexDamaged(f"LMDB cannot read the index: {type(error).__name__}")
    return IndexUnavailable(f"LMDB refuses: {type(error).__name__}")


@contextmanager
def faults() -> Iterator[None]:
    """Turn LMDB's errors into ours."""
    try:
        yield
    except lmdb.Error as error:
        raise fault_of(error) from error


def _open(build: Path, *, writable: bool) -> lmdb.Environment:
    if not build.is_file():
        raise IndexAbsent("the index's file is missing")
    if build.stat().st_size < _SMALLEST:
        # LMDB would take an empty file for one still to be filled.
        raise IndexDamaged("the index's file is cut short")
    try:
        environment = lmdb.open(
            str(build),
            map_size=0,
            subdir=False,
            create=False,
            readonly=not writable,
            readahead=False,
            mode=0o600,
            max_readers=MAX_READERS,
            max_spare_txns=1,
        )
    except lmdb.Error as error:
        # The binding's own refusal of an unknown file format carries no class of its own.
        unknown_format = type(error) is lmdb.Error and error.code == 0
        raise IndexDamaged("the index is not an LMDB file") if unknown_format else fault_of(error) from error
    if not is_whole(build, environment):
        environment.close()
        raise IndexDamaged("the index's file is cut short")
    return environment
