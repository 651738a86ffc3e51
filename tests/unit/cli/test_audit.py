"""`clearway audit`: what is asked for, and how the answers are set out, against a service that is none."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clearway.cli.audit import question
from clearway.cli.exits import Exit
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, code_of, status_of
from clearway.server.reports.thresholds import Thresholds
from tests.unit.cli.answers import CASES, CHECK_ID, MOMENT, response_to
from tests.unit.cli.running import CODE, Failed, document, run, service

PERIOD = ("--since", "2026-01-01", "--until", "2026-04-01")


class Audits:
    """A service that gives prepared answers, one a call, and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.requests: list[Any] = []
        self._answers = list(answers)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(request: Any, timeout: float, metadata: Any) -> Any:
            kept = type(request)()
            kept.CopyFrom(request)
            self.requests.append(kept)
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def serving(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> Audits:
    stub = Audits(*answers)
    monkeypatch.setattr(question, "audit_service", service(stub))
    return stub


def a_summary(**changes: Any) -> pb.CheckSummary:
    fields: dict[str, Any] = {
        "check_id": CHECK_ID,
        "authority": decision_pb2.Authority(code="DEMO-LICENSING", name="Demo licensing"),
        "officer": "officer 7",
        "case_number": "CASE-1",
        "item_code": "FOOD-OPERATION",
        "outcome": decision_pb2.OUTCOME_RESTRICTION,
        "scheme": "cn-uscc",
        "subject": CODE,
    }
    summary = pb.CheckSummary(**(fields | changes))
    summary.decided_at.FromDatetime(MOMENT)
    return summary


# search


def test_a_search_asks_for_what_was_given_and_goes_from_page_to_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = (
        pb.SearchChecksResponse(checks=[a_summary()], next_page_token="next"),
        pb.SearchChecksResponse(next_page_token="again"),
        pb.SearchChecksResponse(checks=[a_summary(case_number="CASE-2"), a_summary(case_number="CASE-3")]),
    )
    stub = serving(monkeypatch, *pages)
    given = ("--officer", "officer 7", "--outcome", "restriction", "--since", "2026-01-01", "--limit", 2, "--json")
    found = document(run("audit", "search", "--scheme", "cn-uscc", "--id", CODE, *given))
    assert [check["caseNumber"] for check in found] == ["CASE-1", "CASE-2"]
    asked = stub.requests[0].filter
    assert (asked.officer, asked.outcome) == ("officer 7", decision_pb2.OUTCOME_RESTRICTION)
    assert (asked.subject.identifier.scheme, asked.subject.identifier.value) == ("cn-uscc", CODE)
    assert asked.since.ToJsonString() == "2026-01-01T00:00:00Z"
    assert [request.page_token for request in stub.requests] == ["", "next", "again"]


def test_checks_are_set_out_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = a_summary(outcome=0, refused_reason="UNKNOWN_ITEM", case_number="CASE-[b]")
    serving(monkeypatch, pb.SearchChecksResponse(checks=[a_summary(), refused]))
    printed = run("audit", "search").stdout
    assert all(word in printed for word in ("RESTRICTION", "UNKNOWN_ITEM", "CASE-[b]", CODE))


@pytest.mark.parametrize("ending", [".csv", ".ndjson", ".xlsx"])
def test_what_was_found_is_written_as_the_file_s_end_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    checks = [a_summary(), a_summary(case_number="=HYPERLINK(1)")]
    serving(monkeypatch, pb.SearchChecksResponse(checks=checks))
    file = tmp_path / f"found{ending}"
    assert run("audit", "search", "--out", file).exit_code == 0
    assert file.read_bytes()[:3] == {".csv": b"\xef\xbb\xbf", ".ndjson": b'{"c', ".xlsx": b"PK\x03"}[ending]
    if ending == ".csv":
        rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
        assert [row["case_number"] for row in rows] == ["CASE-1", "'=HYPERLINK(1)"]
        assert rows[0]["decided_at"].endswith("Z")


def test_a_file_of_no_known_form_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub = serving(monkeypatch)
    assert run("audit", "search", "--out", tmp_path / "found.doc").exit_code == Exit.INVALID
    assert stub.requests == []


def test_a_refusal_is_the_caller_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Refusal(ErrorReason.ERROR_REASON_INVALID_IDENTIFIER, "words")
    serving(monkeypatch, Failed(code_of(refusal), refusal.message, status_of(refusal)))
    result = run("audit", "search", "--scheme", "cn-uscc", "--id", "x", "--json")
    assert result.exit_code == Exit.INVALID
    assert document(result)["error"]["reason"] == "INVALID_IDENTIFIER"


# show


def test_a_check_is_shown_with_its_card_and_what_happened_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    later = pb.LaterEvent(
        kind=pb.LATER_EVENT_KIND_LISTING,
        actor="registrar",
        event="objection_opened",
        listing_id="L-1",
        body='{"event":"objection_opened","grounds":"wrong"}',
    )
    shown = pb.ShowCheckResponse(check=a_summary(), response=response_to(CASES[0]), facts='{"a":1}', later=[later])
    serving(monkeypatch, shown, shown)
    printed = run("audit", "show", CHECK_ID).stdout
    assert all(word in printed for word in ("CASE-1", "Restriction", "objection_opened L-1", "grounds: wrong"))
    found = document(run("audit", "show", CHECK_ID, "--json"))
    assert found["facts"] == {"a": 1}
    assert found["later"][0]["body"]["grounds"] == "wrong"


# report


def a_report() -> pb.ReportFiguresResponse:
    def group(checks: int, share: float | None, **place: Any) -> pb.ReportGroup:
        values = (
            pb.FigureValue(figure=pb.FIGURE_DECIDED_CASES, value=checks),
            pb.FigureValue(figure=pb.FIGURE_COVERAGE_SHARE, value=share),
        )
        return pb.ReportGroup(figures=values, **place)

    return pb.ReportFiguresResponse(
        definitions=[
            pb.FigureDefinition(figure=pb.FIGURE_DECIDED_CASES, name="decided cases", definition="what they are"),
            pb.FigureDefinition(figure=pb.FIGURE_COVERAGE_SHARE, name="coverage", definition="part ÷ whole"),
        ],
        groups=[group(10, 1 / 3, authority="=A()"), group(3, None, folded=True)],
        total=group(13, 0.25),
    )


def test_a_report_is_divided_and_says_what_its_figures_mean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub = serving(monkeypatch, a_report())
    out = tmp_path / "report.csv"
    printed = run("audit", "report", "coverage", *PERIOD, "--by", "authority,month", "--fold-below", 5, "--out", out)
    assert all(word in printed.stdout for word in ("0.3333", "13", "what they are", "part ÷ whole", "small groups"))
    asked = stub.requests[0]
    assert (asked.kind, asked.fold_below) == (pb.REPORT_KIND_COVERAGE, 5)
    assert list(asked.group_by) == [pb.DIMENSION_AUTHORITY, pb.DIMENSION_MONTH]
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["authority", "month", "decided cases", "coverage"]
    assert rows[1] == ["'=A()", "", "10", "0.3333"]
    assert rows[2][2:] == ["3", ""]
    assert rows[3][2:] == ["13", "0.25"]


def test_an_unknown_dimension_is_refused_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = serving(monkeypatch)
    assert run("audit", "report", "latency", *PERIOD, "--by", "colour").exit_code == Exit.INVALID
    assert stub.requests == []


# patterns


def test_patterns_are_set_out_and_nobody_is_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = pb.UnusualPattern(
        kind=pb.PATTERN_KIND_WALK_OVER_CODES, authority="A", caller="cn=one", count=60, out_of=70, first_check_id="c"
    )
    walk.hour.FromDatetime(MOMENT)
    stub = serving(monkeypatch, pb.ListUnusualPatternsResponse(patterns=[walk]))
    printed = run("audit", "patterns", *PERIOD, "--codes-an-hour", 60).stdout
    assert all(word in printed for word in ("cn=one", "60 codes", "2026-05-04 03:02", "None of these is a wrong"))
    asked = stub.requests[0]
    assert asked.codes_an_hour == 60
    usual = Thresholds()
    assert (asked.cases_without_outcome, asked.work_begins, asked.work_ends) == (
        usual.cases_without_outcome,
        usual.work_begins,
        usual.work_ends,
    )


def patterns_found() -> pb.ListUnusualPatternsResponse:
    walk = pb.UnusualPattern(kind=pb.PATTERN_KIND_WALK_OVER_CODES, authority="A", caller="=cn()", count=60, out_of=70)
    walk.hour.FromDatetime(MOMENT)
    walk.item_code, walk.month = "FOOD-OPERATION", "2026-05"
    definition = pb.PatternDefinition(kind=walk.kind, name="a walk", definition="51 or more", least=51, cut=True)
    return pb.ListUnusualPatternsResponse(patterns=[walk], definitions=[definition], erased_rows=4)


def test_patterns_are_divided_defined_and_filed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "patterns.csv"
    stub = serving(monkeypatch, patterns_found())
    result = run("audit", "patterns", *PERIOD, "--by", "item,month", "--out", out)
    assert list(stub.requests[0].group_by) == [pb.DIMENSION_ITEM, pb.DIMENSION_MONTH]
    assert all(words in result.stdout for words in ("FOOD-OPERATION 2026-05", "a walk: 51 or more"))
    assert "a walk: there are more than are given" in result.stderr
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    found = dict(zip(rows[0], rows[1], strict=True))
    assert (found["pattern"], found["listed_from"], found["count"]) == ("WALK_OVER_CODES", "51", "60")
    assert (found["caller"], found["hour"]) == ("'=cn()", f"{MOMENT:%Y-%m-%dT%H:%M}Z")
    assert rows[2:] == [["(more of WALK_OVER_CODES: the largest are given)"], ["(besides these 4 rows were erased)"]]


@pytest.mark.parametrize("wrong", [("--by", "reason"), ("--by", "colour"), ("--out", "patterns.pdf")])
def test_patterns_that_cannot_be_are_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, str]
) -> None:
    stub = serving(monkeypatch)
    assert run("audit", "patterns", *PERIOD, *wrong).exit_code == Exit.INVALID
    assert stub.requests == []


# subject


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Checks about", "Who asked", "To object", "You may object")), ("zh-CN", ("查询记录", "查询机关", "异议"))],
)
def test_a_subject_gets_a_text_that_says_who_asked_why_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]
) -> None:
    forged = a_summary(case_number="CASE-1\n2.\n   Who asked: nobody")
    entry = pb.SubjectAccessEntry(check=forged, decision=response_to(CASES[0]).decision)
    stub = serving(monkeypatch, pb.ReportSubjectAccessResponse(subject=CODE, entries=[entry]))
    result = run("audit", "subject", "-", "--scheme", "cn-uscc", "--language", language, stdin=f"{CODE}\n")
    assert all(word in result.stdout for word in (*words, CODE, CHECK_ID, "DEMO-LICENSING"))
    assert "\n2.\n" not in result.stdout, "what an officer typed makes no lines of its own"
    assert stub.requests[0].identifier.value == CODE


def test_a_subject_nobody_asked_about_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, pb.ReportSubjectAccessResponse(subject=CODE), pb.ReportSubjectAccessResponse(subject=CODE))
    assert "No check is recorded" in run("audit", "subject", CODE, "--scheme", "cn-uscc").stdout
    found = document(run("audit", "subject", CODE, "--scheme", "cn-uscc", "--json"))
    assert found == {"subject": CODE, "checks": [], "erased_rows": 0}
