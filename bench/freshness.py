"""From a commit in the registry to the answer of every worker of the node: each says so by `at_least_as_fresh`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import grpc

from bench.checks import check
from bench.latency import Measured
from bench.plan import Plan
from bench.processes import connections_of, workers_of
from bench.results import Figures
from bench.servers import CHANNEL, Node, clearway_server, make_registry
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.commands import RegisterSubject
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from clearway.server.keys import load_keys
from clearway.server.revision import token_of
from clearway.server.settings import Settings

WORKERS = 2
SUBJECTS = 10_000
FIRST_NEW = 50_000_000
MOST_CONNECTIONS = 32
LONGEST_PAUSE = 0.1
"""Commits come at any moment between two looks of the follower, so each is held back for up to this long."""


def measure(plan: Plan) -> Figures:
    """Milliseconds from before a commit begins until every worker answers from it or from a later one."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_registry(folder, SUBJECTS)
        settings = Settings(data_dir=folder)
        with (
            clearway_server(folder, WORKERS) as node,
            everyone(node) as stubs,
            Registry.open(settings.registry_url, load_keys(settings), moment=datetime.now(UTC)) as registry,
        ):
            pauses = Random(1)
            taken = []
            for number in range(plan.commits):
                time.sleep(pauses.uniform(0, LONGEST_PAUSE))
                taken.append(visible_after(registry, stubs, code_of(FIRST_NEW + number)))
    found = Measured.of(taken, 1.0)
    return {
        "workers": WORKERS,
        "connections": len(stubs),
        "commits": len(taken),
        "p50_ms": round(found.p50_ms, 1),
        "p99_ms": round(found.p99_ms, 1),
        "max_ms": round(max(taken), 1),
    }


def visible_after(registry: Registry, stubs: list[CheckServiceStub], code: str) -> float:
    """Register the organisation, and wait until everybody knows it; raises where an answer does not."""
    request = check(code)
    begun = time.monotonic()
    revision = registry.execute(RegisterSubject("cn-uscc", code), actor="bench", moment=datetime.now(UTC))
    request.consistency.at_least_as_fresh = token_of(registry.changes.database_id(), revision)
    for answer in [stub.CheckSubject.future(request, timeout=10.0) for stub in stubs]:
        answer.result()
    return (time.monotonic() - begun) * 1000


@contextmanager
def everyone(node: Node) -> Iterator[list[CheckServiceStub]]:
    """Connections of their own, opened until every worker has one: the kernel gives each to whom it likes."""
    workers = workers_of(node.pid, node.port)
    stubs: list[CheckServiceStub] = []
    with ExitStack() as open_channels:
        while len(stubs) < MOST_CONNECTIONS:
            channel = open_channels.enter_context(grpc.insecure_channel(node.address, options=CHANNEL))
            grpc.channel_ready_future(channel).result(10.0)
            stubs.append(CheckServiceStub(channel))
            reached = connections_of(workers, node.port)
            if len(workers) == WORKERS and all(reached[worker] for worker in workers):
                yield stubs
                return
        raise RuntimeError(f"{len(stubs)} connections did not reach every worker")
