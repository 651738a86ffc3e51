"""Take the pictures of docs/images: the card in each outcome, in both languages, light and dark, phone and desktop; and
every page of the auditor's console.

Each is drawn anew in a real browser from a node with synthetic data, and kept with few colours, to stay small. Some
of them, or into another folder:

    python -m tools.screenshots --console --only affected --only overdue --into FOLDER
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser

from clearway.registry.registry import Registry
from tests.browsers import browser
from tests.contract.cards_shown import OUTCOMES, Shown, showing
from tests.contract.console_shown import Audited, audited
from tests.contract.feeds_left import LISTS, left

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LANGUAGES = ("en", "zh-CN")
SCHEMES = ("light", "dark")
DEVICES = {"desktop": (1000, 1.0), "phone": (375, 1.0)}
"""Width in CSS pixels, and pixels of the device to each."""

COLOURS = 48
CHART_COLOURS = 256

CONSOLE = (("en", "light", 1180), ("zh-CN", "dark", 1180), ("zh-CN", "light", 375))
"""Language, colour scheme and width in which each page of the console is taken."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them all, or those that are asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.screenshots", description="Take the pictures of docs/images."
    )
    parser.add_argument("--console", action="store_true", help="the console's alone")
    parser.add_argument("--only", action="append", default=[], metavar="PAGE", help="of the console this page alone")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help="where they go")
    asked = parser.parse_args(arguments)
    asked.into.mkdir(parents=True, exist_ok=True)
    if not asked.console and not asked.only:
        pictures_of_cards(asked.into)
    pictures_of_console(asked.into, frozenset(asked.only))
    total = sum(file.stat().st_size for file in asked.into.glob("*.png"))
    print(f"{len(list(asked.into.glob('*.png')))} pictures, {total / 1e6:.1f} MB, in {asked.into.name}")
    return 0


def pictures_of_cards(into: Path) -> None:
    """The card in each outcome and look, and in somebody else's page."""
    with tempfile.TemporaryDirectory() as folder, showing(Path(folder)) as shown, browser() as running:
        for outcome, language in product(OUTCOMES, LANGUAGES):
            check_id = shown.check(outcome, language).check_id
            for scheme, device in product(SCHEMES, DEVICES):
                name = f"card-{outcome}-{language}-{scheme}-{device}.png"
                (into / name).write_bytes(picture(running, shown.page(check_id), scheme, device))
        (into / "case-screen.png").write_bytes(case_screen(running, shown))


def pictures_of_console(into: Path, only: frozenset[str]) -> None:
    """Every page of the console, or those of these names."""
    with tempfile.TemporaryDirectory() as folder, audited(Path(folder)) as found, browser() as running:
        pictures_of(running, found.console, wanted(console_pages(found), only), into)
    with tempfile.TemporaryDirectory() as folder, left(Path(folder)) as (node, registry), browser() as running:
        pictures_of(running, f"http://{node.web}/console", wanted(pages_of_feeds(registry), only), into)


def wanted(pages: Mapping[str, str], only: frozenset[str]) -> dict[str, str]:
    """The pages of these names; all of them, where none is named."""
    return {name: address for name, address in pages.items() if not only or name in only}


def pictures_of(running: Browser, console: str, pages: Mapping[str, str], into: Path) -> None:
    """Each page of a console, in each look."""
    for (name, address), look in product(pages.items(), CONSOLE):
        language, scheme, width = look
        size = "desktop" if width > 1000 else "phone"
        taken = console_picture(running, f"{console}{address}", *look)
        (into / f"console-{name}-{language}-{scheme}-{size}.png").write_bytes(taken)


def pages_of_feeds(registry: Registry) -> dict[str, str]:
    """The pages of what feeds leave to a person, and the operators'."""
    (row, *_) = registry.quarantine.list(reason="date")
    return {
        "rows": "/rows",
        "row": f"/rows/{row.row_id}",
        "lists": "/lists",
        "list": f"/lists/{LISTS[0]}",
        "feeds": "/feeds",
        "nodes": "/nodes",
    }


def picture(running: Browser, address: str, scheme: str, device: str) -> bytes:
    """A page, whole."""
    width, scale = DEVICES[device]
    context = running.new_context(
        viewport={"width": width, "height": 700},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two words
        device_scale_factor=scale,
    )
    page = context.new_page()
    page.goto(address)
    page.locator("clearway-check .cw-title").wait_for()
    taken = page.screenshot(full_page=True)
    context.close()
    return small(taken)


def case_screen(running: Browser, shown: Shown) -> bytes:
    """Somebody else's page with the card in it."""
    for outcome in OUTCOMES:
        address = shown.on_screen(shown.check(outcome).check_id)
    return picture(running, address.replace("case-4", "case-0"), "light", "desktop")


def console_pages(found: Audited) -> dict[str, str]:
    """The console's pages: what their pictures are called, and their addresses."""
    return {
        "checks": "/checks",
        "check": f"/checks/{found.restriction()}",
        "proof": f"/checks/{found.restriction()}#proof",
        "coverage": "/reports/coverage?by=item",
        "feedback": "/reports/feedback?by=item",
        "departures": "/reports/departures?by=item",
        "refusals": "/reports/refusals?by=item",
        "objections": "/reports/objections?by=regime",
        "latency": "/reports/latency?by=item",
        "patterns": "/patterns",
        "affected": f"/affected?{urlencode({'listing_id': found.listing()})}",
        "overdue": f"/overdue?until={datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}",
        "subject": found.subject_access(),
        "log": "/log",
        "sign-in": "/sign-in",
    }


def console_picture(running: Browser, address: str, language: str, scheme: str, width: int) -> bytes:
    """A page of the console, from its top."""
    context = running.new_context(
        viewport={"width": width, "height": 1180 if width > 1000 else 900},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of two words
        locale=language,
    )
    page = context.new_page()
    page.goto(address)
    taken = page.screenshot()
    context.close()
    return small(taken, CHART_COLOURS)


def small(png: bytes, colours: int = COLOURS) -> bytes:
    """The picture with few colours."""
    reduced = Image.open(io.BytesIO(png)).convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    out = io.BytesIO()
    reduced.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
