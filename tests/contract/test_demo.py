"""The demonstration, as `make run` starts it: every scene is shown, and shown again at the next start."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from clearway.cli.demo_lists import FIRMS, LEFT, NAME
from clearway.cli.demo_past import ASKED_AT_NIGHT, CASES, LENGTH, NIGHT, NIGHTS_AGO
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub
from clearway.gen.v1.feed_service_pb2_grpc import FeedServiceStub
from clearway.server.settings import Settings
from clearway.web.console.words import REPORTS
from tests.contract.cases_service import PATIENCE, audits
from tests.node import RunningNode
from tests.unit.cli.running import document, run

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("demo")]

DUE = Settings.model_fields["outcome_due_days"].default
SCENE = re.compile(r"^(\d+)\. ", re.MULTILINE)


def shown(data_dir: Path) -> str:
    """What the demonstration prints from its first scene to its last."""
    command = [
        sys.executable,
        "-m",
        "clearway.cli.main",
        "demo",
        "--once",
        "--listen",
        "127.0.0.1:0",
        "--web-listen",
        "127.0.0.1:0",
    ]
    done = subprocess.run(
        [*command, "--data-dir", str(data_dir), "--subjects", "100"], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demonstration that was shown once, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, shown(folder)


def test_every_scene_is_shown(first: tuple[Path, str]) -> None:
    _, printed = first
    assert [int(number) for number in SCENE.findall(printed)] == list(range(1, 14))
    for words in ("Green channel", "Deferred acceptance: Completed", "容缺受理通知书", "INVALID_IDENTIFIER"):
        assert words in printed
    assert "Restriction → Green channel" in printed
    assert "departures from mandatory measures: 1" in printed


@pytest.fixture(scope="module")
def node(first: tuple[Path, str]) -> Iterator[RunningNode]:
    """A node on what the first demonstration left."""
    folder, _ = first
    with RunningNode(folder, feeds=folder / "demo-feeds.yaml", web_listen="127.0.0.1:0") as running:
        yield running


def figures(node: RunningNode, kind: pb.ReportKind.ValueType) -> dict[pb.Figure.ValueType, float]:
    """The figures of the weeks before now, and of this day."""
    request = pb.ReportFiguresRequest(kind=kind)
    request.since.FromDatetime(datetime.now(UTC) - 2 * LENGTH)
    request.until.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    found = audits(node).ReportFigures(request, timeout=PATIENCE).total.figures
    return {figure.figure: figure.value for figure in found}


@pytest.mark.parametrize(
    "page", ["checks", *(f"reports/{kind}" for kind in REPORTS), "patterns", "overdue", "rows", "lists", "feeds"]
)
def test_a_page_of_the_console_is_not_empty_on_the_first_day(node: RunningNode, page: str) -> None:
    found = httpx.get(f"http://{node.web}/console/{page}", timeout=PATIENCE, trust_env=False)
    assert found.status_code == 200
    assert 'class="empty"' not in found.text


def test_cases_of_the_weeks_before_ended_in_time_late_and_not_at_all(node: RunningNode) -> None:
    coverage, feedback = figures(node, pb.REPORT_KIND_COVERAGE), figures(node, pb.REPORT_KIND_FEEDBACK)
    ended = [case.ending for case in CASES if case.ending is not None]
    after = sum(ending.decided < 0 for ending in ended)
    assert coverage[pb.FIGURE_DECIDED_CASES] == len(ended)
    assert coverage[pb.FIGURE_CHECKED_AFTER] == after > 0
    late = sum(ending.reported > DUE for ending in ended)
    assert feedback[pb.FIGURE_REPORTED_LATE] == late > 0
    assert feedback[pb.FIGURE_REPORTED_IN_TIME] == len(ended) - late
    assert feedback[pb.FIGURE_OVERDUE] == sum(case.ending is None and case.ago > DUE for case in CASES) > 0


def test_a_promise_is_overdue_a_row_is_set_aside_and_a_list_waits(node: RunningNode) -> None:
    request = deferral_pb.ListOverdueDeferralsRequest()
    (overdue,) = DeferralServiceStub(node.channel()).ListOverdueDeferrals(request, timeout=PATIENCE).deferrals
    assert overdue.overdue
    feeds = FeedServiceStub(node.channel())
    (row,) = feeds.ListQuarantinedRows(feed_pb.ListQuarantinedRowsRequest(), timeout=PATIENCE).rows
    assert (row.feed, row.reason) == (NAME, "identifier_check_sign")
    (waiting,) = feeds.ListWaitingLists(feed_pb.ListWaitingListsRequest(), timeout=PATIENCE).lists
    assert (waiting.feed, waiting.list.gone) == (NAME, FIRMS - LEFT)


def test_an_evening_of_the_weeks_before_is_worth_a_look(node: RunningNode) -> None:
    request = pb.ListUnusualPatternsRequest()
    request.since.FromDatetime(datetime.now(UTC) - timedelta(days=NIGHTS_AGO + 1))
    request.until.FromDatetime(datetime.now(UTC))
    found = audits(node).ListUnusualPatterns(request, timeout=PATIENCE).patterns
    kinds = {pattern.kind: pattern.count for pattern in found if pattern.officer == NIGHT}
    assert kinds == dict.fromkeys(
        (pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES, pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS), ASKED_AT_NIGHT
    )


def test_what_was_answered_then_follows_from_what_was_known_then(first: tuple[Path, str]) -> None:
    verdicts = document(run("replay", "--data-dir", first[0], "--json"))["verdicts"]
    assert verdicts["AGREES"] == sum(verdicts.values()) > len(CASES) + ASKED_AT_NIGHT


def test_every_scene_is_shown_again_and_nothing_is_entered_twice(tmp_path: Path) -> None:
    assert "Restriction → Green channel" in shown(tmp_path)
    second = shown(tmp_path)
    assert "Using the registry" in second
    assert [int(number) for number in SCENE.findall(second)] == list(range(1, 14))
    assert "Restriction → Green channel" in second
    with RunningNode(tmp_path, feeds=tmp_path / "demo-feeds.yaml") as node:
        decided = figures(node, pb.REPORT_KIND_COVERAGE)[pb.FIGURE_DECIDED_CASES]
    assert decided == sum(case.ending is not None for case in CASES)
