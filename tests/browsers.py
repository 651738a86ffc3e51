"""A real browser for the tests: Debian's Chromium, headless, with nothing to look for outside of this machine.

`python -m tools.chromium` installs it where it is missing; where CI runs the tests, a missing one fails.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)


RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
"""What axe holds a page to: WCAG 2.2 AA."""
DRAWN = 5.0
"""Seconds after which a page has drawn its charts."""


class NoBrowser(Exception):
    """There is no Chromium here; the text says what would bring one."""


def chromium() -> str | None:
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running browser. Raises `NoBrowser`."""
    program = chromium()
    if program is None:
        raise NoBrowser("there is no Chromium; on Debian, as root: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield running
        finally:
            running.close()


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds on a page against the rules, in words."""
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary']}" for v in found]


def fits(page: Page) -> bool:
    """Whether nothing of the page is wider than the screen, once what it draws is drawn for it.

    Asked again and again from here: a wait inside the page would need `unsafe-eval`, which ours forbid.
    """
    latest = time.monotonic() + DRAWN
    while not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
        if time.monotonic() > latest:
            return False
        page.wait_for_timeout(50)
    return True
