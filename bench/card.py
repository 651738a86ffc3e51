"""How soon a card is painted: its own page, and the component in another origin's page, in a real browser.

From the start of navigation, cold (nothing cached, in a fresh context) and warm (the same context once more). The node
serves a small registry and nothing else meanwhile.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from tests.browsers import browser
from tests.contract.cards_shown import Shown, showing

ROUNDS = 15
LISTEN = """addEventListener("clearway-shown", () =>
    requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now(); })));
"""
"""Notes, in every page, when the frame with the card in it was done."""


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, showing(Path(folder)) as shown, browser() as running:
        print("| | cold, ms | warm, ms |\n|---|---|---|")
        for name, address in ADDRESSES.items():
            taken = [both(running, address(shown)) for _ in range(ROUNDS)]
            cold, warm = (median(found) for found in zip(*taken, strict=True))
            print(f"| {name} | {cold:.0f} | {warm:.0f} |")
    return 0


ADDRESSES: dict[str, Callable[[Shown], str]] = {
    "the card's own page": lambda shown: shown.page(shown.check("restriction").check_id),
    "the component in another origin's page": lambda shown: shown.on_screen(shown.check("restriction").check_id),
}


def both(running: Browser, address: str) -> tuple[float, float]:
    """Milliseconds to the painted card, cold and warm."""
    context = running.new_context()
    context.add_init_script(LISTEN)
    page = context.new_page()
    cold, warm = painted(page, address), painted(page, address)
    context.close()
    return cold, warm


def painted(page: Page, address: str) -> float:
    """Milliseconds from the start of navigation until the card's title is on the screen."""
    page.goto(address)
    return float(page.wait_for_function("window.painted").json_value())


if __name__ == "__main__":
    sys.exit(main())
