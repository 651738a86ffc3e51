"""The tool that takes the pictures of docs/images: every page of the console is among them, and shows something."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_every_page_is_pictured_with_something_on_it(tmp_path: Path) -> None:
    pictured: set[str] = set()
    with audited(tmp_path / "audited") as found, left(tmp_path / "left") as (node, registry):
        shown = {found.console: console_pages(found), f"http://{node.web}/console": pages_of_feeds(registry)}
        for console, addresses in shown.items():
            for address in addresses.values():
                answer = httpx.get(f"{console}{address}", timeout=PATIENCE, trust_env=False)
                assert answer.status_code == 200, address
                pictured.add(f"/console{address}".partition("?")[0].partition("#")[0])
                if address.partition("?")[0] in ("/affected", "/overdue", "/subject"):
                    assert "/console/checks/" in answer.text.partition("<main")[2], address
    missing = [path for path, like in pages().items() if not any(like.match(address) for address in pictured)]
    assert missing == []
    assert {offer.path for offer in OFFERS} <= pictured | {"/console/reports"}


def test_a_part_of_the_pictures_can_be_asked_for() -> None:
    assert wanted({"log": "/log", "rows": "/rows"}, frozenset(["rows"])) == {"rows": "/rows"}
    assert wanted({"log": "/log"}, frozenset()) == {"log": "/log"}
