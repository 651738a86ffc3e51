"""A sign-in under way: what has to be the same when the browser comes back, in a sealed cookie of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from clearway.web.console.sealing import Seal

LASTING = timedelta(minutes=10)
"""For which somebody may take to sign in at the issuer's page."""


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """One sign-in. `verifier` proves to the issuer that whoever brings the code began it (PKCE, RFC 7636)."""

    state: str
    nonce: str
    verifier: str
    onward: str
    language: str
    begun: int

    @property
    def challenge(self) -> str:
        """What of the verifier the issuer is told at first (S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def is_answered_by(self, state: str) -> bool:
        """Whether an answer is to this sign-in."""
        return hmac.compare_digest(self.state.encode(), state.encode())


class Pendings:
    """Begins sign-ins and finds them again. `randomness` gives so many random bytes."""

    def __init__(self, seal: Seal, randomness: Callable[[int], bytes]) -> None:
        self._seal = seal
        self._randomness = randomness

    def begin(self, moment: datetime, onward: str, language: str) -> Pending:
        """A new sign-in, to go on at `onward` after it."""
        state, nonce, verifier = (base64.urlsafe_b64encode(self._randomness(33)).decode() for _ in range(3))
        return Pending(state, nonce, verifier, onward, language, int(moment.timestamp()))

    def cookie(self, pending: Pending) -> str:
        """A sign-in as a cookie's value."""
        return self._seal.close(msgspec.msgpack.encode(pending), pending.begun)

    def find(self, cookie: str | None, moment: datetime) -> Pending | None:
        """The sign-in of a cookie; None where it is none of ours or too old."""
        content = self._seal.open(cookie or "")
        try:
            pending = None if content is None else msgspec.msgpack.decode(content, type=Pending)
        except msgspec.MsgspecError:
            return None
        if pending is None or not 0 <= moment.timestamp() - pending.begun < LASTING.total_seconds():
            return None
        return pending
