"""The memory of recent request ids: what makes a retry get the recorded answer and the same check id.

Bounded in number and in time. A worker fills it at start with `recall`, adds its own with `remember`, and learns its
siblings' with `follow`, so that a retry that lands on another worker is noticed too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
from cachetools import TTLCache

from clearway.querylog.reader import Log, Tail
from clearway.querylog.record import CheckRecord


@dataclass(frozen=True, slots=True)
class Remembered:
    """The check recorded under a request id: the digest of the request's body, and the check's id."""

    digest: bytes
    check_id: str


class RequestIds:
    """Recent request ids of answered checks, each within its authority. Any thread may use it; 600 bytes an id."""

    def __init__(
        self, *, capacity: int = 50_000, seconds: float = 900.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Keeps at most `capacity` ids, the ones used longest ago going first, each for `seconds`."""
        self._capacity = capacity
        self._known: TTLCache[tuple[str, str], Remembered] = TTLCache(capacity, seconds, timer=monotonic)
        self._lock = threading.Lock()
        self.overflowed = False
        """Whether an id may have been forgotten before its time: then only the log knows for sure."""
        self.incomplete = False
        """Whether the log's ids are still to come, as while it cannot be asked or is long: the same holds then."""

    def get(self, authority: str, request_id: str) -> Remembered | None:
        """What was recorded under this id, if it is remembered."""
        with self._lock:
            return self._known.get((authority, request_id))

    def remember(self, authority: str, request_id: str, digest: bytes, check_id: str) -> None:
        """Keeps an answered check. The first one under an id stays the one that is answered again."""
        with self._lock:
            if len(self._known) >= self._capacity:
                self.overflowed = True
            self._known.setdefault((authority, request_id), Remembered(digest, check_id))

    def recall(self, log: Log, since: datetime) -> int:
        """Fills the memory from the log, shipped or not, with what was decided since; returns how many were read."""
        recent = [_bare(stored.record) for stored in log.answered_requests(since, limit=self._capacity + 1)]
        self.overflowed = self.overflowed or len(recent) > self._capacity
        # Oldest first: those go first, and the first under an id is the one that stays.
        recent = recent[: self._capacity]
        for record in reversed(recent):
            self._learn(record)
        return len(recent)

    def follow(self, tail: Tail) -> int:
        """Learns what siblings have committed since the last call; returns how many."""
        return sum(self._learn(stored.record) for stored in tail.fresh())

    def __len__(self) -> int:
        return len(self._known)

    def _learn(self, record: CheckRecord) -> bool:
        if not record.answered or not record.request_id:
            return False
        self.remember(record.authority, record.request_id, record.request_digest, record.check_id)
        return True


def _bare(record: CheckRecord) -> CheckRecord:
    """The record without its messages, which would be most of the memory while many are read."""
    return msgspec.structs.replace(record, request=b"", facts=b"", response=b"")
