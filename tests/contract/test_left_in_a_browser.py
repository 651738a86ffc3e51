"""What feeds leave to a person, on the console in a real browser: corrected in place, turned down, loaded; with axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from clearway.registry.quarantine import RowState, SetAside
from clearway.registry.registry import Registry
from tests.browsers import fits, violations
from tests.contract.feeds_left import BEIJING, WRONG_DAY
from tests.node import RunningNode
from tests.parties import AUTHORITY, token

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

WAIT = 20_000
"""Milliseconds within which a page shows what it is waited for."""

TODAY = datetime.now(UTC).date().isoformat()
NARROW: ViewportSize = {"width": 320, "height": 800}


@pytest.fixture
def registry(served_left: tuple[RunningNode, Registry]) -> Registry:
    return served_left[1]


@pytest.fixture
def console(served_left: tuple[RunningNode, Registry]) -> str:
    return f"http://{served_left[0].web}/console"


@pytest.fixture
def page(chrome: Browser, console: str) -> Iterator[Page]:
    """A page in which nothing fails unnoticed, and that asks nobody but us."""
    context = chrome.new_context(locale="en")
    context.set_default_timeout(WAIT)
    faults: list[str] = []
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: faults.append(str(error)))
    fresh.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    ours = urlsplit(console).netloc
    fresh.on("request", lambda asked: faults.append(asked.url) if urlsplit(asked.url).netloc != ours else None)
    yield fresh
    context.close()
    assert faults == []


def sign_in(page: Page, console: str, caller: str = "registrar") -> None:
    page.goto(f"{console}/sign-in")
    page.get_by_label("Access token").fill(token(caller))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def next_row(registry: Registry) -> SetAside:
    """A row of Beijing that waits."""
    rows = registry.quarantine.list(feed="samr", reason="date")
    return next(row for row in rows if row.original["code"][2:8] == BEIJING and not row.masked)


def test_a_registrar_corrects_a_row_in_place(page: Page, console: str, registry: Registry) -> None:
    row = next_row(registry)
    sign_in(page, console)
    expect(page).to_have_url(f"{console}/rows")
    page.get_by_label("Feed", exact=True).fill("samr")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=f"Row {row.row_number} of 1.csv").click()
    blamed = page.get_by_label("document_date")
    expect(blamed).to_have_attribute("aria-invalid", "true")
    expect(blamed).to_have_value(WRONG_DAY)
    # Still wrong: what was filled in stays, and the field says so.
    blamed.fill("another day")
    page.locator("#c-registrar").fill("registrar 3")
    page.locator("#c-reason").fill("letter of 3 May")
    page.get_by_role("button", name="Correct and take").click()
    expect(page.get_by_role("alert")).to_contain_text("A date cannot be read")
    expect(page.get_by_label("document_date")).to_have_value("another day")
    expect(page.get_by_label("document_date")).to_have_accessible_description("A date cannot be read")
    assert registry.quarantine.get(row.row_id).state is RowState.WAITING
    # Right, by keyboard alone.
    page.get_by_label("document_date").fill(TODAY)
    page.get_by_label("document_date").press("Enter")
    expect(page.get_by_text("Corrected and taken").first).to_be_visible()
    kept = registry.quarantine.get(row.row_id).resolution
    assert kept is not None
    assert (kept.actor, kept.note, kept.changes) == (
        f"{AUTHORITY}/registrar 3",
        "letter of 3 May",
        {"document_date": TODAY},
    )
    expect(page.get_by_text("letter of 3 May")).to_be_visible()
    assert row.original["code"] not in page.url


def test_a_row_that_somebody_else_dealt_with_meanwhile_says_so(page: Page, console: str, registry: Registry) -> None:
    row = next_row(registry)
    sign_in(page, console)
    page.goto(f"{console}/rows/{row.row_id}")
    registry.quarantine.dismiss([row.row_id], actor="somebody else", moment=datetime.now(UTC), note="a test row")
    page.get_by_label("document_date").fill(TODAY)
    page.locator("#c-reason").fill("letter of 3 May")
    page.get_by_role("button", name="Correct and take").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody was here before")
    expect(page.get_by_text("somebody else")).to_be_visible()


def test_a_row_is_turned_down_for_a_reason(page: Page, console: str, registry: Registry) -> None:
    row = next_row(registry)
    sign_in(page, console)
    page.goto(f"{console}/rows/{row.row_id}")
    page.locator("#d-reason").fill("a test row of the source")
    page.get_by_role("button", name="Turn down").click()
    expect(page.get_by_text("a test row of the source")).to_be_visible()
    assert registry.quarantine.get(row.row_id).state is RowState.DISMISSED


@pytest.mark.parametrize(
    ("feed", "button", "said", "gone"),
    [
        ("whole-1", "It is right: load it", "The list was loaded.", 8),
        ("whole-2", "Turn it down", "The list was turned down.", 0),
    ],
)
def test_a_list_that_waits_gets_a_word(
    page: Page, console: str, registry: Registry, feed: str, button: str, said: str, gone: int
) -> None:
    sign_in(page, console)
    page.get_by_role("link", name="Lists that wait").click()
    page.get_by_role("link", name=feed).click()
    expect(page.get_by_role("row", name="Gone: they would end")).to_contain_text("8")
    assert page.get_by_role("region", name="The first that would be gone").get_by_role("listitem").count() == 8
    expect(page.get_by_text("A date cannot be read")).to_be_visible()
    page.get_by_label("Reason, for the history").fill("asked the source")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status")).to_have_text(said)
    expect(page.get_by_role("link", name=feed)).to_have_count(0)
    assert registry.feed_runs(feed, 1)[0].gone == gone
    assert registry.readings.fetches(feed)[0].note == "asked the source"


def test_an_auditor_looks_and_is_offered_no_form(page: Page, console: str, registry: Registry) -> None:
    row = next_row(registry)
    sign_in(page, console, "auditor")
    for address in (f"rows/{row.row_id}", "lists/whole-3"):
        page.goto(f"{console}/{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("main form").count() == 0


@pytest.mark.parametrize("caller", ["auditor", "registrar", "registrar-of-shanghai", "operator"])
def test_the_page_of_feeds_leads_nowhere_that_its_visitor_may_not_go(page: Page, console: str, caller: str) -> None:
    sign_in(page, console, caller)
    page.goto(f"{console}/feeds")
    expect(page.get_by_role("row", name="samr")).to_be_visible()
    links = page.locator("main a")
    found = {str(links.nth(number).get_attribute("href")) for number in range(links.count())}
    kinds = {address.removeprefix("/console/").partition("?")[0].partition("/")[0] for address in found}
    seen = {"registrar-of-shanghai": {"rows"}, "operator": set()}
    assert kinds == seen.get(caller, {"rows", "lists"})
    for address in sorted(found):
        answer = page.goto(f"{console.removesuffix('/console')}{address}")
        assert answer is not None
        assert answer.status == 200, address


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_pages_break_no_rule_of_accessibility_and_fit_a_phone(
    page: Page, console: str, registry: Registry, language: str
) -> None:
    row, masked = next_row(registry), next(row for row in registry.quarantine.list(feed="samr") if row.masked)
    sign_in(page, console)
    page.goto(f"{console}/language?to={language}&next=/console/rows")
    for address in (
        "rows",
        "rows?state=corrected",
        f"rows/{row.row_id}",
        f"rows/{masked.row_id}",
        "lists",
        "lists/whole-3",
        "feeds",
    ):
        page.goto(f"{console}/{address}")
        expect(page.locator("html")).to_have_attribute("lang", language)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (address, scheme)
        page.set_viewport_size(NARROW)
        assert fits(page), address
        page.set_viewport_size({"width": 1280, "height": 800})
