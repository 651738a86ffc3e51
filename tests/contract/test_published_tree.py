"""The log's tree over HTTP: a second implementation reads it there, and who may is as over gRPC, or everybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from tests.contract.loaded import a_check, load, refusal_in
from tests.node import RunningNode
from tests.parties import access_file, as_caller, token
from tests.unit.cli.running import run
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("evidence")]

PATIENCE = 20.0
CHECKS = 5


def a_node(data_dir: Path, log_public: bool) -> Iterator[RunningNode]:
    """A node that knows its callers, with some checks on its tree."""
    (data_dir / "access.yaml").write_text(access_file(), "utf-8")
    running = RunningNode(data_dir, access=data_dir / "access.yaml", web_listen="127.0.0.1:0", log_public=log_public)
    with load(data_dir), running as node:
        checks = CheckServiceStub(as_caller(node, "checker"))
        for _ in range(CHECKS):
            checks.CheckSubject(a_check(), timeout=PATIENCE)
        until(lambda: size_of(AuditServiceStub(as_caller(node, "operator"))) >= CHECKS)
        yield node


def size_of(audits: AuditServiceStub) -> int:
    """How many leaves are published; none as long as there is no checkpoint."""
    try:
        return audits.GetCheckpoint(tree_pb.GetCheckpointRequest(), timeout=PATIENCE).tree_size
    except grpc.RpcError as fault:
        if fault.code() is grpc.StatusCode.UNAVAILABLE:
            return 0
        raise


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    yield from a_node(tmp_path_factory.mktemp("public"), True)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    yield from a_node(tmp_path_factory.mktemp("closed"), False)


class OverHttp:
    """Where the second implementation gets its files."""

    def __init__(self, node: RunningNode) -> None:
        self._base = f"http://{node.web}/tlog"

    def get(self, *path: str) -> bytes | None:
        answer = httpx.get("/".join((self._base, *path)), timeout=PATIENCE, trust_env=False)
        return answer.content if answer.status_code == 200 else None


def got(node: RunningNode, path: str, who: str = "") -> httpx.Response:
    headers = {"authorization": f"Bearer {token(who)}"} if who else {}
    return httpx.get(f"http://{node.web}/tlog/{path}", headers=headers, timeout=PATIENCE, trust_env=False)


def test_a_second_implementation_reads_the_tree_over_http(public: RunningNode) -> None:
    vkey = run("log", "key", "--data-dir", public.data_dir).stdout.strip()
    reader = TilesReader(OverHttp(public))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(vkey))
    assert checkpoint.size >= CHECKS
    assert reader.calculate_root_hash() == checkpoint.root_hash
    assert reader.get_entry(0).startswith(b"clearway/check/v1\n")


def test_a_checkpoint_is_asked_for_anew_and_a_tile_kept_for_good(public: RunningNode) -> None:
    checkpoint = got(public, "checkpoint")
    size = int(checkpoint.text.splitlines()[1])
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["cache-control"] == "no-cache"
    for name in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        tile = got(public, name)
        assert tile.headers["content-type"] == "application/octet-stream"
        assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/9/000", "tile/0/../../keys/log.key", "tile/0/%2e%2e/%2e%2e/checkpoint", "tile/" + "x" * 80],
)
def test_what_is_no_file_of_the_tree_is_not_there(public: RunningNode, path: str) -> None:
    answer = got(public, path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]


def test_a_tree_that_is_not_public_is_read_by_whom_the_service_knows(closed: RunningNode) -> None:
    for path in ("checkpoint", "tile/0/000.p/1"):
        assert got(closed, path).status_code == 401
        assert "max-age" not in got(closed, path).headers["cache-control"]
    assert got(closed, "checkpoint", "nobody").status_code == 401
    size = int(got(closed, "checkpoint", "operator").text.splitlines()[1])
    tile = got(closed, f"tile/0/000.p/{size}", "operator")
    assert tile.status_code == 200
    assert tile.headers["cache-control"].startswith("private")


def test_what_is_public_is_the_tree_alone(public: RunningNode) -> None:
    audits = AuditServiceStub(public.channel())
    assert audits.GetCheckpoint(tree_pb.GetCheckpointRequest(), timeout=PATIENCE).tree_size >= CHECKS
    assert audits.GetTile(tree_pb.GetTileRequest(path="checkpoint"), timeout=PATIENCE).content
    closed_to_all = (
        lambda: audits.GetEntry(tree_pb.GetEntryRequest(check_id="x"), timeout=PATIENCE),
        lambda: audits.GetInclusionProof(tree_pb.GetInclusionProofRequest(check_id="x"), timeout=PATIENCE),
        lambda: audits.GetConsistencyProof(tree_pb.GetConsistencyProofRequest(), timeout=PATIENCE),
        lambda: public.checks().GetReceiptKeys(pb.GetReceiptKeysRequest(), timeout=PATIENCE),
        lambda: public.checks().CheckSubject(a_check(), timeout=PATIENCE),
    )
    for ask in closed_to_all:
        with pytest.raises(grpc.RpcError) as raised:
            ask()
        assert refusal_in(raised.value)["reason"] == "CREDENTIALS_MISSING"


def test_credentials_that_are_none_open_nothing_even_there(public: RunningNode) -> None:
    assert got(public, "checkpoint", "nobody").status_code == 401
