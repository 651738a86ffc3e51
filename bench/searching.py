"""`make bench-search`: searching and counting a log of a million checks, embedded and on PostgreSQL.

A PostgreSQL of its own on this machine, by a Unix socket. Prints, and keeps `bench/results/search.json`.
`python -m bench.searching ROWS ENGINE…` measures another number of rows, or one engine.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from rich.console import Console

from clearway.querylog.central import open_central
from clearway.querylog.check_ids import id_at
from clearway.querylog.filter import Filter
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord, encode_record
from clearway.querylog.shipper import Shipper
from clearway.querylog.tallies import Scope
from tests.postgres import Server

RESULTS = Path(__file__).resolve().parent / "results" / "search.json"
ROWS = 1_000_000
ENGINES = ("sqlite", "postgresql")
BATCH = 5_000
SEARCHES = 100
BEGUN = datetime(2025, 1, 1, tzinfo=UTC)
LENGTH = timedelta(days=365)
OUTCOMES = ("OUTCOME_ORDINARY", "OUTCOME_GREEN_CHANNEL", "OUTCOME_DEFERRED_ACCEPTANCE", "OUTCOME_RESTRICTION")

console = Console(stderr=True)


def a_record(number: int, rows: int, random: Random) -> bytes:
    """A check of a year: 20 authorities, 2,000 officers, 3 checks a case, a million subjects, one in fifty refused."""
    moment = BEGUN + LENGTH * (number / rows)
    refused = random.random() < 0.02
    officer = random.randrange(2_000)
    return encode_record(
        CheckRecord(
            check_id=f"{id_at(moment)}-7000-8000-{number:012x}",
            decided_at=moment,
            authority=f"AUTHORITY-{officer % 20}",
            caller=f"cn=licensing-{officer % 20}",
            officer=f"officer {officer}",
            case_number=f"CASE-{random.randrange(rows // 3):08d}",
            item_code=f"ITEM-{random.randrange(30)}",
            request_id=f"request-{number}",
            request_digest=bytes(16),
            scheme="cn-uscc",
            subject="919999990000000353",
            subject_key=b"" if refused else random.randrange(rows).to_bytes(16, "big"),
            outcome="" if refused else random.choices(OUTCOMES, (80, 10, 9, 1))[0],
            standing="" if refused else random.choices(("STANDING_NOT_LISTED", "STANDING_LISTED"), (95, 5))[0],
            error_reason="ERROR_REASON_INVALID_IDENTIFIER" if refused else "",
            revision=f"r1.{'0' * 32}.1",
            edition="cn-demo",
            edition_hash="0" * 64,
            request=bytes(100),
            facts=bytes(100),
            response=bytes(400),
            worker="worker-1",
            region=f"{110000 + officer % 20}",
            elapsed_us=random.randrange(200, 5_000),
            index_age_ms=random.randrange(1_000),
        )
    )


@contextmanager
def place_of(engine: str, folder: Path) -> Iterator[Path | str]:
    """Where the log is: a file, or a database of a server that ends with it."""
    if engine == "sqlite":
        yield folder / "log.db"
        return
    server = Server.make(shared_buffers="512MB", max_wal_size="8GB")
    try:
        yield server.url(server.make_database())
    finally:
        server.remove()


@contextmanager
def filled(engine: str, rows: int) -> Iterator[Log]:
    """A log of so many rows, shipped as a node ships them."""
    with (
        tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder,
        place_of(engine, Path(folder)) as place,
        closing(Journal(Path(folder) / "journal", "w0")) as journal,
    ):
        central = open_central(place)
        random, begun = Random(1), time.perf_counter()
        with Shipper(central, Path(folder) / "journal") as shipper:
            for first in range(0, rows, BATCH):
                journal.append([a_record(number, rows, random) for number in range(first, min(rows, first + BATCH))])
                shipper.step()
            console.print(f"{engine}: {rows:,} rows in {time.perf_counter() - begun:.0f} s")
            yield Log(central, Path(folder) / "journal")
        central.dispose()


def searches(rows: int) -> dict[str, Callable[[Random], Filter]]:
    """What is searched for."""
    return {
        "a subject": lambda random: Filter(subject_key=random.randrange(rows).to_bytes(16, "big")),
        "a case": lambda random: Filter(case_number=f"CASE-{random.randrange(rows // 3):08d}"),
        "an officer": lambda random: Filter(officer=f"officer {random.randrange(2_000)}"),
        "an officer's restrictions": lambda random: Filter(
            officer=f"officer {random.randrange(2_000)}", outcome="OUTCOME_RESTRICTION"
        ),
        "an authority in a month": lambda random: Filter(
            authority=f"AUTHORITY-{random.randrange(20)}", since=BEGUN + LENGTH / 2, until=BEGUN + LENGTH * 7 / 12
        ),
        "an item, listed": lambda random: Filter(item_code=f"ITEM-{random.randrange(30)}", standing="STANDING_LISTED"),
        "refused for a reason": lambda random: Filter(error_reason="ERROR_REASON_INVALID_IDENTIFIER"),
        "nothing that is there": lambda random: Filter(item_code="NO-SUCH-ITEM"),
        "the newest": lambda random: Filter(),
    }


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that it takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def measured(log: Log, rows: int) -> dict[str, Any]:
    """Milliseconds of a page of a hundred, and seconds of counting a quarter and the whole year."""
    random = Random(2)
    found: dict[str, Any] = {}
    for name, wanted in searches(rows).items():
        times = [timed(partial(log.search, wanted(random), limit=100)) for _ in range(SEARCHES)]
        cuts = quantiles(times, n=100)
        found[name] = {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}
        console.print(name, found[name])
    for name, days in (("a quarter", 91), ("a year", 366)):
        scope = Scope(BEGUN, BEGUN + timedelta(days=days))
        counted: dict[str, Callable[[], object]] = {
            "refusals by authority": partial(log.tally, scope, ("authority", "error_reason")),
            "latency by authority": partial(log.tally, scope, ("authority", "standing", "elapsed_us")),
            "cases": lambda: sum(1 for _ in log.case_spans(scope)),  # noqa: B023
            "one subject, many cases": partial(log.busy, scope, 5),
            "walks": partial(log.walks, scope, 50),
            "officers' hours": lambda: sum(1 for _ in log.officer_hours(scope)),  # noqa: B023
        }
        for what, work in counted.items():
            found[f"{what}, {name}"] = {"s": round(timed(work) / 1000, 2)}
            console.print(f"{what}, {name}", found[f"{what}, {name}"])
    return found


def main() -> None:
    """Measure, print, keep."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    engines = sys.argv[2:] or ENGINES
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for engine in engines:
        with filled(engine, rows) as log:
            kept[engine] = {"rows": rows, "python": platform.python_version(), "figures": measured(log, rows)}
    RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
