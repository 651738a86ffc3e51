"""The pages of which docs/images has pictures: all that the console has, with something on them, in either language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx
import pytest
from starlette.routing import compile_path

from clearway.catalogue.loader import load_catalogue
from clearway.server.settings import Settings
from clearway.web.console.console import Console
from clearway.web.console.offers import OFFERS
from tests.contract.cases_service import PATIENCE
from tests.contract.console_shown import audited
from tests.contract.feeds_left import left
from tests.unit.web.console.visiting import KEY, Clock, ScriptedWorkers
from tools.screenshots import console_pages, pages_of_feeds, wanted

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]

NO_PAGES = re.compile(r"/console/?$|/assets/|/language$|/export\.|/table\.|/proof$|/checkpoint$|/reports$|rest:path")
"""Addresses that lead elsewhere, that give a file, or that are none."""


def pages() -> dict[str, re.Pattern[str]]:
    """Every page of the console that is looked at: its path, and what an address of it is like."""
    console = Console(Settings(_env_file=None), ScriptedWorkers(), load_catalogue("cn-demo"), KEY, Clock())
    looked_at = (route.path for route in console.routes() if "GET" in (route.methods or ()))
    return {path: compile_path(path)[0] for path in looked_at if not NO_PAGES.search(path)}


@dataclass(frozen=True, slots=True)
class Pictured:
    """Page → its whole address, on a node that was audited and on one whose feeds left something to a person."""

    audited: dict[str, str]
    left: dict[str, str]

    def addresses(self) -> list[str]:
        return [*self.audited.values(), *self.left.values()]


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictured]:
    folder = tmp_path_factory.mktemp("pictured")
    with audited(folder / "audited") as found, left(folder / "left") as (node, registry):
        there = f"http://{node.web}/console"
        yield Pictured(
            {name: f"{found.console}{address}" for name, address in console_pages(found).items()},
            {name: f"{there}{address}" for name, address in pages_of_feeds(registry).items()},
        )


def shown(address: str, language: str = "en") -> str:
    headers = {"accept-language": language}
    answer = httpx.get(address, headers=headers, timeout=PATIENCE, trust_env=False)
    assert answer.status_code == 200, address
    return answer.text


def test_every_page_is_pictured_with_something_on_it(pictured: Pictured) -> None:
    for name in ("affected", "overdue", "subject"):
        assert "/console/checks/" in shown(pictured.audited[name]).partition("<main")[2], name
    taken = {httpx.URL(address).path for address in pictured.addresses()}
    missing = [path for path, like in pages().items() if not any(like.match(address) for address in taken)]
    assert missing == []
    assert {offer.path for offer in OFFERS} <= taken | {"/console/reports"}


class Words(HTMLParser):
    """The words of a page that are said to be in its own language, one text after another.

    Without what is code or marked as such, and what an officer wrote.
    """

    SINGLE = frozenset({"input", "meta", "link", "br", "img"})
    FREE = "The premises applied for belong to another company."

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hidden = tag in ("code", "pre", "script", "style") or "mono" in (given.get("class") or "").split()
        if tag not in self.SINGLE:
            self._hidden.append(hidden or given.get("lang") == "en" or (bool(self._hidden) and self._hidden[-1]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.SINGLE and self._hidden:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden or not self._hidden[-1]:
            self.found.append(data.replace(self.FREE, ""))


ENGLISH = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}")
CODE = re.compile(r"(?<![(A-Z])[A-Z]{2,}(?:[_-][A-Z]{2,})+|\b(?:cn-|loaded|waiting|folder\b)")
"""A code of the service or the catalogue; behind a name one may stand in brackets."""


def test_a_page_in_chinese_shows_neither_english_sentences_nor_codes(pictured: Pictured) -> None:
    by_reason = [pictured.audited[name].replace("by=item", "by=reason") for name in ("departures", "refusals")]
    for address in (*pictured.addresses(), *by_reason):
        words = Words()
        words.feed("<body>" + shown(address, "zh-CN").partition("<body>")[2])
        assert any(re.search(r"[\u4e00-\u9fff]", one) for one in words.found)
        strangers = [one.strip() for one in words.found if ENGLISH.search(one) or CODE.search(one)]
        assert strangers == [], address


@pytest.mark.parametrize(("report", "words"), [("refusals", "answered"), ("departures", "as advised")])
def test_what_was_not_refused_or_departed_from_is_called_so(pictured: Pictured, report: str, words: str) -> None:
    page = shown(pictured.audited[report].replace("by=item", "by=reason"))
    assert f'<th scope="row">{words}</th>' in page
    assert "not given" not in page


def test_a_part_of_the_pictures_can_be_asked_for() -> None:
    assert wanted({"log": "/log", "rows": "/rows"}, frozenset(["rows"])) == {"rows": "/rows"}
    assert wanted({"log": "/log"}, frozenset()) == {"log": "/log"}
