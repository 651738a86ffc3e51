"""The console over a node: pages answer, a search is the service's own, and strangers' pages cannot send its forms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import httpx
import pytest

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.registry.synthetic import Character, code_of
from clearway.web.console.assets import assets
from clearway.web.console.words import DIMENSIONS, REPORTS
from tests.contract.cases_service import PATIENCE, a_case, audits
from tests.contract.loaded import a_check
from tests.node import RunningNode
from tests.parties import token

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]


@pytest.fixture
def console(node: RunningNode) -> Iterator[httpx.Client]:
    base = f"http://{node.web}/console/"
    with httpx.Client(base_url=base, timeout=PATIENCE, follow_redirects=True, trust_env=False) as client:
        yield client


def form_token(console: httpx.Client) -> str:
    found = re.search(r'name="form" value="(\w+)"', console.get("checks").text)
    assert found is not None
    return found[1]


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


@pytest.mark.parametrize(
    "address",
    ["reports/coverage?since=2020-01-01&until=2026-01-01", "reports/coverage?since=2026-02-01&until=2025-01-01"],
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


@pytest.mark.parametrize(("address", "shown"), [("feeds", "Feeds"), ("node", "worker-1")])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_operators_pages_answer(console: httpx.Client, address: str, shown: str, language: str) -> None:
    answer = console.get(address, headers={"accept-language": language})
    assert answer.status_code == 200
    assert (shown if address == "node" or language == "en" else "数据源") in answer.text


@pytest.mark.parametrize(("onward", "arrived"), [("/console/checks", "node"), ("/console/feeds", "feeds")])
def test_an_operator_who_signs_in_begins_where_the_service_lets_them(
    guarded: RunningNode, onward: str, arrived: str
) -> None:
    base = f"http://{guarded.web}/console/"
    with httpx.Client(base_url=base, timeout=PATIENCE, follow_redirects=True, trust_env=False) as visitor:
        found = re.search(r'name="form" value="(\w+)"', visitor.get("sign-in").text)
        assert found is not None
        fields = {"form": found[1], "token": token("operator"), "next": onward}
        answer = visitor.post("sign-in", data=fields)
        assert (answer.status_code, answer.url.path) == (200, f"/console/{arrived}")
        assert visitor.get("checks").status_code == 403
