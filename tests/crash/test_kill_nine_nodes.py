"""kill -9 on two nodes of one database under load: every answer has its one row, and no request two checks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import grpc
import psycopg
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.request_claims import LEASE
from clearway.registry.registry import Registry
from clearway.registry.synthetic import write
from clearway.subjects.keys import SubjectKeys
from tests.contract.loaded import SUBJECTS, a_check
from tests.contract.nodes.nodes import KEY, rows_of
from tests.crash.test_kill_nine import Answers
from tests.node import RunningNode
from tests.postgres import TEMPLATE, NoServer, Server, must_be_there
from tests.processes import parts, successor
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.faults, pytest.mark.sockets, pytest.mark.timeout(7200)]

ROUNDS = int(os.environ.get("CLEARWAY_CRASH_ROUNDS", "4"))
CALLERS = 8
"""Of each node."""

VICTIMS = ("node", "worker-1", "shipper", "database")
ONLY_HERE = ("clearway-request-id", "this-node-only")
DURABILITIES = ("local", "central")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    try:
        own = Server.make()
    except NoServer as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    try:
        own.execute(f"CREATE DATABASE {TEMPLATE}")
        yield own
    finally:
        own.remove()


@pytest.fixture
def url(server: Server, tmp_path: Path) -> Iterator[str]:
    """A database whose record holds the synthetic subjects."""
    now = datetime.now(UTC)
    file = tmp_path / "synthetic.csv"
    write(file, SUBJECTS, now.astimezone(ZoneInfo("Asia/Shanghai")).date())
    with server.database("template0") as made:
        with Registry.open(made, SubjectKeys(bytes.fromhex(KEY)), moment=now) as registry:
            registry.import_feed("flat-csv", file, actor="test", moment=now)
        yield made


@pytest.mark.parametrize("durability", DURABILITIES)
def test_nodes_killed_under_load_keep_every_answer_they_gave(
    server: Server, url: str, tmp_path: Path, durability: str
) -> None:
    chance, answers = random.Random(20260304), Answers()
    with contextlib.ExitStack() as running:
        nodes = [
            running.enter_context(
                RunningNode(
                    tmp_path / name, database=url, subject_key=KEY, log_durability=durability, ship_interval=0.05
                )
            )
            for name in ("a", "b")
        ]
        for number in range(ROUNDS):
            before, victim = len(answers.kept), VICTIMS[number % len(VICTIMS)]
            node = chance.choice(nodes)
            asyncio.run(one_round(nodes, killing(victim, node, server), chance, answers))
            until(lambda: all(node.serving() for node in nodes), within=60)
            assert len(answers.kept) > before, "nothing was answered in this round"
            # Across nodes a request id is vouched for by the log, and before that by a claim: for ten seconds, and
            # while the database lives; and not by a node that says otherwise.
            until(lambda: all(vouches(node, chance) for node in nodes), within=60)
            if durability == "local" or victim == "database":
                everything_is_shipped(url, nodes, answers)
            retried_on_any_node(nodes, answers, chance)
        assert [node.stop() for node in nodes] == [0, 0]
    assert answers.other == []
    balanced(url, answers)


async def one_round(
    nodes: list[RunningNode], kill: Callable[[], None], chance: random.Random, answers: Answers
) -> None:
    """Load on both nodes, a kill at a random moment of it, and both serve again."""
    stop = asyncio.Event()
    callers = [asyncio.create_task(answers.keep_asking(node.address, stop)) for node in nodes for _ in range(CALLERS)]
    await asyncio.sleep(chance.uniform(0.3, 1.0))
    await asyncio.to_thread(kill)
    await asyncio.sleep(chance.uniform(0.1, 0.3))
    stop.set()
    await asyncio.gather(*callers)


def killing(victim: str, node: RunningNode, server: Server) -> Callable[[], None]:
    """What kills the victim, and waits for what starts in its place."""

    def whole_node() -> None:
        node.kill()
        node.start()

    def part() -> None:
        former = parts(node.pid)[victim]
        os.kill(former, signal.SIGKILL)
        successor(node.pid, victim, former, within=30)

    def database() -> None:
        """Every process of it at once, as when its machine fails."""
        server.stop(signal.SIGQUIT)
        server.start()

    return {"node": whole_node, "database": database}.get(victim, part)


def vouches(node: RunningNode, chance: random.Random) -> bool:
    """Whether the node asks others about request ids: for five seconds after a fault of the database it does not."""
    request = a_check(request_id=f"probe-{chance.getrandbits(64):x}", case_number="PROBE")
    _, call = node.checks().CheckSubject.with_call(request, timeout=5)
    return ONLY_HERE not in list(call.trailing_metadata())


def everything_is_shipped(url: str, nodes: list[RunningNode], answers: Answers) -> None:
    """Waits until the log has every answer, and what the nodes wrote besides: a journal is shipped in its order."""
    told = {answer.check_id for _, answer in answers.kept.values()}
    last = {patiently(node, a_check(case_number="LAST")).check_id for node in nodes}
    until(lambda: told | last <= {check_id for check_id, _ in rows_of(url)}, within=60)


def retried_on_any_node(nodes: list[RunningNode], answers: Answers, chance: random.Random) -> None:
    """A retry of an answered request gets that answer on either node; one of an unanswered request is answered once."""
    for request, answer in chance.sample(list(answers.kept.values()), k=min(30, len(answers.kept))):
        assert patiently(chance.choice(nodes), request) == answer
    for request in answers.unanswered[-30:]:
        answers.kept[request.request_id] = request, patiently(chance.choice(nodes), request)
    answers.unanswered.clear()


def patiently(node: RunningNode, request: pb.CheckSubjectRequest) -> pb.CheckSubjectResponse:
    """The answer, asked for again where the node says that it cannot give one yet."""
    last = time.monotonic() + LEASE + 30
    while True:
        try:
            answer: pb.CheckSubjectResponse = node.checks().CheckSubject(request, timeout=5)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > last:
                raise
            time.sleep(0.1)
        else:
            return answer


def balanced(url: str, answers: Answers) -> None:
    """Every check that was told has one row, under its request; and no request has two."""
    with psycopg.connect(url) as connection:
        query = "SELECT check_id, request_id, case_number FROM check_log WHERE error_reason = ''"
        rows = connection.execute(query).fetchall()
    by_id = {check_id: (request_id, case) for check_id, request_id, case in rows}
    assert len(by_id) == len(rows), "a check stands in the log twice"
    told = {answer.check_id: (name, request.case_number) for name, (request, answer) in answers.kept.items()}
    assert len(told) == len(answers.kept), "two requests were told one check"
    assert {check_id: row for check_id, row in told.items() if by_id.get(check_id) != row} == {}
    repeated = [name for name, count in Counter(name for name, _ in by_id.values() if name).items() if count > 1]
    assert repeated == [], "a request left more than one check"
