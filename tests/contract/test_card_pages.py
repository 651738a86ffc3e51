"""The card over HTTP, as a browser without script meets it: pages, forms, addresses of assets, troubles."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha384
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from clearway.cli.demo import put_on_screen
from clearway.cli.demo_screen import CaseScreen
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1.card_service_pb2_grpc import CardServiceStub
from clearway.registry.synthetic import Character
from clearway.server.settings import Settings
from tests.contract.loaded import ESSENTIAL, a_check
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

PATIENCE = 10.0


@pytest.fixture
def browser(node: RunningNode) -> Iterator[httpx.Client]:
    """What a browser without script can do, at the node's address."""
    with httpx.Client(base_url=f"http://{node.web}", timeout=PATIENCE, follow_redirects=True) as client:
        yield client


def shown(node: RunningNode, character: int, language: str = "en", **changes: object) -> str:
    """The address of a fresh check's card."""
    request = a_check(character, **({"case_number": f"PAGE-{uuid4()}"} | changes))
    answer = node.checks().CheckSubject(request, timeout=PATIENCE, metadata=(("accept-language", language),))
    granted = CardServiceStub(node.channel()).GrantView(card_pb.GrantViewRequest(check_id=answer.check_id))
    return granted.path


def form_of(html: str, act: str) -> tuple[str, dict[str, str]]:
    """Where a form of the page goes, and the fields that it brings along."""
    found = re.search(rf'<form[^>]*action="([^"]*/{act})".*?</form>', html, re.DOTALL)
    assert found, f"no form for {act}"
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[0])
    return found[1], dict(hidden)


def test_a_card_says_at_once_what_why_and_what_next(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.SERIOUS))
    assert page.status_code == 200
    for said in (
        "Restriction",
        "Read each measure",
        "Mandatory",
        "市场监督管理严重违法失信名单管理办法",
        "departmental rule",
        "State Administration for Market Regulation",
        "To object",
        "To repair",
        "officer 7",
    ):
        assert said in page.text


def test_a_card_speaks_chinese_where_the_check_did(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.SERIOUS, "zh-CN")).text
    assert '<html lang="zh-CN">' in page
    assert "限制 / 从严审核" in page
    assert "如何提出异议" in page


def test_nothing_runs_or_loads_that_is_not_ours(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.SERIOUS))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)
    for path, integrity in re.findall(r'(?:href|src)="(/static/[^"]+)" integrity="sha384-([^"]+)"', page.text):
        asset = browser.get(path)
        assert base64.b64encode(sha384(asset.content).digest()).decode() == integrity
        assert "immutable" in asset.headers["cache-control"]
        assert not re.search(rb"@import|url\(\s*['\"]?(?:https?:)?//", asset.content)


def test_the_script_is_found_under_a_lasting_name_and_with_its_hash(browser: httpx.Client) -> None:
    told = browser.get("/card-assets.json").json()
    assert browser.get(told["script"]).content == browser.get("/clearway-check.js").content
    assert json.dumps("the style goes here").encode() not in browser.get(told["script"]).content
    assert browser.get("/static/clearway-check.0000000000000000.js").status_code == 404


def test_a_case_is_carried_through_without_a_script(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL))
    action, fields = form_of(page.text, "commitment")
    page = browser.post(action, data=fields | {"signatory": "法定代表人", "reference": "C-1"})
    assert (page.status_code, "Recorded." in page.text) == (200, True)
    action, fields = form_of(page.text, "notice")
    page = browser.post(action, data=fields)
    paper = browser.get(re.search(r'href="(/card/[^"]+/notice[^"]*)"', page.text)[1].replace("&amp;", "&"))  # type: ignore[index]
    assert "容缺受理通知书" in paper.text
    assert "Deferral notice" in paper.text
    action, fields = form_of(page.text, "supplement")
    materials = re.findall(r'type="checkbox" name="material" value="([^"]+)"', page.text)
    page = browser.post(action, data=fields | {"material": materials})
    assert "complete" in page.text
    action, fields = form_of(page.text, "outcome")
    page = browser.post(
        action, data=fields | {"result-0": "MEASURE_RESULT_GRANTED", "case_result": "CASE_RESULT_GRANTED"}
    )
    assert "The case is closed" in page.text
    assert "ended: licence granted" in page.text


def test_a_departure_without_its_reason_is_told_and_nothing_typed_is_lost(
    node: RunningNode, browser: httpx.Client
) -> None:
    page = browser.get(shown(node, Character.SERIOUS))
    action, fields = form_of(page.text, "outcome")
    departing = {"result-0": "MEASURE_RESULT_NOT_APPLIED", "text-0": "<b>another</b> company"}
    page = browser.post(action, data=fields | departing)
    assert page.status_code == 400
    assert "choose the reason" in page.text
    assert "&lt;b&gt;another&lt;/b&gt; company" in page.text
    assert re.search(r'value="MEASURE_RESULT_NOT_APPLIED" checked', page.text)
    action, fields = form_of(page.text, "outcome")
    departing |= {"reason-0": "DEPARTURE_REASON_WRONG_SUBJECT"}
    page = browser.post(action, data=fields | departing)
    assert "Not applied · Another subject · &lt;b&gt;another&lt;/b&gt; company" in page.text


def test_an_outcome_on_which_nothing_is_chosen_is_not_called_recorded(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.SERIOUS))
    action, fields = form_of(page.text, "outcome")
    page = browser.post(action, data=fields)
    assert (page.status_code, "Recorded." in page.text) == (400, False)
    assert "Choose what became of a measure" in page.text


def test_an_arrival_of_nothing_says_what_to_tick(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL))
    action, fields = form_of(page.text, "commitment")
    page = browser.post(action, data=fields | {"signatory": "法定代表人", "reference": "C-1"})
    action, fields = form_of(page.text, "supplement")
    page = browser.post(action, data=fields)
    assert (page.status_code, "Recorded." in page.text) == (400, False)
    assert "Tick the materials that have arrived" in page.text


def test_a_grant_before_all_has_arrived_says_what_is_in_its_way(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL))
    action, fields = form_of(page.text, "commitment")
    page = browser.post(action, data=fields | {"signatory": "法定代表人", "reference": "C-1"})
    action, fields = form_of(page.text, "outcome")
    page = browser.post(action, data=fields | {"case_result": "CASE_RESULT_GRANTED"})
    assert (page.status_code, "Recorded." in page.text) == (400, False)
    assert "Promised materials are still missing" in page.text


def test_a_form_that_was_refused_is_the_same_report_when_sent_again(node: RunningNode, browser: httpx.Client) -> None:
    page = browser.get(shown(node, Character.SERIOUS))
    action, fields = form_of(page.text, "outcome")
    page = browser.post(action, data=fields | {"result-0": "MEASURE_RESULT_NOT_APPLIED"})
    assert form_of(page.text, "outcome")[1]["report"] == fields["report"]


def test_a_form_sent_twice_is_recorded_once(node: RunningNode, browser: httpx.Client) -> None:
    path = shown(node, Character.UNKNOWN)
    action, fields = form_of(browser.get(path).text, "outcome")
    closing = fields | {"case_result": "CASE_RESULT_REFUSED"}
    assert [browser.post(action, data=closing).status_code for _ in range(2)] == [200, 200]


# Troubles


def test_a_token_of_nobody_shows_nothing(node: RunningNode, browser: httpx.Client) -> None:
    path = urlsplit(shown(node, Character.SERIOUS)).path
    for page in (browser.get(path), browser.get(path, params={"view": "nobody"})):
        assert page.status_code == 401
        assert "This page may not show the check" in page.text
        assert "Restriction" not in page.text


def test_a_token_shows_no_other_check(node: RunningNode, browser: httpx.Client) -> None:
    mine, other = shown(node, Character.UNKNOWN), shown(node, Character.SERIOUS)
    page = browser.get(urlsplit(other).path, params=parse_qs(urlsplit(mine).query))
    assert page.status_code == 401
    assert "Restriction" not in page.text


def test_a_form_of_another_page_records_nothing(node: RunningNode, browser: httpx.Client) -> None:
    path = shown(node, Character.UNKNOWN)
    action, fields = form_of(browser.get(path).text, "outcome")
    stolen = fields | {"case_result": "CASE_RESULT_GRANTED"}
    assert browser.post(action, data=stolen | {"view": ""}).status_code == 401
    assert browser.post(action, data=stolen | {"officer": "somebody else"}).status_code == 401
    assert browser.post(action, data=stolen, headers={"origin": "https://elsewhere.example"}).status_code == 403
    assert "The case is closed" not in browser.get(path).text


@pytest.mark.parametrize("body", [b"\xff", b"case_result=NONSENSE", b"a=1&" * 3000, b"measure=M&result-0=NONSENSE"])
def test_a_form_that_is_none_is_refused(node: RunningNode, browser: httpx.Client, body: bytes) -> None:
    action, _ = form_of(browser.get(shown(node, Character.UNKNOWN)).text, "outcome")
    page = browser.post(action, content=body)
    assert page.status_code == 400
    assert "Not recorded" in page.text
    assert "on the record" not in page.text


def test_a_form_without_end_is_not_read_to_it(node: RunningNode, browser: httpx.Client) -> None:
    action, _ = form_of(browser.get(shown(node, Character.UNKNOWN)).text, "outcome")
    assert browser.post(action, content=b"a" * 300_000).status_code == 413


def test_the_content_for_a_component_is_the_card_alone(node: RunningNode, browser: httpx.Client) -> None:
    path, _, query = shown(node, Character.SERIOUS).partition("?view=")
    answer = browser.get(f"{path}/content", headers={"authorization": f"View {query}"})
    assert answer.text.lstrip().startswith("<article")
    expired = browser.get(f"{path}/content", headers={"authorization": "View x", "accept-language": "zh-CN"})
    assert expired.status_code == 401
    assert expired.text.lstrip().startswith("<section")
    assert "本页面无权显示该核查" in expired.text


def test_the_demonstration_shows_its_cards_in_somebody_elses_page(node: RunningNode, browser: httpx.Client) -> None:
    with closing(CaseScreen()) as screen:
        put_on_screen(screen, Settings(listen=node.address, web_listen=node.web))
        page = browser.get(f"{screen.origin}/3")
        token = re.search(r'token="([^"]+)"', page.text)
        check_id = re.search(r'check-id="([^"]+)"', page.text)
        assert token is not None
        assert check_id is not None
        card = browser.get(f"/card/{check_id[1]}", params={"view": token[1]})
        assert "Deferred acceptance" in card.text
        assert browser.get(f"{screen.origin}/nothing").status_code == 404


def test_changes_begin_with_the_last_one(node: RunningNode) -> None:
    path, _, token = shown(node, Character.UNKNOWN).partition("?view=")
    address, shows = f"http://{node.web}{path}/changes", {"authorization": f"View {token}"}
    with httpx.stream("GET", address, headers=shows, timeout=PATIENCE) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert next(stream.iter_lines()) == "data: "
