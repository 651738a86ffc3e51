"""Take the pictures of docs/images: the card in each outcome, in both languages, light and dark, phone and desktop; and
every page of the auditor's console.

Each is drawn anew in a real browser from a node with synthetic data, and kept with few colours, to stay small.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping
from itertools import product
from pathlib import Path

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


def main() -> int:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, showing(Path(folder)) as shown, browser() as running:
        for outcome, language in product(OUTCOMES, LANGUAGES):
            check_id = shown.check(outcome, language).check_id
            for scheme, device in product(SCHEMES, DEVICES):
                name = f"card-{outcome}-{language}-{scheme}-{device}.png"
                (FOLDER / name).write_bytes(picture(running, shown.page(check_id), scheme, device))
        (FOLDER / "case-screen.png").write_bytes(case_screen(running, shown))
    with tempfile.TemporaryDirectory() as folder, audited(Path(folder)) as found, browser() as running:
        pictures_of(running, found.console, console_pages(found))
    with tempfile.TemporaryDirectory() as folder, left(Path(folder)) as (node, registry), browser() as running:
        pictures_of(running, f"http://{node.web}/console", pages_of_feeds(registry))
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total / 1e6:.1f} MB, in {FOLDER.name}")
    return 0


def pictures_of(running: Browser, console: str, pages: Mapping[str, str]) -> None:
    """Each page of a console, in each look."""
    for (name, address), look in product(pages.items(), CONSOLE):
        language, scheme, width = look
        size = "desktop" if width > 1000 else "phone"
        taken = console_picture(running, f"{console}{address}", *look)
        (FOLDER / f"console-{name}-{language}-{scheme}-{size}.png").write_bytes(taken)


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
