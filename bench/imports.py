"""A list of a million rows into a fresh registry, their index by the real follower, and what both cost.

The import and the follower each run in a process of their own, as on a node, so that each has a peak of its own:
the most anonymous memory it held, sampled from outside (file pages, which the kernel takes back at will, do not count).
Afterwards subjects are looked up on the new index by the code they were listed under and by the old numbers inside it.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median

from bench.plan import Plan
from bench.results import Figures
from bench.steps import build_index
from clearway.catalogue.loader import load_catalogue
from clearway.decision.facts import Known
from clearway.gen.v1 import subject_pb2
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, write
from clearway.server.keys import load_keys
from clearway.server.lookup import Lookup
from clearway.server.settings import Settings
from clearway.subjects.schemes import taxno, uscc

LOOKED_UP = 2_000

_SAMPLED_EVERY = 0.05
_REGION = "999999"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a part took: seconds by the clock and of the processor, and MiB of anonymous memory at its peak."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def measure(plan: Plan) -> Figures:
    """Write the list, import it, build its index, and look subjects up."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        load_keys(settings)
        file = settings.data_dir / "synthetic.csv"
        write(file, plan.imported, datetime.now(UTC).date())
        imported = cost_of(import_rows, settings.data_dir)
        indexed = cost_of(index_rows, settings.data_dir)
        return {
            "rows": plan.imported,
            "seconds": round(imported.seconds + indexed.seconds, 1),
            "rows_per_second": round(plan.imported / (imported.seconds + indexed.seconds)),
            "imported_rows_per_second": round(plan.imported / imported.seconds),
            "indexed_subjects_per_second": round(plan.imported / indexed.seconds),
            "import": asdict(imported),
            "index": asdict(indexed),
            "file_mib": mib(file.stat().st_size),
            "registry_mib": size_of(settings.data_dir.glob("*.db*")),
            "index_mib": size_of(IndexLayout(settings.data_dir).directory.glob("*.mdb")),
            "look_up_us": look_up(settings, plan.imported),
        }


def import_rows(data_dir: Path) -> None:
    """Import the synthetic file into a fresh registry."""
    settings, now = Settings(data_dir=data_dir), datetime.now(UTC)
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        registry.import_feed("flat-csv", data_dir / "synthetic.csv", actor="bench", moment=now)


def index_rows(data_dir: Path) -> None:
    """One step of a node's follower: the whole index."""
    build_index(Settings(data_dir=data_dir))


def cost_of(part: Callable[[Path], None], data_dir: Path) -> Cost:
    """Run a part in a process of its own and measure it. What starting Python takes does not count."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=run_part, args=(part, data_dir, sending))
    child.start()
    sending.close()
    peak = 0.0
    while not receiving.poll(_SAMPLED_EVERY):
        peak = max(peak, anonymous_mib(child.pid))
    try:
        seconds, cpu_seconds = receiving.recv()
    finally:
        child.join()
    return Cost(round(seconds, 2), round(cpu_seconds, 2), round(peak, 1))


def run_part(part: Callable[[Path], None], data_dir: Path, sending: Connection) -> None:
    """In the child: do the part and say how long it took."""
    started, cpu_started = time.monotonic(), time.process_time()
    part(data_dir)
    sending.send((time.monotonic() - started, time.process_time() - cpu_started))


def anonymous_mib(pid: int | None) -> float:
    """MiB of a process's memory that belong to no file; 0 where it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) / 1024
    return 0.0


def look_up(settings: Settings, rows: int) -> dict[str, float]:
    """The median look-up, in µs of this thread, by each code a subject answers to. Raises where one is not found."""
    keys = load_keys(settings)
    lookup = Lookup(keys, settings.max_index_age)
    item = load_catalogue(settings.catalogue).item("FOOD-OPERATION")
    if item is None:
        raise LookupError("the shipped edition has no such item")
    numbers = Random(1).sample(range(len(Character) - 1, rows), min(LOOKED_UP, rows - len(Character)))
    now = datetime.now(UTC)
    found: dict[str, float] = {}
    with IndexReader(IndexLayout(settings.data_dir), keys.ids) as reader, reader.snapshot() as snapshot:
        for scheme, code in codes().items():
            times = []
            for number in numbers:
                subject = subject_pb2.Subject()
                subject.identifier.scheme, subject.identifier.value = scheme, code(number)
                started = time.perf_counter()
                evidence = lookup.evidence(lookup.applicant(subject, item), snapshot, now)
                times.append((time.perf_counter() - started) * 1e6)
                if not isinstance(evidence, Known) or evidence.profile.code != code_of(number):
                    raise LookupError(f"not found by its {scheme}")
            found[scheme] = round(median(times), 1)
    return found


def codes() -> dict[str, Callable[[int], str]]:
    """Scheme → the code of that scheme by which a synthetic subject must be found."""
    return {
        "cn-uscc": code_of,
        "cn-orgcode": lambda number: code_of(number)[uscc.ORGANISATION],
        taxno.NAME: lambda number: _REGION + code_of(number)[uscc.ORGANISATION],
    }


def size_of(files: Iterable[Path]) -> float:
    """MiB of all these files."""
    return mib(sum(file.stat().st_size for file in files))


def mib(size: int) -> float:
    """Bytes as MiB."""
    return round(size / (1 << 20), 1)
