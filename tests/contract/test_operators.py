"""What operators are told of a node through the wire, and that nobody else is told."""

from __future__ import annotations

import grpc
import pytest

from clearway.gen.v1 import access_service_pb2 as access_pb
from clearway.gen.v1 import operator_service_pb2 as pb
from clearway.gen.v1.access_service_pb2_grpc import AccessServiceStub
from clearway.gen.v1.operator_service_pb2_grpc import OperatorServiceStub
from clearway.registry.registry import Registry
from tests.contract.feeds_left import LISTS
from tests.contract.loaded import refusal_in
from tests.contract.test_access import recorded
from tests.node import RunningNode
from tests.parties import AUTHORITY, ROLES, as_caller
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PATIENCE = 10.0


def test_an_operator_is_told_how_the_node_is(guarded: RunningNode) -> None:
    node = OperatorServiceStub(as_caller(guarded, "operator")).GetNode(pb.GetNodeRequest(), timeout=PATIENCE)
    assert node.name.startswith("clearway@")
    assert node.registry_reachable
    assert 0 < node.index_revision <= node.registry_revision
    assert node.disk_free_bytes > 0
    assert "worker-1" in {process.name for process in node.processes}
    assert all(process.HasField("silent") for process in node.processes if process.name.startswith("worker-"))


def test_an_operator_is_told_of_every_node_on_the_log(guarded: RunningNode) -> None:
    stub = OperatorServiceStub(as_caller(guarded, "operator"))
    until(lambda: bool(stub.ListNodes(pb.ListNodesRequest(), timeout=PATIENCE).nodes))
    (node,) = stub.ListNodes(pb.ListNodesRequest(), timeout=PATIENCE).nodes
    assert (node.name.startswith("clearway@"), node.missing) == (True, False)
    assert node.started_at.ToDatetime() <= node.seen_at.ToDatetime()


@pytest.mark.parametrize("role", ROLES)
def test_whoever_is_known_is_told_who_they_are_to_the_service(guarded: RunningNode, role: str) -> None:
    stub = AccessServiceStub(as_caller(guarded, role))
    found = stub.GetCaller(access_pb.GetCallerRequest(), timeout=PATIENCE)
    assert (found.principal, found.authority, list(found.roles)) == (role, AUTHORITY, [role])


def test_on_loopback_without_an_access_file_whoever_calls_has_every_role(node: RunningNode) -> None:
    found = AccessServiceStub(node.channel()).GetCaller(access_pb.GetCallerRequest(), timeout=PATIENCE)
    assert set(found.roles) == set(ROLES)


@pytest.mark.parametrize("caller", ["auditor", "officer", "registrar"])
def test_nobody_else_is_told_of_nodes(guarded: RunningNode, caller: str) -> None:
    stub = OperatorServiceStub(as_caller(guarded, caller))
    for ask in (
        lambda: stub.GetNode(pb.GetNodeRequest(), timeout=PATIENCE),
        lambda: stub.ListNodes(pb.ListNodesRequest(), timeout=PATIENCE),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            ask()
        assert refusal_in(raised.value)["reason"] == "ACCESS_DENIED"


def feeds_told(node: RunningNode, caller: str) -> dict[str, pb.FeedStatus]:
    """Feed → how it is, as a caller is told."""
    stub = OperatorServiceStub(as_caller(node, caller))
    return {feed.feed: feed for feed in stub.ListFeeds(pb.ListFeedsRequest(), timeout=PATIENCE).feeds}


@pytest.mark.parametrize("caller", ["checker", "officer"])
def test_a_licensing_system_is_told_of_no_feed(guarded: RunningNode, caller: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        feeds_told(guarded, caller)
    assert refusal_in(raised.value)["reason"] == "ACCESS_DENIED"


@pytest.mark.parametrize("caller", ["auditor", "operator"])
def test_auditors_and_operators_are_told_how_every_feed_is(
    served_left: tuple[RunningNode, Registry], caller: str
) -> None:
    found = feeds_told(served_left[0], caller)
    assert found.keys() >= {"samr", "tax", *LISTS}
    assert found["samr"].quarantined > 0
    assert found["samr"].last_attempt.outcome == "loaded"
    assert found[LISTS[0]].waiting.gone == 8
    assert found[LISTS[0]].list_within_reach is (caller == "auditor")


def test_a_registrar_is_told_of_the_feeds_of_its_regimes_and_of_lists_within_its_grant(
    served_left: tuple[RunningNode, Registry],
) -> None:
    node, _ = served_left
    whole, of_shanghai = feeds_told(node, "registrar"), feeds_told(node, "registrar-of-shanghai")
    assert whole.keys() == of_shanghai.keys() == {"samr", *LISTS}
    assert feeds_told(node, "registrar-of-tax").keys() == {"tax"}
    assert (whole[LISTS[0]].waiting.gone, whole[LISTS[0]].list_within_reach) == (8, True)
    assert (of_shanghai[LISTS[0]].HasField("waiting"), of_shanghai[LISTS[0]].list_within_reach) == (False, False)


@pytest.mark.parametrize(("caller", "looks"), [("auditor", 1), ("registrar", 1), ("operator", 0)])
def test_a_look_at_feeds_is_on_the_log(served_left: tuple[RunningNode, Registry], caller: str, looks: int) -> None:
    node, _ = served_left

    def rows() -> int:
        return sum(record.method == "OperatorService/ListFeeds" for record in recorded(node, caller))

    before = rows()
    feeds_told(node, caller)
    assert rows() == before + looks
