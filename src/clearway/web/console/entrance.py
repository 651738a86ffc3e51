"""Signing in and out, and choosing a language.

A visitor signs in only where the service asks who calls: with a token, as every other program shows one. An issuer's
own sign-in page (`clearway.web.console.oidc`) ends at a token too, in a new session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import grpc
from starlette.responses import RedirectResponse, Response

from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.web.console.auditing import Auditing
from clearway.web.console.cookies import Cookies
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of
from clearway.web.console.sessions import LONGEST_TOKEN, Sessions
from clearway.web.console.visit import Visit
from clearway.web.console.words import word
from clearway.web.workers import Workers

HOME = "/console/checks"
NODE = "/console/node"
FEEDS = "/console/feeds"
PATH = "/console/sign-in"
SIGNS = re.compile(r"[\x21-\x7e]+")


class Entrance:
    """Answers the addresses of the entrance. `at_issuer` leads to an issuer's page; empty: there is none."""

    def __init__(
        self, pages: Pages, sessions: Sessions, workers: Workers, cookies: Cookies, at_issuer: str = ""
    ) -> None:
        self._pages = pages
        self._sessions = sessions
        self._workers = workers
        self._cookies = cookies
        self._at_issuer = at_issuer

    async def ask(self, visit: Visit) -> Response:
        """The page where a token is pasted, or the way to the issuer's begins."""
        return self.page(visit, visit.asked("next"), "session_over" if visit.session.token else "")

    async def sign_in(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """Begins a session with the token, if the service takes it."""
        token, onward = fields.get("token", ""), fields.get("next", "")
        if not token:
            return self.page(visit, onward, "token_empty", 400)
        if len(token) > LONGEST_TOKEN or not SIGNS.fullmatch(token):
            return self.page(visit, onward, "token_too_long", 400)
        try:
            onward = await taken(Auditing(self._workers, token, visit.language), onward)
        except grpc.aio.AioRpcError as fault:
            if fault.code() is grpc.StatusCode.UNAUTHENTICATED:
                return self.page(visit, onward, "token_refused", 401)
            told = told_of(fault, visit.language)
            return self._pages.trouble(visit, told.http, told.words, told.reason)
        response = RedirectResponse(own(onward), 303)
        self._cookies.keep(visit.request, response, self._sessions.begin(visit.moment, token))
        return response

    async def sign_out(self, visit: Visit, _: Mapping[str, str]) -> Response:
        """Ends the session: its cookie is replaced by one that has no token."""
        response = RedirectResponse(PATH, 303)
        self._cookies.keep(visit.request, response, self._sessions.begin(visit.moment))
        return response

    async def language(self, visit: Visit) -> Response:
        """Keeps a language, and goes on where it was chosen."""
        chosen = visit.asked("to")
        response = RedirectResponse(own(visit.asked("next")), 303)
        if chosen in set(Language):
            self._cookies.keep_language(visit.request, response, Language(chosen))
        return response

    def page(self, visit: Visit, onward: str, said: str = "", status: int = 200) -> Response:
        """The sign-in page. It shows nothing of a session that may be over."""
        nobody = replace(visit, session=replace(visit.session, token=""))
        words = word(said, visit.language) if said else ""
        at_issuer = f"{self._at_issuer}?{urlencode({'next': own(onward)})}" if self._at_issuer else ""
        return self._pages.page(nobody, "sign_in.html", status, onward=own(onward), said=words, at_issuer=at_issuer)


async def taken(asking: Auditing, onward: str) -> str:
    """Where whoever asks may begin. Raises `grpc.aio.AioRpcError` where the service does not take the token."""
    try:
        await asking.search(nothing())
    except grpc.aio.AioRpcError as fault:
        if fault.code() is not grpc.StatusCode.PERMISSION_DENIED:
            raise
        # No auditor: an operator has pages of its own.
        await asking.node()
        return FEEDS if onward == FEEDS else NODE
    return onward


def nothing() -> pb.SearchChecksRequest:
    """A search that finds nothing: asked to learn whether a token is taken."""
    request = pb.SearchChecksRequest(page_size=1)
    request.filter.since.FromSeconds(0)
    request.filter.until.FromSeconds(0)
    return request


def own(address: str) -> str:
    """An address of the console's own; its first page for any other."""
    return address if re.fullmatch(r"/console/[\x21-\x7e]*", address) and "\\" not in address else HOME
