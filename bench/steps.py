"""`make bench-steps`: where the microseconds of one check go, step by step, in one thread without gRPC or disk.

The steps run over and over in one place, so their code stays in the processor's caches; beside gRPC and the kernel the
same steps cost two to three times as much. The shares hold, the sums do not add up to a served call.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.checks import MIX
from bench.servers import make_registry
from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import ApplicationKind
from clearway.decision.answer import Decision
from clearway.decision.decide import decide
from clearway.decision.explain import Language
from clearway.decision.facts import CheckRequest
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.registry import Registry
from clearway.server.interceptors.validation import require_valid
from clearway.server.keys import load_keys
from clearway.server.lookup import Lookup
from clearway.server.memory import settle
from clearway.server.settings import Settings
from clearway.server.translate import Translation

NAMES = ("green channel", "restriction", "deferred", "not listed")
RUNS, BATCH = 41, 200


def microseconds(step: Callable[[], object]) -> float:
    """The median cost of a step, in µs of this thread's CPU time."""
    times = []
    for _ in range(RUNS):
        started = time.thread_time()
        for _ in range(BATCH):
            step()
        times.append((time.thread_time() - started) / BATCH * 1e6)
    return median(times)


def main() -> int:
    """Measure every step for each kind of answer and print the table."""
    table = Table("step, µs", *NAMES)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        make_registry(settings.data_dir, 20_000)
        build_index(settings)
        settle()
        columns = [measured(settings, message.SerializeToString()) for message in MIX]
    for step in columns[0]:
        table.add_row(step, *(f"{column[step]:.1f}" for column in columns))
    Console().print(table)
    return 0


def build_index(settings: Settings) -> None:
    """Bring the index in step with the registry, once."""
    keys = load_keys(settings)
    with (
        Registry.open(settings.registry_url, keys, moment=datetime.now(UTC)) as registry,
        Follower(registry.changes, IndexLayout(settings.data_dir), keys) as follower,
    ):
        follower.step(time.time())


def measured(settings: Settings, raw: bytes) -> dict[str, float]:
    """The steps of one request, in the order in which a check takes them."""
    keys, catalogue = load_keys(settings), load_catalogue(settings.catalogue)
    reader = IndexReader(IndexLayout(settings.data_dir), keys.ids)
    lookup = Lookup(keys, settings.max_index_age)
    translation = Translation(catalogue, Language.EN)
    request = pb.CheckSubjectRequest.FromString(raw)
    item = catalogue.item(request.item_code)
    if item is None:
        raise LookupError(request.item_code)
    known_item = item
    moment = datetime.now(UTC)
    day = moment.astimezone(catalogue.zone).date()
    supplied = frozenset(request.supplied_materials)
    question = CheckRequest(request.item_code, ApplicationKind.NEW, "DEMO-LICENSING", "110000", supplied)
    with reader.snapshot() as snapshot:
        applicant = lookup.applicant(request.subject, known_item)
        evidence = lookup.evidence(applicant, snapshot, moment)
        decision = decide(evidence, question, catalogue, moment, snapshot.confirmations)
        wire = pb.CheckSubjectResponse()
        translation.fill(wire.decision, decision, question, day)
        return {
            "parse": microseconds(lambda: pb.CheckSubjectRequest.FromString(raw)),
            "validate": microseconds(lambda: require_valid(request)),
            "normalise, hash": microseconds(lambda: lookup.applicant(request.subject, known_item)),
            "look up": microseconds(lambda: lookup.evidence(applicant, snapshot, moment)),
            "decide": microseconds(lambda: decide(evidence, question, catalogue, moment, snapshot.confirmations)),
            "put into words": microseconds(lambda: filled(translation, decision, question)),
            "serialise": microseconds(wire.SerializeToString),
        }


def filled(translation: Translation, decision: Decision, question: CheckRequest) -> None:
    """A decision put on the wire."""
    translation.fill(decision_pb2.Decision(), decision, question, datetime.now(UTC).date())


if __name__ == "__main__":
    sys.exit(main())
