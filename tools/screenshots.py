"""Take the pictures of docs/images: the card in each outcome, in both languages, light and dark, phone and desktop.

Each is drawn anew in a real browser from a node with synthetic data, and kept with few colours, to stay small.
"""

from __future__ import annotations

import io
import sys
import tempfile
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.browsers import browser
from tests.contract.cards_shown import OUTCOMES, Shown, showing

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LANGUAGES = ("en", "zh-CN")
SCHEMES = ("light", "dark")
DEVICES = {"desktop": (1000, 1.0), "phone": (375, 1.0)}
"""Width in CSS pixels, and pixels of the device to each."""

COLOURS = 48


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
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total / 1e6:.1f} MB, in {FOLDER.name}")
    return 0


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


def small(png: bytes) -> bytes:
    """The picture with few colours."""
    reduced = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    reduced.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
