"""What Prometheus is told of a node, also while its database or its index is gone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.postgresql.faults import Trouble
from clearway.querylog import reader
from clearway.querylog.central import LOG_FILE, LogUnreachable, open_central
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.shipper import Shipper
from clearway.server.node_metrics import NODE_FAMILIES, NodeMetrics, NodeSources
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder, WorkerVitals
from tests.unit.querylog.records import NOON, raws

NOW = NOON + timedelta(seconds=60)

Told = dict[tuple[str, ...], float]


def told(metrics: NodeMetrics) -> Told:
    """Metric and the values of its labels → its value."""
    registry = CollectorRegistry()
    registry.register(metrics)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


@pytest.fixture
def metrics_of(tmp_path: Path) -> Callable[..., NodeMetrics]:
    engine = open_central(tmp_path / LOG_FILE)
    log = Log(engine, tmp_path / "journal")

    def made(*, reachable: bool = True, moment: datetime = NOW) -> NodeMetrics:
        index = IndexReader(IndexLayout(tmp_path), ("no keys",))
        sources = NodeSources(
            index, log, lambda: 0, lambda: reachable, VitalsFolder(tmp_path), ("worker-1", "worker-2")
        )
        return NodeMetrics(sources, lambda: moment)

    return made


def test_the_exposure_is_the_rows_that_are_not_shipped_and_how_long_they_wait(
    tmp_path: Path, metrics_of: Callable[..., NodeMetrics]
) -> None:
    central = open_central(tmp_path / LOG_FILE)
    with closing(Journal(tmp_path / "journal", "w0")) as journal, Shipper(central, tmp_path / "journal") as shipper:
        journal.append(raws(1, 2))
        shipper.step()
        assert told(metrics_of())[("clearway_unshipped_rows",)] == 0
        assert told(metrics_of())[("clearway_unshipped_oldest_age_seconds",)] == 0
        journal.append(raws(10, 11, 12))
        found = told(metrics_of())
        assert found[("clearway_unshipped_rows",)] == 3
        assert found[("clearway_unshipped_oldest_age_seconds",)] == 50
    central.dispose()


def test_while_the_log_cannot_be_reached_what_was_not_shipped_before_is_the_exposure(
    tmp_path: Path, metrics_of: Callable[..., NodeMetrics], monkeypatch: pytest.MonkeyPatch
) -> None:
    central = open_central(tmp_path / LOG_FILE)
    metrics = metrics_of(reachable=False)
    with closing(Journal(tmp_path / "journal", "w0")) as journal, Shipper(central, tmp_path / "journal") as shipper:
        journal.append(raws(1, 2))
        shipper.step()
        assert told(metrics)[("clearway_unshipped_rows",)] == 0
        journal.append(raws(3))

        def gone(*_: object) -> None:
            raise LogUnreachable(Trouble.UNAVAILABLE)

        monkeypatch.setattr(reader, "_cursors", gone)
        found = told(metrics)
        assert found[("clearway_unshipped_rows",)] == 1
        assert found[("clearway_registry_reachable",)] == 0
    central.dispose()


def test_without_an_index_its_age_is_absent_and_not_nought(metrics_of: Callable[..., NodeMetrics]) -> None:
    found = told(metrics_of())
    assert found[("clearway_index_readable",)] == 0
    assert ("clearway_index_age_seconds",) not in found


def test_processes_are_told_by_what_they_last_wrote(tmp_path: Path, metrics_of: Callable[..., NodeMetrics]) -> None:
    folder = VitalsFolder(tmp_path)
    folder.write(SUPERVISOR, SupervisorVitals({"follower": 0, "worker-1": 3}))
    refused = {"OVERLOADED": 7, "INVALID_REQUEST": 1}
    folder.write("worker-1", WorkerVitals(5, 2, refused, commits=10, records=40, commit_seconds=0.25))
    folder.write("worker-9", WorkerVitals(in_flight=99))
    found = told(metrics_of(moment=datetime.now(UTC) + timedelta(seconds=30)))
    assert found[("clearway_process_restarts_total", "worker-1")] == 3
    assert found[("clearway_worker_refused_total", "worker-1", "OVERLOADED")] == 7
    assert found[("clearway_worker_calls_in_flight", "worker-1")] == 5
    assert found[("clearway_worker_records_waiting", "worker-1")] == 2
    assert found[("clearway_worker_records_total", "worker-1")] == 40
    assert found[("clearway_journal_commit_seconds_count", "worker-1")] == 10
    assert found[("clearway_journal_commit_seconds_sum", "worker-1")] == 0.25
    assert 29 <= found[("clearway_worker_silent_seconds", "worker-1")] <= 60
    assert not [key for key in found if "worker-9" in key or "worker-2" in key]


def test_every_metric_is_of_ours_and_says_what_it_means() -> None:
    assert all(family.name.startswith("clearway_") and family.help for family in NODE_FAMILIES)
    assert len({family.name for family in NODE_FAMILIES}) == len(NODE_FAMILIES)
