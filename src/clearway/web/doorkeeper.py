"""Which pages may call: a browser tells where a page comes from and under which name it reached us.

A page of a stranger must not speak for an officer whose machine can reach this service, and a name that a stranger has
turned to our address must not make its page one of ours. Callers that are no browsers send no origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, status_of
from clearway.server.settings import is_loopback
from clearway.web.json.door import failed


class Doorkeeper:
    """Refuses what comes from another origin than ours and those that were named, or under a name that is not ours."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = frozenset(urlsplit(origin).netloc for origin in self._origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or refuse it: ORIGIN_REFUSED."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(host):
            await self._refuse("the service is not reached under this host", scope, receive, send)
        elif origin is not None and origin not in self._origins and urlsplit_netloc(origin) != host:
            await self._refuse("pages of this origin may not call", scope, receive, send)
        else:
            await self._app(scope, receive, safely(send))

    def _is_ours(self, host: str) -> bool:
        return host in self._hosts or is_loopback(hostname(host))

    async def _refuse(self, message: str, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(ErrorReason.ERROR_REASON_ORIGIN_REFUSED, message)
        await failed(status_of(refusal))(scope, receive, send)


SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""What every answer says to a browser, unless it says something else itself."""


def safely(send: Send) -> Send:
    """Sends what it is given with those headers."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFE.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers


def hostname(host: str) -> str:
    """The name in a `Host` header, without its port."""
    return host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def urlsplit_netloc(origin: str) -> str:
    """Host and port of an origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
