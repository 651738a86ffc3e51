"""Who visits: a session in a sealed cookie, so that any node can go on with it and none has to remember it.

That somebody signed out of one is remembered by the service, for all nodes: see `clearway.web.console.entrance`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import msgspec
from jwt.exceptions import PyJWTError

from clearway.web.console.sealing import Seal

LONGEST_TOKEN = 2560
"""Signs of a token: sealed, it still fits into the 4,096 bytes that browsers keep of a cookie."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A session as the cookie holds it; times in seconds of the epoch."""

    session_id: bytes
    token: str
    begun: int
    seen: int
    until: int = 0
    principal: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom the service takes a visitor for: the principal's name, and its roles."""

    principal: str = ""
    roles: tuple[str, ...] = ()


NOBODY = Visitor()


@dataclass(frozen=True, slots=True)
class Session:
    """One visitor. `token` is what was signed in with; empty where nobody had to sign in.

    `until` is when the token ends, and the session with it; None where that is the service's to say. `visitor` is whom
    the service took the visitor for when they signed in: what pages offer follows it, what they may do does not.
    """

    session_id: bytes
    token: str
    begun: datetime
    seen: datetime
    until: datetime | None = None
    visitor: Visitor = NOBODY


class Sessions:
    """Begins sessions, and finds them again until they have been idle, or have lasted, too long.

    `randomness` gives so many random bytes.
    """

    def __init__(self, key: bytes, idle: timedelta, lasting: timedelta, randomness: Callable[[int], bytes]) -> None:
        self._seal = Seal(key, "console session")
        self._key = key
        self._idle = idle
        self._lasting = lasting
        self._randomness = randomness

    def begin(
        self, moment: datetime, token: str = "", until: datetime | None = None, visitor: Visitor = NOBODY
    ) -> Session:
        """A new session, under a new id: signing in never goes on with the one from before."""
        return Session(self._randomness(16), token, moment, moment, until, visitor)

    def find(self, cookie: str | None, moment: datetime) -> Session | None:
        """The session of a cookie; None where it is none of ours or over."""
        kept = self._opened(cookie or "")
        if kept is None:
            return None
        begun, seen = (datetime.fromtimestamp(at, moment.tzinfo) for at in (kept.begun, kept.seen))
        if moment - seen >= self._idle or moment - begun >= self._lasting:
            return None
        until = datetime.fromtimestamp(kept.until, moment.tzinfo) if kept.until else None
        if until is not None and moment >= until:
            return None
        return Session(kept.session_id, kept.token, begun, moment, until, Visitor(kept.principal, kept.roles))

    def cookie(self, session: Session) -> str:
        """The session as a cookie's value."""
        begun, seen = (int(at.timestamp()) for at in (session.begun, session.seen))
        until = int(session.until.timestamp()) if session.until else 0
        visitor = session.visitor
        kept = _Kept(session.session_id, session.token, begun, seen, until, visitor.principal, visitor.roles)
        return self._seal.close(msgspec.msgpack.encode(kept), seen)

    def form_token(self, session: Session) -> str:
        """What a form of this session carries, so that no other page can send it."""
        return hmac.new(self._key, b"clearway console form\0" + session.session_id, hashlib.sha256).hexdigest()

    def is_form_token(self, session: Session, given: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.form_token(session).encode(), given.encode())

    def _opened(self, cookie: str) -> _Kept | None:
        content = self._seal.open(cookie)
        try:
            return None if content is None else msgspec.msgpack.decode(content, type=_Kept)
        except msgspec.MsgspecError:
            return None


def end_of(token: str) -> datetime | None:
    """When a token says that it ends; None where it does not say. Only shortens a session, so nothing is verified."""
    try:
        return datetime.fromtimestamp(int(jwt.decode(token, options={"verify_signature": False})["exp"]), UTC)
    except (PyJWTError, KeyError, ValueError, TypeError, OverflowError, OSError, RecursionError):
        return None
