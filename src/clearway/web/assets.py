"""What a page loads: style and script, served by us alone, each under an address with the hash of its bytes.

The script carries the card's style, so that a host page has one file to load and no style to allow.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha384
from importlib import resources

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
SHORTLY = {"cache-control": "public, max-age=300"}
KINDS = {"css": "text/css", "js": "text/javascript"}
SCRIPT, STYLE, PAGE_STYLE, PRINTING = "clearway-check.js", "card.css", "page.css", "print.js"
STYLE_IN_SCRIPT = '"the style goes here"'


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, and the hash by which a browser holds it to what a page expects (subresource integrity)."""

    name: str
    content: bytes

    @property
    def integrity(self) -> str:
        """The hash as a page states it."""
        return "sha384-" + base64.b64encode(sha384(self.content).digest()).decode()

    @property
    def path(self) -> str:
        """Its address, which changes with its content."""
        stem, _, kind = self.name.rpartition(".")
        return f"/static/{stem}.{sha384(self.content).hexdigest()[:16]}.{kind}"

    def response(self, headers: Mapping[str, str]) -> Response:
        """The file."""
        return Response(self.content, 200, headers, KINDS[self.name.rpartition(".")[2]])


class Assets:
    """The files of this release."""

    def __init__(self) -> None:
        self.style, self.page_style, self.printing = read(STYLE), read(PAGE_STYLE), read(PRINTING)
        source = read(SCRIPT).content.decode()
        styled = source.replace(STYLE_IN_SCRIPT, json.dumps(self.style.content.decode()))
        self.script = Asset(SCRIPT, styled.encode())
        files = (self.style, self.page_style, self.script, self.printing)
        self._by_path = {asset.path: asset for asset in files}

    def routes(self) -> list[Route]:
        """Where they are served: by hash, and the script besides under a name that does not change."""
        return [
            Route("/static/{name}", self._hashed),
            Route(f"/{SCRIPT}", self._latest),
            Route("/card-assets.json", self._manifest),
        ]

    async def _hashed(self, request: Request) -> Response:
        asset = self._by_path.get(request.url.path)
        return Response(status_code=404) if asset is None else asset.response(FOREVER)

    async def _latest(self, request: Request) -> Response:
        return self.script.response(SHORTLY)

    async def _manifest(self, request: Request) -> Response:
        found = {"script": self.script.path, "integrity": self.script.integrity}
        return JSONResponse(found, headers=SHORTLY)


def read(name: str) -> Asset:
    """A file of the release."""
    return Asset(name, (resources.files("clearway.web") / "static" / name).read_bytes())
