"""The way to the issuer's sign-in page and back.

A browser sends no cookie of ours that is `SameSite=Strict` with the step back, which another site began: so what the
sign-in has to remember is in a `Lax` cookie of its own, and the answer is a page that goes on by itself: the step from
there is one within our own site, with the session's cookie.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import grpc
import structlog
from starlette.responses import RedirectResponse, Response

from clearway.decision.explain import Language
from clearway.server.errors import Refusal
from clearway.web.console.auditing import Auditing
from clearway.web.console.cookies import Cookies
from clearway.web.console.entrance import own, taken
from clearway.web.console.oidc.client import Client
from clearway.web.console.oidc.faults import TOLD, Fault, SignInFailed
from clearway.web.console.oidc.issuer import Issuer
from clearway.web.console.oidc.pending import LASTING, Pending, Pendings
from clearway.web.console.pages import Pages
from clearway.web.console.sessions import LONGEST_TOKEN, Sessions, Visitor, end_of
from clearway.web.console.visit import Visit
from clearway.web.console.words import word
from clearway.web.workers import Workers

PATH = "/console/sign-in/oidc"

_log = structlog.get_logger(__name__)


class OidcEntrance:
    """Answers the two addresses: the one that leads to the issuer, and the one that it leads back to."""

    def __init__(
        self,
        client: Client,
        issuer: Issuer,
        pendings: Pendings,
        pages: Pages,
        sessions: Sessions,
        workers: Workers,
        cookies: Cookies,
    ) -> None:
        self._client = client
        self._issuer = issuer
        self._pendings = pendings
        self._pages = pages
        self._sessions = sessions
        self._workers = workers
        self._cookies = cookies

    async def begin(self, visit: Visit) -> Response:
        """Takes to the issuer's page."""
        try:
            stated = await self._issuer.stated()
        except SignInFailed as failed:
            return self._failed(visit, failed.fault)
        pending = self._pendings.begin(visit.moment, own(visit.asked("next")), visit.language.value)
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": self._client.scopes,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": pending.challenge,
            "code_challenge_method": "S256",
            "ui_locales": visit.language.value,
        }
        joint = "&" if urlsplit(stated.authorization_endpoint).query else "?"
        response = RedirectResponse(f"{stated.authorization_endpoint}{joint}{urlencode(asked)}", 303)
        self._cookies.keep_pending(visit.request, response, self._pendings.cookie(pending), LASTING)
        return response

    async def back(self, visit: Visit) -> Response:
        """Begins a session with what the issuer gave, if the service takes it. A sign-in under way ends either way."""
        pending = self._pendings.find(self._cookies.pending(visit.request), visit.moment)
        if pending is not None and pending.language in set(Language):
            visit = replace(visit, language=Language(pending.language))
        try:
            token = await self._token(visit, pending)
            visitor, onward = await self._beginning(token, visit.language, own(pending.onward if pending else ""))
        except SignInFailed as failed:
            return self._failed(visit, failed.fault)
        except (grpc.aio.AioRpcError, Refusal) as fault:
            return self._ended(visit, self._pages.refused(visit, fault))
        session = self._sessions.begin(visit.moment, token, end_of(token), visitor)
        response = self._pages.page(replace(visit, session=session), "signed_in.html", onward=onward)
        self._cookies.keep(visit.request, response, session)
        return self._ended(visit, response)

    async def _token(self, visit: Visit, pending: Pending | None) -> str:
        """The issuer's token. Raises `SignInFailed`."""
        if pending is None or not pending.is_answered_by(visit.asked("state")):
            raise SignInFailed(Fault.STATE)
        await self._require_issuer(visit.asked("iss"))
        code = visit.asked("code")
        if visit.asked("error") or not code:
            raise SignInFailed(Fault.REFUSED)
        tokens = await self._issuer.tokens_for(code, pending.verifier)
        await self._issuer.verify(tokens.id_token, pending.nonce)
        token = tokens.id_token if self._client.forwarded == "id_token" else tokens.access_token
        if len(token) > LONGEST_TOKEN:
            raise SignInFailed(Fault.TOO_LONG)
        return token

    async def _require_issuer(self, named: str) -> None:
        """An answer that says whose it is, or should say it, is our issuer's (RFC 9207)."""
        stated = await self._issuer.stated()
        if named != stated.issuer and (named or stated.authorization_response_iss_parameter_supported):
            raise SignInFailed(Fault.PROOF)

    async def _beginning(self, token: str, language: Language, onward: str) -> tuple[Visitor, str]:
        """Whose token it is, and where they begin. Raises `SignInFailed`, and as `taken` does."""
        if not token or not token.isascii() or not token.isprintable():
            raise SignInFailed(Fault.NOT_ACCEPTED)
        try:
            return await taken(Auditing(self._workers, token, language), onward)
        except grpc.aio.AioRpcError as fault:
            if fault.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise SignInFailed(Fault.NOT_ACCEPTED) from None
            raise

    def _failed(self, visit: Visit, fault: Fault) -> Response:
        """The page that says why there is no session, and nothing of what the issuer said."""
        _log.warning("oidc_sign_in_failed", fault=fault.value)
        name, status = TOLD[fault]
        nobody = replace(visit, session=replace(visit.session, token=""))
        response = self._pages.page(nobody, "not_signed_in.html", status, said=word(name, visit.language))
        return self._ended(visit, response)

    def _ended(self, visit: Visit, response: Response) -> Response:
        self._cookies.forget_pending(visit.request, response)
        return response
