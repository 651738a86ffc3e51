"""A node that reads feeds: what comes in, what waits, what goes stale, and what a caller sees of it."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1.operator_service_pb2_grpc import OperatorServiceStub
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from clearway.server.databases import open_log
from clearway.server.keys import load_keys
from clearway.server.roles.feeds import metrics_served
from clearway.server.settings import Settings
from tests.contract.loaded import a_check, notices, outcome, standing
from tests.node import RunningNode
from tests.unit.cli.running import document, run
from tests.unit.registry.making import write_csv
from tests.waiting import free_port, until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("feeds")]

FIRST, LAST, LISTED = 61_000_001, 61_000_002, 61_000_003
LARGE = 30_000


def row(number: int) -> dict[str, str]:
    day = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    return {
        "fact": "listing",
        "scheme": "cn-uscc",
        "code": code_of(number),
        "name": f"虚构{number}有限公司",
        "listing_id": f"FEED-{number}",
        "regime": "SAMR-SERIOUS",
        "document_number": f"虚构文{number}号",
        "document_date": day,
        "effective_from": day,
    }


def drop(inbox: Path, name: str, *numbers: int) -> None:
    """A complete file: written elsewhere, and renamed into the folder."""
    file = write_csv(inbox.parent / "being-written.csv", COLUMNS, [row(number) for number in numbers])
    then = time.time() - 60
    os.utime(file, (then, then))
    file.rename(inbox / name)


class Fed:
    """A node with one scheduled feed, a whole list that is dropped into a folder."""

    def __init__(self, folder: Path, overdue_after: str) -> None:
        self.inbox, self.data_dir, self.metrics_port = folder / "inbox", folder / "var", free_port()
        self.inbox.mkdir()
        self.file = folder / "feeds.yaml"
        self.file.write_text(
            "feeds:\n  - name: samr\n    format: flat-csv\n    full_list: true\n    carries: [SAMR-SERIOUS]\n"
            f"    source: {{folder: {self.inbox}, pattern: '*.csv'}}\n"
            f"    every: 1s\n    overdue_after: {overdue_after}\n"
        )
        self.node = RunningNode(
            self.data_dir, feeds=self.file, metrics_listen=f"127.0.0.1:{self.metrics_port}", workers=1
        )

    def check(self, number: int) -> pb.CheckSubjectResponse:
        answer: pb.CheckSubjectResponse = self.node.checks().CheckSubject(a_check(number), timeout=5)
        return answer

    def command(self, *arguments: str) -> tuple[int, object]:
        options = ("--data-dir", self.data_dir, "--feeds", self.file, "--json")
        result = run("feeds", *arguments, *options)
        return result.exit_code, document(result)

    def metric(self, name: str) -> float:
        """What the node says of the feed; not a number until it says anything."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as response:
                lines = response.read().decode().splitlines()
        except urllib.error.URLError:  # Checks are answered before the metrics' process is up.
            return math.nan
        found = [line for line in lines if line.startswith(f'{name}{{feed="samr"}}')]
        return float(found[0].rpartition(" ")[2]) if found else math.nan


@pytest.fixture
def fed(tmp_path: Path) -> Iterator[Fed]:
    fed = Fed(tmp_path, overdue_after="1d")
    drop(fed.inbox, "1.csv", LISTED, FIRST, LAST)
    with fed.node:
        yield fed


def test_a_list_that_arrives_empty_changes_nothing_until_it_is_confirmed(fed: Fed) -> None:
    until(lambda: outcome(fed.check(LISTED)) == "RESTRICTION")
    drop(fed.inbox, "2.csv")
    until(lambda: fed.metric("clearway_feed_waiting") == 1)
    time.sleep(0.5)
    assert outcome(fed.check(LISTED)) == "RESTRICTION"
    _, status = fed.command("status")
    assert isinstance(status, list)
    assert (status[0]["waiting"]["suspicion"], status[0]["overdue"]) == ("the list is empty", False)
    (told,) = OperatorServiceStub(fed.node.channel()).ListFeeds(operator_pb.ListFeedsRequest(), timeout=5).feeds
    assert (told.feed, told.format, told.source_kind, told.rows) == ("samr", "flat-csv", "folder", 3)
    assert (told.waiting.sha256, told.waiting.gone) == (status[0]["waiting"]["sha256"], 3)
    assert (told.overdue, told.overdue_after.ToTimedelta()) == (False, timedelta(days=1))
    assert told.HasField("last_attempt")
    code, confirmed = fed.command("confirm", "samr")
    assert (code, isinstance(confirmed, dict) and confirmed["report"]["gone"]) == (Exit.DONE, 3)
    until(lambda: standing(fed.check(LISTED)) == "NOT_LISTED")
    until(lambda: fed.metric("clearway_feed_waiting") == 0)
    assert fed.node.stop() == 0


def test_a_feed_that_is_no_longer_read_goes_stale_and_the_answers_say_so(tmp_path: Path) -> None:
    fed = Fed(tmp_path, overdue_after="6s")
    with fed.node:
        until(lambda: fed.metric("clearway_feed_failures_total") >= 1)
        never = fed.node.checks().CheckSubject(a_check(LISTED), timeout=5)
        assert (outcome(never), standing(never)) == ("UNDETERMINED", "UNKNOWN")
        drop(fed.inbox, "1.csv", LISTED)
        until(lambda: outcome(fed.check(LISTED)) == "RESTRICTION")
        restricted = fed.check(LISTED)
        assert fed.metric("clearway_feed_overdue") == 0
        assert restricted.decision.expires_at.ToDatetime(UTC) - restricted.decided_at.ToDatetime(UTC) < timedelta(
            seconds=6
        )
        until(lambda: "SOURCE_OVERDUE" in notices(fed.check(LISTED)))
        stale = fed.check(LISTED)
        assert (outcome(stale), standing(stale), list(stale.decision.restrictions)) == ("UNDETERMINED", "LISTED", [])
        assert notices(stale) == {"SOURCE_OVERDUE", "INFORMATION_ONLY"}
        (said,) = (notice for notice in stale.decision.notices if notice.details.get("feed"))
        assert said.details["feed"] == "samr"
        assert "samr" in said.text
        unlisted = fed.check(FIRST)
        assert (outcome(unlisted), standing(unlisted)) == ("UNDETERMINED", "UNKNOWN")
        until(lambda: fed.metric("clearway_feed_overdue") == 1)
        assert fed.command("status")[0] == Exit.FAILED


def test_a_node_does_not_start_with_a_feeds_file_that_is_wrong(tmp_path: Path) -> None:
    fed = Fed(tmp_path, overdue_after="1d")
    fed.file.write_text("feeds:\n  - name: samr\n")
    with pytest.raises(AssertionError, match="clearway feeds check"), fed.node:
        pass


# Half an import


def large_list(folder: Path) -> Path:
    """A list whose first and last rows are of subjects that nothing else lists."""
    numbers = [FIRST, *range(62_000_000, 62_000_000 + LARGE), LAST]
    return write_csv(folder / "large.csv", COLUMNS, [row(number) for number in numbers])


def importing(data_dir: Path, file: Path) -> subprocess.Popen[bytes]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("CLEARWAY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "clearway.cli.main", "import", "flat-csv", str(file), "--data-dir", str(data_dir)],
        env=outside,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def settle(data_dir: Path) -> Settings:
    """A data folder with something imported, so that answers are not for want of data."""
    data_dir.mkdir(parents=True, exist_ok=True)
    settings = Settings(data_dir=data_dir)
    now = datetime.now(UTC)
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        registry.import_feed("flat-csv", write_csv(data_dir / "few.csv", COLUMNS, [row(LISTED)]), actor="t", moment=now)
    return settings


def test_half_an_import_is_never_visible(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    settle(data_dir)
    file = large_list(tmp_path)
    both = pb.BatchCheckSubjectsRequest(checks=[a_check(FIRST), a_check(LAST)])
    seen: dict[str, set[tuple[str, ...]]] = {}
    with RunningNode(data_dir) as node:
        process = importing(data_dir, file)
        try:
            ends = time.monotonic() + 100
            while time.monotonic() < ends and ("LISTED", "LISTED") not in set().union(*seen.values()):
                answer = node.checks().BatchCheckSubjects(both, timeout=10)
                standings = tuple(standing(result.response) for result in answer.results)
                seen.setdefault(answer.revision, set()).add(standings)
            assert process.wait(100) == 0
        finally:
            process.kill()
            process.wait()
    assert len(seen) == 2, "the old revision and the new one, and none between"
    assert sorted(seen.values(), key=str) == [{("LISTED", "LISTED")}, {("NOT_LISTED", "NOT_LISTED")}]


def test_whoever_serves_the_metrics_lets_go_of_both_databases_at_its_end(tmp_path: Path) -> None:
    data_dir, port = tmp_path / "var", free_port()
    settings = Settings(_env_file=None, data_dir=data_dir, metrics_listen=f"127.0.0.1:{port}")
    keys = load_keys(settings)
    logs = [data_dir / name for name in ("registry.db-wal", "log.db-wal")]
    Registry.open(settings.registry_url, keys, moment=datetime.now(UTC)).close()
    open_log(settings).dispose()
    with metrics_served(settings, CollectorRegistry(), keys, lambda: datetime.now(UTC)) as reach:
        until(lambda: reach.good)
        told = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        assert "clearway_unshipped_rows 0.0" in told
        assert all(log.exists() for log in logs), "it holds both open"
    assert not any(log.exists() for log in logs)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


IMPORTER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from clearway.registry import database
from clearway.registry.registry import Registry
from clearway.server.keys import load_keys
from clearway.server.settings import Settings

# With next to no cache, what is not committed yet is written to the file all along.
database._PRAGMAS = tuple(p for p in database._PRAGMAS if p[0] != "cache_size") + (("cache_size", "-64", -64),)
settings, now = Settings(data_dir=Path(sys.argv[1])), datetime.now(UTC)
with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
    file, tell = Path(sys.argv[2]), lambda rows, share: print(rows, flush=True)
    registry.import_feed("flat-csv", file, actor="t", moment=now, progress=tell)
"""


def test_an_importer_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    settings = settle(data_dir)
    file = large_list(tmp_path)
    command = [sys.executable, "-c", IMPORTER, str(data_dir), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        rows = next((int(line) for line in process.stdout if int(line) > LARGE // 2), LARGE)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert rows < LARGE, "it ended before it could be killed"
    assert (data_dir / "registry.db-wal").stat().st_size > 1 << 20, "half of it was in the file"
    now = datetime.now(UTC)
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        assert registry.head() == 1
        assert registry.profile("cn-uscc", code_of(FIRST)) is None
        assert len(registry.feed_runs()) == 1
        again = registry.import_feed("flat-csv", file, actor="t", moment=now)
        assert (again.revision, again.accepted) == (2, LARGE + 2)
