"""The console in a real browser: searched, looked at, taken home; by keyboard, without a script, at every size; axe."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from clearway.registry.synthetic import Character, code_of
from tests.browsers import NoBrowser, browser
from tests.contract.console_shown import Audited, audited
from tests.postgres import must_be_there

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

WAIT = 20_000
"""Milliseconds within which a page shows what it is waited for."""

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What the scheme makes a difference to."""

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
"""By which every outcome is overdue."""

REPORTS = ("coverage", "feedback", "departures", "refusals", "objections", "latency")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited(tmp_path_factory.mktemp("audited")) as found:
        yield found


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    try:
        with browser() as running:
            yield running
    except NoBrowser as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))


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


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds against WCAG 2.2 AA, in words."""
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary']}" for v in found]


def fits(page: Page) -> bool:
    """Whether nothing of the page is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def addresses(shown: Audited) -> list[str]:
    """Every page, after its address's beginning."""
    reports = [f"/reports/{kind}?by=authority" for kind in REPORTS]
    listing = f"SYN-{Character.BARRED:08d}"
    lists = ["/patterns", f"/affected?listing_id={listing}", "/overdue", f"/overdue?until={TOMORROW}", "/subject"]
    return ["/checks", f"/checks/{shown.restriction()}", *reports, "/reports/refusals", *lists, "/sign-in"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_page_breaks_a_rule_of_accessibility_in_either_scheme(shown: Audited, page: Page, language: str) -> None:
    page.goto(f"{shown.console}/language?to={language}&next=/console/checks")
    expect(page.locator("html")).to_have_attribute("lang", language)
    for address in addresses(shown):
        page.goto(f"{shown.console}{address}")
        page.emulate_media(color_scheme="light")
        assert violations(page) == [], address
        if language == "en":
            page.emulate_media(color_scheme="dark")
            assert violations(page, COLOURS) == [], f"{address} in the dark"


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_every_page_fits_the_screen(shown: Audited, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in addresses(shown):
        page.goto(f"{shown.console}{address}")
        assert fits(page), address
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
    for words in ("To object", "To repair", "Legal basis", check_id):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.locator("pre")).to_contain_text("listing_id")
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
    assert {words.rpartition("\n")[2] for words in page.locator("tbody td:nth-child(5)").all_inner_texts()} == {"o-12"}
    context.close()
