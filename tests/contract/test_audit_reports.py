"""What auditors read, through the wire: searches, one check whole, figures, patterns, a subject's access."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import grpc
import pytest

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2 as check_pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.subject_pb2 import Identifier, Subject
from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of, name_of
from clearway.server.reports.thresholds import Thresholds
from clearway.server.settings import Settings
from tests.contract.cases_service import OFFICER, PATIENCE, a_case, audits, serious
from tests.contract.loaded import a_check, outcome, refusal_in
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

CODE = code_of(Character.SERIOUS)
ZONE = ZoneInfo("Asia/Shanghai")
OWN = 70_000_031
"""A subject of this test alone."""


def around_now(message: Any) -> Any:
    """The message with a period of an hour to either side of now."""
    now = datetime.now(UTC)
    message.since.FromDatetime(now - timedelta(hours=1))
    message.until.FromDatetime(now + timedelta(hours=1))
    return message


def checked(node: RunningNode, number: int = Character.SERIOUS, **changes: Any) -> check_pb.CheckSubjectResponse:
    return node.checks().CheckSubject(a_check(number, **({"case_number": a_case()} | changes)), timeout=PATIENCE)


def refused(call: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return refusal_in(raised.value)


def search(node: RunningNode, **wanted: Any) -> list[pb.CheckSummary]:
    request = pb.SearchChecksRequest(filter=pb.CheckFilter(**wanted), page_size=1000)
    return list(audits(node).SearchChecks(request, timeout=PATIENCE).checks)


def report(node: RunningNode, kind: pb.ReportKind.ValueType, *group_by: pb.Dimension.ValueType, **changes: Any) -> Any:
    request = around_now(pb.ReportFiguresRequest(kind=kind, group_by=group_by, **changes))
    return audits(node).ReportFigures(request, timeout=PATIENCE)


def values(group: pb.ReportGroup) -> dict[pb.Figure.ValueType, float]:
    return {figure.figure: figure.value for figure in group.figures if figure.HasField("value")}


# Search


def test_checks_are_found_by_their_subject_though_no_number_is_searched_for(node: RunningNode) -> None:
    case = a_case()
    answer = checked(node, case_number=case)
    by_code = search(node, subject=Subject(identifier=Identifier(scheme="cn-uscc", value=CODE.lower())))
    found = {check.check_id: check for check in by_code}[answer.check_id]
    assert (found.case_number, found.officer, found.subject) == (case, OFFICER, CODE)
    assert (found.outcome, found.region_code) == (answer.decision.outcome, found.region_code)
    assert found.authority.name
    assert [check.check_id for check in search(node, case_number=case)] == [answer.check_id]
    assert {check.subject for check in by_code} == {CODE}


def test_a_check_of_a_name_alone_is_found_by_the_name(node: RunningNode) -> None:
    request = a_check(None, case_number=a_case())
    request.subject.name = "只有名称的样例"
    answer = node.checks().CheckSubject(request, timeout=PATIENCE)
    found = search(node, subject=Subject(name="只有名称的样例"))
    assert answer.check_id in {check.check_id for check in found}
    assert {(check.scheme, check.subject) for check in found} == {("", "")}


def test_a_refused_check_is_found_by_its_reason(node: RunningNode) -> None:
    case = a_case()
    refused(lambda: checked(node, item_code="NO-SUCH-ITEM", case_number=case))
    (found,) = [check for check in search(node, refused_reason="UNKNOWN_ITEM") if check.case_number == case]
    assert found.outcome == decision_pb2.OUTCOME_UNSPECIFIED
    assert found.refused_reason == "UNKNOWN_ITEM"


def test_pages_follow_each_other_and_belong_to_their_question(node: RunningNode) -> None:
    case = a_case()
    ids = [checked(node, case_number=case).check_id for _ in range(5)]
    request = pb.SearchChecksRequest(filter=pb.CheckFilter(case_number=case), page_size=2)
    found: list[str] = []
    while True:
        page = audits(node).SearchChecks(request, timeout=PATIENCE)
        found += [check.check_id for check in page.checks]
        if not page.next_page_token:
            break
        assert page.searched_back_to.ToDatetime(UTC) <= datetime.now(UTC)
        request.page_token = page.next_page_token
    assert found == ids[::-1]
    other = pb.SearchChecksRequest(filter=pb.CheckFilter(case_number="other"), page_token=request.page_token)
    assert refused(lambda: audits(node).SearchChecks(other, timeout=PATIENCE))["reason"] == "INVALID_CURSOR"


@pytest.mark.parametrize("subject", [Subject(), Subject(identifier=Identifier(scheme="cn-uscc", value="9135"))])
def test_a_subject_that_names_nobody_is_refused(node: RunningNode, subject: Subject) -> None:
    assert refused(lambda: search(node, subject=subject))["code"] == "INVALID_ARGUMENT"


# One check whole


def test_a_check_is_shown_whole_with_what_happened_afterwards(node: RunningNode, served_registry: Registry) -> None:
    revision = served_registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(OWN)), serious(OWN, "OWN-1"), actor="test", moment=datetime.now(UTC)
    )
    token = f"r1.{served_registry.database_id()}.{revision}"
    answer = checked(node, OWN, consistency=check_pb.Consistency(at_least_as_fresh=token))
    opened = commands.OpenObjection("OWN-1", "OBJ-1", ObjectionGrounds.WRONG)
    served_registry.execute(opened, actor="test", moment=datetime.now(UTC))
    reported(node, answer)
    shown = audits(node).ShowCheck(pb.ShowCheckRequest(check_id=answer.check_id), timeout=PATIENCE)
    assert shown.response == answer
    assert shown.request.subject.identifier.value == code_of(OWN)
    assert (shown.revision, shown.catalogue_edition) == (answer.revision, answer.catalogue_edition)
    assert shown.elapsed_us > 0
    assert json.loads(shown.facts)["evidence"]["kind"] == "Known"
    events = [later.event for later in shown.later]
    assert events == ["objection_opened", "outcome_reported", "case_closed"]
    assert shown.later[0].listing_id == "OWN-1"
    assert [later.recorded_at.ToDatetime(UTC) for later in shown.later] == sorted(
        later.recorded_at.ToDatetime(UTC) for later in shown.later
    )


def reported(node: RunningNode, answer: check_pb.CheckSubjectResponse) -> None:
    """An officer's report that departs from the first restriction, and ends the case."""
    restriction = answer.decision.restrictions[0]
    request = check_pb.ReportOutcomeRequest(
        check_id=answer.check_id,
        report_id=uuid4().hex,
        officer=OFFICER,
        case_result=check_pb.CASE_RESULT_GRANTED,
    )
    request.measures.add(
        measure=restriction.measure,
        listing_id=restriction.listing_id,
        result=check_pb.MEASURE_RESULT_NOT_APPLIED,
        reason=check_pb.DEPARTURE_REASON_WRONG_SUBJECT,
        reason_text="another company of the same name",
    )
    request.decided_at.FromDatetime(datetime.now(UTC))
    node.checks().ReportOutcome(request, timeout=PATIENCE)


def test_a_refused_check_is_shown_with_its_refusal(node: RunningNode) -> None:
    case = a_case()
    refused(lambda: checked(node, item_code="NO-SUCH-ITEM", case_number=case))
    (found,) = search(node, case_number=case)
    shown = audits(node).ShowCheck(pb.ShowCheckRequest(check_id=found.check_id), timeout=PATIENCE)
    assert not shown.HasField("response")
    assert shown.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert shown.facts == ""


def test_an_unknown_check_is_not_found(node: RunningNode) -> None:
    request = pb.ShowCheckRequest(check_id="0195a0b0-0000-7000-8000-00000000ffff")
    assert refused(lambda: audits(node).ShowCheck(request, timeout=PATIENCE))["reason"] == "CHECK_NOT_FOUND"


# Figures


@pytest.mark.parametrize("kind", [value for value in pb.ReportKind.values() if value])
def test_a_report_s_groups_add_up_to_its_total(node: RunningNode, kind: pb.ReportKind.ValueType) -> None:
    answer = checked(node)
    if outcome(answer) == "RESTRICTION":
        reported(node, answer)
    refused(lambda: checked(node, item_code="NO-SUCH-ITEM"))
    found = report(node, kind, pb.DIMENSION_AUTHORITY, pb.DIMENSION_MONTH)
    sizes = [group.figures[0].value for group in found.groups]
    assert sum(sizes) == found.total.figures[0].value > 0
    assert [definition.figure for definition in found.definitions] == [one.figure for one in found.total.figures]
    assert all(definition.name and definition.definition for definition in found.definitions)
    assert all(group.month for group in found.groups)
    # Whoever was refused before it was known who calls has no authority.
    assert all(group.authority for group in found.groups) or kind == pb.REPORT_KIND_REFUSALS


def test_a_departure_is_counted_with_its_reason(node: RunningNode) -> None:
    before = values(report(node, pb.REPORT_KIND_DEPARTURES).total)
    reported(node, checked(node))
    found = report(node, pb.REPORT_KIND_DEPARTURES, pb.DIMENSION_REASON)
    assert values(found.total)[pb.FIGURE_DEPARTURES] == before[pb.FIGURE_DEPARTURES] + 1
    (wrong,) = [group for group in found.groups if group.reason == "WRONG_SUBJECT"]
    assert values(wrong)[pb.FIGURE_DEPARTURES] >= 1


def test_a_case_that_was_reported_is_covered_and_in_time(node: RunningNode) -> None:
    coverage, feedback = (report(node, kind).total for kind in (pb.REPORT_KIND_COVERAGE, pb.REPORT_KIND_FEEDBACK))
    reported(node, checked(node))
    checked(node)
    covered, fed = (values(report(node, kind).total) for kind in (pb.REPORT_KIND_COVERAGE, pb.REPORT_KIND_FEEDBACK))
    assert covered[pb.FIGURE_CHECKED_BEFORE] == values(coverage)[pb.FIGURE_CHECKED_BEFORE] + 1
    assert fed[pb.FIGURE_REPORTED_IN_TIME] == values(feedback)[pb.FIGURE_REPORTED_IN_TIME] + 1
    assert fed[pb.FIGURE_NOT_DUE] == values(feedback)[pb.FIGURE_NOT_DUE] + 1


def test_a_check_is_measured(node: RunningNode) -> None:
    checked(node)
    found = values(report(node, pb.REPORT_KIND_LATENCY).total)
    assert found[pb.FIGURE_MEASURED_CHECKS] >= 1
    assert 0 < found[pb.FIGURE_LATENCY_P50_MS] <= found[pb.FIGURE_LATENCY_P99_MS]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (pb.REPORT_KIND_OBJECTIONS, {"group_by": [pb.DIMENSION_ITEM]}),
        (pb.REPORT_KIND_LATENCY, {"group_by": [pb.DIMENSION_REASON]}),
        (pb.REPORT_KIND_FEEDBACK, {"group_by": [pb.DIMENSION_REGIME]}),
    ],
)
def test_a_report_is_not_divided_by_what_it_does_not_have(
    node: RunningNode, kind: pb.ReportKind.ValueType, changes: dict[str, Any]
) -> None:
    request = around_now(pb.ReportFiguresRequest(kind=kind, **changes))
    assert refused(lambda: audits(node).ReportFigures(request, timeout=PATIENCE))["reason"] == "INVALID_REQUEST"


def test_objections_are_of_the_region_that_designated_and_of_the_items_their_list_bears_on(
    node: RunningNode, served_registry: Registry
) -> None:
    before = {name: objections(node, **changes) for name, changes in OBJECTIONS_OF.items()}
    # The second leaves its authority to its regime, and that one's powers end nowhere in the country.
    for number, authority in ((OWN + 1, "MARKET-SH"), (OWN + 2, "")):
        listing = dataclasses.replace(serious(number, f"OWN-{number}"), designating_authority=authority)
        opened = commands.OpenObjection(f"OWN-{number}", "OBJ-1", ObjectionGrounds.WRONG)
        subject, now = commands.RegisterSubject("cn-uscc", code_of(number)), datetime.now(UTC)
        served_registry.execute(subject, listing, opened, actor="test", moment=now)
    more = {name: objections(node, **changes) - before[name] for name, changes in OBJECTIONS_OF.items()}
    assert more == {"all": 2, "Shanghai": 1, "Beijing": 0, "food": 2, "wholesale": 0, "food in Shanghai": 1}
    found = report(node, pb.REPORT_KIND_OBJECTIONS, pb.DIMENSION_AUTHORITY, pb.DIMENSION_REGION)
    assert {(group.authority, group.region_code) for group in found.groups} >= {("MARKET-SH", "310000"), ("SAMR", "")}


OBJECTIONS_OF: dict[str, dict[str, str]] = {
    "all": {},
    "Shanghai": {"region_code": "310000"},
    "Beijing": {"region_code": "110000"},
    "food": {"item_code": "FOOD-OPERATION"},
    # No measure of theirs names it, though a clean record, which it asks for, would end with them.
    "wholesale": {"item_code": "DRUG-WHOLESALE"},
    "food in Shanghai": {"item_code": "FOOD-OPERATION", "region_code": "310000"},
}


def objections(node: RunningNode, **changes: str) -> float:
    """How many were opened."""
    found: float = report(node, pb.REPORT_KIND_OBJECTIONS, **changes).total.figures[0].value
    return found


def test_small_groups_are_taken_together(node: RunningNode) -> None:
    checked(node)
    refused(lambda: checked(node, item_code="NO-SUCH-ITEM"))
    found = report(node, pb.REPORT_KIND_REFUSALS, pb.DIMENSION_ITEM, pb.DIMENSION_REASON, fold_below=1000)
    assert [group.folded for group in found.groups] == [True]
    assert found.groups[0].figures == found.total.figures


# Patterns


def test_unusual_patterns_are_found(node: RunningNode) -> None:
    officer = f"officer {a_case()}"
    for _ in range(3):
        checked(node, officer=officer)
    request = around_now(pb.ListUnusualPatternsRequest(cases_of_one_subject=3, checks_outside_hours=3))
    # One hour that is not now is all that is worked.
    hour = (datetime.now(UTC) + timedelta(hours=8 + 12)).hour
    request.work_begins, request.work_ends = hour, hour + 1
    found = shipped_soon(node, request, officer)
    assert [(pattern.kind, pattern.count, pattern.out_of) for pattern in found] == [
        (pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES, 3, 3),
        (pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS, 3, 3),
    ]
    assert found[0].subject == CODE
    for narrowed in (
        pb.ListUnusualPatternsRequest(item_code="ANOTHER-ITEM"),
        pb.ListUnusualPatternsRequest(region_code="999999"),
    ):
        narrowed.MergeFrom(request)
        answer = audits(node).ListUnusualPatterns(narrowed, timeout=PATIENCE)
        assert [pattern for pattern in answer.patterns if pattern.officer == officer] == []
    request.item_code = "FOOD-OPERATION"
    assert shipped_soon(node, request, officer) == found


def test_patterns_are_divided_and_each_part_must_reach_its_number_by_itself(node: RunningNode) -> None:
    officer = f"officer {a_case()}"
    for _ in range(3):
        checked(node, officer=officer)
    refused(lambda: checked(node, officer=officer, item_code="NO-SUCH-ITEM"))
    request = around_now(pb.ListUnusualPatternsRequest(cases_of_one_subject=3, checks_outside_hours=3))
    request.group_by.extend([pb.DIMENSION_ITEM, pb.DIMENSION_REGION, pb.DIMENSION_MONTH])
    hour = (datetime.now(UTC) + timedelta(hours=8 + 12)).hour
    request.work_begins, request.work_ends = hour, hour + 1
    found = shipped_soon(node, request, officer)
    assert [(pattern.item_code, pattern.count, pattern.out_of) for pattern in found] == [("FOOD-OPERATION", 3, 3)] * 2
    assert {pattern.month for pattern in found} <= {f"{datetime.now(ZONE) - timedelta(hours=h):%Y-%m}" for h in (0, 1)}
    (region,) = {check.region_code for check in search(node, officer=officer) if check.item_code == "FOOD-OPERATION"}
    assert {pattern.region_code for pattern in found} == {region} != {""}


def test_every_kind_of_pattern_is_defined_with_the_numbers_that_were_applied(node: RunningNode) -> None:
    request = around_now(pb.ListUnusualPatternsRequest(codes_an_hour=77, work_begins=9, work_ends=18))
    chinese = audits(node).ListUnusualPatterns(request, timeout=PATIENCE, metadata=(("accept-language", "zh-CN"),))
    found = {one.kind: one for one in audits(node).ListUnusualPatterns(request, timeout=PATIENCE).definitions}
    assert list(found) == [kind for kind in pb.PatternKind.values() if kind]
    usual, settings = Thresholds(), Settings(_env_file=None)
    assert [one.least for one in found.values()] == [
        usual.cases_of_one_subject,
        usual.checks_outside_hours,
        77,
        usual.cases_without_outcome,
    ]
    assert "77 codes" in found[pb.PATTERN_KIND_WALK_OVER_CODES].definition
    assert f"9 to 18 o’clock on working days of the catalogue’s calendar ({ZONE.key})" in (
        found[pb.PATTERN_KIND_OUTSIDE_WORKING_HOURS].definition
    )
    assert f" {settings.outcome_due_days} days after" in found[pb.PATTERN_KIND_WITHOUT_OUTCOME].definition
    assert [one.least for one in chinese.definitions] == [one.least for one in found.values()]
    assert "9 时至 18 时" in chinese.definitions[1].definition


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"group_by": [pb.DIMENSION_ITEM, pb.DIMENSION_REASON]}, "group_by[1]"),
        ({"group_by": [pb.DIMENSION_REGIME]}, "group_by[0]"),
        ({"work_begins": 9, "work_ends": 9}, "work_ends"),
    ],
)
def test_patterns_that_cannot_be_looked_for_so_are_refused(
    node: RunningNode, changes: dict[str, Any], field: str
) -> None:
    request = around_now(pb.ListUnusualPatternsRequest(**changes))
    found = refused(lambda: audits(node).ListUnusualPatterns(request, timeout=PATIENCE))
    assert found["reason"] == "INVALID_REQUEST"
    assert field in str(found)


def shipped_soon(node: RunningNode, request: Any, officer: str) -> list[pb.UnusualPattern]:
    """The officer's patterns, once both kinds are there: they are found in what is shipped."""
    last = datetime.now(UTC) + timedelta(seconds=PATIENCE)
    while True:
        answer = audits(node).ListUnusualPatterns(request, timeout=PATIENCE)
        found = [pattern for pattern in answer.patterns if pattern.officer == officer]
        if len(found) == 2 and found[0].count == 3:
            return found
        assert datetime.now(UTC) < last, found


# A subject's access


def test_a_subject_is_told_who_asked_when_why_and_what_was_answered(node: RunningNode) -> None:
    case = a_case()
    answer = checked(node, case_number=case)
    request = pb.ReportSubjectAccessRequest(identifier=Identifier(scheme="cn-uscc", value=CODE), page_size=1)
    page = audits(node).ReportSubjectAccess(request, timeout=PATIENCE)
    (entry,) = page.entries
    assert (page.subject, entry.check.check_id, entry.check.case_number) == (CODE, answer.check_id, case)
    assert entry.decision == answer.decision
    assert entry.application_kind == check_pb.APPLICATION_KIND_NEW
    assert all(reason.objection.how and reason.repair.how for reason in entry.decision.restrictions)
    request.page_token = page.next_page_token
    (older,) = audits(node).ReportSubjectAccess(request, timeout=PATIENCE).entries
    assert older.check.check_id < answer.check_id


@pytest.mark.parametrize(
    "identifier", [None, Identifier(scheme="cn-uscc", value=CODE[:6] + "*" * 12), Identifier(value=name_of(3))]
)
def test_a_name_or_a_masked_code_gives_no_access(node: RunningNode, identifier: Identifier | None) -> None:
    request = pb.ReportSubjectAccessRequest(identifier=identifier)
    assert refused(lambda: audits(node).ReportSubjectAccess(request, timeout=PATIENCE))["code"] == "INVALID_ARGUMENT"
