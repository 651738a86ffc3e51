"""Waiting for what comes about by itself, and ports that nobody has."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def until(holds: Callable[[], object], within: float = 20.0) -> None:
    """Wait until it holds; fails where it does not within so many seconds."""
    last = time.monotonic() + within
    while not holds():
        assert time.monotonic() < last, "it did not come about in time"
        time.sleep(0.05)


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
