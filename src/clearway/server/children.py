"""A node's processes: how one is started, started again when it dies, and ended.

All are forked from one helper that has their code loaded: a process that dies answers again in a fraction of a second,
and what they have in common is in memory once. The helper serves nothing; should it be killed, those that it started
go with it and come back with the next.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess

import structlog
from setproctitle import setproctitle

from clearway.server.roles import PRELOADED, Role

SHORTEST_LIFE = 5.0
LONGEST_PAUSE = 10.0
REAPING = 5.0
"""Seconds within which the kernel has ended a process that was killed."""

_log = structlog.get_logger(__name__)
_context = multiprocessing.get_context("forkserver")


def warm_up() -> None:
    """Start to load what the processes have in common, beside whatever this process does meanwhile."""
    _context.set_forkserver_preload([PRELOADED])
    forkserver.ensure_running()


def named(name: str, target: Callable[..., None], *arguments: object) -> None:
    """Do what the process is for, under a name that `ps` and `top` show."""
    setproctitle(f"clearway: {name}")
    target(*arguments)


@dataclass(slots=True)
class Child:
    """One process of the node, and how to start it again."""

    name: str
    target: Callable[..., None]
    arguments: tuple[object, ...]
    process: ForkServerProcess | None = None
    handle: int | None = None
    """A handle of the process itself: a number could be another's by now."""
    started: float = 0.0
    pause: float = 0.0
    not_before: float = 0.0
    restarts: int = 0

    def plays(self, role: Role) -> bool:
        """Whether it plays this role of the node's own."""
        return self.arguments[:1] == (role,)

    def start(self) -> None:
        """Start it, or start it again."""
        self.process = _context.Process(target=named, args=(self.name, self.target, *self.arguments), name=self.name)
        self.process.start()
        with suppress(ProcessLookupError):
            self.handle = os.pidfd_open(self.process.pid or 0)
        self.started = time.monotonic()

    def revive(self, now: float) -> None:
        """Start it again where it has died; ever later where it dies at once."""
        if self.process is None or self.process.is_alive():
            return
        if not self.not_before:
            self.bury()
            quick = now - self.started < SHORTEST_LIFE
            self.pause = min(LONGEST_PAUSE, max(0.1, self.pause * 2)) if quick else 0.0
            self.not_before = now + self.pause
            _log.warning("process_died", process=self.name, exit=self.process.exitcode, restart_in=self.pause)
        if now >= self.not_before:
            self.not_before = 0.0
            self.restarts += 1
            self.start()

    def bury(self) -> None:
        """Make sure that it is gone: where the helper was killed, it is taken for dead and may still hold its files."""
        handle, self.handle = self.handle, None
        if handle is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], REAPING)
        os.close(handle)


def end(children: list[Child], patience: float) -> None:
    """SIGTERM, wait, and SIGKILL what has not ended by then."""
    living = [(child, child.process) for child in children if child.process is not None]
    for _, process in living:
        if process.is_alive():
            process.terminate()
    last = time.monotonic() + patience
    for child, process in living:
        process.join(max(0.0, last - time.monotonic()))
        if process.is_alive():
            _log.warning("process_killed", process=process.name)
        child.bury()
        process.join()
