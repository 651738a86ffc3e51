"""A node in trouble, as its callers and its operator see it: each part stopped, each file spoiled, each disk full.

docs/architecture.md, “When things fail”, names the test of every row.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.index.layout import IndexLayout
from clearway.querylog.central import JOURNAL_DIRECTORY
from clearway.querylog.record import decode_record
from clearway.querylog.segment import open_rows, rows_after, segments
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from tests import waiting
from tests.contract.loaded import a_check, listing, load, outcome, refusal_in
from tests.node import NO_PROXY, RunningNode
from tests.processes import parts, successor
from tests.waiting import free_port

pytestmark = [pytest.mark.sockets, pytest.mark.faults, pytest.mark.xdist_group("node"), pytest.mark.timeout(300)]

PATIENCE = 15.0
MAX_AGE = 3.0
SERVICES = ("", "clearway.v1.CheckService", "clearway.v1.RegistryService", "clearway.v1.AuditService")


until = partial(waiting.until, within=30.0)


def ask(node: RunningNode, number: int = Character.SERIOUS, **changes: object) -> pb.CheckSubjectResponse:
    response: pb.CheckSubjectResponse = node.checks().CheckSubject(a_check(number, **changes), timeout=PATIENCE)
    return response


def age_of(response: pb.CheckSubjectResponse) -> float:
    return response.index_age.ToTimedelta().total_seconds()


def register(node: RunningNode, number: int) -> registry_pb.RegisterSubjectResponse:
    act = registry_pb.RegisterSubjectRequest(identifiers=[Identifier(scheme="cn-uscc", value=code_of(number))])
    act.act.registrar, act.act.reason = "registrar 7", "a test"
    done: registry_pb.RegisterSubjectResponse = RegistryServiceStub(node.channel()).RegisterSubject(act, timeout=30)
    return done


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(grpc.RpcError) as refused:
        call()
    return str(refusal_in(refused.value)["reason"])


def serving(node: RunningNode) -> dict[str, bool]:
    """What health says of each service."""
    stub = health_pb2_grpc.HealthStub(node.channel())
    return {
        name: stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE).status
        == health_pb2.HealthCheckResponse.SERVING
        for name in SERVICES
    }


def newly_listed(registry: Registry, number: int) -> None:
    now = datetime.now(UTC)
    registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(number)),
        listing(number, "SAMR-SERIOUS", now.date()),
        actor="test",
        moment=now,
    )


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def no_room(pid: int) -> Iterator[None]:
    """No file that the process writes may grow, as on a full disk."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


class Watched(RunningNode):
    """A node whose metrics are read."""

    def __init__(self, data_dir: Path, **settings: float) -> None:
        self._metrics = f"127.0.0.1:{free_port()}"
        super().__init__(
            data_dir, catalogue="cn-demo", port=0, credentials=None, **{"metrics_listen": self._metrics} | settings
        )

    def metric(self, name: str) -> float:
        """The value of a metric, summed over its labels; -1 while there is none."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self._metrics}/metrics", timeout=PATIENCE) as answer:
                families = list(text_string_to_metric_families(answer.read().decode()))
        except OSError:
            return -1.0
        values = [sample.value for family in families for sample in family.samples if sample.name == name]
        return sum(values) if values else -1.0


# Too many calls


LIMIT = 32


async def offered(address: str, seconds: float) -> tuple[list[float], Counter[str]]:
    """What three times as many callers as are let in get: how long each answer took, and the errors by reason."""
    took, errors, last = [], Counter[str](), time.monotonic() + seconds

    async def keep_asking(channel: grpc.aio.Channel) -> None:
        stub = CheckServiceStub(channel)
        while (begun := time.monotonic()) < last:
            try:
                await stub.CheckSubject(a_check(Character.SERIOUS), timeout=PATIENCE)
                took.append(time.monotonic() - begun)
            except grpc.aio.AioRpcError as error:
                errors[str(refusal_in(error)["reason"])] += 1

    async with grpc.aio.insecure_channel(address, options=NO_PROXY) as channel:
        await asyncio.gather(*(keep_asking(channel) for _ in range(3 * LIMIT)))
    return took, errors


def resident(pid: int) -> int:
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def test_at_three_times_the_bound_what_is_let_in_is_answered_in_time_and_memory_stays(tmp_path: Path) -> None:
    with load(tmp_path), Watched(tmp_path, max_in_flight=LIMIT) as node:
        worker = parts(node.pid, feeds=True)["worker-1"]
        asyncio.run(offered(node.address, 3.0))
        before = resident(worker)
        took, errors = asyncio.run(offered(node.address, 8.0))
        assert set(errors) == {"OVERLOADED"}
        assert len(took) > 100
        assert max(took) < 5.0, "whoever is let in does not wait for those who are not"
        assert resident(worker) - before < 32 << 20
        until(lambda: node.metric("clearway_worker_refused_total") >= errors["OVERLOADED"])
        assert outcome(ask(node)) == "RESTRICTION"


# The follower


def test_while_the_follower_stands_still_checks_go_on_until_the_index_is_too_old(tmp_path: Path) -> None:
    with load(tmp_path), Watched(tmp_path, max_index_age=MAX_AGE) as node:
        assert outcome(ask(node)) == "RESTRICTION"
        with stopped(parts(node.pid, feeds=True)["follower"]):
            until(lambda: age_of(ask(node)) > 1.5)
            until(lambda: outcome(ask(node)) == "UNDETERMINED")
            assert node.metric("clearway_index_age_seconds") > MAX_AGE, "the operator is told what callers see"
            assert node.serving()
        until(lambda: outcome(ask(node)) == "RESTRICTION")
        until(lambda: node.metric("clearway_index_age_seconds") < MAX_AGE)


# The record


def test_while_a_writer_holds_the_record_acts_are_refused_by_name_and_checks_go_on(tmp_path: Path) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        register(node, 72_000_001)
        holder = sqlite3.connect(tmp_path / "registry.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            act = RegistryServiceStub(node.channel()).RegisterSubject.future
            request = registry_pb.RegisterSubjectRequest(
                identifiers=[Identifier(scheme="cn-uscc", value=code_of(72_000_002))]
            )
            request.act.registrar, request.act.reason = "registrar 7", "a test"
            pending = act(request, timeout=60)
            while not pending.done():
                assert outcome(ask(node)) == "RESTRICTION"
            assert refusal(pending.result) == "REGISTRY_BUSY"
            assert all(serving(node).values()), "it can be read all the while"
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        register(node, 72_000_002)


def test_a_record_that_cannot_be_read_is_told_by_health_and_checks_go_on(tmp_path: Path) -> None:
    load(tmp_path).close()
    with RunningNode(tmp_path) as node:
        until(lambda: all(serving(node).values()))
        file = tmp_path / "registry.db"
        with file.open("r+b") as opened:
            sound = opened.read()
            opened.seek(0)
            opened.write(b"\x5a" * len(sound))
        # A connection that is open goes on from what it holds; whoever opens the file now finds out.
        living = parts(node.pid)
        os.kill(living["worker-1"], signal.SIGKILL)
        successor(node.pid, "worker-1", living["worker-1"])
        until(node.serving)
        until(lambda: not serving(node)["clearway.v1.RegistryService"])
        assert serving(node)["clearway.v1.CheckService"]
        assert serving(node)[""]
        assert outcome(ask(node)) == "RESTRICTION"
        assert refusal(lambda: register(node, 72_000_001)) in {"REGISTRY_UNAVAILABLE", "SERVER_FAULT"}


# The disks


def test_no_room_for_the_index_leaves_the_old_one_serving_until_there_is_some(tmp_path: Path) -> None:
    with load(tmp_path) as registry, RunningNode(tmp_path) as node:
        with no_room(parts(node.pid)["follower"]):
            newly_listed(registry, 72_000_003)
            until(lambda: age_of(ask(node)) > 2.5)
            assert outcome(ask(node, 72_000_003)) == "ORDINARY", "what it cannot write it does not know"
            assert outcome(ask(node)) == "RESTRICTION"
        until(lambda: outcome(ask(node, 72_000_003)) == "RESTRICTION")
        until(lambda: age_of(ask(node)) < 2.5)


def test_no_room_for_the_central_log_keeps_the_rows_in_the_journals(tmp_path: Path) -> None:
    with load(tmp_path), Watched(tmp_path, ship_interval=0.05) as node:
        until(lambda: node.metric("clearway_unshipped_rows") == 0)
        with no_room(parts(node.pid, feeds=True)["shipper"]):
            given = [ask(node, case_number=f"CASE-{number}").check_id for number in range(40)]
            until(lambda: node.metric("clearway_unshipped_rows") == 40)
            recorded = node.checks().GetCheck(pb.GetCheckRequest(check_id=given[7]), timeout=PATIENCE)
            assert recorded.request.case_number == "CASE-7"
        until(lambda: node.metric("clearway_unshipped_rows") == 0)
        with contextlib.closing(sqlite3.connect(tmp_path / "log.db")) as log:
            shipped = [check_id for (check_id,) in log.execute("SELECT check_id FROM check_log")]
        assert sorted(shipped) == sorted(given)


# The shipper, and what is lost with a node


def test_while_the_shipper_stands_still_the_exposure_is_shown_and_then_made_good(tmp_path: Path) -> None:
    with load(tmp_path), Watched(tmp_path, ship_interval=0.05) as node:
        with stopped(parts(node.pid, feeds=True)["shipper"]):
            for number in range(60):
                ask(node, case_number=f"CASE-{number}")
            until(lambda: node.metric("clearway_unshipped_rows") == 60)
            until(lambda: node.metric("clearway_unshipped_oldest_age_seconds") > 1.0)
        until(lambda: node.metric("clearway_unshipped_rows") == 0)
        assert node.metric("clearway_unshipped_oldest_age_seconds") == 0


HOUR = 180_000
"""Checks of an hour at fifty a second."""

A_FILE = 80 << 20
"""Bytes that the journal being written may take: a segment of 32 MB, its write-ahead log, and its end."""

A_ROW = 1_700
"""Bytes that a check takes in the journals while it waits, as docs/operations.md has it."""


async def asked(address: str, count: int) -> None:
    """That many checks, by batches, as fast as four callers get their answers."""
    numbers = iter(range(0, count, 100))

    async def keep_asking(checks: Any) -> None:
        for first in numbers:
            batch = [a_check(case_number=f"HOUR-{first + n}") for n in range(100)]
            answer = await checks.BatchCheckSubjects(pb.BatchCheckSubjectsRequest(checks=batch), timeout=60)
            assert all(result.response.check_id for result in answer.results)

    async with grpc.aio.insecure_channel(address, options=NO_PROXY) as channel:
        await asyncio.gather(*(keep_asking(CheckServiceStub(channel)) for _ in range(4)))


def waiting_rows(data_dir: Path) -> list[str]:
    """The check ids in the journals, in the order in which they were written."""
    found = []
    for files in segments(data_dir / JOURNAL_DIRECTORY):
        connection = open_rows(files)
        if connection is not None:
            with contextlib.closing(connection):
                found += [decode_record(raw).check_id for _, raw in rows_after(connection, 0)]
    return found


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder; one that is deleted meanwhile counts for nothing."""
    sizes = 0
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            sizes += file.stat().st_size
    return sizes


@pytest.mark.timeout(900)
def test_an_hour_of_load_while_the_shipper_stands_still_arrives_once_and_in_order(tmp_path: Path) -> None:
    """Written as fast as the node takes it; then shipped, while the node goes on answering."""
    journals = tmp_path / JOURNAL_DIRECTORY
    with load(tmp_path), Watched(tmp_path, ship_interval=0.05) as node:
        shipper = parts(node.pid, feeds=True)["shipper"]
        ask(node)
        until(lambda: node.metric("clearway_unshipped_rows") == 0)
        with stopped(shipper):
            asyncio.run(asked(node.address, HOUR))
            until(lambda: node.metric("clearway_unshipped_rows") == HOUR)
            taken, before = size_of(journals), resident(shipper)
            waited = waiting_rows(tmp_path)[-HOUR:]
        most, given = before, []

        def made_good() -> bool:
            nonlocal most
            most = max(most, resident(shipper))
            given.append(ask(node, case_number="MEANWHILE").check_id)
            return 0 <= node.metric("clearway_unshipped_rows") < 5

        until(made_good, within=300)
        print(
            f"{taken >> 20} MB waited; shipper {before >> 20} MB, at most {most >> 20}; {len(given)} answers meanwhile"
        )
        assert taken < HOUR * A_ROW + A_FILE, "what waits takes the room that it is said to take"
        assert most - before < 64 << 20, "it holds a batch at a time"
        assert len(given) > 20
        until(lambda: node.metric("clearway_unshipped_rows") == 0)
        until(lambda: size_of(journals) < A_FILE, within=60)
        assert node.serving()
    with contextlib.closing(sqlite3.connect(tmp_path / "log.db")) as log:
        shipped = [check_id for (check_id,) in log.execute("SELECT check_id FROM check_log ORDER BY seq")]
    assert len(shipped) == len(set(shipped)) == 1 + HOUR + len(given), "each once"
    assert shipped[1 : 1 + HOUR] == waited, "in the order in which the node wrote them"
    assert shipped[1 + HOUR :] == given


# The index


def cut(build: Path, other: Path) -> None:
    os.truncate(build, 8192)


def overwrite(build: Path, other: Path) -> None:
    with build.open("r+b") as file:
        size = build.stat().st_size
        file.seek(0)
        file.write(b"\x5a" * size)


def swap(build: Path, other: Path) -> None:
    beside = build.with_suffix(".beside")
    shutil.copyfile(other, beside)
    beside.replace(build)


@pytest.fixture(scope="module")
def anothers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of another database, in which nobody is known."""
    data_dir = tmp_path_factory.mktemp("another")
    with RunningNode(data_dir):
        build = IndexLayout(data_dir).current()
        assert build is not None
        kept = data_dir / "kept.mdb"
        shutil.copyfile(build, kept)
    return kept


@pytest.mark.parametrize("harm", [cut, overwrite, swap])
def test_a_spoiled_index_is_made_anew_and_never_answers_not_listed(
    tmp_path: Path, anothers: Path, harm: Callable[[Path, Path], None]
) -> None:
    with load(tmp_path), RunningNode(tmp_path) as node:
        layout = IndexLayout(tmp_path)
        build = layout.current()
        assert build is not None
        harm(build, anothers)
        told = set()

        def made_anew() -> bool:
            try:
                said = outcome(ask(node))
            except grpc.RpcError as error:
                said = error.code().name
            told.add(said)
            return layout.current() != build and said == "RESTRICTION" and node.serving()

        until(made_anew)
        assert told <= {"RESTRICTION", "UNAVAILABLE"}


# The clock


SET_BACK = """
import datetime as real
import os, sys, threading, time
from pathlib import Path

BACK = Path({flag!r})
WALL = time.time
behind = 0.0
time.time = lambda: WALL() - behind


class SetBack(real.datetime):
    @classmethod
    def now(cls, zone=None):
        return real.datetime.now(zone) - real.timedelta(seconds=behind)


def watch():
    global behind
    while not BACK.exists():
        time.sleep(0.02)
    behind = 3600.0
    for name, module in list(sys.modules.items()):
        if name.startswith("clearway.server") and getattr(module, "datetime", None) is real.datetime:
            module.datetime = SetBack


def begin():
    threading.Thread(target=watch, daemon=True).start()


begin()
# A node's processes are forked, and no thread is forked with them.
os.register_at_fork(after_in_child=begin)
"""


def test_a_clock_set_back_is_said_and_answers_are_right_again_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, flag = tmp_path / "site", tmp_path / "set-back"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SET_BACK.format(flag=str(flag)))
    monkeypatch.setenv("PYTHONPATH", str(site))
    with load(tmp_path / "node") as registry, RunningNode(tmp_path / "node") as node:
        before = ask(node)
        flag.touch()
        until(lambda: ask(node).decided_at.ToSeconds() < before.decided_at.ToSeconds() - 3000)
        until(lambda: "clock_went_back" in node.log.read_text())
        # An index from the future is not believed, until its follower's next beat on the same clock.
        until(lambda: outcome(ask(node)) == "RESTRICTION")
        newly_listed(registry, 72_000_005)
        until(lambda: outcome(ask(node, 72_000_005)) == "RESTRICTION")
        assert ask(node).check_id > before.check_id, "ids grow all the same"
