"""`make bench-watching`: what it costs to hold 100,000 pending cases, and how fast their answers are decided anew."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uuid_utils
from rich.console import Console
from sqlalchemy import Engine, insert

from bench.checks import check
from bench.servers import make_registry
from clearway.catalogue.loader import load_catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.arrivals import Arrivals
from clearway.querylog.central import check_log, open_central, row_of
from clearway.querylog.record import CheckRecord, encode_record
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, name_of
from clearway.server.keys import load_keys
from clearway.server.lookup import Lookup, RecordedKeys
from clearway.server.settings import Settings
from clearway.server.sources import ScheduledSources
from clearway.server.watching.pending import PendingCheck, Told
from clearway.server.watching.progress import ProgressFile
from clearway.server.watching.reconsidering import Reconsidering
from clearway.server.watching.watcher import Sources, Watcher

CASES = 100_000
SUBJECTS = 100_000


def resident() -> float:
    """This process's memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def records(reconsidering: Reconsidering, reader: IndexReader, lookup: Lookup) -> Iterator[CheckRecord]:
    """Answered checks, each of another case and subject, as workers record them."""
    catalogue = load_catalogue("cn-demo")
    now = datetime.now(UTC)
    with reader.snapshot() as snapshot:
        for number in range(CASES):
            request = check(code_of(number))
            request.case_number = f"CASE-{number:08d}"
            request.subject.name = name_of(number)
            item = catalogue.item(request.item_code)
            assert item is not None
            applicant = lookup.applicant(request.subject, item)
            response = pb.CheckSubjectResponse()
            question = PendingCheck(
                key=b"",
                check_id="",
                authority="DEMO-LICENSING",
                case_number="",
                item_code=item.code,
                officer="",
                request=request.SerializeToString(),
                language=Language.EN,
                keys=RecordedKeys(applicant.key),
                told=Told(b""),
            )
            answered = reconsidering.decide(question, snapshot, now)
            assert answered is not None
            response.decision.CopyFrom(answered.decision)
            yield CheckRecord(
                check_id=str(uuid_utils.uuid7()),
                decided_at=now,
                authority="DEMO-LICENSING",
                caller="local",
                officer=request.officer,
                case_number=request.case_number,
                item_code=request.item_code,
                request_id="",
                request_digest=b"",
                scheme=applicant.scheme,
                subject=applicant.shown,
                subject_key=applicant.key,
                outcome="OUTCOME_ORDINARY",
                standing="STANDING_NOT_LISTED",
                error_reason="",
                revision="",
                edition="",
                edition_hash="",
                request=request.SerializeToString(),
                facts=b"",
                response=response.SerializeToString(),
                worker="bench",
            )


def fill(log: Engine, reconsidering: Reconsidering, reader: IndexReader, lookup: Lookup) -> None:
    """Write the checks down as the shipper does."""
    with log.begin() as central:
        for record in records(reconsidering, reader, lookup):
            central.execute(insert(check_log), row_of(record, encode_record(record)))


def list_one(registry: Registry, number: int) -> None:
    """Put one subject on a list."""
    day = datetime.now(UTC).date() - timedelta(days=2)
    entry = commands.ListSubject(
        "cn-uscc",
        code_of(number),
        "L-BENCH",
        "SAMR-SERIOUS",
        document_number="SYN-1",
        document_date=day,
        effective_from=day,
    )
    known = commands.RegisterSubject("cn-uscc", code_of(number), name_of(number))
    registry.execute(known, entry, actor="bench", moment=datetime.now(UTC))


def seconds(act: Callable[[], object]) -> tuple[float, object]:
    """How much processor time it took, and what came of it: the watcher gives way, so its own time is what counts."""
    started = time.process_time()
    found = act()
    return time.process_time() - started, found


def measure(settings: Settings, console: Console) -> None:
    """Fill a log, load a watcher from it, and print what it costs."""
    keys, catalogue = load_keys(settings), load_catalogue("cn-demo")
    lookup = Lookup(keys, settings.max_index_age)
    reconsidering = Reconsidering(catalogue, lookup, keys, ScheduledSources(()))
    log, layout = open_central(settings.log_file), IndexLayout(settings.data_dir)
    with (
        Registry.open(settings.registry_url, keys, moment=datetime.now(UTC)) as registry,
        Follower(registry.changes, layout, keys) as follower,
    ):
        follower.step(time.time())
        reader = IndexReader(layout, keys.ids)
        fill(log, reconsidering, reader, lookup)
        progress = ProgressFile(settings.data_dir)
        sources = Sources(Arrivals(log), registry.case_changes, registry.changes, reader, progress)
        open_for = timedelta(days=settings.case_open_days)
        watcher = Watcher(sources, reconsidering, open_for, settings.max_index_age, lambda: datetime.now(UTC))
        before = resident()
        loaded, _ = seconds(watcher.load)
        held = resident() - before
        follower.step(time.time())
        compared, turned = seconds(watcher.step)
        list_one(registry, CASES - 1)
        follower.step(time.time())
        one, told = seconds(watcher.step)
    console.print(f"pending cases           {watcher.pending:>10,}")
    console.print(f"taken in at start       {loaded:>10.1f} s   {CASES / loaded:,.0f}/s")
    console.print(f"memory for them         {held:>10.0f} MB")
    console.print(f"all decided anew        {compared:>10.1f} s   {CASES / compared:,.0f}/s, {turned} changes")
    console.print(f"one subject listed      {one * 1000:>10.1f} ms  {told} change")


def main() -> int:
    """Measure once, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        make_registry(settings.data_dir, SUBJECTS)
        measure(settings, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
