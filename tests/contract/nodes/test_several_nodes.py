"""Several nodes on one PostgreSQL database: one record, one log, and what each does while the database fails."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psycopg
import pytest
from psycopg import sql

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.operator_service_pb2_grpc import OperatorServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.postgresql.engine import parsed
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of
from clearway.web.console.cookies import SESSION
from tests.contract.loaded import a_check, outcome, refusal_in
from tests.contract.nodes.nodes import (
    KEY,
    PATIENCE,
    age_of,
    ask,
    end_connections,
    newly_listed,
    postgres_processes,
    rows_of,
)
from tests.contract.signing_in import form_in, signed_in, signed_in_with
from tests.node import RunningNode
from tests.parties import access_file
from tests.postgres import Server
from tests.processes import parts, successor
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("nodes"), pytest.mark.timeout(300)]

MAX_AGE = 4.0


# Together


def test_what_is_recorded_on_one_node_is_known_to_all(
    start: Callable[..., RunningNode], url: str, registry: Registry, tmp_path: Path
) -> None:
    nodes = [start(name) for name in ("a", "b", "c")]
    assert {ask(node).revision for node in nodes} == {ask(nodes[0]).revision}
    more = tmp_path / "more.csv"
    more.write_text(f"fact,scheme,code,name,known_since\nknown,cn-uscc,{code_of(71_000_001)},虚构,2020-01-01\n")
    command = [
        sys.executable,
        "-m",
        "clearway.cli.main",
        "import",
        "flat-csv",
        str(more),
        "--data-dir",
        str(tmp_path / "b"),
    ]
    environment = os.environ | {"CLEARWAY_DATABASE": url, "CLEARWAY_SUBJECT_KEY": KEY}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    token = newly_listed(registry, 71_000_002)
    for node in nodes:
        answer = ask(node, 71_000_002, consistency=pb.Consistency(at_least_as_fresh=token))
        assert (outcome(answer), answer.revision) == ("RESTRICTION", token)
        assert outcome(ask(node, 71_000_001)) == "GREEN_CHANNEL", "known since long ago, with a clean record"


def test_a_node_that_has_not_reached_a_revision_says_what_it_has(start: Callable[..., RunningNode]) -> None:
    node = start("a")
    have = ask(node).revision
    database, _, number = have.rpartition(".")
    ahead = pb.Consistency(at_least_as_fresh=f"{database}.{int(number) + 1000}")
    with pytest.raises(grpc.RpcError) as refused:
        node.checks().CheckSubject(a_check(consistency=ahead), timeout=4)
    found = refusal_in(refused.value)
    assert (found["code"], found["reason"]) == ("UNAVAILABLE", "INDEX_BEHIND")
    assert found["metadata"] == {"have": number, "want": str(int(number) + 1000)}


def test_every_check_of_every_node_is_in_the_one_log_once(start: Callable[..., RunningNode], url: str) -> None:
    nodes = [start(name) for name in ("a", "b")]

    def check(number: int) -> str:
        return ask(nodes[number % 2], case_number=f"CASE-{number}", request_id=f"r-{number}").check_id

    with ThreadPoolExecutor(16) as callers:
        told = list(callers.map(check, range(300)))
    until(lambda: len(rows_of(url)) >= 300)
    counted = Counter(check_id for check_id, _ in rows_of(url))
    assert counted == Counter(told)
    for node in nodes:
        recorded = node.checks().GetCheck(pb.GetCheckRequest(check_id=told[0]), timeout=PATIENCE)
        assert recorded.request.case_number == "CASE-0", "the log is one, whichever node is asked"
    with psycopg.connect(url) as connection:
        incarnations = connection.execute("SELECT DISTINCT left(segment, -5) FROM journal_cursor").fetchall()
    assert len(incarnations) == 2, "each node's rows are shipped under a name of their own"


def test_each_node_tells_an_operator_of_all_and_of_one_that_is_gone(start: Callable[..., RunningNode]) -> None:
    nodes = [start(name) for name in ("a", "b")]
    here, there = (node.address.rpartition(":")[2] for node in nodes)

    def told(node: RunningNode) -> dict[str, operator_pb.NodeAccount]:
        """Port → the account of the node on it."""
        stub = OperatorServiceStub(node.channel())
        found = stub.ListNodes(operator_pb.ListNodesRequest(), timeout=PATIENCE)
        assert found.registry_revision > 0
        return {account.name.rpartition(":")[2]: account for account in found.nodes}

    until(lambda: all(told(node).keys() == {here, there} for node in nodes), within=60)
    until(lambda: all(one.index_revision for one in told(nodes[0]).values()), within=60)
    assert not any(one.missing for one in told(nodes[0]).values())
    nodes[1].kill()
    until(lambda: told(nodes[0])[there].missing, within=60)
    assert not told(nodes[0])[here].missing


def test_whoever_signs_out_on_one_node_has_signed_out_on_all(start: Callable[..., RunningNode], tmp_path: Path) -> None:
    access = tmp_path / "access.yaml"
    access.write_text(access_file(), "utf-8")
    here, there = (start(name, access=access, view_key="5b" * 32, web_listen="127.0.0.1:0") for name in ("a", "b"))
    with signed_in(here, "auditor") as (visitor, _):
        copied = visitor.cookies[SESSION]
        assert signed_in_with(there, copied)
        assert visitor.post("sign-out", data={"form": form_in(visitor.get("checks"))}).status_code == 200
    assert [signed_in_with(node, copied) for node in (here, there)] == [False, False]


def test_a_node_that_is_killed_ships_its_journal_when_it_is_started_again(
    start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a", ship_interval=3600)
    told = [ask(node, case_number=f"CASE-{number}").check_id for number in range(20)]
    node.kill()
    assert len(rows_of(url)) < 20, "some rows are in its journal alone"
    node.start()
    until(lambda: len(rows_of(url)) >= 20)
    assert Counter(check_id for check_id, _ in rows_of(url)) == Counter(told)


def test_a_node_with_another_key_is_refused(start: Callable[..., RunningNode], url: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "clearway.cli.main",
        "serve",
        "--data-dir",
        str(tmp_path / "z"),
        "--listen",
        "127.0.0.1:0",
    ]
    environment = os.environ | {"CLEARWAY_DATABASE": url, "CLEARWAY_SUBJECT_KEY": "cd" * 32}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "hashed with another secret" in done.stderr


# While the database fails


def test_while_the_database_is_stopped_checks_go_on_until_the_index_is_too_old(
    server: Server, start: Callable[..., RunningNode], url: str, registry: Registry
) -> None:
    node = start("a", max_index_age=MAX_AGE)
    first = ask(node, request_id="r-0")
    assert outcome(first) == "RESTRICTION"
    until(lambda: len(rows_of(url)) == 1)
    server.stop(signal.SIGQUIT)
    try:
        stopped = time.monotonic()
        answer = ask(node, request_id="r-1", case_number="CASE-1")
        assert outcome(answer) == "RESTRICTION"
        assert node.serving()
        # A retry gets its recorded answer, and a recorded check is read, as long as the journals have it.
        assert ask(node, request_id="r-1", case_number="CASE-1") == answer
        recorded = node.checks().GetCheck(pb.GetCheckRequest(check_id=answer.check_id), timeout=PATIENCE)
        assert recorded.request.case_number == "CASE-1"
        nothing_is_recorded(node)
        nothing_is_read(node)
        time.sleep(1.5)
        assert age_of(ask(node)) > 1.0, "the index grows old, and says so"
        until(lambda: outcome(ask(node)) == "UNDETERMINED", within=MAX_AGE * 3)
        assert time.monotonic() - stopped > MAX_AGE - 2.0, (
            "not before it is that old: a beat of the follower is a second"
        )
        assert node.serving(), "an answer, if only that there is none"
    finally:
        server.start()
    until(lambda: outcome(ask(node)) == "RESTRICTION")
    assert age_of(ask(node)) < MAX_AGE
    token = newly_listed(registry, 71_000_003)
    answer = ask(node, 71_000_003, consistency=pb.Consistency(at_least_as_fresh=token))
    assert outcome(answer) == "RESTRICTION"
    until(lambda: answer.check_id in {check_id for check_id, _ in rows_of(url)})
    counted = Counter(check_id for check_id, _ in rows_of(url))
    assert set(counted.values()) == {1}
    assert first.check_id in counted


def nothing_is_recorded(node: RunningNode) -> None:
    act = registry_pb.RegisterSubjectRequest(identifiers=[Identifier(scheme="cn-uscc", value=code_of(71_000_009))])
    act.act.registrar, act.act.reason = "registrar 7", "a test"
    with pytest.raises(grpc.RpcError) as refused:
        RegistryServiceStub(node.channel()).RegisterSubject(act, timeout=PATIENCE)
    assert refusal_in(refused.value)["reason"] == "REGISTRY_UNAVAILABLE"


def nothing_is_read(node: RunningNode) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        node.checks().GetCheck(pb.GetCheckRequest(check_id="0195a0b0-0000-7000-8000-000000000001"), timeout=PATIENCE)
    assert refusal_in(refused.value)["reason"] == "AUDIT_UNAVAILABLE"


def test_workers_and_nodes_start_from_the_index_while_the_database_is_stopped(
    server: Server, start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a")
    before = ask(node, request_id="r-0")
    server.stop()
    try:
        ask(node, request_id="r-1")
        living = parts(node.pid)
        os.kill(living["worker-1"], signal.SIGKILL)
        successor(node.pid, "worker-1", living["worker-1"])
        until(node.serving)
        assert ask(node, request_id="r-0").check_id == before.check_id, "the journals know what was asked just now"
        node.kill()
        node.start()
        answer = ask(node, request_id="r-2")
        assert outcome(answer) == "RESTRICTION"
    finally:
        server.start()
    until(lambda: answer.check_id in {check_id for check_id, _ in rows_of(url)})
    assert set(Counter(check_id for check_id, _ in rows_of(url)).values()) == {1}


def test_no_process_of_a_node_ends_with_its_database(
    server: Server, start: Callable[..., RunningNode], url: str
) -> None:
    node = start("a")
    before = parts(node.pid)
    server.stop(signal.SIGQUIT)
    time.sleep(2)
    server.start()
    answer = ask(node)
    until(lambda: answer.check_id in {check_id for check_id, _ in rows_of(url)})
    assert parts(node.pid) == before
    assert '"event": "process_died"' not in node.log.read_text()


def test_a_new_node_does_not_start_without_its_database(server: Server, url: str, tmp_path: Path) -> None:
    server.stop()
    try:
        node = RunningNode(tmp_path / "new", database=url, subject_key=KEY)
        with pytest.raises(AssertionError, match="there is no index yet to serve from"):
            node.start(within=60)
    finally:
        server.start()


def test_while_the_database_takes_no_writes_checks_go_on_and_rows_wait(
    server: Server, start: Callable[..., RunningNode], url: str, registry: Registry
) -> None:
    node = start("a", max_index_age=MAX_AGE)
    registry.close()
    name = sql.Identifier(str(parsed(url).database))
    server.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    end_connections(server, url)
    answers = []
    for _ in range(int(MAX_AGE) + 2):
        answers.append(ask(node))
        time.sleep(1)
    assert {outcome(answer) for answer in answers} == {"RESTRICTION"}, "the follower reads all the same"
    assert len(rows_of(url)) == 0
    nothing_is_recorded(node)
    server.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    end_connections(server, url)
    until(lambda: len(rows_of(url)) == len(answers))


def test_while_the_database_stands_still_checks_go_on(
    server: Server, start: Callable[..., RunningNode], url: str
) -> None:
    """It takes connections and answers nothing: worse than one that is gone."""
    node = start("a", max_index_age=MAX_AGE, workers=2)
    ask(node)
    frozen = postgres_processes(server)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Reading the log hangs, as it must; and checks are none the slower for it.
        for _ in range(12):
            with pytest.raises(grpc.RpcError):
                node.checks().GetCheck(pb.GetCheckRequest(check_id="no such"), timeout=0.2)
        begun = time.monotonic()
        answers = [ask(node, request_id=f"still-{number}") for number in range(20)]
        assert time.monotonic() - begun < 5.0
        assert len({answer.check_id for answer in answers}) == 20
        until(lambda: outcome(ask(node)) == "UNDETERMINED", within=MAX_AGE * 3)
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    until(lambda: outcome(ask(node)) == "RESTRICTION")
    until(lambda: {answer.check_id for answer in answers} <= {check_id for check_id, _ in rows_of(url)})


def test_a_restored_database_is_noticed_by_running_nodes(
    server: Server, start: Callable[..., RunningNode], url: str, registry: Registry
) -> None:
    nodes = [start(name) for name in ("a", "b")]
    backup = server.make_database(template=backup_source(server, url, registry))
    lost = newly_listed(registry, 71_000_004)
    for node in nodes:
        assert outcome(ask(node, 71_000_004, consistency=pb.Consistency(at_least_as_fresh=lost))) == "RESTRICTION"
    registry.close()
    put_in_place(server, url, backup)
    for node in nodes:
        until(lambda node=node: ask(node).revision.split(".")[1] != lost.split(".")[1])  # type: ignore[misc]
        with pytest.raises(grpc.RpcError) as refused:
            ask(node, 71_000_004, consistency=pb.Consistency(at_least_as_fresh=lost))
        assert refusal_in(refused.value)["reason"] == "FOREIGN_REVISION"
        assert outcome(ask(node, 71_000_004)) == "ORDINARY", "what came after the backup is gone"
        assert outcome(ask(node)) == "RESTRICTION"
    assert len({ask(node).revision for node in nodes}) == 1, "every node goes on in the same life"
    answer = ask(nodes[0], 71_000_005, consistency=pb.Consistency(at_least_as_fresh=newly_listed(registry, 71_000_005)))
    assert outcome(answer) == "RESTRICTION"
    until(lambda: answer.check_id in {check_id for check_id, _ in rows_of(url)})
    assert set(Counter(check_id for check_id, _ in rows_of(url)).values()) == {1}


def backup_source(server: Server, url: str, registry: Registry) -> str:
    """The database's name, with nobody connected: PostgreSQL copies none that is in use."""
    name = str(parsed(url).database)
    server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    end_connections(server, url)
    until(lambda: not connected(server, name))
    made = server.make_database(template=name)
    for database in (name, made):
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(database)))
    return made


def connected(server: Server, name: str) -> bool:
    with psycopg.connect(server.url("postgres")) as connection:
        found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,)).fetchone()
    return bool(found and found[0])


def put_in_place(server: Server, url: str, backup: str) -> None:
    """The restored database takes the name of the one that failed."""
    name = str(parsed(url).database)
    server.drop_database(name)
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(backup), sql.Identifier(name)))
