"""The demonstration's case screen: somebody else's page, on an origin of its own, with the officer's card in it.

It stands for a licensing system: its back end, this server, made the checks over gRPC and asks for a view token each
time a case is opened; the page that it sends holds that token and nothing that could check.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import NamedTuple

import grpc
from jinja2 import Environment

from clearway.gen.v1 import card_service_pb2 as card_pb

PATIENCE = 5.0
PAGE = Environment(autoescape=True).from_string((files("clearway.cli") / "demo_screen.html").read_text("utf-8"))


class CaseOnScreen(NamedTuple):
    """A case: its title, the check that was made in it, and the language of its page."""

    title: str
    check_id: str
    language: str


class Script(NamedTuple):
    """The component's script, as `/card-assets.json` names it."""

    script: str
    integrity: str


Grant = Callable[[card_pb.GrantViewRequest], card_pb.GrantViewResponse]


class CaseScreen:
    """A web server on a free port of this machine."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        """Where its pages come from: to be named among `web_origins`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, clearway: str, script: Script, grant: Grant, cases: Mapping[str, CaseOnScreen]) -> None:
        """Show these cases from now on, by their names in the address. `clearway` is where the card comes from."""

        def page(name: str) -> str | None:
            return page_of(name, clearway, script, grant, cases) if name in cases else None

        self._server.RequestHandlerClass = type("Pages", (Handler,), {"page": staticmethod(page)})
        threading.Thread(target=self._server.serve_forever, name="clearway-demo-screen", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers with the page of a case."""

    page: Callable[[str], str | None] = staticmethod(lambda _: None)

    def do_GET(self) -> None:  # the base class's name for it
        """The page of the case that the address names."""
        try:
            page = self.page(self.path.strip("/"))
        except grpc.RpcError:
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = page.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("cache-control", "no-store")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # the base class's name for it
        """Say nothing: what is printed is the demonstration's."""


def page_of(name: str, clearway: str, script: Script, grant: Grant, cases: Mapping[str, CaseOnScreen]) -> str:
    """The page of a case, with a view token of its own."""
    granted = grant(card_pb.GrantViewRequest(check_id=cases[name].check_id))
    return PAGE.render(name=name, case=cases[name], cases=cases, server=clearway, script=script, token=granted.token)
