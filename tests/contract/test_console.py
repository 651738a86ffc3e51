"""The console over a node: pages answer, a search is the service's own, and strangers' pages cannot send its forms."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import Engine, text

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2 as audit_pb
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.querylog.filter import Kind
from clearway.querylog.record import decode_record, encode_record
from clearway.registry.synthetic import Character, code_of
from clearway.server.databases import let_go, open_log
from clearway.server.settings import Settings
from clearway.transparency.entries import SALT_BYTES, entry_of
from clearway.web.console.assets import assets
from clearway.web.console.cookies import SESSION
from clearway.web.console.words import DIMENSIONS, REPORTS
from tests.contract.cases_service import PATIENCE, a_case, audits
from tests.contract.loaded import a_check, load
from tests.contract.querylog.trees import as_owner
from tests.contract.signing_in import form_in, signed_in, signed_in_with
from tests.contract.test_access import recorded
from tests.node import RunningNode
from tests.parties import token
from tests.processes import living, successor
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]


@pytest.fixture
def console(node: RunningNode) -> Iterator[httpx.Client]:
    base = f"http://{node.web}/console/"
    with httpx.Client(base_url=base, timeout=PATIENCE, follow_redirects=True, trust_env=False) as client:
        yield client


def form_token(console: httpx.Client) -> str:
    return form_in(console.get("checks"))


def test_a_search_finds_what_the_service_finds_and_a_file_has_all_of_it(
    node: RunningNode, console: httpx.Client
) -> None:
    case, code = a_case(), code_of(Character.BARRED)
    answers = [
        node.checks().CheckSubject(a_check(Character.BARRED, case_number=case), timeout=PATIENCE) for _ in range(3)
    ]
    wanted = {"form": form_token(console), "scheme": "cn-uscc", "code": code, "case_number": case}
    found = console.post("checks", data=wanted)
    assert found.status_code == 200
    assert code not in str(found.url)
    assert all(answer.check_id in found.text for answer in answers)
    asked = pb.CheckFilter(case_number=case)
    service = audits(node).SearchChecks(pb.SearchChecksRequest(filter=asked), timeout=PATIENCE)
    file = console.get(f"checks/export.csv?{found.url.query.decode()}")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["check_id"] for row in rows] == [check.check_id for check in service.checks]
    whole = console.get(f"checks/{answers[0].check_id}")
    for words in (code, answers[0].revision, answers[0].decision.restrictions[0].legal_basis.title):
        assert words in whole.text


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("by", [*DIMENSIONS, "none"])
def test_every_report_answers_by_every_dimension_that_it_has_and_else_by_month(
    console: httpx.Client, kind: str, by: str
) -> None:
    assert console.get(f"reports/{kind}?by={by}").status_code == 200


@pytest.mark.parametrize("by", [*DIMENSIONS, "none"])
def test_patterns_answer_by_every_dimension_that_they_have_and_else_by_authority(
    console: httpx.Client, by: str
) -> None:
    assert console.get(f"patterns?by={by}&region=310000").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "reports/coverage?since=2020-01-01&until=2026-01-01",
        "reports/coverage?since=2026-02-01&until=2025-01-01",
        "patterns?since=2020-01-01&until=2026-01-01",
        "patterns?work_begins=20&work_ends=7",
    ],
)
def test_a_period_that_no_report_has_is_said_beside_the_form(console: httpx.Client, address: str) -> None:
    answer = console.get(address)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "address", ["checks/nothing", "checks/01a212fc-e635-72ed-8078-c2c745e88ac5", "reports/x", "x/y/z"]
)
def test_what_is_not_there_is_a_page_that_says_so(console: httpx.Client, address: str) -> None:
    answer = console.get(address)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"].startswith("text/html")


def test_a_strangers_page_sends_no_form(console: httpx.Client) -> None:
    wanted = {"form": form_token(console), "case_number": "C-1"}
    assert console.post("checks", data=wanted, headers={"origin": "https://evil.example"}).status_code == 403
    assert console.post("checks", data=wanted, headers={"origin": "null"}).status_code == 403


def test_assets_are_kept_for_good_and_others_are_not_there(console: httpx.Client) -> None:
    for asset in assets().values():
        answer = console.get(f"assets/{asset.address}")
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
    assert console.get("assets/console.css").status_code == 404
    assert console.get("assets/..%2Fconsole.py").status_code == 404


def test_a_day_outside_of_the_calendar_is_no_fault_of_ours(console: httpx.Client) -> None:
    for day in ("1000-01-01", "2999-12-31", "2026-02-30", "x"):
        answer = console.get(f"reports/coverage?since={day}&until={day}")
        assert answer.status_code in (200, 400)
    wanted = {"form": form_token(console), "since": "1000-01-01", "until": "2999-12-31"}
    assert console.post("checks", data=wanted).status_code in (200, 400)


def test_the_checks_that_used_a_listing_are_those_that_the_service_lists(
    node: RunningNode, console: httpx.Client
) -> None:
    listing = f"SYN-{Character.BARRED:08d}"
    answer = node.checks().CheckSubject(a_check(Character.BARRED, case_number=a_case()), timeout=PATIENCE)
    request = audit_pb.ListAffectedChecksRequest(listing_id=listing, page_size=1000)

    def recorded() -> bool:
        checks = audits(node).ListAffectedChecks(request, timeout=PATIENCE).checks
        return any(check.check_id == answer.check_id for check in checks)

    until(recorded)
    found: list[str] = []
    address = f"affected?listing_id={listing}"
    while address:
        page = console.get(address)
        assert page.status_code == 200
        found += re.findall(r'href="/console/checks/([0-9a-f-]{36})"', page.text)
        onward = re.search(r'href="/console/(affected[^"]*)" rel="next"', page.text)
        address = html.unescape(onward[1]) if onward else ""
    assert found == [c.check_id for c in audits(node).ListAffectedChecks(request, timeout=PATIENCE).checks]
    assert "No recorded answer used this listing" in console.get("affected?listing_id=L-none").text
    assert console.get(f"affected?listing_id={'x' * 201}").status_code == 400
    assert console.get(f"affected?listing_id={listing}&after=yesterday").status_code == 400


def test_the_overdue_cases_are_those_that_the_service_lists(node: RunningNode, console: httpx.Client) -> None:
    case = a_case()
    node.checks().CheckSubject(a_check(Character.CLEAN, case_number=case), timeout=PATIENCE)
    tomorrow = datetime.now(UTC) + timedelta(days=2)

    def listed() -> bool:
        address, pages = f"overdue?until={tomorrow:%Y-%m-%d}", ""
        while address:
            page = console.get(address)
            assert page.status_code == 200
            pages += page.text
            onward = re.search(r'href="/console/(overdue[^"]*)" rel="next"', page.text)
            address = html.unescape(onward[1]) if onward else ""
        return case in pages

    until(listed)
    assert case not in console.get("overdue").text
    assert console.get("overdue?after=yesterday").status_code == 400
    assert console.get("overdue?until=1000-01-01").status_code in (200, 400)


def test_a_subjects_access_has_all_that_the_service_tells_and_its_code_in_no_address(
    node: RunningNode, console: httpx.Client
) -> None:
    code = code_of(Character.SERIOUS)
    answer = node.checks().CheckSubject(a_check(Character.SERIOUS, case_number=a_case()), timeout=PATIENCE)
    request = pb.ReportSubjectAccessRequest(identifier=Identifier(scheme="cn-uscc", value=code), page_size=1000)
    asked = {"form": form_token(console), "scheme": "cn-uscc", "code": code}

    def shown() -> bool:
        return answer.check_id in console.post("subject", data=asked).text

    until(shown)
    found = console.post("subject", data=asked)
    assert code not in str(found.url)
    assert answer.decision.restrictions[0].legal_basis.title in found.text
    query = found.url.query.decode()
    told = audits(node).ReportSubjectAccess(request, timeout=PATIENCE).entries
    file = console.get(f"subject/export.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["check_id"] for row in rows] == [entry.check.check_id for entry in told]
    assert rows[0]["measures"]
    lines = [json.loads(line) for line in console.get(f"subject/export.ndjson?{query}").text.splitlines()]
    assert [line["check"]["check_id"] for line in lines] == [entry.check.check_id for entry in told]
    assert lines[0]["decision"]["explanation"]["text"] == told[0].decision.explanation.text


@pytest.mark.parametrize("fields", [{"scheme": "cn-uscc", "code": "123"}, {"scheme": "x", "code": "1"}, {}])
def test_a_code_that_names_nobody_for_certain_is_said_beside_the_form(
    console: httpx.Client, fields: dict[str, str]
) -> None:
    answer = console.post("subject", data={"form": form_token(console)} | fields)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    export = console.get(f"subject/export.csv?{answer.url.query.decode()}")
    assert export.status_code == 400


def test_an_address_of_a_search_opens_no_subjects_access(console: httpx.Client) -> None:
    search = console.post("checks", data={"form": form_token(console), "case_number": "C-1"})
    for address in ("subject", "subject/export.csv"):
        assert console.get(f"{address}?{search.url.query.decode()}").status_code == 400


def test_an_auditor_sees_that_somebody_changed_a_row_even_together_with_its_leaf(tmp_path: Path) -> None:
    data_dir = tmp_path / "node"
    with load(data_dir), RunningNode(data_dir, web_listen="127.0.0.1:0") as node:
        check_id = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
        address = f"http://{node.web}/console/checks/{check_id}"
        assert steps_shown(address) == ["holds"] * 4
        with let_go(open_log(Settings(_env_file=None, data_dir=data_dir))) as central:
            changed = change_row(central, check_id)
            assert steps_shown(address) == ["holds", "failed", "holds", "holds"]
            change_leaf(central, check_id, changed)
            assert steps_shown(address) == ["holds", "holds", "failed", "holds"]


def steps_shown(address: str) -> list[str]:
    """What came of each step of a check's proof, once the log has signed it."""
    last = time.monotonic() + 6 * PATIENCE
    while True:
        page = httpx.get(address, timeout=PATIENCE, trust_env=False).text
        if found := re.findall(r'<li class="step (\w+)"', page):
            return found
        assert time.monotonic() < last
        time.sleep(0.1)


def change_row(central: Engine, check_id: str) -> bytes:
    """Let another officer have asked; gives the record's bytes as they are now."""
    row = {"id": check_id}
    with as_owner(central) as connection:
        raw = connection.execute(text("SELECT record FROM check_log WHERE check_id = :id"), row).scalar_one()
        changed = encode_record(msgspec.structs.replace(decode_record(bytes(raw)), officer="somebody else"))
        connection.execute(text("UPDATE check_log SET record = :raw WHERE check_id = :id"), row | {"raw": changed})
    return changed


def change_leaf(central: Engine, check_id: str, record: bytes) -> None:
    """Make the leaf of a check fit this record."""
    salt = bytes(SALT_BYTES)
    fitting = {"id": check_id, "entry": entry_of(check_id, record, salt).raw, "salt": salt}
    with as_owner(central) as connection:
        leaf = "(SELECT leaf_index FROM log_leaf WHERE check_id = :id)"
        connection.execute(text(f"UPDATE log_opening SET salt = :salt WHERE leaf_index = {leaf}"), fitting)
        connection.execute(text("UPDATE log_leaf SET entry = :entry WHERE check_id = :id"), fitting)


@pytest.mark.parametrize(("address", "shown"), [("feeds", "Feeds"), ("nodes", "worker-1")])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_operators_pages_answer(console: httpx.Client, address: str, shown: str, language: str) -> None:
    answer = console.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    assert (shown if address == "nodes" or language == "en" else "数据源") in answer.text


def test_every_node_on_the_log_is_listed(node: RunningNode, console: httpx.Client) -> None:
    port = node.address.rpartition(":")[2]
    until(lambda: console.get("nodes").text.count(f":{port}") == 2)
    assert "Missing" not in console.get("nodes").text


@pytest.mark.parametrize(
    ("caller", "onward", "arrived"),
    [
        ("operator", "/console/checks", "nodes"),
        ("operator", "/console/feeds", "feeds"),
        ("registrar", "/console/checks", "rows"),
        ("registrar", "/console/lists", "lists"),
        ("auditor", "/console/lists", "lists"),
        ("auditor", "/console/nodes", "checks"),
        ("auditor", "/console/feeds", "feeds"),
        ("registrar", "/console/feeds", "feeds"),
    ],
)
def test_whoever_signs_in_begins_where_the_service_lets_them(
    guarded: RunningNode, caller: str, onward: str, arrived: str
) -> None:
    with signed_in(guarded, caller, onward) as (_, began):
        assert began == arrived


def test_an_operator_is_offered_the_operators_pages_and_no_refusal_is_on_the_log(guarded: RunningNode) -> None:
    before = len(recorded(guarded, "operator", Kind.ALL))
    with signed_in(guarded, "operator") as (visitor, _):
        page = visitor.get("nodes").text
        assert re.findall(r'<a href="/console/(\w+)"[^>]*>[^<]+</a>\s*(?=<a|</nav)', page) == ["feeds", "nodes", "log"]
        assert len(recorded(guarded, "operator", Kind.ALL)) == before
        assert visitor.get("checks").status_code == 403


def test_a_copied_cookie_opens_nothing_after_sign_out_even_where_the_web_process_was_started_again(
    guarded: RunningNode,
) -> None:
    with signed_in(guarded, "auditor") as (visitor, _):
        copied = visitor.cookies[SESSION]
        assert signed_in_with(guarded, copied)
        assert visitor.post("sign-out", data={"form": form_in(visitor.get("checks"))}).status_code == 200
    assert not signed_in_with(guarded, copied)
    web = living(guarded.pid)["web"]
    os.kill(web, signal.SIGKILL)
    successor(guarded.pid, "web", web)
    until(lambda: answers_http(guarded))
    assert not signed_in_with(guarded, copied)


def answers_http(node: RunningNode) -> bool:
    try:
        return httpx.get(f"http://{node.web}/healthz", timeout=PATIENCE, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_whoever_has_no_page_is_told_so_when_they_sign_in(guarded: RunningNode) -> None:
    base = f"http://{guarded.web}/console/"
    with httpx.Client(base_url=base, timeout=PATIENCE, follow_redirects=True, trust_env=False) as visitor:
        answer = visitor.post("sign-in", data={"form": form_in(visitor.get("sign-in")), "token": token("checker")})
        assert (answer.status_code, "ACCESS_DENIED" in answer.text) == (403, True)
        assert "sign-out" not in visitor.get("sign-in").text
