"""Synthetic records, and a journal that fails on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from clearway.querylog.journal import Journal, JournalFailed, Recovery
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord, encode_record
from clearway.querylog.shipper import Shipper

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_check_id(number: int) -> str:
    """A UUIDv7-shaped id; its order is the order of `number`."""
    return f"0195a0b0-0000-7000-8000-{number:012x}"


def a_record(number: int = 1, **changes: Any) -> CheckRecord:
    fields: dict[str, Any] = {
        "check_id": a_check_id(number),
        "decided_at": NOON + timedelta(seconds=number),
        "authority": "DEMO-LICENSING",
        "caller": "local",
        "officer": "officer 7",
        "case_number": f"CASE-{number}",
        "item_code": "FOOD-OPERATION",
        "request_id": f"request-{number}",
        "request_digest": bytes(16),
        "scheme": "cn-uscc",
        "subject": "91350100M000100Y43",
        "subject_key": bytes(range(16)),
        "outcome": "OUTCOME_ORDINARY",
        "standing": "STANDING_NOT_LISTED",
        "error_reason": "",
        "revision": "db:1",
        "edition": "cn-demo",
        "edition_hash": "0" * 64,
        "request": b"\x00request\xff",
        "facts": b"facts",
        "response": b"response",
        "worker": "w0",
    }
    return CheckRecord(**(fields | changes))


def raws(*numbers: int, **changes: Any) -> list[bytes]:
    return [encode_record(a_record(number, **changes)) for number in numbers]


def log_of(central: Engine, journals: Path, shipped: Iterable[CheckRecord], waiting: Iterable[CheckRecord] = ()) -> Log:
    """A log with some checks shipped and some still in a journal."""
    journal = Journal(journals, "w0")
    journal.append([encode_record(record) for record in shipped])
    with Shipper(central, journals) as shipper:
        shipper.step()
    journal.append([encode_record(record) for record in waiting])
    journal.close()
    return Log(central, journals)


class FaultyJournal:
    """Keeps batches in memory; waits at `gate` before each; fails while `failing`; recovers after `stuck` tries."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.failing = False
        self.stuck = 0
        self.recoveries = 0
        self.closed = False

    def append(self, batch: Sequence[bytes]) -> None:
        self.gate.wait()
        if self.failing:
            raise JournalFailed("no space left on device")
        self.batches.append(list(batch))

    def recover(self, batch: Sequence[bytes] = ()) -> Recovery:
        self.recoveries += 1
        if self.recoveries <= self.stuck:
            raise JournalFailed("still no space")
        self.failing = False
        return Recovery("w0-0001", len(batch), 0)

    def close(self) -> None:
        self.closed = True
