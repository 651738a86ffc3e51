"""The programs that the pages show, run as they stand against a running node."""

from __future__ import annotations

import base64
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pysqlite3
import pytest
from standardwebhooks import Webhook

from clearway.client import Clearway, ConnectConfig, Raise
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.registry import Registry
from tests.contract.loaded import a_check
from tests.contract.test_watching_cases import put_on_list
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.1:50051"


def program(page: str, naming: str = "") -> str:
    """The first Python program on a page, or the one that has this in it."""
    found = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return next(str(text) for text in found if naming in text)


def run(text: str, **given: Any) -> dict[str, Any]:
    """Run a program with these names; gives the names it leaves."""
    names = {"__name__": "__main__", **given}
    exec(compile(text, "page", "exec"), names)
    return names


def test_the_example_of_the_readme_gets_an_answer(node: RunningNode, capsys: pytest.CaptureFixture[str]) -> None:
    run(program("README.md").replace(ADDRESS, node.address))
    assert "stricter review" in capsys.readouterr().out


def test_the_example_of_the_integrators_guide_shows_the_advice(
    node: RunningNode, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["page"])
    run(program("docs/integrate.md").replace(ADDRESS, node.address))
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("RESTRICTION: ")
    assert any(line.startswith("restriction ") for line in shown)
    assert re.fullmatch(r"keep with the decision: [0-9a-f-]{36}", shown[-1])


def test_the_example_of_the_integrators_guide_is_the_one_beside_it() -> None:
    assert program("docs/integrate.md") == (ROOT / "examples/python/gate_approval.py").read_text("utf-8")


def test_the_gate_of_the_integrators_guide_lets_only_its_own_case_pass(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gate = run(program("docs/integrate.md", "def may_leave("))
    with Clearway(ConnectConfig(node.address), on_unavailable=Raise()) as clearway:
        gate["keep_keys"](clearway)
    check = a_check(receipt=True)
    token = node.checks().CheckSubject(check, timeout=20).receipt
    assert gate["may_leave"](token, check.case_number, check.item_code)
    assert not gate["may_leave"](token, "CASE-2", check.item_code)


def test_the_backup_of_the_operators_guide_is_whole(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").symlink_to(node.data_dir)
    (tmp_path / "backup").mkdir()
    monkeypatch.chdir(tmp_path)
    run(program("docs/operations.md"))
    for name in ("registry.db", "log.db"):
        copy = pysqlite3.connect(tmp_path / "backup" / name)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
        copy.close()


def test_the_example_of_a_stream_keeps_its_place_once_a_change_is_dealt_with(
    served: tuple[RunningNode, Registry],
) -> None:
    node, registry = served
    names = run(
        program("docs/integrate.md", "def follow("),
        Callable=Callable,
        Iterator=Iterator,
        CheckServiceStub=CheckServiceStub,
        grpc=grpc,
        pb=pb,
        random=random,
        time=time,
    )
    number, kept = 82_000_001, list[str]()
    node.checks().CheckSubject(a_check(number, case_number="FOLLOWED"), timeout=10)
    follow = names["follow"]
    cursor = next(iter(node.checks().WatchCases(pb.WatchCasesRequest()))).cursor
    time.sleep(1.0)
    put_on_list(registry, number)
    changes = follow(node.checks(), cursor, kept.append)
    change = next(change for change in changes if change.case_number == "FOLLOWED")
    changes.close()
    told = next(
        message for message in node.checks().WatchCases(pb.WatchCasesRequest(after=cursor)) if message.change == change
    )
    assert told.cursor not in kept


def test_the_example_of_a_receiver_takes_what_is_signed_and_nothing_else() -> None:
    receive = run(program("docs/integrate.md", "def receive("))["receive"]
    secret, body, now = base64.b64encode(bytes(32)).decode(), json.dumps({"id": "1"}), datetime.now(UTC)
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("1", now, body),
    }
    assert receive(secret, headers, body.encode()) == {"id": "1"}
    assert receive(secret, headers, body.replace("1", "2").encode()) is None
