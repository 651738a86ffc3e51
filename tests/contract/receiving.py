"""A webhook receiver on this machine: it takes down what it is sent and answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self


class Delivery(NamedTuple):
    """One request: its headers in lower case, its body, and the status it was answered with."""

    headers: dict[str, str]
    body: bytes
    status: int


class Receiver:
    """Answers each request with the status that `answer` gives for it, from its number (0, 1, …) and its body."""

    def __init__(self, answer: Callable[[int, bytes], int] = lambda number, body: 204) -> None:
        self.deliveries: list[Delivery] = []
        self._answer = answer
        self._taking = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.take(headers, body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/changes"

    @property
    def taken(self) -> list[Delivery]:
        """The requests that were answered with success."""
        return [delivery for delivery in self.deliveries if delivery.status < 300]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self._taking:
            status = self._answer(len(self.deliveries), body)
            self.deliveries.append(Delivery(headers, body, status))
            return status

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
