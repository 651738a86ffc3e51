"""What Prometheus is told of a node: its index, its exposure, its processes; read from the data folder when it asks.

Nothing here needs the database: an outage is when these are looked at. docs/operations.md lists every metric; a test
holds the page to `NODE_FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader
from clearway.querylog.reader import Backlog, Log
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder, WorkerVitals


class Sample(NamedTuple):
    """A value under the labels of its family. Of a summary it is the sum, and `observed` says of how many."""

    value: float
    labels: tuple[str, ...] = ()
    observed: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """What the index says of itself."""

    synced_at: float
    subjects: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker's account, and how long ago it was given."""

    name: str
    silent: float
    vitals: WorkerVitals


@dataclass(frozen=True, slots=True)
class Reading:
    """A node at one moment. `index` is None where it cannot be read."""

    moment: datetime
    index: Index | None
    backlog: Backlog
    damaged_segments: int
    registry_reachable: bool
    supervisor: SupervisorVitals
    workers: tuple[Worker, ...]


@dataclass(frozen=True, slots=True)
class NodeFamily:
    """A metric of a node: its name, what it means, its kind and labels, and its values."""

    name: str
    help: str
    samples: Callable[[Reading], Iterator[Sample]]
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily] | type[SummaryMetricFamily] = GaugeMetricFamily
    labels: tuple[str, ...] = ()

    def of(self, reading: Reading | None) -> Metric:
        """The metric as of this reading; without values where there is none."""
        family = self.kind(self.name, self.help, labels=self.labels)
        for sample in self.samples(reading) if reading is not None else ():
            if isinstance(family, SummaryMetricFamily):
                family.add_metric(sample.labels, count_value=sample.observed, sum_value=sample.value)
            else:
                family.add_metric(sample.labels, sample.value)
        return family


def one(value: Callable[[Reading], float | None]) -> Callable[[Reading], Iterator[Sample]]:
    """The samples of a metric with one value, or with none where it is None."""

    def samples(reading: Reading) -> Iterator[Sample]:
        found = value(reading)
        if found is not None:
            yield Sample(found)

    return samples


def per_worker(value: Callable[[Worker], float]) -> Callable[[Reading], Iterator[Sample]]:
    """The samples of a metric with a value a worker."""
    return lambda reading: (Sample(value(worker), (worker.name,)) for worker in reading.workers)


def index_age(reading: Reading) -> float | None:
    """Seconds since the follower last said that nothing newer was in the registry."""
    return None if reading.index is None else reading.moment.timestamp() - reading.index.synced_at


def oldest_age(reading: Reading) -> float:
    """Seconds that the oldest unshipped row has waited."""
    oldest = reading.backlog.oldest
    return 0.0 if oldest is None else (reading.moment - oldest).total_seconds()


def refusals(reading: Reading) -> Iterator[Sample]:
    """What each worker refused, by reason."""
    for worker in reading.workers:
        for reason, count in sorted(worker.vitals.refused.items()):
            yield Sample(count, (worker.name, reason))


def commits(reading: Reading) -> Iterator[Sample]:
    """How long each worker's commits took."""
    for worker in reading.workers:
        yield Sample(worker.vitals.commit_seconds, (worker.name,), worker.vitals.commits)


NODE_FAMILIES = (
    NodeFamily(
        "clearway_index_age_seconds",
        "Seconds since the follower last found nothing newer in the registry: its heartbeat; absent without an index.",
        one(index_age),
    ),
    NodeFamily(
        "clearway_index_readable",
        "1 where checks can be looked up, else 0.",
        one(lambda reading: float(reading.index is not None)),
    ),
    NodeFamily(
        "clearway_index_subjects",
        "Subjects in the index; absent without one.",
        one(lambda reading: None if reading.index is None else float(reading.index.subjects)),
    ),
    NodeFamily(
        "clearway_registry_reachable",
        "1 where the registry's database answered within the last seconds, else 0.",
        one(lambda reading: float(reading.registry_reachable)),
    ),
    NodeFamily(
        "clearway_unshipped_rows",
        "Rows of the node's journals that are not known to be in the central log: what is lost with the node.",
        one(lambda reading: float(reading.backlog.rows)),
    ),
    NodeFamily(
        "clearway_unshipped_oldest_age_seconds",
        "Seconds that the oldest of them has waited; 0 where none waits.",
        one(oldest_age),
    ),
    NodeFamily(
        "clearway_journal_damaged_segments",
        "Journal files that were set aside because they could not be read.",
        one(lambda reading: float(reading.damaged_segments)),
    ),
    NodeFamily(
        "clearway_process_restarts_total",
        "How often the supervisor started a process again.",
        lambda reading: (Sample(count, (process,)) for process, count in sorted(reading.supervisor.restarts.items())),
        CounterMetricFamily,
        ("process",),
    ),
    NodeFamily(
        "clearway_worker_silent_seconds",
        "Seconds since the worker gave account of itself, which it does once a second.",
        per_worker(lambda worker: worker.silent),
        labels=("process",),
    ),
    NodeFamily(
        "clearway_worker_calls_in_flight",
        "Calls that the worker has let in and not answered.",
        per_worker(lambda worker: worker.vitals.in_flight),
        labels=("process",),
    ),
    NodeFamily(
        "clearway_worker_records_waiting",
        "Records that wait for the worker's next commit.",
        per_worker(lambda worker: worker.vitals.waiting),
        labels=("process",),
    ),
    NodeFamily(
        "clearway_worker_records_total",
        "Records that the worker has put on disk.",
        per_worker(lambda worker: worker.vitals.records),
        CounterMetricFamily,
        ("process",),
    ),
    NodeFamily(
        "clearway_worker_refused_total",
        "Calls that got no answer, by the reason their callers were told.",
        refusals,
        CounterMetricFamily,
        ("process", "reason"),
    ),
    NodeFamily(
        "clearway_journal_commit_seconds",
        "Commits of the worker's journal, and how long they took together.",
        commits,
        SummaryMetricFamily,
        ("process",),
    ),
)
"""Every metric of a node."""


@dataclass(frozen=True, slots=True)
class NodeSources:
    """Where a node's reading comes from."""

    index: IndexReader
    log: Log
    damaged_segments: Callable[[], int]
    registry_reachable: Callable[[], bool]
    vitals: VitalsFolder
    workers: Sequence[str]


class NodeMetrics(Collector):
    """The metrics of one node, read at the moment of asking."""

    def __init__(self, sources: NodeSources, clock: Callable[[], datetime]) -> None:
        self._sources = sources
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Every family, in the table's order."""
        reading = self.read()
        for family in NODE_FAMILIES:
            yield family.of(reading)

    def describe(self) -> Iterator[Metric]:
        """The families without values: registering asks for names, not for the node."""
        for family in NODE_FAMILIES:
            yield family.of(None)

    def read(self) -> Reading:
        """The node now."""
        sources, moment = self._sources, self._clock()
        return Reading(
            moment=moment,
            index=self._index(),
            backlog=sources.log.backlog(),
            damaged_segments=sources.damaged_segments(),
            registry_reachable=sources.registry_reachable(),
            supervisor=sources.vitals.read(SUPERVISOR, SupervisorVitals) or SupervisorVitals(),
            workers=tuple(self._workers(moment)),
        )

    def _index(self) -> Index | None:
        self._sources.index.refresh()
        try:
            with self._sources.index.snapshot() as snapshot:
                return Index(snapshot.synced_at, snapshot.subjects)
        except IndexUnavailable:
            return None

    def _workers(self, moment: datetime) -> Iterator[Worker]:
        folder = self._sources.vitals
        for name in self._sources.workers:
            vitals, written_at = folder.read(name, WorkerVitals), folder.written_at(name)
            if vitals is not None and written_at is not None:
                yield Worker(name, max(0.0, moment.timestamp() - written_at), vitals)
