"""The web process of a node: started by the node's parent beside its workers, where `web_listen` asks for it."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime

import structlog
import uvloop

from clearway.server.logs import configure_logs
from clearway.server.roles import on_orphaned
from clearway.server.settings import Settings
from clearway.server.supervisor import Child
from clearway.web.app import app_of
from clearway.web.listener import Listener
from clearway.web.workers import workers_of

_log = structlog.get_logger(__name__)


def web_processes(settings: Settings) -> list[Child]:
    """The web process, or none."""
    return [Child("web", run_web, (settings,))] if settings.web_listen else []


def run_web(settings: Settings) -> None:
    """Serve HTTP until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    uvloop.run(serve(settings))


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
