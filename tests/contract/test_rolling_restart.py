"""A node, its workers and a pair of nodes restarted under load: a client that retries sees no failed call."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import grpc
import pytest

from clearway.client import Check, Clearway, ConnectConfig, Raise, RetryConfig
from clearway.client.retries import service_config
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.synthetic import Character, code_of
from tests import waiting
from tests.contract.loaded import DEFERRABLE, ESSENTIAL, ITEM, a_check, load
from tests.node import NO_PROXY, RunningNode
from tests.processes import parts, successor
from tests.waiting import free_port

pytestmark = [pytest.mark.sockets, pytest.mark.faults, pytest.mark.xdist_group("node"), pytest.mark.timeout(300)]

CALLERS = 4
TIMEOUT = 20.0
RETRIES = RetryConfig(max_attempts=5)

Ask = Callable[[int], str]


class Callers:
    """Callers that ask one check after another, each under a request id of its own, until told to stop."""

    def __init__(self, ask: Ask) -> None:
        self.check_ids: list[str] = []
        self.failed: list[str] = []
        self._ask = ask
        self._stop = threading.Event()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Load, from before the block until after it."""
        with ThreadPoolExecutor(CALLERS) as threads:
            begun = [threads.submit(self._run, caller) for caller in range(CALLERS)]
            try:
                self.wait_for_more()
                yield
                self.wait_for_more()
            finally:
                self._stop.set()
            for one in begun:
                one.result()

    def wait_for_more(self, count: int = 40, within: float = 60.0) -> None:
        """Return when so many more were answered."""
        wanted, last = len(self.check_ids) + count, time.monotonic() + within
        while len(self.check_ids) < wanted and not self.failed:
            assert time.monotonic() < last, "nothing is answered any more"
            time.sleep(0.02)

    def _run(self, caller: int) -> None:
        number = caller
        while not self._stop.is_set():
            number += CALLERS
            try:
                self.check_ids.append(self._ask(number))
            except Exception as error:
                self.failed.append(repr(error)[:2000])

    def all_were_answered(self) -> None:
        assert self.failed == []
        assert len(set(self.check_ids)) == len(self.check_ids)


until = partial(waiting.until, within=60.0)


@contextmanager
def plain(target: str) -> Iterator[Ask]:
    """A plain gRPC client, with the service config that the guide gives."""
    config = json.loads(service_config(RETRIES)) | {"loadBalancingConfig": [{"round_robin": {}}]}
    options = [*NO_PROXY, ("grpc.service_config", json.dumps(config))]
    with grpc.insecure_channel(target, options=options) as channel:
        stub = CheckServiceStub(channel)

        def ask(number: int) -> str:
            request = a_check(Character.SERIOUS, request_id=f"r-{number}", case_number=f"CASE-{number}")
            return str(stub.CheckSubject(request, timeout=TIMEOUT, wait_for_ready=True).check_id)

        yield ask


@contextmanager
def sdk(target: str) -> Iterator[Ask]:
    """The project's own client."""
    config = ConnectConfig(target, timeout=TIMEOUT, retry=RETRIES)
    with Clearway(config, on_unavailable=Raise()) as clearway:

        def ask(number: int) -> str:
            check = Check(
                scheme="cn-uscc",
                code=code_of(Character.SERIOUS),
                item=ITEM,
                case=f"CASE-{number}",
                officer="o-7",
                materials=ESSENTIAL + DEFERRABLE,
                request_id=f"r-{number}",
            )
            return clearway.check(check).check_id

        yield ask


CLIENTS = pytest.mark.parametrize("client", [plain, sdk])


@CLIENTS
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_each_worker_of_a_node_restarted_under_load_fails_no_call(
    tmp_path: Path, client: Callable[[str], Iterator[Ask]], how: signal.Signals
) -> None:
    with load(tmp_path), RunningNode(tmp_path, workers=2) as node, client(node.address) as ask:  # type: ignore[attr-defined]
        living = parts(node.pid, workers=2)
        callers = Callers(ask)
        with callers.busy():
            for worker in ("worker-1", "worker-2"):
                begun = node.log.read_text().count("worker_started")
                os.kill(living[worker], how)
                living[worker] = successor(node.pid, worker, living[worker])
                until(lambda begun=begun: node.log.read_text().count("worker_started") > begun)  # type: ignore[misc]
                callers.wait_for_more()
        callers.all_were_answered()


@CLIENTS
def test_two_nodes_restarted_one_after_the_other_fail_no_call(
    tmp_path: Path, client: Callable[[str], Iterator[Ask]]
) -> None:
    ports = [free_port(), free_port()]
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    first, second = (RunningNode(tmp_path / str(port), port=port) for port in ports)
    with load(first.data_dir), load(second.data_dir), first, second, client(target) as ask:  # type: ignore[attr-defined]
        callers = Callers(ask)
        with callers.busy():
            for node in (first, second):
                assert node.stop() == 0
                callers.wait_for_more()
                node.start()
                callers.wait_for_more()
        callers.all_were_answered()
