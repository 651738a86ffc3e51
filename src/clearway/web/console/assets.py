"""The console's own style and scripts, each under an address that has its hash: kept for good, and never another's."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

FOLDER = resources.files("clearway.web.console") / "assets"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
CHARTS = "chart-4.6.1.umd.min.js"
"""Chart.js as its makers publish it (MIT): its licence lies beside it, and its hash is held by a test."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load. `address` is its name with its hash; `integrity` is what a browser holds it to."""

    address: str
    integrity: str
    kind: str
    content: bytes


def asset_of(name: str, content: bytes) -> Asset:
    """The asset of a file's content."""
    stem, dot, ending = name.rpartition(".")
    digest = hashlib.sha384(content).digest()
    address = f"{stem}.{digest.hex()[:16]}{dot}{ending}"
    return Asset(address, f"sha384-{base64.b64encode(digest).decode()}", TYPES[f".{ending}"], content)


@cache
def assets() -> Mapping[str, Asset]:
    """Every asset, by its file's name."""
    found = {file.name: file.read_bytes() for file in FOLDER.iterdir() if not file.name.endswith(".md")}
    return {name: asset_of(name, content) for name, content in found.items()}
