"""What pages load: our own files, at addresses that have their hashes."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

import pytest

from clearway.web.console.assets import CHARTS, assets

FOLDER = resources.files("clearway.web.console") / "assets"
CHARTS_SHA256 = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
"""Of dist/chart.umd.min.js in the package chart.js 4.6.1."""


def test_the_chart_library_is_the_one_that_its_makers_published_with_its_licence() -> None:
    assert hashlib.sha256(assets()[CHARTS].content).hexdigest() == CHARTS_SHA256
    assert "MIT" in (FOLDER / "chart-4.6.1.LICENSE.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(assets()))
def test_an_address_and_its_integrity_follow_from_the_content(name: str) -> None:
    found = assets()[name]
    digest = hashlib.sha384(found.content).digest()
    assert digest.hex()[:16] in found.address
    assert found.integrity == f"sha384-{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("name", [name for name in sorted(assets()) if name != CHARTS])
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    text = assets()[name].content.decode().replace("http://www.w3.org/2000/svg", "")
    assert "//" not in text
    assert "@import" not in text
    assert "url(" not in text
