"""The console's cookies: the sealed session, the language, and a sign-in under way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from clearway.decision.explain import Language
from clearway.web.console.sessions import Session, Sessions

SESSION, LANGUAGE, PENDING = "clearway-console", "clearway-language", "clearway-signing-in"
SIGN_IN = "/console/sign-in"
"""Where a sign-in under way is asked for."""

YEAR = 365 * 24 * 3600


class Cookies:
    """Sets them: out of reach of scripts, sent by pages of ours alone, and over TLS alone where the console is
    reached by it, which `origins` say.
    """

    def __init__(self, sessions: Sessions, origins: Collection[str]) -> None:
        self._sessions = sessions
        self._secure = {origin.removeprefix("https://") for origin in origins if origin.startswith("https://")}

    def keep(self, request: Request, response: Response, session: Session) -> None:
        """Let the browser keep a session, until it is closed."""
        self._set(request, response, SESSION, self._sessions.cookie(session), None)

    def keep_language(self, request: Request, response: Response, language: Language) -> None:
        """Let the browser keep a language."""
        self._set(request, response, LANGUAGE, language.value, YEAR)

    def pending(self, request: Request) -> str | None:
        """What the browser kept of a sign-in under way."""
        return request.cookies.get(PENDING)

    def keep_pending(self, request: Request, response: Response, pending: str, lasting: timedelta) -> None:
        """Let the browser keep a sign-in under way, and bring it along when the issuer sends it back."""
        self._set(request, response, PENDING, pending, int(lasting.total_seconds()), SIGN_IN, "lax")

    def forget_pending(self, request: Request, response: Response) -> None:
        """Let the browser forget it."""
        self._set(request, response, PENDING, "", 0, SIGN_IN, "lax")

    def _set(
        self,
        request: Request,
        response: Response,
        name: str,
        value: str,
        lasting: int | None,
        path: str = "/console",
        sent: Literal["strict", "lax"] = "strict",
    ) -> None:
        secure = request.url.scheme == "https" or request.headers.get("host", "") in self._secure
        response.set_cookie(name, value, max_age=lasting, path=path, secure=secure, httponly=True, samesite=sent)
