"""What every child process does: end when it is told to, and when its parent ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

import structlog

from clearway.server.databases import Stopped

BEHIND_ANSWERS = 10
"""How much shipper and watcher give way where processors are short: an answer is waited for, what they do is not."""

READING_FEEDS = "feeds"
TELLING_ENDPOINTS = "webhooks"
"""Work that one node does for all that share a database."""

_log = structlog.get_logger(__name__)


def unless_stopped() -> contextlib.suppress:
    """What a process does unless it is told to stop before it could begin."""
    return contextlib.suppress(Stopped)


def stop_event() -> threading.Event:
    """An event that SIGTERM, SIGINT or the parent's end sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    on_orphaned(stop.set)
    return stop


def on_orphaned(then: Callable[[], object], patience: float = 30.0) -> None:
    """Call `then` when the parent process ends, however it ends; make sure this process follows within `patience`."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        _log.warning("parent_ended", pid=os.getpid())
        then()
        time.sleep(patience)
        os._exit(1)

    threading.Thread(target=watch, name="clearway-parent-watch", daemon=True).start()
