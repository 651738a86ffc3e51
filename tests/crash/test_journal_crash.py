"""kill -9 at random moments: every acknowledged record is on disk, and reaches the central log exactly once."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE, open_central
from clearway.querylog.reader import Log
from clearway.querylog.segment import open_rows, rows_after, segments, set_aside
from clearway.querylog.shipper import Shipper

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash")]

_RECORD = """
from datetime import UTC, datetime
from clearway.querylog.record import CheckRecord, encode_record
def record(worker, number):
    check_id = f"0195a0b0-0000-7000-{worker:04x}-{number:012x}"
    text = dict.fromkeys(("authority", "caller", "officer", "case_number", "item_code", "request_id", "scheme",
        "subject", "outcome", "standing", "error_reason", "revision", "edition", "edition_hash", "worker"), "x")
    payload = dict.fromkeys(("request_digest", "subject_key", "request", "facts", "response"), bytes(16))
    return check_id, encode_record(CheckRecord(check_id=check_id, decided_at=datetime.now(UTC), **text, **payload))
"""

_WORKER = (
    _RECORD
    + """
import asyncio, os, sys
from pathlib import Path
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.journal import Journal, SegmentLimits

async def main(journals, worker):
    log = GroupCommit(Journal(journals, f"w{worker}", SegmentLimits(rows=300)))
    numbers = iter(range(1_000_000))
    async def putter():
        for number in numbers:
            check_id, raw = record(worker, number)
            await log.put(raw)
            os.write(1, check_id.encode() + b"\\n")  # the answer leaves
    await asyncio.gather(*(putter() for _ in range(16)))

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""
)

_SHIPPER = """
import sys, threading
from pathlib import Path
from clearway.querylog.central import open_central
from clearway.querylog.shipper import Shipper
central = open_central(Path(sys.argv[1]))
with Shipper(central, Path(sys.argv[2]), batch_rows=20, keep=0) as shipper:
    print("begins", flush=True)
    shipper.run(threading.Event(), 0.001)
"""


def _start(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE)


def _kill_after(process: subprocess.Popen[bytes], seconds: float, least: int = 1) -> list[str]:
    """Kills the process `seconds` after its first line, or once it has written `least` of them where that is later.

    Returns every whole line that it wrote.
    """
    assert process.stdout is not None
    output, ends = b"", time.monotonic() + 30
    begun: float | None = None
    while (left := ends - time.monotonic()) > 0:
        if select.select([process.stdout], [], [], left)[0]:
            begun = begun or time.monotonic()
            piece = os.read(process.stdout.fileno(), 1 << 16)
            if not piece:
                break
            output += piece
        if begun is not None and output.count(b"\n") >= least:
            ends = begun + seconds
    process.send_signal(signal.SIGKILL)
    output += process.stdout.read()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return output.decode().split("\n")[:-1]


def test_an_owner_killed_under_load_has_every_acknowledged_record_on_disk(tmp_path: Path) -> None:
    journals, chance = tmp_path / JOURNAL_DIRECTORY, random.Random(20260302)
    acknowledged: list[str] = []
    for worker in range(6):
        acknowledged += _kill_after(_start(_WORKER, journals, worker), chance.uniform(0.01, 0.4), least=32)
    assert len(acknowledged) > 100
    on_disk = b""
    for files in segments(journals):
        connection = open_rows(files)
        if connection is not None:
            with closing(connection):
                on_disk += b"".join(raw for _, raw in rows_after(connection, 0))
    assert [check_id for check_id in acknowledged if check_id.encode() not in on_disk] == []


def test_workers_and_shippers_killed_at_random_leave_each_record_in_the_log_once(tmp_path: Path) -> None:
    journals, log_file, chance = tmp_path / JOURNAL_DIRECTORY, tmp_path / LOG_FILE, random.Random(20260303)
    central = open_central(log_file)
    acknowledged: list[str] = []
    for worker in range(5):
        writing = _start(_WORKER, journals, worker)
        for _ in range(3):
            shipping = _start(_SHIPPER, log_file, journals)
            _kill_after(shipping, chance.uniform(0.05, 0.5))
        acknowledged += _kill_after(writing, 0.05, least=32)
    pending = Counter(stored.record.check_id for stored in Log(central, journals).export())
    with central.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM check_log")).scalar_one() > 100
    with Shipper(central, journals, keep=0) as shipper:
        while shipper.step().rows:
            pass
    shipped = Counter(stored.record.check_id for stored in Log(central, journals).export())
    assert len(acknowledged) > 100
    assert [check_id for check_id in acknowledged if shipped[check_id] != 1] == []
    assert [check_id for check_id, times in shipped.items() if times != 1] == []
    assert pending == shipped, "the export shows each row once while it is still on its way"
    assert (segments(journals), set_aside(journals)) == ([], [])
    central.dispose()
