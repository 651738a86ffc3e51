"""The HTTP listener: uvicorn, held to bounds that it does not set itself.

A caller has some seconds for the head of a request, which is not longer than anybody needs, and there are so many
connections and no more. What breaks these rules has its connection closed, as it has not asked anything yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""Within which the head of a request has to arrive."""

HEAD_BYTES = 32 * 1024
"""Of address and headers together, give or take what arrives at once."""

MOST_CONNECTIONS = 4096
IDLE_SECONDS = 60
"""For which a connection may stand unused."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection that cannot be held open by saying nothing, nor fill memory before it says something."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Close it where there are too many; else wait for the first head."""
        super().connection_made(transport)
        self._head: asyncio.TimerHandle | None = None
        self._in_head = True
        self._unread = 0
        self._heads = 0
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; close where a head grows beyond all need."""
        if self._in_head and self._head is None:
            self._expect_head()
        in_head, heads = self._in_head, self._heads
        super().data_received(data)
        # A body, or a whole request, that these bytes end is not part of the next one's head.
        if in_head and self._heads == heads:
            self._unread += len(data)
            if self._unread > HEAD_BYTES:
                self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is there: what follows is the body, which whoever answers reads within bounds of its own."""
        self._head_is_there()
        self._in_head = False
        self._heads += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes begin a head again."""
        super().on_message_complete()
        self._in_head = True
        self._unread = 0

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_is_there(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class Listener(uvicorn.Server):
    """Serves an application on an address until told to stop; signals are the process's own matter."""

    def __init__(self, app: Any, drain_seconds: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=GuardedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=max(1, int(drain_seconds)),
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    def stop(self) -> None:
        """Take no more connections; `run_on` returns when what is under way has ended, or its time is up."""
        self.should_exit = True

    async def run_on(self, host: str, port: int) -> None:
        """Serve on a port that the node's parent holds."""
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own.bind((host, port))
            await self.serve(sockets=[own])
