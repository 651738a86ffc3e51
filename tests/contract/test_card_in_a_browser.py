"""The card in a real browser: on its own page and in somebody else's, by keyboard, live, in every state, with axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from clearway.registry import commands
from clearway.registry.events import ObjectionGrounds, Resolution
from clearway.registry.synthetic import Character
from tests.browsers import fits, violations
from tests.contract.cards_shown import OUTCOMES, Shown, showing
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]

WAIT = 20_000
"""Milliseconds within which a page shows what it is waited for."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with showing(tmp_path_factory.mktemp("shown")) as found:
        yield found


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """A page in which nothing fails unnoticed."""
    context = chrome.new_context()
    context.set_default_timeout(WAIT)
    faults: list[str] = []
    fresh = context.new_page()
    fresh.on("pageerror", lambda error: faults.append(str(error)))
    fresh.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    yield fresh
    context.close()
    assert faults == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_card_breaks_no_rule_of_accessibility_in_either_scheme(shown: Shown, page: Page, outcome: str) -> None:
    page.goto(shown.page(shown.check(outcome, "zh-CN").check_id))
    expect(page.locator(".cw-title")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert fits(page)


def test_without_a_script_the_card_is_all_there(shown: Shown, chrome: Browser) -> None:
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shown.page(shown.check("restriction").check_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("Restriction")
    expect(page.get_by_role("button", name="Record")).to_be_visible()
    context.close()


def test_a_deferral_goes_its_way_on_a_case_screen_by_keyboard(shown: Shown, page: Page) -> None:
    page.goto(shown.on_screen(shown.check("deferred-acceptance").check_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("Deferred acceptance")
    for theme in ("dark", "light"):
        page.evaluate("(theme) => document.querySelector('clearway-check').setAttribute('theme', theme)", theme)
        assert violations(page) == []
    page.get_by_label("Signed as").focus()
    page.keyboard.type("legal representative")
    page.keyboard.press("Tab")
    page.keyboard.type("C-2026-7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Recorded.")
    expect(page.get_by_role("status")).to_be_focused()
    page.get_by_role("button", name="Issue the notice").press("Enter")
    expect(page.get_by_text("notice issued", exact=True)).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Print the notice").click()
    expect(opened.value.get_by_text("容缺受理通知书")).to_be_visible()
    for box in page.get_by_role("checkbox").all():
        box.press("Space")
    page.get_by_role("button", name="Record as arrived").press("Enter")
    expect(page.get_by_text("complete", exact=True)).to_be_visible()
    assert violations(page) == []


def test_a_departure_is_asked_for_its_reason_and_recorded(shown: Shown, page: Page) -> None:
    answer = shown.check("restriction")
    page.goto(shown.on_screen(answer.check_id))
    expect(page.get_by_label("Reason for departing")).to_be_hidden()
    page.get_by_label("Not applied").check()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text("choose the reason")
    assert violations(page) == []
    page.get_by_label("Reason for departing").select_option(label="Another subject")
    page.get_by_label("In your words").fill("the premises belong to another company")
    page.get_by_label("The case").select_option(label="ended: licence granted")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("The case is closed")).to_be_visible()
    assert "the premises belong to another company" in page.locator(".cw-reported").inner_text()


def test_an_answer_that_turns_is_shown_as_changed_while_the_officer_looks(shown: Shown, page: Page) -> None:
    answer = shown.check("restriction")
    page.goto(shown.on_screen(answer.check_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("Restriction")
    now = datetime.now(UTC)
    listing, objection = f"SYN-{Character.SERIOUS:08d}", f"O-{uuid4()}"
    opened = commands.OpenObjection(listing, objection, ObjectionGrounds.WRONG)
    shown.registry.execute(opened, actor="test", moment=now)
    expect(page.locator(".cw-changed-title")).to_contain_text("This answer has changed since")
    expect(page.locator(".cw-turn")).to_contain_text("Answered: Restriction → Now: Deferred acceptance")
    assert violations(page) == []
    rejected = commands.ResolveObjection(listing, objection, Resolution.REJECTED)
    shown.registry.execute(rejected, actor="test", moment=datetime.now(UTC))
    expect(page.get_by_text("it is again what it was")).to_be_visible()
    expect(page.locator(".cw-turn")).to_have_count(0)
    assert violations(page) == []


# What an officer has written


def departing(page: Page) -> None:
    """Written into the outcome's form, and not sent."""
    page.get_by_label("Not applied").check()
    page.get_by_label("In your words").fill("the premises belong to another company")


def written(page: Page) -> tuple[bool, str]:
    return page.get_by_label("Not applied").is_checked(), page.get_by_label("In your words").input_value()


WRITTEN = (True, "the premises belong to another company")


def test_what_is_written_stays_when_the_view_ends_and_another_token_comes(shown: Shown, page: Page) -> None:
    page.goto(shown.on_screen(shown.check("restriction").check_id))
    departing(page)
    page.evaluate("""
        window.good = document.querySelector("clearway-check").token;
        document.querySelector("clearway-check").token = "nobody";
    """)
    expect(page.get_by_role("heading", level=1)).to_have_text("This page may not show the check")
    page.evaluate("document.querySelector('clearway-check').token = window.good")
    expect(page.get_by_role("heading", level=1)).to_have_text("Restriction")
    assert written(page) == WRITTEN


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "The view has ended, and this was not recorded."), (503, "It is not certain that this was recorded.")],
)
def test_what_is_written_stays_where_no_card_comes_back(shown: Shown, page: Page, status: int, said: str) -> None:
    page.goto(shown.on_screen(shown.check("restriction").check_id))
    departing(page)
    trouble = '<section class="cw cw-trouble" data-state="unavailable"><h1>no</h1></section>'
    page.route("**/outcome", lambda route: route.fulfill(status=status, content_type="text/html", body=trouble))
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert")).to_contain_text(said)
    assert written(page) == WRITTEN
    page.unroute("**/outcome")
    page.get_by_label("Reason for departing").select_option(label="Another subject")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_have_text("Recorded.")
    assert written(page) == (False, "")


def test_one_form_recorded_leaves_what_is_written_in_another(shown: Shown, page: Page) -> None:
    page.goto(shown.on_screen(shown.check("deferred-acceptance").check_id))
    page.get_by_label("Signed as").fill("legal representative")
    page.get_by_label("Granted").first.check()
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Recorded.")
    assert page.get_by_label("Signed as").input_value() == "legal representative"


def shortened(route: Route) -> None:
    """The card, with two seconds left of its view."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'data-left="\d+"', 'data-left="2"', answer.text()))


def test_the_page_hears_of_the_views_end_when_it_comes(shown: Shown, page: Page) -> None:
    page.route("**/content", shortened)
    page.goto(shown.on_screen(shown.check("ordinary").check_id))
    page.evaluate("addEventListener('clearway-expired', () => { window.expired = true; })")
    # Asked from outside: the page's own policy forbids a wait inside it.
    until(lambda: bool(page.evaluate("window.expired === true")))


# States


def test_a_token_that_has_ended_says_so_and_another_one_brings_the_card_back(shown: Shown, page: Page) -> None:
    check_id = shown.check("green-channel").check_id
    page.goto(shown.on_screen(check_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("Green channel")
    page.evaluate("""
        window.expired = new Promise((done) => {
            addEventListener("clearway-expired", (event) => done(event.detail.checkId));
        });
        window.good = document.querySelector("clearway-check").token;
        document.querySelector("clearway-check").token = "nobody";
    """)
    expect(page.get_by_role("heading", level=1)).to_have_text("This page may not show the check")
    assert page.evaluate("window.expired") == check_id
    assert violations(page) == []
    page.evaluate("document.querySelector('clearway-check').token = window.good")
    expect(page.get_by_role("heading", level=1)).to_have_text("Green channel")


def test_an_element_that_a_script_makes_and_fills_later_shows_its_card(shown: Shown, page: Page) -> None:
    page.goto(shown.on_screen(shown.check("ordinary").check_id))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ordinary procedure")
    page.evaluate("""
        const old = document.querySelector("clearway-check");
        const made = document.createElement("clearway-check");
        old.replaceWith(made);
        setTimeout(() => {
            for (const name of ["server", "check-id"]) made.setAttribute(name, old.getAttribute(name));
            made.token = old.token;
        });
    """)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ordinary procedure")


def test_waiting_is_shown_then_said_then_given_up_with_a_way_back(shown: Shown, page: Page) -> None:
    held: list[Route] = []
    page.route("**/content", lambda route: held.append(route))
    page.goto(shown.on_screen(shown.check("ordinary", "zh-CN").check_id, "zh-CN"))
    expect(page.get_by_text("正在载入核查结果……")).to_be_visible()
    expect(page.get_by_text("载入时间较长")).to_be_visible()
    assert violations(page) == []
    held.pop().abort()
    expect(page.get_by_role("heading", level=1)).to_have_text("暂时无法显示核查结果")
    assert violations(page) == []
    page.unroute("**/content")
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("一般程序")


def test_paper_shows_the_reasons_and_no_forms(shown: Shown, page: Page) -> None:
    page.goto(shown.page(shown.check("deferred-acceptance").check_id))
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Incentives")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.locator(".cw-fold .cw-pre")).to_be_visible()


def test_paper_shows_what_of_a_commitment_is_still_to_come(shown: Shown, page: Page) -> None:
    page.goto(shown.page(shown.check("deferred-acceptance").check_id))
    page.get_by_label("Signed as").fill("legal representative")
    page.get_by_label("place in the file").fill("C-2026-8")
    page.get_by_role("button", name="Record the commitment").click()
    expect(page.get_by_text("legal representative · C-2026-8")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("checkbox").first).to_be_visible()
    expect(page.locator(".cw-box")).to_have_count(0)


def test_the_notice_is_printed_where_it_is_opened_to_be(shown: Shown, page: Page) -> None:
    page.context.add_init_script("window.print = () => { window.printed = (window.printed ?? 0) + 1; }")
    page.goto(shown.page(shown.check("deferred-acceptance").check_id))
    page.get_by_label("Signed as").fill("legal representative")
    page.get_by_label("place in the file").fill("C-2026-9")
    page.get_by_role("button", name="Record the commitment").click()
    page.get_by_role("button", name="Issue the notice").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Print the notice").click()
    paper = opened.value
    expect(paper.get_by_role("button", name="Print the notice")).to_be_visible()
    assert paper.evaluate("window.printed") == 1
    paper.reload()
    expect(paper.get_by_role("button", name="Print the notice")).to_be_visible()
    assert paper.evaluate("window.printed ?? 0") == 0
    paper.get_by_role("button", name="Print the notice").click()
    assert paper.evaluate("window.printed") == 1
    assert violations(paper) == []
    paper.emulate_media(media="print")
    expect(paper.get_by_role("button")).to_have_count(0)
