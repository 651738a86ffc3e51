"""A check whose row was erased, wherever somebody meets it: told as erased, counted as gone, and nothing breaks."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest

from clearway.cli.exits import Exit
from clearway.client import verify_receipt
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1 import check_service_pb2 as check_pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, write
from clearway.server.keys import load_keys
from clearway.server.settings import Settings
from clearway.transparency.notes import parse_vkey
from clearway.transparency.proofs import parse_proof
from tests.contract.cases_service import OFFICER, a_commitment, audits, deferrals
from tests.contract.loaded import ESSENTIAL, SUBJECTS, a_check, outcome, refusal_in
from tests.node import RunningNode
from tests.postgres import Server
from tests.unit.cli.running import run
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("erased")]

PATIENCE = 20.0
SUBJECT = Character.TRUSTED
BY = "order 2026-17"
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Erased:
    """A node with one row erased while it runs, between two that were not; and what was known of the one before."""

    node: RunningNode
    environment: dict[str, str]
    answer: check_pb.CheckSubjectResponse
    kept: list[str]
    proof: bytes
    retried: dict[str, Any]
    """What a retry under its request id was refused with. The refusal is a row of its own."""

    @property
    def check_id(self) -> str:
        return self.answer.check_id

    def command(self, *arguments: object) -> Done:
        return command(self.node.data_dir, self.environment, *arguments)


def command(data_dir: Path, environment: dict[str, str], *arguments: object) -> Done:
    """What `clearway` says, run as its operator runs it: beside the node, in a process of its own."""
    whole = [sys.executable, "-m", "clearway.cli.main", *map(str, arguments), "--data-dir", str(data_dir)]
    return subprocess.run(whole, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False)


def lines(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def document(done: Done) -> Any:
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def erased(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    data_dir = tmp_path_factory.mktemp("erased") / "node"
    if request.param == "sqlite":
        yield from a_node(data_dir, "")
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as url:
        yield from a_node(data_dir, url)


def a_node(data_dir: Path, url: str) -> Iterator[Erased]:
    environment = {"CLEARWAY_DATABASE": url} if url else {}
    settings = Settings(_env_file=None, data_dir=data_dir, database=url)
    now = datetime.now(UTC)
    data_dir.mkdir()
    write(data_dir / "synthetic.csv", SUBJECTS, now.date())
    with Registry.open(settings.registry_url, load_keys(settings), moment=now) as registry:
        registry.import_feed("flat-csv", data_dir / "synthetic.csv", actor="test", moment=now)
    further: dict[str, Any] = {"database": url} if url else {}
    with RunningNode(data_dir, web_listen="127.0.0.1:0", **further) as node:
        kept = [checked(node, case_number="CASE-BEFORE").check_id]
        request = a_check(
            SUBJECT, case_number="CASE-GONE", request_id=uuid4().hex, receipt=True, supplied_materials=ESSENTIAL
        )
        answer = node.checks().CheckSubject(request, timeout=PATIENCE)
        assert outcome(answer) == "DEFERRED_ACCEPTANCE"
        kept.append(checked(node, case_number="CASE-AFTER").check_id)
        until(lambda: proof_of(node, answer.check_id) != b"" and proof_of(node, kept[-1]) != b"")
        proof = proof_of(node, answer.check_id)
        deferrals(node).Commit(a_commitment(answer.check_id), timeout=PATIENCE)
        words = ("--order", "2026-17", "--by", "operator", "--reason", "an order", "--really")
        done = command(data_dir, environment, "log", "erase", answer.check_id, *words)
        assert done.stdout == "erased: 1\n", done.stderr
        with pytest.raises(grpc.RpcError) as refused:
            node.checks().CheckSubject(request, timeout=PATIENCE)
        yield Erased(node, environment, answer, kept, proof, refusal_in(refused.value))


def checked(node: RunningNode, **changes: Any) -> check_pb.CheckSubjectResponse:
    response: check_pb.CheckSubjectResponse = node.checks().CheckSubject(a_check(SUBJECT, **changes), timeout=PATIENCE)
    return response


def proof_of(node: RunningNode, check_id: str) -> bytes:
    """The proof that a check is on the tree; empty as long as there is none."""
    try:
        found = audits(node).GetInclusionProof(tree_pb.GetInclusionProofRequest(check_id=check_id), timeout=PATIENCE)
    except grpc.RpcError as fault:
        if fault.code() is grpc.StatusCode.UNAVAILABLE or refusal_in(fault)["reason"] == "CHECK_NOT_FOUND":
            return b""
        raise
    return bytes(found.proof)


def around_now(message: Any) -> Any:
    now = datetime.now(UTC)
    message.since.FromDatetime(now - timedelta(hours=1))
    message.until.FromDatetime(now + timedelta(hours=1))
    return message


# Who asks for it


def test_whoever_asks_for_it_is_told_that_it_was_erased(erased: Erased) -> None:
    checks, audit, check_id = erased.node.checks(), audits(erased.node), erased.check_id
    report = check_pb.ReportOutcomeRequest(check_id=check_id, report_id=uuid4().hex, officer=OFFICER)
    report.case_result = check_pb.CASE_RESULT_GRANTED
    report.decided_at.FromDatetime(datetime.now(UTC))
    for ask in (
        lambda: checks.GetCheck(check_pb.GetCheckRequest(check_id=check_id), timeout=PATIENCE),
        lambda: audit.ShowCheck(pb.ShowCheckRequest(check_id=check_id), timeout=PATIENCE),
        lambda: checks.ReportOutcome(report, timeout=PATIENCE),
        lambda: deferrals(erased.node).Commit(a_commitment(check_id), timeout=PATIENCE),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            ask()
        told = refusal_in(refused.value)
        assert (told["reason"], told["metadata"]["because"]) == ("CHECK_ERASED", BY)


def test_a_retry_under_its_request_id_is_told_so_and_not_answered_anew(erased: Erased) -> None:
    told = erased.retried
    assert (told["code"], told["reason"], told["metadata"]["because"]) == ("NOT_FOUND", "CHECK_ERASED", BY)


def test_its_receipt_says_what_it_said(erased: Erased) -> None:
    keys = json.loads(erased.node.checks().GetReceiptKeys(check_pb.GetReceiptKeysRequest(), timeout=PATIENCE).jwks)
    receipt = verify_receipt(erased.answer.receipt, keys, now=datetime.now(UTC), case="CASE-GONE")
    assert receipt.check_id == erased.check_id


def test_its_place_in_the_tree_is_proven_as_before(erased: Erased) -> None:
    vkey = parse_vkey(erased.command("log", "key").stdout)
    before, after = parse_proof(erased.proof), parse_proof(proof_of(erased.node, erased.check_id))
    assert (after.index, after.extra) == (before.index, before.extra)
    after.verify(before.extra, [vkey])
    opened = audits(erased.node).GetEntry(tree_pb.GetEntryRequest(check_id=erased.check_id), timeout=PATIENCE)
    assert (opened.entry, opened.record, opened.salt) == (before.extra, b"", b"")


# What is counted


@pytest.mark.parametrize("kind", [value for value in pb.ReportKind.values() if value])
def test_reports_say_how_many_rows_they_count_nothing_of(erased: Erased, kind: pb.ReportKind.ValueType) -> None:
    request = around_now(pb.ReportFiguresRequest(kind=kind, group_by=[pb.DIMENSION_AUTHORITY, pb.DIMENSION_MONTH]))
    found = audits(erased.node).ReportFigures(request, timeout=PATIENCE)
    assert found.erased_rows == (0 if kind == pb.REPORT_KIND_OBJECTIONS else 1)
    first = found.total.figures[0]
    there = {pb.FIGURE_CHECKS: 3, pb.FIGURE_CHECKED_CASES: 2}  # with the refused retry, and without it
    assert first.figure not in there or first.value == there[first.figure]


def test_a_report_of_another_time_has_no_erased_rows(erased: Erased) -> None:
    request = pb.ReportFiguresRequest(kind=pb.REPORT_KIND_REFUSALS)
    now = datetime.now(UTC)
    request.since.FromDatetime(now - timedelta(hours=3))
    request.until.FromDatetime(now - timedelta(hours=2))
    assert audits(erased.node).ReportFigures(request, timeout=PATIENCE).erased_rows == 0


def test_lists_say_that_there_was_more(erased: Erased) -> None:
    audit = audits(erased.node)
    search = audit.SearchChecks(pb.SearchChecksRequest(), timeout=PATIENCE)
    answered = {check.check_id for check in search.checks if not check.refused_reason}
    assert (answered, search.erased_rows) == (set(erased.kept), 1)
    code = Identifier(scheme="cn-uscc", value=code_of(SUBJECT))
    access = audit.ReportSubjectAccess(pb.ReportSubjectAccessRequest(identifier=code), timeout=PATIENCE)
    assert ({entry.check.check_id for entry in access.entries}, access.erased_rows) == (set(erased.kept), 1)
    listing = f"SYN-{int(SUBJECT):08d}"
    affected = audit.ListAffectedChecks(audit_pb.ListAffectedChecksRequest(listing_id=listing), timeout=PATIENCE)
    assert erased.check_id not in {check.check_id for check in affected.checks}
    assert affected.erased_rows == 1
    unusual = audit.ListUnusualPatterns(around_now(pb.ListUnusualPatternsRequest()), timeout=PATIENCE)
    assert unusual.erased_rows == 1


def test_later_pages_do_not_count_it_again(erased: Erased) -> None:
    audit = audits(erased.node)
    first = audit.SearchChecks(pb.SearchChecksRequest(page_size=1), timeout=PATIENCE)
    second = audit.SearchChecks(pb.SearchChecksRequest(page_size=1, page_token=first.next_page_token), timeout=PATIENCE)
    assert (first.erased_rows, second.erased_rows) == (1, 0)


def test_a_case_whose_check_is_gone_is_not_said_to_be_never_checked_without_a_word(erased: Erased) -> None:
    request = audit_pb.ReportCoverageRequest()
    for case in ("CASE-BEFORE", "CASE-GONE"):
        request.cases.add(case_number=case).decided_at.FromDatetime(datetime.now(UTC))
    found = audits(erased.node).ReportCoverage(request, timeout=PATIENCE)
    assert (found.before, found.never, found.erased_rows) == (1, 1, 1)
    early = audit_pb.ReportCoverageRequest()
    early.cases.add(case_number="CASE-BEFORE").decided_at.FromDatetime(datetime.now(UTC) - timedelta(hours=1))
    assert audits(erased.node).ReportCoverage(early, timeout=PATIENCE).erased_rows == 0


def test_overdue_outcomes_are_listed_without_it(erased: Erased) -> None:
    request = audit_pb.ListOverdueOutcomesRequest()
    request.checked_before.FromDatetime(datetime.now(UTC))
    found = audits(erased.node).ListOverdueOutcomes(request, timeout=PATIENCE)
    assert {case.check_id for case in found.cases} == set(erased.kept)


# Commands


def test_an_export_has_it_in_its_place(erased: Erased) -> None:
    for whole in ((), ("--whole",)):
        rows = lines(erased.command("log", "export", *whole))
        assert [row["check_id"] for row in rows][:3] == [erased.kept[0], erased.check_id, erased.kept[1]]
        assert [row["erased"].partition(" on ")[0] for row in rows] == ["", BY, "", ""]
        assert (rows[1]["authority"], rows[1]["subject_key"], rows[1]["elapsed_us"]) == ("", "", 0)
    events = lines(erased.command("log", "export", "--form", "cloudevents"))
    assert [event["type"] for event in events][1] == "clearway.check.erased.v1"
    assert {event["type"] for event in events[:1] + events[2:]} == {"clearway.check.recorded.v1"}
    assert events[1]["id"] == erased.check_id
    table = list(csv.DictReader(io.StringIO(erased.command("log", "export", "--form", "csv").stdout.lstrip("\ufeff"))))
    assert [row["erased"] != "" for row in table] == [False, True, False, False]


def test_an_export_of_another_time_has_it_not(erased: Erased) -> None:
    assert lines(erased.command("log", "export", "--until", "2024-01-01")) == []


def test_a_replay_counts_it(erased: Erased) -> None:
    for given in ((), ("--what-if", "cn-demo")):
        found = document(erased.command("replay", *given, "--json"))["verdicts"]
        assert (found["AGREES"], found["ERASED"], found["DIFFERS"]) == (2, 1, 0)
    assert document(erased.command("replay", "--limit", 1, "--json"))["verdicts"]["ERASED"] == 0


def test_the_whole_log_is_sound_online_and_offline(erased: Erased, tmp_path: Path) -> None:
    assert checked_and_erased(erased)
    vkey = erased.command("log", "key").stdout.strip()
    assert erased.command("log", "publish", tmp_path / "tree").returncode == Exit.DONE
    for where in (("--folder", tmp_path / "tree"), ("--server", erased.node.address)):
        found = json.loads(run("log", "verify", *where, "--key", vkey, "--json").stdout)
        assert found["sound"]
        assert [one["order"] for one in found["erased"]] == ["2026-17"]


def checked_and_erased(erased: Erased) -> bool:
    """Whether the log is sound as it is in its database, and says what was erased."""
    found = document(erased.command("log", "verify", "--json"))
    return bool(found["sound"]) and [one["order"] for one in found["erased"]] == ["2026-17"]


def test_commands_say_that_there_was_more(erased: Erased) -> None:
    server = ("--server", erased.node.address)
    now = datetime.now(UTC)
    period = ("--since", f"{now - timedelta(days=1):%Y-%m-%d}", "--until", f"{now + timedelta(days=1):%Y-%m-%d}")
    for command in (
        ("audit", "report", "refusals", *period, *server),
        ("audit", "patterns", *period, *server),
        ("audit", "search", *server),
    ):
        assert "1 row of the" in run(*command).stderr
    letter = run("audit", "subject", code_of(SUBJECT), "--scheme", "cn-uscc", *server)
    assert "1 rows of the log were erased" in letter.stdout
    assert "1 row of the log" in erased.command("log", "affected", "L-1").stderr


def test_a_reports_file_says_it_itself(erased: Erased, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    period = ("--since", f"{now - timedelta(days=1):%Y-%m-%d}", "--until", f"{now + timedelta(days=1):%Y-%m-%d}")
    out = tmp_path / "refusals.csv"
    run("audit", "report", "refusals", *period, "--by", "month", "--out", out, "--server", erased.node.address)
    assert out.read_text("utf-8-sig").splitlines()[-1] == "(besides these 1 rows were erased)"


def test_its_case_is_shown_without_it_and_says_so(erased: Erased) -> None:
    shown = document(erased.command("cases", "show", "CASE-GONE", "--json"))
    assert erased.check_id not in {row["check_id"] for row in shown["checks"]}
    assert shown["erased_checks"][erased.check_id].startswith(BY)
    assert f"check {erased.check_id} was erased by {BY}" in erased.command("cases", "show", "CASE-GONE").stdout


# The console


@pytest.mark.parametrize("page", ["checks", "reports/refusals", "patterns", "affected?listing_id=L-1"])
def test_the_consoles_pages_say_that_there_was_more(erased: Erased, page: str) -> None:
    shown = httpx.get(f"http://{erased.node.web}/console/{page}", timeout=PATIENCE, trust_env=False)
    assert shown.status_code == 200
    assert "Besides these, 1 rows" in shown.text


@pytest.mark.parametrize(
    ("language", "words"), [("en", "its row was erased by order 2026-17"), ("zh-CN", "已依 order")]
)
def test_the_page_of_an_erased_check_says_by_what_and_when(erased: Erased, language: str, words: str) -> None:
    address = f"http://{erased.node.web}/console/checks/{erased.check_id}"
    shown = httpx.get(address, timeout=PATIENCE, trust_env=False, headers={"accept-language": language})
    assert shown.status_code == 404
    assert words in shown.text
