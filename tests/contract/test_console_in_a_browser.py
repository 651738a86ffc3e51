"""The console in a real browser: searched, looked at, taken home; by keyboard, without a script, at every size; axe."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from clearway.gen.v1.card_service_pb2 import GrantViewRequest
from clearway.gen.v1.card_service_pb2_grpc import CardServiceStub
from clearway.registry.synthetic import Character, code_of
from tests.browsers import fits, violations
from tests.contract.console_shown import PATIENCE, Audited, audited
from tests.contract.loaded import ESSENTIAL, a_check
from tests.unit.cli.running import document, run

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

WAIT = 20_000
"""Milliseconds within which a page shows what it is waited for."""

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What the scheme makes a difference to."""

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
"""By which every outcome is overdue."""

WIDTHS = (320, 768, 1920)
REPORTS = ("coverage", "feedback", "departures", "refusals", "objections", "latency")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited(tmp_path_factory.mktemp("audited")) as found:
        yield found


@pytest.fixture
def page(chrome: Browser, shown: Audited) -> Iterator[Page]:
    """A page in which nothing fails unnoticed, and that asks nobody but us."""
    context = chrome.new_context(locale="en", accept_downloads=True)
    context.set_default_timeout(WAIT)
    faults: list[str] = []
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: faults.append(str(error)))
    fresh.on("console", lambda told: faults.append(told.text) if is_fault(told) else None)
    fresh.on(
        "request", lambda asked: faults.append(asked.url) if urlsplit(asked.url).netloc != shown.node.web else None
    )
    yield fresh
    context.close()
    assert faults == []


def is_fault(told: ConsoleMessage) -> bool:
    """Whether the browser complains of a page; that a page is refused is the page's own matter."""
    return told.type in ("error", "warning") and "status of 400" not in told.text


def addresses(shown: Audited) -> list[str]:
    """Every page, after its address's beginning."""
    reports = [f"/reports/{kind}?by=authority" for kind in REPORTS]
    listing = f"SYN-{Character.BARRED:08d}"
    lists = [
        "/patterns?by=item&cases_of_one_subject=3",
        f"/affected?listing_id={listing}",
        "/overdue",
        f"/overdue?until={TOMORROW}",
        "/subject",
        "/log",
        "/feeds",
        "/nodes",
        "/rows",
        "/lists",
    ]
    return ["/checks", f"/checks/{shown.restriction()}", *reports, "/reports/refusals", *lists, "/sign-in"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_page_breaks_a_rule_of_accessibility_in_either_scheme(shown: Audited, page: Page, language: str) -> None:
    page.goto(f"{shown.console}/language?to={language}&next=/console/checks")
    expect(page.locator("html")).to_have_attribute("lang", language)
    # In Chinese every third page: they are made of the same pieces, and in one language all are looked at.
    for address in addresses(shown)[:: 1 if language == "en" else 3]:
        page.goto(f"{shown.console}{address}")
        page.emulate_media(color_scheme="light")
        assert violations(page) == [], address
        if language == "en":
            page.emulate_media(color_scheme="dark")
            assert violations(page, COLOURS) == [], f"{address} in the dark"


def test_every_page_fits_every_screen(shown: Audited, page: Page) -> None:
    for address in addresses(shown):
        page.goto(f"{shown.console}{address}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert fits(page), (address, width)
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    page.goto(f"{shown.console}/checks")
    assert violations(page) == []


def test_a_subject_is_looked_for_its_check_looked_at_and_the_search_taken_home(
    shown: Audited, page: Page, tmp_path: Path
) -> None:
    code = code_of(Character.SERIOUS)
    page.goto(shown.console)
    page.get_by_label("Subject’s code").fill(code)
    page.get_by_label("Outcome").select_option(label="Restriction")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr").first).to_contain_text(code)
    expect(page.get_by_label("Subject’s code")).to_have_value(code)
    assert code not in page.url
    found = page.get_by_role("row")
    subjects = page.locator("tbody tr td:nth-child(3) .mono").all_inner_texts()
    assert set(subjects) == {code}

    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    file = tmp_path / "checks.csv"
    taken.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(subjects) == found.count() - 1
    assert {row["subject"] for row in rows} == {code}

    page.locator("tbody a").last.click()
    expect(page.get_by_role("heading", name="What the officer saw")).to_be_visible()
    check_id = page.url.rpartition("/")[2]
    assert rows[-1]["check_id"] == check_id
    expect(page.get_by_role("heading", level=3, name="Restriction")).to_be_visible()
    for words in ("To object", "To repair", "Legal basis"):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text(check_id)
    expect(page.get_by_role("region", name="The facts behind the answer")).to_contain_text("listing_id")
    page.get_by_role("link", name="Checks of this subject").click()
    expect(page.locator("tbody tr").first).to_contain_text(code)
    assert set(page.locator("tbody tr td:nth-child(3) .mono").all_inner_texts()) == {code}


def test_a_subjects_access_is_asked_for_by_its_code_read_and_taken_home(
    shown: Audited, page: Page, tmp_path: Path
) -> None:
    code = code_of(Character.SERIOUS)
    page.goto(f"{shown.console}/checks")
    page.get_by_role("link", name="Subject access").click()
    page.get_by_label("Subject’s code").fill(code)
    page.get_by_role("button", name="Show").click()
    entries = page.locator("article.entry")
    expect(entries.first).to_contain_text("Legal basis")
    assert code not in page.url
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert fits(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert code not in taken.value.suggested_filename
    file = tmp_path / "subject.csv"
    taken.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == entries.count()
    assert {row["subject"] for row in rows} == {code}
    assert all(row["legal_bases"] and row["objection"] and row["explanation"] for row in rows)


def test_a_listings_checks_are_found_by_its_id(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/affected")
    page.get_by_label("Listing").fill(f"SYN-{Character.SERIOUS:08d}")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr").first).to_contain_text("a restriction")
    found = page.locator("tbody tr").count()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="What the officer saw")).to_be_visible()
    page.get_by_role("link", name=f"SYN-{Character.SERIOUS:08d}").first.click()
    expect(page.locator("tbody tr")).to_have_count(found)


def test_what_happened_after_a_check_is_told_in_words(shown: Audited, page: Page) -> None:
    departed = [
        answer for number, answer in enumerate(shown.answers) if number % 3 == 2 and answer.decision.restrictions
    ]
    page.goto(f"{shown.console}/checks/{departed[0].check_id}")
    expect(page.locator(".timeline")).to_contain_text("Outcome reported")
    expect(page.locator(".timeline")).to_contain_text("not applied · conditions not met")


def carry_through(page: Page) -> None:
    """What an officer does on a card that offers deferred acceptance, from the commitment to the licence."""
    page.get_by_label("Signed as").fill("legal representative")
    page.get_by_label("place in the file").fill("C-2026-21")
    page.get_by_role("button", name="Record the commitment").click()
    page.get_by_role("button", name="Issue the notice").click()
    expect(page.get_by_text("notice issued", exact=True)).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Record as arrived").click()
    expect(page.get_by_text("complete", exact=True)).to_be_visible()
    page.get_by_label("Granted", exact=True).first.check()
    page.get_by_label("The case").select_option(label="ended: licence granted")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("The case is closed")).to_be_visible()


def test_from_a_check_by_its_commitment_and_outcome_to_its_verified_proof_taken_home(
    shown: Audited, page: Page, tmp_path: Path
) -> None:
    case = "2026-CP-0001"
    request = a_check(Character.TRUSTED_MODEL, supplied_materials=ESSENTIAL, case_number=case, officer="o-21")
    answer = shown.node.checks().CheckSubject(request, timeout=PATIENCE)
    granted = CardServiceStub(shown.node.channel()).GrantView(GrantViewRequest(check_id=answer.check_id))
    page.goto(f"http://{shown.node.web}{granted.path}")
    carry_through(page)

    # The auditor finds the check, sees what came of it, and its proof.
    page.goto(f"{shown.console}/checks")
    page.get_by_label("Case", exact=True).fill(case)
    page.get_by_role("button", name="Search").click()
    page.locator("tbody a").click()
    for done in (
        "legal representative",
        "Notice of deferral issued",
        "5 working days",
        "All materials supplied",
        "Case ended",
    ):
        expect(page.locator(".timeline")).to_contain_text(done)
    pending = page.get_by_role("link", name="Look again")
    proven = page.get_by_text("Proven: this answer is on the log")
    last = time.monotonic() + WAIT / 1000
    while pending.is_visible() and time.monotonic() < last:
        pending.click()
    expect(proven).to_be_visible()
    steps = page.locator(".steps > li")
    assert [step.get_attribute("class") for step in steps.all()] == ["step holds"] * 4
    steps.nth(3).get_by_text("Raw values").click()
    vkey = run("log", "key", "--data-dir", shown.node.data_dir).stdout.strip()
    expect(steps.nth(3)).to_contain_text(vkey)
    assert violations(page) == []
    assert fits(page)

    # The proof goes home, and holds there with the key alone.
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take the proof home").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    verified = document(run("log", "verify", "--proof", file, "--key", vkey, "--json"))
    assert verified["check_id"] == answer.check_id

    # So does the search.
    page.get_by_role("link", name="Checks of this case").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="NDJSON").click()
    lines = tmp_path / "checks.ndjson"
    taken.value.save_as(lines)
    assert [json.loads(line)["check_id"] for line in lines.read_text("utf-8").splitlines()] == [answer.check_id]


def test_the_log_is_held_to_what_the_browser_saw_and_to_what_the_auditor_kept(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/log")
    expect(page.get_by_text("This browser has seen none before")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take the checkpoint home").click()
    kept = Path(taken.value.path()).read_text("utf-8")
    page.goto(f"{shown.console}/log")
    expect(page.locator("[aria-labelledby=continuity] .step.holds")).to_be_visible()
    page.get_by_text("Compare with a checkpoint of yours").click()
    page.get_by_label("The checkpoint, as it was kept").fill(kept)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Against the checkpoint you brought")).to_be_visible()
    expect(page.locator("[aria-labelledby=continuity] .step.holds")).to_be_visible()
    page.get_by_label("The checkpoint, as it was kept").fill(kept.replace("A", "B").replace("e", "f"))
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("[aria-labelledby=continuity] .step.failed")).to_be_visible()
    assert violations(page) == []


def test_a_code_that_is_none_is_said_beside_the_form(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/checks")
    page.get_by_label("Subject’s code").fill("123")
    with page.expect_response(re.compile("/console/checks\\?q=")) as answered:
        page.get_by_role("button", name="Search").press("Enter")
    assert answered.value.status == 400


def test_older_checks_are_a_page_further(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/checks")
    first = set(page.locator("tbody a").all_inner_texts())
    page.get_by_role("link", name="Older").press("Enter")
    expect(page.get_by_role("link", name="Back to the newest")).to_be_visible()
    assert page.locator("tbody tr").count() > 0
    assert first


def test_a_chart_is_drawn_from_the_table_beside_it(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/reports/refusals?by=item")
    canvas = page.get_by_role("img", name="Chart of Refused checks")
    expect(canvas).to_be_visible()
    drawn = page.evaluate("Chart.getChart(document.querySelector('canvas')).data")
    assert drawn["labels"] == page.locator("tbody th").all_inner_texts()
    assert [series["label"] for series in drawn["datasets"]] == ["checks", "refused"]
    shown_numbers = page.locator("tbody td:nth-child(2)").all_inner_texts()
    assert [str(number) for number in drawn["datasets"][0]["data"]] == shown_numbers
    page.emulate_media(color_scheme="dark")
    expect(canvas).to_be_visible()


def test_unusual_patterns_are_drawn_counted_and_taken_home(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/patterns")
    page.get_by_text("From how many on something is listed").click()
    page.get_by_label("Cases of one subject").fill("3")
    page.get_by_label("Divided by").select_option("item")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("img", name="Chart of Unusual")).to_be_visible()
    drawn = page.evaluate("Chart.getChart(document.querySelector('canvas')).data")
    assert drawn["labels"] == page.locator("#figures tbody th").all_inner_texts()
    listed = page.locator("table.list").get_by_text("One subject under many cases")
    assert sum(drawn["datasets"][0]["data"]) == listed.count() > 0
    expect(page.get_by_text("3 different cases or more")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert "SAME_SUBJECT_MANY_CASES,3," in taken.value.path().read_text("utf-8-sig")


def test_by_keyboard_the_content_is_one_step_away(shown: Audited, page: Page) -> None:
    page.goto(f"{shown.console}/checks")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Code scheme")).to_be_focused()


def test_without_a_script_everything_is_there_but_the_drawing(shown: Audited, chrome: Browser) -> None:
    context = chrome.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{shown.console}/reports/refusals?by=item")
    expect(page.locator("figure.chart")).to_be_hidden()
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_role("link", name="查询记录").click()
    page.get_by_label("经办人").fill("o-12")
    page.get_by_role("button", name="检索").click()
    officers = page.locator("tbody td:nth-child(5)")
    expect(page).to_have_url(re.compile(r"\?q="))
    expect(officers.first).to_contain_text("o-12")
    assert {words.rpartition("\n")[2] for words in officers.all_inner_texts()} == {"o-12"}
    context.close()
