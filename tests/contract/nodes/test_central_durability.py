"""`log_durability = central`: an answer leaves when its row is in the database of all nodes, and not before."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from tests.contract.loaded import a_check, refusal_in
from tests.contract.nodes.nodes import PATIENCE, ask, rows_of
from tests.node import RunningNode
from tests.postgres import Server
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.faults, pytest.mark.xdist_group("nodes"), pytest.mark.timeout(300)]


def test_an_answer_is_in_the_database_when_it_leaves(start: Callable[..., RunningNode], url: str) -> None:
    node = start("a", log_durability="central", ship_interval=3600)

    def check(number: int) -> str:
        return ask(node, case_number=f"CASE-{number}").check_id

    with ThreadPoolExecutor(16) as callers:
        told = list(callers.map(check, range(200)))
    assert Counter(check_id for check_id, _ in rows_of(url)) == Counter(told)
    recorded = node.checks().GetCheck(pb.GetCheckRequest(check_id=told[0]), timeout=PATIENCE)
    assert recorded.request.case_number == "CASE-0"


def test_a_refused_check_is_there_too(start: Callable[..., RunningNode], url: str) -> None:
    node = start("a", log_durability="central", ship_interval=3600)
    with pytest.raises(grpc.RpcError):
        ask(node, item_code="NO-SUCH-ITEM", case_number="REFUSED")
    assert [case for _, case in rows_of(url)] == ["REFUSED"]


def test_without_the_database_there_is_no_answer_until_it_is_back(
    server: Server, start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a", log_durability="central")
    before = ask(node)
    server.stop(signal.SIGQUIT)
    try:
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as refused:
                node.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
            found = refusal_in(refused.value)
            assert (found["code"], found["reason"]) == ("UNAVAILABLE", "AUDIT_UNAVAILABLE")
        until(lambda: not node.serving())
    finally:
        server.start()
    until(node.serving)
    after = node.checks().CheckSubject(a_check(request_id="r"), timeout=PATIENCE)
    assert Counter(check_id for check_id, _ in rows_of(url)) == Counter([before.check_id, after.check_id])


def test_rows_left_in_journals_are_shipped_where_a_node_goes_central(
    start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a", ship_interval=3600)
    left = ask(node).check_id
    node.kill()
    start("a", log_durability="central")
    until(lambda: [check_id for check_id, _ in rows_of(url)] == [left])
