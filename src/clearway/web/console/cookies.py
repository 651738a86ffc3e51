"""The console's cookies: the sealed session, the language, a sign-in under way, the log's checkpoint seen last."""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from clearway.decision.explain import Language
from clearway.transparency.notes import Note
from clearway.web.console.sessions import Session, Sessions

SESSION, LANGUAGE = "clearway-console", "clearway-language"
PENDING, CHECKPOINT = "clearway-signing-in", "clearway-checkpoint"
SIGN_IN = "/console/sign-in"
"""Where a sign-in under way is asked for."""

YEAR = 365 * 24 * 3600
LONGEST_CHECKPOINT = 2048
"""Bytes of a checkpoint that is kept."""


def kept_checkpoint(request: Request) -> bytes:
    """The checkpoint that the browser kept; empty where it kept none."""
    kept = request.cookies.get(CHECKPOINT, "")
    try:
        return base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
    except ValueError:
        return b""


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

    def keep_checkpoint(self, request: Request, response: Response, note: Note) -> None:
        """Let the browser keep a checkpoint as the log signed it: a promise that the next one is held to."""
        if len(note.raw) <= LONGEST_CHECKPOINT:
            kept = base64.urlsafe_b64encode(note.raw).decode().rstrip("=")
            self._set(request, response, CHECKPOINT, kept, YEAR)

    def forget_checkpoint(self, request: Request, response: Response) -> None:
        """Let the browser keep none."""
        self._set(request, response, CHECKPOINT, "", 0)

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
