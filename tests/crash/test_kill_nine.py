"""kill -9 of a node and of its parts under load: every answer that left has its one row, and none has two."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.synthetic import Character
from tests.contract.loaded import a_check, load
from tests.node import NO_PROXY, RunningNode
from tests.processes import HELPER, PARTS, alive, parts, successor
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.sockets, pytest.mark.xdist_group("crash"), pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("CLEARWAY_CRASH_ROUNDS", "10"))
CALLERS = 24
WORKER = "worker-1"
PARENT = "supervisor"
EVERYTHING = "everything"
VICTIMS = (EVERYTHING, WORKER, *PARTS, HELPER, PARENT)
SUBJECTS = [member for member in Character if member is not Character.UNKNOWN]
RESULTS = Path(__file__).parents[2] / "bench" / "results" / "crash.json"
WHILE_DOWN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


@dataclass
class Answers:
    """What the callers were told: request id → the request and its answer; and the tries that got none."""

    kept: dict[str, tuple[pb.CheckSubjectRequest, pb.CheckSubjectResponse]] = field(default_factory=dict)
    unanswered: list[pb.CheckSubjectRequest] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    asked: int = 0

    async def keep_asking(self, address: str, stop: asyncio.Event) -> None:
        """One caller: unique request ids, one after another, until told to stop."""
        async with grpc.aio.insecure_channel(address, options=NO_PROXY) as channel:
            checks = CheckServiceStub(channel)
            while not stop.is_set():
                self.asked += 1
                number = SUBJECTS[self.asked % len(SUBJECTS)]
                request = a_check(number, request_id=f"load-{self.asked}", case_number=f"CASE-{self.asked}")
                await self._ask(checks, request)

    async def _ask(self, checks: Any, request: pb.CheckSubjectRequest) -> None:
        try:
            self.kept[request.request_id] = request, await checks.CheckSubject(request, timeout=2)
        except grpc.aio.AioRpcError as error:
            if error.code() in WHILE_DOWN:
                self.unanswered.append(request)
                await asyncio.sleep(0.02)
            else:
                self.other.append(f"{error.code().name} {error.details()}")


@dataclass(frozen=True)
class Books:
    """What a run comes to: who was killed how often, what callers were told, and what the log has of it."""

    rounds: int
    victims: dict[str, int]
    asked: int
    acknowledged: int
    rows: int
    missing: int
    twice: int

    @classmethod
    def of(cls, victims: Counter[str], answers: Answers, rows: list[dict[str, Any]]) -> Books:
        """`missing` are answers without a row; `twice` are rows too many, of one check or of one request."""
        ids = Counter(row["check_id"] for row in rows)
        requests = Counter({row["check_id"]: row["request_id"] for row in rows}.values())
        return cls(
            rounds=victims.total(),
            victims=dict(victims),
            asked=answers.asked,
            acknowledged=len(answers.kept),
            rows=len(rows),
            missing=sum(answer.check_id not in ids for _, answer in answers.kept.values()),
            twice=sum(count - 1 for count in (*ids.values(), *requests.values())),
        )

    def table(self) -> str:
        """The books as a table of Markdown."""
        killed = ", ".join(f"{name} {count}" for name, count in self.victims.items())
        cells = {"killed": killed} | {name: f"{value:,}" for name, value in asdict(self).items() if name != "victims"}
        lines = (" | ".join(row) for row in (cells.keys(), ["---"] * len(cells), cells.values()))
        return "\n".join(f"| {line} |" for line in lines)


def test_a_node_killed_under_load_keeps_every_answer_it_gave(tmp_path: Path) -> None:
    chance, answers, victims = random.Random(20260304), Answers(), Counter[str]()
    with load(tmp_path), RunningNode(tmp_path, ship_interval=0.05) as node:
        for number in range(ROUNDS):
            before, victim = len(answers.kept), VICTIMS[number % len(VICTIMS)]
            asyncio.run(one_round(node, victim, chance, answers))
            victims[victim] += 1
            assert len(answers.kept) > before, "nothing was answered in this round"
            retried_answers_are_the_same(node, answers, chance)
        assert node.stop() == 0
        rows = exported(tmp_path)
        publish(Books.of(victims, answers, rows))
        assert answers.other == []
        each_answer_has_its_row(rows, answers)


def publish(books: Books) -> None:
    """Print the books, and keep those of a long run: `make crash` asked for it."""
    print(f"\n{books.table()}")
    if "CLEARWAY_CRASH_ROUNDS" in os.environ:
        RESULTS.write_text(json.dumps(asdict(books), indent=2) + "\n")


async def one_round(node: RunningNode, victim: str, chance: random.Random, answers: Answers) -> None:
    """Load, a kill at a random moment of it, and a node that serves again."""
    stop, before = asyncio.Event(), len(answers.kept)
    callers = [asyncio.create_task(answers.keep_asking(node.address, stop)) for _ in range(CALLERS)]
    living = await asyncio.to_thread(parts, node.pid)
    await asyncio.to_thread(until, lambda: len(answers.kept) > before, 30)
    await asyncio.sleep(chance.uniform(0.3, 1.0))
    await asyncio.to_thread(kill, node, victim, living)
    await asyncio.sleep(chance.uniform(0.1, 0.3))
    stop.set()
    await asyncio.gather(*callers)


def kill(node: RunningNode, victim: str, living: dict[str, int]) -> None:
    """SIGKILL, and wait for what follows it: the part started again by its parent, or the node by us."""
    if victim in living:
        os.kill(living[victim], signal.SIGKILL)
        successor(node.pid, victim, living[victim])
        parts(node.pid)
        until(node.serving, within=60)
        return
    if victim == PARENT:
        os.kill(node.pid, signal.SIGKILL)
        # The orphans notice, drain and end by themselves, and let the data folder go.
        until(lambda: not any(map(alive, living.values())), within=60)
        node.kill()
    else:
        node.kill()
    node.start()


def retried_answers_are_the_same(node: RunningNode, answers: Answers, chance: random.Random) -> None:
    """A retry of an answered request gets that answer; one of an unanswered request gets an answer, and only one."""
    checks = node.checks()
    for request, answer in chance.sample(list(answers.kept.values()), k=min(40, len(answers.kept))):
        assert checks.CheckSubject(request, timeout=5) == answer
    for request in answers.unanswered[-40:]:
        answers.kept[request.request_id] = request, checks.CheckSubject(request, timeout=5)
    answers.unanswered.clear()


def exported(data_dir: Path) -> list[dict[str, Any]]:
    """Every row of the log, as `clearway log export --json` gives it."""
    command = [sys.executable, "-m", "clearway.cli.main", "log", "export", "--json", "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return [json.loads(line) for line in done.stdout.splitlines()]


def each_answer_has_its_row(rows: list[dict[str, Any]], answers: Answers) -> None:
    by_id = {row["check_id"]: row for row in rows}
    assert len(by_id) == len(rows), "a check stands in the log twice"
    missing = [a.check_id for _, a in answers.kept.values() if a.check_id not in by_id]
    assert missing == []
    for request_id, (request, answer) in answers.kept.items():
        row = by_id[answer.check_id]
        assert row["request_id"] == request_id
        assert row["case_number"] == request.case_number
        assert row["outcome"] == decision_pb2.Outcome.Name(answer.decision.outcome)
    repeated = [name for name, count in Counter(row["request_id"] for row in rows).items() if count > 1]
    assert repeated == [], "a request left more than one check"
