"""`clearway cases` against a running node: what an officer and an auditor type, and what they read."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearway.cli.exits import Exit
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character
from tests.contract.cases_service import OFFICER, PATIENCE, a_case, committed_long_ago, offered, trusted
from tests.contract.loaded import DEFERRABLE, a_check
from tests.node import RunningNode
from tests.unit.cli.running import document, run

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]


def cases(node: RunningNode, *line: object) -> Any:
    return run("cases", *line, "--server", node.address)


def committed(node: RunningNode, check_id: str, *line: object) -> Any:
    papers = ("--signatory", "法定代表人", "--reference", "file 3")
    return cases(node, "commit", check_id, "--officer", OFFICER, *papers, *line)


def test_an_officer_takes_a_deferral_to_its_completion(node: RunningNode) -> None:
    answer = offered(node)
    check_id = answer.check_id
    assert "Offered" in cases(node, "deferral", check_id).stdout
    card = committed(node, check_id).stdout
    assert "Committed" in card
    assert "法定代表人" in card
    notice = cases(node, "notice", check_id, "--officer", OFFICER, "--number", "N-7").stdout
    assert "Deferral notice" in notice
    assert "容缺受理通知书" in notice
    extended = cases(
        node, "extend", check_id, "--officer", OFFICER, "--until", "2999-01-01", "--reason", "flood", "--json"
    )
    assert document(extended)["deferral"]["state"] == "DEFERRAL_STATE_EXTENDED"
    materials = [part for code in DEFERRABLE for part in ("--material", code)]
    done = cases(node, "supplement", check_id, "--officer", OFFICER, *materials, "--json")
    assert document(done)["deferral"]["state"] == "DEFERRAL_STATE_COMPLETED"


def test_a_refused_act_is_an_invalid_request(node: RunningNode) -> None:
    check_id = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
    result = committed(node, check_id, "--json")
    assert result.exit_code == Exit.INVALID
    assert document(result)["error"]["reason"] == "DEFERRAL_NOT_OFFERED"


def test_a_withdrawal(node: RunningNode) -> None:
    check_id = offered(node).check_id
    committed(node, check_id)
    result = cases(node, "withdraw", check_id, "--officer", OFFICER)
    assert "Withdrawn by the applicant" in result.stdout


def test_an_overdue_deferral_is_listed_and_returned(node: RunningNode, served_registry: Registry) -> None:
    # A subject of its own: the shared ones must stay without a broken commitment.
    token = f"r1.{served_registry.database_id()}.{trusted(served_registry, 75_000_003)}"
    fresh = pb.Consistency(at_least_as_fresh=token)
    answer = offered(node, 75_000_003, case_number=(case := a_case()), consistency=fresh)
    committed_long_ago(served_registry, answer.check_id, case)
    listed = document(cases(node, "overdue", "--json"))["deferrals"]
    assert answer.check_id in [deferral["checkId"] for deferral in listed]
    assert case in cases(node, "overdue").stdout.replace("\n", "")
    result = cases(node, "lapse", answer.check_id, "--officer", OFFICER, "--reason", "nothing came")
    assert "no refusal" in result.stdout
    assert f"deferral:{answer.check_id}" in result.stdout.replace("\n", "")


def test_a_report_says_what_is_left_and_closes_the_case(node: RunningNode) -> None:
    answer = node.checks().CheckSubject(a_check(Character.SERIOUS, case_number=(case := a_case())), timeout=PATIENCE)
    reason = answer.decision.restrictions[0]
    measure = (reason.measure, reason.listing_id)
    bare = cases(node, "report", answer.check_id, "--officer", OFFICER, "--not-applied", *measure, "--json")
    assert document(bare)["error"]["reason"] == "DEPARTURE_REASON_REQUIRED"
    why = ("--reason", "ordered-otherwise", "--text", "the court stayed it")
    departed = cases(node, "report", answer.check_id, "--officer", OFFICER, "--not-applied", *measure, *why)
    assert "1 departure(s)" in departed.stdout
    unreported = cases(node, "report", answer.check_id, "--officer", OFFICER, "--result", "refused")
    assert "the case is closed" in unreported.stdout
    shown = run("cases", "show", case, "--data-dir", node.data_dir)
    assert "closed: refused" in shown.stdout
    assert "not_applied" in shown.stdout
    found = document(run("cases", "show", case, "--data-dir", node.data_dir, "--json"))
    assert [check["check_id"] for check in found["checks"]] == [answer.check_id]
    assert [outcome["event"] for outcome in found["outcomes"]] == [
        "outcome_reported",
        "outcome_reported",
        "case_closed",
    ]


def test_a_case_shows_its_deferral(node: RunningNode) -> None:
    answer = offered(node, case_number=(case := a_case()))
    committed(node, answer.check_id)
    shown = run("cases", "show", case, "--data-dir", node.data_dir)
    assert "Deferred acceptance: Committed" in shown.stdout
    assert run("cases", "show", a_case(), "--data-dir", node.data_dir).exit_code == Exit.FAILED


def test_missing_feedback_is_listed(node: RunningNode) -> None:
    node.checks().CheckSubject(a_check(case_number=(case := a_case())), timeout=PATIENCE)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    listed = document(cases(node, "overdue", "--checked-before", tomorrow, "--json"))["outcomes"]
    assert case in [outcome["caseNumber"] for outcome in listed]


# Coverage


@pytest.fixture
def decided(node: RunningNode, tmp_path: Path) -> tuple[Path, str, str]:
    """A file of five decided cases, of which one line says no moment; the case checked, and a case never checked."""
    answer = node.checks().CheckSubject(a_check(case_number=(case := a_case())), timeout=PATIENCE)
    never = a_case()
    at = answer.decided_at.ToDatetime(UTC)
    yesterday = (at - timedelta(days=2)).strftime("%Y/%m/%d")
    rows = [
        ("办件编号", "Item Code", "决定时间", "备注"),
        (case, "", at.isoformat(), "at the very moment"),
        (case, "FOOD-OPERATION", at.strftime("%Y-%m-%d"), "on the day, in UTC"),
        (case, "", yesterday, "two days before"),
        (never, "", at.isoformat(), ""),
        (case, "", "01/02/2024", "which day?"),
    ]
    file = tmp_path / "decided.csv"
    with file.open("w", newline="", encoding="gb18030") as out:
        csv.writer(out).writerows(rows)
    return file, case, never


def test_coverage_of_a_file(node: RunningNode, decided: tuple[Path, str, str], tmp_path: Path) -> None:
    file, _, never = decided
    out = tmp_path / "coverage.csv"
    result = cases(node, "coverage", file, "--zone", "UTC", "--out", out, "--json")
    assert result.exit_code == Exit.FAILED
    found = document(result)
    counts = ("rows", "before", "after", "never", "unread")
    assert [found[name] for name in counts] == [5, 2, 1, 1, 1]
    assert found["coverage"] == 0.5
    assert found["unread_rows"] == [{"line": 6, "reason": "no moment that can be read with certainty"}]
    with out.open(encoding="utf-8-sig", newline="") as written:
        rows = list(csv.DictReader(written))
    assert [row["coverage"] for row in rows] == ["before", "before", "after", "never"]
    assert rows[3]["case_number"] == never
    assert json.dumps(found["cases"][0]) == json.dumps(rows[0])


def test_coverage_for_people(node: RunningNode, decided: tuple[Path, str, str]) -> None:
    file, _, never = decided
    result = cases(node, "coverage", file, "--zone", "UTC")
    assert "50.0%" in result.stdout
    assert never in result.stdout
    assert "line 6" in result.stderr
