"""The console's two cookies: the sealed session, and the language."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from clearway.decision.explain import Language
from clearway.web.console.sessions import Session, Sessions

SESSION, LANGUAGE = "clearway-console", "clearway-language"
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

    def _set(self, request: Request, response: Response, name: str, value: str, lasting: int | None) -> None:
        secure = request.url.scheme == "https" or request.headers.get("host", "") in self._secure
        response.set_cookie(
            name, value, max_age=lasting, path="/console", secure=secure, httponly=True, samesite="strict"
        )
