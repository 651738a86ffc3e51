"""Whether a database answers: asked by a thread of its own, so that nobody waits for one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from clearway.querylog.central import LogUnreachable
from clearway.registry.errors import RegistryError

INTERVAL = 2.0
"""Seconds between two questions."""

PATIENCE = 5.0
"""Seconds after its last answer from which on a database that has not answered again counts as gone."""


class Reach:
    """Asks a question of a database again and again, and remembers whether an answer came."""

    def __init__(self, ask: Callable[[], object], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._answered: float | None = None
        self._asked = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clearway-reach", daemon=True)

    @property
    def good(self) -> bool:
        """Whether the last question was answered, and not too long ago."""
        answered = self._answered
        return answered is not None and self._monotonic() - answered < PATIENCE

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Return when the first question was answered or has failed, or after `seconds`."""
        self._asked.wait(seconds)

    def ask(self) -> None:
        """Ask once."""
        try:
            self._ask()
            self._answered = self._monotonic()
        except (RegistryError, LogUnreachable, SQLAlchemyError, OSError):
            self._answered = None
        self._asked.set()

    def close(self) -> None:
        """Ask no more. A question that hangs is left to end by itself."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.ask()
            self._stop.wait(INTERVAL)
