"""The console's pages over workers that answer as a test says: who may see what, and what leaves no trace where."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import grpc
import openpyxl
import pytest
import structlog

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.reports.kinds import KINDS
from clearway.server.reports.tables import PATTERN_COLUMNS
from clearway.server.reports.thresholds import Thresholds
from clearway.web.console import search
from clearway.web.console.cookies import SESSION
from tests.unit.web.console.small_log import a_log
from tests.unit.web.console.visiting import (
    CHECK_ID,
    CODE,
    ORIGIN,
    Clock,
    ScriptedWorkers,
    Visitor,
    a_summary,
    ended,
    give,
    inline,
    pages_of,
    refused_for,
    visiting,
)

TOKEN = "cw-token-of-an-auditor"


@pytest.fixture
def workers() -> ScriptedWorkers:
    found = ScriptedWorkers()
    give(found, a_log())
    found.answers |= {
        "SearchChecks": pages_of([a_summary()]),
        "ShowCheck": lambda _: pb.ShowCheckResponse(check=a_summary(), facts='{"evidence":{"kind":"Known"}}'),
        "ReportFigures": a_report,
        "ListUnusualPatterns": lambda _: pb.ListUnusualPatternsResponse(),
    }
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def visitor(workers: ScriptedWorkers, clock: Clock) -> AsyncIterator[Visitor]:
    async with visiting(workers, clock) as found:
        yield found


def a_report(request: pb.ReportFiguresRequest) -> pb.ReportFiguresResponse:
    figures = [pb.FigureValue(figure=figure, value=2) for figure in KINDS[request.kind].figures]
    definitions = [pb.FigureDefinition(figure=one.figure, name=f"f{one.figure}", definition="…") for one in figures]
    group = pb.ReportGroup(figures=figures, authority="DEMO-LICENSING", month="2026-03")
    return pb.ReportFiguresResponse(definitions=definitions, groups=[group], total=pb.ReportGroup(figures=figures))


# Signing in


async def test_where_nobody_is_asked_who_they_are_nobody_signs_in(visitor: Visitor, workers: ScriptedWorkers) -> None:
    shown = await visitor.get("/console/checks")
    assert shown.status_code == 200
    assert CODE in shown.text
    assert workers.tokens == [""]


async def test_who_is_not_known_signs_in_and_goes_on_where_they_were_going(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    workers.good_token = TOKEN
    turned_away = await visitor.get("/console/reports/coverage?by=item")
    asked = await visitor.follow(turned_away)
    assert asked.status_code == 200
    assert 'name="token"' in asked.text
    assert CODE not in asked.text
    arrived = await visitor.send(
        "/console/sign-in", "/console/sign-in", token=TOKEN, next="/console/reports/coverage?by=item"
    )
    assert str(arrived.url) == f"{ORIGIN}/console/reports/coverage?by=item"
    assert arrived.status_code == 200
    assert workers.tokens[-1] == f"Bearer {TOKEN}"
    assert TOKEN not in str(dict(visitor.cookies))
    assert TOKEN not in arrived.text


async def test_a_token_that_is_not_taken_begins_no_session(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.good_token = TOKEN
    refused = await visitor.send("/console/sign-in", "/console/sign-in", token="another")
    assert refused.status_code == 401
    assert "another" not in refused.text
    assert (await visitor.get("/console/checks")).headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("token", ["", "with space", "é", "x" * 3000])
async def test_what_cannot_be_a_token_is_not_tried(visitor: Visitor, workers: ScriptedWorkers, token: str) -> None:
    assert (await visitor.send("/console/sign-in", "/console/sign-in", token=token)).status_code == 400
    assert workers.tokens == []


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/console/\\evil", "/clearway.v1.CheckService", "javascript:0"],
)
async def test_signing_in_leads_nowhere_but_to_the_console(visitor: Visitor, address: str) -> None:
    arrived = await visitor.send("/console/sign-in", "/console/sign-in", token=TOKEN, next=address)
    assert str(arrived.url) == f"{ORIGIN}/console/checks"


async def test_signing_out_forgets_the_token(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.good_token = TOKEN
    await visitor.send("/console/sign-in", "/console/sign-in", token=TOKEN)
    assert (await visitor.get("/console/checks")).status_code == 200
    await visitor.send("/console/checks", "/console/sign-out")
    assert (await visitor.get("/console/checks")).status_code == 303
    assert workers.tokens[-1] == ""


async def signed_in(visitor: Visitor, workers: ScriptedWorkers) -> str:
    """Sign in, and give what a copy of the session's cookie would be."""
    workers.good_token = TOKEN
    await visitor.send("/console/sign-in", "/console/sign-in", token=TOKEN)
    return visitor.cookies[SESSION]


async def test_a_copied_cookie_opens_nothing_once_its_session_was_signed_out_of(
    visitor: Visitor, workers: ScriptedWorkers, clock: Clock
) -> None:
    copied = await signed_in(visitor, workers)
    async with visiting(workers, clock) as elsewhere:  # another web process, of whichever node
        opened = {"cookie": f"{SESSION}={copied}"}
        assert (await elsewhere.get("/console/checks", **opened)).status_code == 200
        elsewhere.cookies.clear()
        await visitor.send("/console/checks", "/console/sign-out")
        for address in ("/console/checks", "/console/nodes", "/console/log"):
            answer = await elsewhere.get(address, **opened)
            assert answer.headers.get("location", "").startswith("/console/sign-in"), address
            elsewhere.cookies.clear()
        assert workers.tokens[-1] == ""


async def test_an_ended_session_says_nothing_of_whom_it_was_to_the_sign_in_page(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    copied = await signed_in(visitor, workers)
    await visitor.send("/console/checks", "/console/sign-out")
    shown = await visitor.get("/console/sign-in", cookie=f"{SESSION}={copied}")
    assert shown.status_code == 200
    assert "/console/sign-out" not in shown.text


async def test_where_nobody_can_say_whether_a_session_ended_only_the_entrance_and_the_node_are_open(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    await signed_in(visitor, workers)
    before = len(workers.asked)
    workers.log_away = True
    workers.answers["GetNode"] = lambda _: operator_pb.GetNodeResponse(name="n-1")
    workers.answers["ListNodes"] = lambda _: operator_pb.ListNodesResponse()
    for address, status in (("checks", 503), ("log", 503), ("nodes", 200), ("sign-in", 200)):
        assert (await visitor.get(f"/console/{address}")).status_code == status, address
    assert [type(one) for one in workers.asked[before:]] == [operator_pb.GetNodeRequest, operator_pb.ListNodesRequest]


async def test_a_sign_out_that_the_service_cannot_note_says_so_and_takes_the_cookie_all_the_same(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    await signed_in(visitor, workers)
    workers.log_away = True
    said = await visitor.send("/console/sign-in", "/console/sign-out")
    assert (said.status_code, "could not note" in said.text) == (503, True)
    workers.log_away = False
    assert (await visitor.get("/console/checks")).status_code == 303


async def test_signing_out_with_a_token_that_is_not_taken_any_more_is_signing_out(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    await signed_in(visitor, workers)
    workers.good_token = "another"
    assert str((await visitor.send("/console/sign-in", "/console/sign-out")).url) == f"{ORIGIN}/console/sign-in"


async def test_an_idle_session_is_over_and_its_token_goes_nowhere(
    visitor: Visitor, workers: ScriptedWorkers, clock: Clock
) -> None:
    workers.good_token = TOKEN
    await visitor.send("/console/sign-in", "/console/sign-in", token=TOKEN)
    clock.passes(minutes=29)
    assert (await visitor.get("/console/checks")).status_code == 200
    clock.passes(minutes=31)
    assert (await visitor.get("/console/checks")).status_code == 303
    assert workers.tokens[-1] == ""


async def test_what_is_refused_is_said_in_words_and_by_its_reason(visitor: Visitor, workers: ScriptedWorkers) -> None:
    def refused(_: object) -> pb.ShowCheckResponse:
        raise refused_for(ErrorReason.ERROR_REASON_CHECK_NOT_FOUND)

    workers.answers["ShowCheck"] = refused
    shown = await visitor.get(f"/console/checks/{CHECK_ID}", **{"accept-language": "zh-CN"})
    assert shown.status_code == 404
    assert "CHECK_NOT_FOUND" in shown.text
    assert "没有该编号的查询记录" in shown.text


async def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites_and_of_plain_http(visitor: Visitor) -> None:
    (kept,) = (await visitor.get("/console/checks")).headers.get_list("set-cookie")
    for words in ("HttpOnly", "SameSite=strict", "Secure", "Path=/console"):
        assert words in kept


# Forms and addresses


async def test_a_form_of_another_page_is_refused(visitor: Visitor, workers: ScriptedWorkers) -> None:
    await visitor.get("/console/checks")
    for fields in ({}, {"form": "0" * 64}):
        answer = await visitor.post("/console/checks", code=CODE, **fields)
        assert answer.status_code == 403
    assert len(workers.asked) == 1


async def test_whom_somebody_looked_for_stands_in_no_address(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["SearchChecks"] = pages_of([a_summary()], [a_summary()])
    fields = {"scheme": "cn-uscc", "code": CODE, "officer": "o-7", "since": "2026-02-01", "until": "2026-02-28"}
    found = await visitor.send("/console/checks", "/console/checks", **fields)
    assert found.status_code == 200
    wanted = workers.asked[-1].filter
    assert (wanted.subject.identifier.value, wanted.officer) == (CODE, "o-7")
    # Days are the catalogue's, in Shanghai, the last one included.
    assert wanted.since.ToDatetime(UTC) == datetime(2026, 1, 31, 16, tzinfo=UTC)
    assert wanted.until.ToDatetime(UTC) == datetime(2026, 2, 28, 16, tzinfo=UTC)
    addresses = [str(found.url), *(part.split('"')[0] for part in found.text.split('href="')[1:])]
    assert len(addresses) > 8
    assert not any(CODE in address or "o-7" in address for address in addresses)
    for value in ("2026-02-01", "2026-02-28"):
        assert f'value="{value}"' in found.text


async def test_pages_go_on_where_the_last_one_ended(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["SearchChecks"] = pages_of([a_summary()], [a_summary(case_number="C-OLDER")])
    first = await visitor.get("/console/checks")
    (older,) = (part.split('"')[0] for part in first.text.split('class="button quiet" href="')[1:])
    second = await visitor.get(older.replace("&amp;", "&"))
    assert "C-OLDER" in second.text
    assert workers.asked[-1].page_token == "1"


async def test_an_address_that_somebody_else_made_finds_nothing(visitor: Visitor, workers: ScriptedWorkers) -> None:
    for address in ("/console/checks?q=abc", "/console/checks/export.csv?q=abc", "/console/checks/export.csv"):
        assert (await visitor.get(address)).status_code == 400
    assert workers.asked == []


async def test_what_the_service_cannot_take_is_said_beside_the_form(visitor: Visitor, workers: ScriptedWorkers) -> None:
    def refused(request: pb.SearchChecksRequest) -> pb.SearchChecksResponse:
        if request.filter.ByteSize():
            raise ended(grpc.StatusCode.INVALID_ARGUMENT)
        return pb.SearchChecksResponse()

    workers.answers["SearchChecks"] = refused
    answer = await visitor.send("/console/checks", "/console/checks", code="123")
    assert 'role="alert"' in answer.text
    assert 'value="123"' in answer.text


# Files


async def exported(visitor: Visitor, form: str) -> bytes:
    page = await visitor.get("/console/checks")
    (address,) = (
        part.split('"')[0] for part in page.text.split('href="') if part.startswith(f"/console/checks/export.{form}")
    )
    answer = await visitor.get(address.replace("&amp;", "&"))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    return answer.content


async def test_a_csv_file_has_every_page_and_runs_nothing(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["SearchChecks"] = pages_of([a_summary(case_number="=1+1")], [a_summary(officer="@SUM(A1)")])
    text = (await exported(visitor, "csv")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["case_number"] for row in rows] == ["'=1+1", "C-1"]
    assert rows[1]["officer"] == "'@SUM(A1)"
    assert rows[0]["outcome"] == "RESTRICTION"


async def test_ndjson_has_a_check_a_line_as_the_contract_names_it(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["SearchChecks"] = pages_of([a_summary()], [a_summary(case_number="C-2\n")])
    lines = (await exported(visitor, "ndjson")).decode().splitlines()
    assert [json.loads(line)["case_number"] for line in lines] == ["C-1", "C-2\n"]
    assert json.loads(lines[0])["refused_reason"] == ""


async def test_a_workbook_holds_text_alone(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["SearchChecks"] = pages_of([a_summary(case_number="=1+1", officer="a\x07b")])
    book = openpyxl.load_workbook(io.BytesIO(await exported(visitor, "xlsx")))
    headings, row = book.active.iter_rows()  # type: ignore[union-attr]
    found = {str(heading.value): cell for heading, cell in zip(headings, row, strict=True)}
    assert (found["case_number"].value, found["case_number"].data_type) == ("=1+1", "s")
    assert found["officer"].value == "ab"


async def test_a_workbook_that_would_not_be_whole_is_refused(
    visitor: Visitor, workers: ScriptedWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_IN_WORKBOOK", 1)
    workers.answers["SearchChecks"] = pages_of([a_summary()], [a_summary()])
    page = await visitor.get("/console/checks")
    (address,) = (
        part.split('"')[0] for part in page.text.split('href="') if part.startswith("/console/checks/export.xlsx")
    )
    assert (await visitor.get(address.replace("&amp;", "&"))).status_code == 400


# Every page


PAGES = [
    "/console/checks",
    f"/console/checks/{CHECK_ID}",
    *(
        f"/console/reports/{kind}"
        for kind in ("coverage", "feedback", "departures", "refusals", "objections", "latency")
    ),
    "/console/reports/feedback?by=none",
    "/console/patterns",
    "/console/log",
    "/console/sign-in",
    "/console/nowhere",
]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_page_holds_nothing_that_its_policy_forbids_and_is_never_kept(
    visitor: Visitor, address: str, language: str
) -> None:
    shown = await visitor.get(address, **{"accept-language": language})
    assert shown.status_code == (404 if "nowhere" in address else 200)
    assert f'<html lang="{language}">' in shown.text
    assert list(inline(shown.text)) == []
    policy = shown.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "same-origin"


async def test_what_was_typed_by_others_is_shown_as_text(visitor: Visitor, workers: ScriptedWorkers) -> None:
    nasty = "<script>alert(1)</script>\"'>"
    workers.answers["SearchChecks"] = pages_of([a_summary(case_number=nasty, officer=nasty)])
    shown = await visitor.get("/console/checks")
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;" in shown.text


async def test_a_chosen_language_is_kept(visitor: Visitor) -> None:
    answer = await visitor.get("/console/language?to=zh-CN&next=/console/patterns")
    assert answer.headers["location"] == "/console/patterns"
    assert '<html lang="zh-CN">' in (await visitor.get("/console/patterns")).text
    assert (await visitor.get("/console/language?to=xx&next=//evil.example")).headers["location"] == "/console/checks"


async def test_objections_are_asked_for_by_place_and_the_page_says_what_that_means(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    def nowhere(request: pb.ReportFiguresRequest) -> pb.ReportFiguresResponse:
        found = a_report(request)
        found.groups[0].region_code = ""
        return found

    workers.answers["ReportFigures"] = nowhere
    query = "by=region&region=310000&item=FOOD-OPERATION"
    objections = (await visitor.get(f"/console/reports/objections?{query}")).text
    asked = workers.asked[-1]
    assert (asked.item_code, asked.region_code) == ("FOOD-OPERATION", "310000")
    assert list(asked.group_by) == [pb.DIMENSION_REGION]
    assert "objections are not divided by item" in objections
    assert '<option value="item"' not in objections
    assert ">of no region alone<" in objections
    coverage = (await visitor.get(f"/console/reports/coverage?{query}")).text
    assert ">not given<" in coverage
    assert "objections are not divided by item" not in coverage


# Unusual patterns


def some_patterns(request: pb.ListUnusualPatternsRequest) -> pb.ListUnusualPatternsResponse:
    kinds = [kind for kind in pb.PatternKind.values() if kind]
    busy = pb.UnusualPattern(
        kind=pb.PATTERN_KIND_SAME_SUBJECT_MANY_CASES,
        authority="DEMO-LICENSING",
        officer="o-7",
        item_code="FOOD-OPERATION",
        month="2026-02",
        count=6,
        out_of=40,
        first_check_id=CHECK_ID,
        subject=CODE,
    )
    other = pb.UnusualPattern()
    other.CopyFrom(busy)
    other.item_code, other.month, other.count = "=ANOTHER", "2026-03", 5
    return pb.ListUnusualPatternsResponse(
        patterns=[busy, other],
        erased_rows=3,
        definitions=[
            pb.PatternDefinition(kind=kind, name=f"kind {kind}", definition=f"from {kind + 50} on", least=kind + 50)
            for kind in kinds
        ],
    )


async def test_patterns_are_counted_drawn_listed_and_defined(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["ListUnusualPatterns"] = some_patterns
    shown = (await visitor.get("/console/patterns?by=item")).text
    assert list(workers.asked[-1].group_by) == [pb.DIMENSION_ITEM]
    table = re.search(r'<table id="figures".*?</table>', shown, re.DOTALL)
    assert table is not None
    rows = [re.findall(r"data-value=\"(\d+)\"", row) for row in table[0].split("<tr>")[2:4]]
    assert rows == [["1", "0", "0", "0"]] * 2
    assert table[0].count("data-drawn") == 4
    assert 'data-chart-of="figures"' in shown
    assert all(f"from {kind + 50} on" in shown for kind in pb.PatternKind.values() if kind)
    assert "must be reached within each by itself" in shown
    assert "3 rows of this time were erased" in shown


async def test_a_pattern_leads_to_the_checks_of_its_item_and_month(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["ListUnusualPatterns"] = some_patterns
    shown = (await visitor.get("/console/patterns?by=month&since=2026-02-20&until=2026-03-01")).text
    ways = re.findall(r'href="(/console/checks\?q=[^"]+)">o-7', shown)
    days = []
    for way in ways:
        await visitor.get(html.unescape(way))
        wanted = workers.asked[-1].filter
        assert (wanted.authority, wanted.officer) == ("DEMO-LICENSING", "o-7")
        days.append((wanted.item_code, wanted.since.ToDatetime(UTC), wanted.until.ToDatetime(UTC)))
    begins, turns, ends = (datetime(2026, *day, 16, tzinfo=UTC) for day in ((2, 19), (2, 28), (3, 1)))
    assert days == [("FOOD-OPERATION", begins, turns), ("=ANOTHER", turns, ends)]


async def test_patterns_are_asked_for_by_place_and_with_numbers_of_ones_own(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    workers.answers["ListUnusualPatterns"] = some_patterns
    query = (
        "authority=A&item=FOOD-OPERATION&region=310000&codes_an_hour=8&work_begins=25&checks_outside_hours=-1&by=reason"
    )
    shown = (await visitor.get(f"/console/patterns?{query}")).text
    asked, usual = workers.asked[-1], Thresholds()
    assert (asked.authority, asked.item_code, asked.region_code) == ("A", "FOOD-OPERATION", "310000")
    assert list(asked.group_by) == [pb.DIMENSION_AUTHORITY]
    # What cannot be is the usual number; the page says which ones applied, and its files are made with the same.
    assert (asked.codes_an_hour, asked.work_begins, asked.checks_outside_hours) == (
        8,
        usual.work_begins,
        usual.checks_outside_hours,
    )
    (way, *_) = re.findall(r'href="(/console/patterns/table.csv[^"]+)"', shown)
    await visitor.get(html.unescape(way))
    assert workers.asked[-1] == asked
    assert "codes_an_hour=8" in way
    assert "work_begins" not in way


async def test_patterns_are_taken_home_in_every_form(visitor: Visitor, workers: ScriptedWorkers) -> None:
    workers.answers["ListUnusualPatterns"] = some_patterns
    text = (await visitor.get("/console/patterns/table.csv")).content.decode("utf-8-sig")
    headings, *rows = csv.reader(io.StringIO(text))
    assert headings == list(PATTERN_COLUMNS)
    assert rows[0][:4] == ["SAME_SUBJECT_MANY_CASES", "51", "DEMO-LICENSING", "FOOD-OPERATION"]
    assert rows[1][3] == "'=ANOTHER"
    assert rows[2] == ["(besides these 3 rows were erased)"]
    lines = (await visitor.get("/console/patterns/table.ndjson")).text.splitlines()
    assert [json.loads(line)["count"] for line in lines] == [6, 5]
    book = openpyxl.load_workbook(io.BytesIO((await visitor.get("/console/patterns/table.xlsx")).content))
    assert [cell.value for cell in book["patterns"][2]][:2] == ["SAME_SUBJECT_MANY_CASES", "51"]
    assert (await visitor.get("/console/patterns/table.exe")).status_code == 404


async def test_a_question_about_patterns_that_cannot_be_is_told_beside_the_form(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    def refusing(_: object) -> pb.ListUnusualPatternsResponse:
        raise refused_for(ErrorReason.ERROR_REASON_INVALID_REQUEST)

    workers.answers["ListUnusualPatterns"] = refusing
    shown = await visitor.get("/console/patterns?work_begins=9&work_ends=8")
    assert shown.status_code == 400
    assert 'role="alert"' in shown.text
    assert 'name="work_begins" type="number" value="9"' in shown.text


async def test_a_masked_subject_leads_to_no_search(visitor: Visitor, workers: ScriptedWorkers) -> None:
    masked = pb.CheckSummary(scheme="cn-ric", subject="1101**********1234")
    summary = a_summary(outcome=decision_pb2.OUTCOME_ORDINARY)
    summary.MergeFrom(masked)
    workers.answers["ShowCheck"] = lambda _: pb.ShowCheckResponse(check=summary)
    shown = await visitor.get(f"/console/checks/{CHECK_ID}")
    assert "Checks by this officer" in shown.text
    assert "Checks of this subject" not in shown.text


async def test_a_report_s_table_downloads_as_it_is_shown(visitor: Visitor, workers: ScriptedWorkers) -> None:
    for form in ("csv", "xlsx"):
        answer = await visitor.get(f"/console/reports/coverage/table.{form}?by=authority&fold=1")
        assert answer.status_code == 200
        assert workers.asked[-1].fold_below == 5
    text = (await visitor.get("/console/reports/coverage/table.csv?by=authority")).content.decode("utf-8-sig")
    headings, group, total = csv.reader(io.StringIO(text))
    assert (headings[0], group[0], total[0]) == ("authority", "DEMO-LICENSING", "(all)")
    assert (await visitor.get("/console/reports/secrets")).status_code == 404
    assert (await visitor.get("/console/reports/coverage/table.exe")).status_code == 404


async def test_no_worker_is_a_page_that_says_so(visitor: Visitor, workers: ScriptedWorkers) -> None:
    def gone(_: object) -> pb.ListUnusualPatternsResponse:
        raise ended(grpc.StatusCode.UNAVAILABLE)

    workers.answers["ListUnusualPatterns"] = gone
    shown = await visitor.get("/console/patterns")
    assert shown.status_code == 503
    assert "NO_WORKER" in shown.text


async def test_a_fault_of_our_own_tells_the_visitor_nothing_but_that(
    visitor: Visitor, workers: ScriptedWorkers
) -> None:
    def broken(_: object) -> pb.ShowCheckResponse:
        return pb.ShowCheckResponse(check=a_summary(), facts=f"{CODE} is not JSON")

    workers.answers["ShowCheck"] = broken
    with structlog.testing.capture_logs() as logged:
        shown = await visitor.get(f"/console/checks/{CHECK_ID}")
    assert shown.status_code == 503
    assert "SERVER_FAULT" in shown.text
    assert CODE not in shown.text
    assert logged[0]["event"] == "fault"
    assert CODE not in str(logged)
