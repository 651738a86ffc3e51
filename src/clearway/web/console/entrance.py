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
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal
from clearway.web.console.auditing import Auditing
from clearway.web.console.cookies import Cookies
from clearway.web.console.offers import beginning
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of
from clearway.web.console.sessions import LONGEST_TOKEN, Sessions, Visitor
from clearway.web.console.visit import Visit
from clearway.web.console.words import word
from clearway.web.workers import Workers

HOME = "/console/checks"
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
            visitor, onward = await taken(Auditing(self._workers, token, visit.language), onward)
        except grpc.aio.AioRpcError as fault:
            if fault.code() is grpc.StatusCode.UNAUTHENTICATED:
                return self.page(visit, onward, "token_refused", 401)
            return self._pages.refused(visit, fault)
        except Refusal as fault:
            return self._pages.refused(visit, fault)
        response = RedirectResponse(onward, 303)
        self._cookies.keep(visit.request, response, self._sessions.begin(visit.moment, token, visitor=visitor))
        return response

    async def sign_out(self, visit: Visit, _: Mapping[str, str]) -> Response:
        """Ends the session, on every node; and its cookie is replaced by one that has no token.

        Where the service cannot remember the end, the page says that a copy of the cookie would still open.
        """
        response: Response = RedirectResponse(PATH, 303)
        try:
            await end(visit)
        except grpc.aio.AioRpcError as fault:
            nobody = replace(visit, session=replace(visit.session, token=""))
            told = told_of(fault, visit.language)
            words = word("signed_out_here_alone", visit.language)
            response = self._pages.trouble(nobody, told.http, words, told.reason)
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


async def end(visit: Visit) -> None:
    """End the visit's session, where somebody signed in to it. Raises `grpc.aio.AioRpcError` where that fails."""
    if not visit.session.token:
        return
    try:
        await visit.audit.end_session(visit.session.session_id)
    except grpc.aio.AioRpcError as fault:
        # A token that the service does not take any more opens nothing, whoever has the cookie.
        if fault.code() is not grpc.StatusCode.UNAUTHENTICATED:
            raise


async def has_ended(visit: Visit) -> bool:
    """Whether somebody signed out of the visit's session before. Raises `grpc.aio.AioRpcError` where nobody can say."""
    if not visit.session.token:
        return False
    try:
        return await visit.audit.session_has_ended(visit.session.session_id)
    except grpc.aio.AioRpcError as fault:
        # The page's own questions will be answered the same, and lead to the entrance.
        if fault.code() is not grpc.StatusCode.UNAUTHENTICATED:
            raise
        return False


async def taken(asking: Auditing, onward: str) -> tuple[Visitor, str]:
    """Whom the service takes whoever asks for, and where they may begin: asked in a way that is open to all it knows.

    Raises `grpc.aio.AioRpcError` where the service does not take the token, and `Refusal` where no page is for them.
    """
    caller = await asking.caller()
    begins = beginning(caller.roles, own(onward))
    if begins is None:
        raise Refusal(ErrorReason.ERROR_REASON_ACCESS_DENIED, "no page of the console is for the caller's roles")
    return Visitor(caller.principal, tuple(caller.roles)), begins


def own(address: str) -> str:
    """An address of the console's own; its first page for any other."""
    return address if re.fullmatch(r"/console/[\x21-\x7e]*", address) and "\\" not in address else HOME
