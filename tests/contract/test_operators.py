"""What operators are told of a node through the wire, and that nobody else is told."""

from __future__ import annotations

import grpc
import pytest

from clearway.gen.v1 import access_service_pb2 as access_pb
from clearway.gen.v1 import operator_service_pb2 as pb
from clearway.gen.v1.access_service_pb2_grpc import AccessServiceStub
from clearway.gen.v1.operator_service_pb2_grpc import OperatorServiceStub
from tests.contract.loaded import refusal_in
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
def test_nobody_else_is_told_of_node_or_feeds(guarded: RunningNode, caller: str) -> None:
    stub = OperatorServiceStub(as_caller(guarded, caller))
    for ask in (
        lambda: stub.GetNode(pb.GetNodeRequest(), timeout=PATIENCE),
        lambda: stub.ListFeeds(pb.ListFeedsRequest(), timeout=PATIENCE),
        lambda: stub.ListNodes(pb.ListNodesRequest(), timeout=PATIENCE),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            ask()
        assert refusal_in(raised.value)["reason"] == "ACCESS_DENIED"
