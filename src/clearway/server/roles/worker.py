"""The worker: answers checks on the shared port."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from clearway.server.logs import configure_logs
from clearway.server.roles.process import (
    on_orphaned,
)
from clearway.server.settings import Settings
from clearway.server.worker import Worker

HANDOVER = 0.0003
"""Seconds after which a worker's event loop hands the interpreter over to a thread that waits for it.

The journal's thread needs it before and after each sync, and every answer waits for that; Python's own 5 ms would be
ten times the sync.
"""


def run(settings: Settings, name: str) -> None:
    """Serve checks until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    sys.setswitchinterval(HANDOVER)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        on_orphaned(lambda: loop.call_soon_threadsafe(stop.set))
        await Worker(settings, name).run(stop)

    uvloop.run(serve())
