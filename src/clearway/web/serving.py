"""What the web process does until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime

import structlog

from clearway.server.roles.process import on_orphaned
from clearway.server.settings import Settings
from clearway.web.app import app_of
from clearway.web.listener import Listener
from clearway.web.workers import workers_of

_log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Serve until told to stop; streams end at once, calls under way are answered."""
    workers = workers_of(settings)
    listener = Listener(app_of(settings, workers, lambda: datetime.now(UTC)), settings.drain_seconds)

    def stop() -> None:
        listener.stop()
        workers.end_streams()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    on_orphaned(lambda: loop.call_soon_threadsafe(stop))
    host, _, port = settings.web_listen.rpartition(":")
    _log.info("web_started", listen=settings.web_listen)
    try:
        await listener.run_on(host.strip("[]"), int(port))
    finally:
        await workers.close()
