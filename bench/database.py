"""`make bench-database`: shipping, importing and following on PostgreSQL, and beside it on embedded SQLite.

A server of its own on this machine, by a Unix socket, with fsync; so the figures hold no network. Prints, and keeps
`bench/results/database.json`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import structlog
import uuid_utils
from rich.console import Console

from bench.results import FOLDER, machine
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.central import attach, open_central
from clearway.querylog.central_journal import CentralJournal
from clearway.querylog.group_commit import BatchJournal, GroupCommit
from clearway.querylog.journal import Journal
from clearway.querylog.record import CheckRecord, encode_record
from clearway.querylog.request_claims import RequestClaims
from clearway.querylog.shipper import Shipper
from clearway.registry.commands import RegisterSubject
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, write
from clearway.subjects.keys import SubjectKeys
from tests.postgres import Server

RESULTS = FOLDER / "database.json"
KEYS = SubjectKeys(bytes(range(32)))
IMPORTED = 100_000
SHIPPED = 60_000
NODES = 2
COMMITS = 200
RECORDED = 20_000
WAITING = 64
LISTED = 0.1
"""The share of checks whose answer speaks of a listing."""

console = Console(stderr=True)


def a_record(number: int) -> bytes:
    """A record as a check leaves it: 1.4 kB, of which most are the messages."""
    return encode_record(
        CheckRecord(
            check_id=str(uuid_utils.uuid7()),
            decided_at=datetime.now(UTC),
            authority="DEMO-LICENSING",
            caller="local",
            officer=f"officer {number % 50}",
            case_number=f"CASE-{number:08d}",
            item_code="FOOD-OPERATION",
            request_id=f"request-{number}",
            request_digest=bytes(16),
            scheme="cn-uscc",
            subject=code_of(number),
            subject_key=number.to_bytes(16, "big"),
            outcome="OUTCOME_ORDINARY",
            standing="STANDING_NOT_LISTED",
            error_reason="",
            revision=f"r1.{'0' * 32}.1",
            edition="cn-demo",
            edition_hash="0" * 64,
            request=bytes(150),
            facts=bytes(200),
            response=bytes(600),
            worker="worker-1",
            listings=(f"L-{number}",) if number % round(1 / LISTED) == 0 else (),
        )
    )


def fill_journal(folder: Path, rows: int) -> None:
    """A journal of one worker with so many rows."""
    with closing(Journal(folder, f"worker-1-{uuid_utils.uuid7().hex}")) as journal:
        for start in range(0, rows, 500):
            journal.append([a_record(number) for number in range(start, min(rows, start + 500))])


def ship(where: Path | str, journals: Path) -> float:
    """Seconds until every row of the journals is in the central log."""
    central = open_central(where)
    with Shipper(central, journals) as shipper:
        begun = time.monotonic()
        while shipper.step().rows:
            pass
        seconds = time.monotonic() - begun
    central.dispose()
    return seconds


def ship_from_nodes(where: Path | str, folders: list[Path]) -> float:
    """The same, by a shipper for each of several nodes at once."""
    threads = [threading.Thread(target=ship, args=(where, folder)) for folder in folders]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def import_rows(url: str, file: Path) -> float:
    """Seconds that an import takes."""
    with Registry.open(url, KEYS, moment=datetime.now(UTC)) as registry:
        begun = time.monotonic()
        report = registry.import_feed("flat-csv", file, actor="bench", moment=datetime.now(UTC))
        seconds = time.monotonic() - begun
    if report.accepted != report.rows:
        raise RuntimeError("rows were not taken")
    return seconds


def visible_after(url: str, folder: Path) -> list[float]:
    """Milliseconds from before a commit begins until a reader of another process's kind sees it in the index."""
    stop = threading.Event()
    layout = IndexLayout(folder)
    with (
        Registry.open(url, KEYS, moment=datetime.now(UTC)) as registry,
        Follower(registry.changes, layout, KEYS) as follower,
        registry.waiting(stop) as pause,
    ):
        follower.step(time.time())
        following = threading.Thread(target=follower.run, args=(stop, 0.05), kwargs={"pause": pause})
        following.start()
        try:
            with IndexReader(layout, KEYS.ids) as reader:
                return [commit_and_wait(registry, reader, number) for number in range(COMMITS)]
        finally:
            stop.set()
            following.join()


def commit_and_wait(registry: Registry, reader: IndexReader, number: int) -> float:
    begun = time.monotonic()
    command = RegisterSubject("cn-uscc", code_of(50_000_000 + number))
    revision = registry.execute(command, actor="bench", moment=datetime.now(UTC))
    while True:
        with reader.snapshot() as snapshot:
            if snapshot.revision >= revision:
                break
        time.sleep(0.0005)
    taken = time.monotonic() - begun
    time.sleep(0.02)
    return taken * 1000


async def recorded_by(journal: BatchJournal, waiting: int) -> dict[str, float]:
    """Rows a second through group commit with so many handlers at once, and how long each of them waits, in ms."""
    commit, left, waits = GroupCommit(journal), iter(range(RECORDED if waiting > 1 else RECORDED // 40)), []

    async def handler() -> None:
        for number in left:
            record, begun = a_record(number), time.monotonic()
            await commit.put(record)
            waits.append((time.monotonic() - begun) * 1000)

    begun = time.monotonic()
    await asyncio.gather(*(handler() for _ in range(waiting)))
    seconds = time.monotonic() - begun
    await commit.close()
    return {"rows_per_second": round(len(waits) / seconds), **spread(waits)}


def durability(url: str, folder: Path) -> dict[str, Any]:
    """What it costs that a row is on the node's disk, or in the database, before its answer leaves."""
    open_central(url).dispose()
    makers: dict[str, Callable[[], BatchJournal]] = {
        "local": lambda: Journal(folder / "recorded", f"worker-1-{uuid_utils.uuid7().hex}"),
        "central": lambda: CentralJournal(attach(url)),
    }
    return {
        name: {f"{waiting}_waiting": asyncio.run(recorded_by(make(), waiting)) for waiting in (1, WAITING)}
        for name, make in makers.items()
    }


def claimed(url: str) -> dict[str, Any]:
    """Milliseconds of a question to the database that claims one request id, or as many as wait at once."""
    found = {}
    with closing(RequestClaims(attach(url), "bench", timedelta(hours=1))) as claims:
        for ids in (1, WAITING):
            taken = []
            for _ in range(COMMITS):
                keys = [("DEMO-LICENSING", str(uuid_utils.uuid7())) for _ in range(ids)]
                begun = time.monotonic()
                claims.claim(keys, datetime.now(UTC))
                taken.append((time.monotonic() - begun) * 1000)
            found[f"{ids}_ids"] = spread(taken)
    return found


def spread(milliseconds: list[float]) -> dict[str, float]:
    """The middle, the 99th of a hundred, and the longest."""
    parts = quantiles(milliseconds, n=100)
    return {"p50": round(parts[49], 2), "p99": round(parts[98], 2), "max": round(max(milliseconds), 2)}


def measure(server: Server, folder: Path) -> dict[str, Any]:
    """Every figure, on both engines."""
    file = folder / "synthetic.csv"
    write(file, IMPORTED, (datetime.now(UTC) - timedelta(days=1)).date())
    fill_journal(folder / "journal", SHIPPED)
    halves = [folder / f"node-{number}" for number in range(NODES)]
    for half in halves:
        fill_journal(half, SHIPPED // NODES)
    found: dict[str, Any] = {}
    for engine in ("sqlite", "postgresql"):
        on_sqlite = engine == "sqlite"
        url = f"sqlite:///{folder / 'registry.db'}" if on_sqlite else server.url(server.make_database())
        log: Path | str = folder / "log.db" if on_sqlite else url
        seconds = import_rows(url, file)
        found[engine] = {"import_rows_per_second": round(IMPORTED / seconds)}
        journals = folder / f"journal-{engine}"
        shutil.copytree(folder / "journal", journals)
        found[engine]["shipped_rows_per_second"] = round(SHIPPED / ship(log, journals))
        if not on_sqlite:
            another = server.url(server.make_database())
            open_central(another).dispose()
            rate = round(SHIPPED / ship_from_nodes(another, halves))
            found[engine][f"shipped_rows_per_second_from_{NODES}_nodes"] = rate
            found["durability"] = durability(another, folder)
            found["request_claims_ms"] = claimed(another)
        found[engine]["visible_ms"] = spread(visible_after(url, folder / f"index-{engine}"))
        console.print(found)
    return found


def main() -> None:
    """Measure and keep the results."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    server = Server.make(shared_buffers="512MB", max_wal_size="8GB")
    try:
        with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
            found = measure(server, Path(folder))
    finally:
        server.remove()
    found["machine"] = machine()
    found["rows"] = {"imported": IMPORTED, "shipped": SHIPPED, "commits": COMMITS}
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
