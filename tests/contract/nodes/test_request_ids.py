"""A request id is answered under once, whichever worker or node a try lands on, and however close tries are."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import grpc
import psycopg
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from tests.contract.loaded import a_check, refusal_in
from tests.contract.nodes.nodes import PATIENCE, postgres_processes, rows_of
from tests.node import NO_PROXY, RunningNode
from tests.postgres import Server
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.faults, pytest.mark.xdist_group("nodes"), pytest.mark.timeout(300)]

ONLY_HERE = ("clearway-request-id", "this-node-only")
IDS = 40


def connections(address: str, count: int) -> list[grpc.Channel]:
    """As many connections: the kernel spreads them over the workers of the node."""
    alone = [*NO_PROXY, ("grpc.use_local_subchannel_pool", 1)]
    return [grpc.insecure_channel(address, options=alone) for _ in range(count)]


def at_once(channels: list[grpc.Channel], request: pb.CheckSubjectRequest) -> list[pb.CheckSubjectResponse]:
    """What each channel answers to the same request, asked at the same instant; retried where it is under way."""
    together = Barrier(len(channels))

    def asked(channel: grpc.Channel) -> pb.CheckSubjectResponse:
        stub = CheckServiceStub(channel)
        together.wait(PATIENCE)
        while True:
            try:
                answer: pb.CheckSubjectResponse = stub.CheckSubject(request, timeout=PATIENCE)
            except grpc.RpcError as error:
                if refusal_in(error)["reason"] != "REQUEST_UNDER_WAY":
                    raise
            else:
                return answer

    with ThreadPoolExecutor(len(channels)) as callers:
        return list(callers.map(asked, channels))


def each_is_answered_once(channels: list[grpc.Channel], url: str) -> None:
    told = Counter[str]()
    for number in range(IDS):
        answers = at_once(channels, a_check(request_id=f"r-{number}", case_number=f"CASE-{number}"))
        assert len({answer.SerializeToString() for answer in answers}) == 1
        told[answers[0].check_id] += 1
    until(lambda: len(rows_of(url)) >= IDS)
    assert Counter(check_id for check_id, _ in rows_of(url)) == told


def test_tries_at_the_same_instant_on_the_workers_of_a_node_leave_one_check(
    start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a", workers=2)
    channels = connections(node.address, 8)
    # Each connection is made before the instant that matters.
    for number, channel in enumerate(channels):
        CheckServiceStub(channel).CheckSubject(a_check(case_number=f"FIRST-{number}"), timeout=PATIENCE)
    until(lambda: len(rows_of(url)) == len(channels))
    told = [at_once(channels, a_check(request_id=f"r-{number}")) for number in range(IDS)]
    assert all(len({answer.SerializeToString() for answer in answers}) == 1 for answers in told)
    until(lambda: len(rows_of(url)) >= len(channels) + IDS)
    assert len(rows_of(url)) == len(channels) + IDS


def test_tries_at_the_same_instant_on_two_nodes_leave_one_check(start: Callable[..., RunningNode], url: str) -> None:
    each_is_answered_once([start(name).channel() for name in ("a", "b")], url)


def test_it_is_so_too_where_the_log_is_central_at_once(start: Callable[..., RunningNode], url: str) -> None:
    nodes = [start(name, workers=2, log_durability="central") for name in ("a", "b")]
    each_is_answered_once([channel for node in nodes for channel in connections(node.address, 3)], url)


def test_a_retry_on_another_node_gets_the_recorded_answer_and_another_body_is_refused(
    start: Callable[..., RunningNode],
) -> None:
    first, second = start("a"), start("b")
    answer = first.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    assert second.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE) == answer
    with pytest.raises(grpc.RpcError) as refused:
        second.checks().CheckSubject(a_check(request_id="r", case_number="ANOTHER"), timeout=PATIENCE)
    found = refusal_in(refused.value)
    assert (found["reason"], found["metadata"]) == ("REQUEST_ID_REUSED", {"check_id": answer.check_id})


def test_an_id_whose_check_was_refused_is_free_on_every_node(start: Callable[..., RunningNode]) -> None:
    first, second = start("a"), start("b")
    with pytest.raises(grpc.RpcError) as refused:
        first.checks().CheckSubject(a_check(request_id="r", item_code="NO-SUCH-ITEM"), timeout=PATIENCE)
    assert refusal_in(refused.value)["reason"] == "UNKNOWN_ITEM"
    assert second.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE).check_id


def test_what_a_lost_node_had_taken_is_free_again_after_the_lease(start: Callable[..., RunningNode], url: str) -> None:
    """It recorded, and was killed before it shipped: nobody else can know its answer."""
    first, second = start("a", ship_interval=3600), start("b")
    lost = first.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    first.kill()
    with pytest.raises(grpc.RpcError) as refused:
        second.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    assert refusal_in(refused.value)["reason"] == "REQUEST_UNDER_WAY"

    def answered() -> bool:
        try:
            answer = second.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
        except grpc.RpcError as error:
            if refusal_in(error)["reason"] != "REQUEST_UNDER_WAY":
                raise
            return False
        return bool(answer.check_id != lost.check_id)

    until(answered)
    first.start()
    until(lambda: lost.check_id in {check_id for check_id, _ in rows_of(url)})


def test_a_node_killed_after_recording_centrally_leaves_its_answer_to_the_others(
    start: Callable[..., RunningNode], url: str
) -> None:
    first, second = start("a", log_durability="central"), start("b", log_durability="central")
    recorded = first.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    first.kill()
    assert second.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE) == recorded
    assert [check_id for check_id, _ in rows_of(url)] == [recorded.check_id]


def test_without_the_database_each_node_vouches_for_its_own_and_says_so(
    server: Server, start: Callable[..., RunningNode]
) -> None:
    node = start("a", workers=2)
    server.stop()
    try:
        channels = connections(node.address, 4)
        answer, call = CheckServiceStub(channels[0]).CheckSubject.with_call(a_check(request_id="r"), timeout=PATIENCE)
        assert ONLY_HERE in [(name, value) for name, value in call.trailing_metadata()]
        for channel in channels:
            assert CheckServiceStub(channel).CheckSubject(a_check(request_id="r"), timeout=PATIENCE) == answer
    finally:
        server.start()

    def vouched_by_all() -> bool:
        fresh = a_check(request_id=f"later-{os.urandom(4).hex()}")
        _, call = node.checks().CheckSubject.with_call(fresh, timeout=PATIENCE)
        return ONLY_HERE not in list(call.trailing_metadata())

    until(vouched_by_all)


def test_claims_do_not_outlive_their_use(start: Callable[..., RunningNode], url: str) -> None:
    node = start("a")
    node.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    with psycopg.connect(url) as connection:
        claims = connection.execute("SELECT request_id, claimant FROM request_claim").fetchall()
    assert [(name, claimant[:8]) for name, claimant in claims] == [("r", "worker-1")]


def test_a_database_that_stands_still_keeps_few_waiting(server: Server, start: Callable[..., RunningNode]) -> None:
    node = start("a")
    frozen = postgres_processes(server)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        requests = [a_check(request_id=f"r-{number}") for number in range(20)]
        answers = [node.checks().CheckSubject(request, timeout=PATIENCE) for request in requests]
        assert len({answer.check_id for answer in answers}) == len(requests)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
