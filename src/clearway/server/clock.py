"""The one clock of a worker. A jump backwards is noticed and said; dates never depend on two clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

TOLERATED = timedelta(seconds=1)


class SteadyClock:
    """Reads a wall clock and reports when it went back by more than a second."""

    def __init__(self, read: Callable[[], datetime], on_jump: Callable[[], object]) -> None:
        self._read = read
        self._on_jump = on_jump
        self._latest: datetime | None = None

    def __call__(self) -> datetime:
        """The time now, aware, in UTC."""
        now = self._read()
        if self._latest is not None and now < self._latest - TOLERATED:
            self._on_jump()
            self._latest = now
        elif self._latest is None or now > self._latest:
            self._latest = now
        return now
