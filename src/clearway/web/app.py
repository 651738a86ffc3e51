"""What is served over HTTP, and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import resources

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clearway.catalogue.loader import load_catalogue
from clearway.server.keys import load_view_key
from clearway.server.settings import Settings
from clearway.web.assets import Assets
from clearway.web.card.door import CardDoor
from clearway.web.console.console import Console
from clearway.web.doorkeeper import Doorkeeper
from clearway.web.json.door import JsonDoor, no_such_method
from clearway.web.json.methods import offered
from clearway.web.json.request import JSON
from clearway.web.tree import TreeDoor
from clearway.web.workers import Workers

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
HEADERS_OF_PAGES = [
    "authorization", "content-type", "accept-language", "connect-protocol-version", "connect-timeout-ms", "traceparent",
    "tracestate", "last-event-id",
]  # fmt: skip


def app_of(settings: Settings, workers: Workers, clock: Callable[[], datetime]) -> Starlette:
    """The application of one node's web process."""
    door = JsonDoor(workers, offered(), settings.max_message_bytes, settings.max_in_flight)
    assets = Assets()
    cards = CardDoor(workers, assets, settings.origins)
    console = Console(settings, workers, load_catalogue(settings.catalogue), load_view_key(settings), clock)
    contract = (resources.files("clearway.web.json") / "openapi.json").read_bytes()

    async def openapi(request: Request) -> Response:
        return Response(contract, media_type=JSON)

    return Starlette(
        routes=[
            Route("/openapi.json", openapi),
            Route("/healthz", door.ready),
            *cards.routes(),
            *assets.routes(),
            *console.routes(),
            *TreeDoor(workers, settings.log_public).routes(),
            Route("/{service}/{method}", door.call, methods=METHODS),
        ],
        middleware=[
            Middleware(Doorkeeper, origins=settings.origins),
            Middleware(
                CORSMiddleware,
                allow_origins=sorted(settings.origins),
                allow_methods=["GET", "POST"],
                allow_headers=HEADERS_OF_PAGES,
                max_age=600,
            ),
        ],
        exception_handlers={404: nothing_here, 405: nothing_here},
    )


async def nothing_here(request: Request, _: Exception) -> Response:
    """The answer for an address that is nothing of ours."""
    return no_such_method(404)
