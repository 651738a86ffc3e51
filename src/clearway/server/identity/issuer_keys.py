"""The public keys of an issuer of tokens: from a file or an https address, cached and rotated.

Keys are read again every few minutes, so that one which an issuer withdraws is no longer taken, and when a token names
a key that is not known, so that a new key's first token is taken. The second happens at most once in `SHORTEST_PAUSE`,
whatever callers send: else anybody could make this service hammer the issuer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import structlog
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from clearway.access.principals import Issuer

FRESH_SECONDS = 300.0
"""After so long keys are read again."""

LONGEST_USE = 24 * 3600.0
"""Keys that could not be read again for so long are no longer used."""

SHORTEST_PAUSE = 10.0
FETCH_SECONDS = 5.0
LARGEST_SET = 1 << 20

_log = structlog.get_logger(__name__)

Read = Callable[[], bytes]


class KeysUnavailable(Exception):
    """No key of the issuer could ever be read, or none for too long."""


class IssuerKeys:
    """The keys of one issuer. Used by one event loop; reading blocks, so it happens in a thread."""

    def __init__(self, issuer: Issuer, now: Callable[[], float], read: Read | None = None) -> None:
        self.issuer = issuer
        self._now = now
        self._read = read or reader_of(issuer)
        self._keys: Mapping[str, PyJWK] = {}
        self._read_at = -LONGEST_USE
        self._tried_at = -SHORTEST_PAUSE
        self._reading = asyncio.Lock()

    @property
    def is_due(self) -> bool:
        """Whether they are to be read again."""
        now = self._now()
        return now >= self._read_at + FRESH_SECONDS and now >= self._tried_at + SHORTEST_PAUSE

    def find(self, kid: str | None) -> PyJWK | None:
        """The key that a token names; where it names none, the only key there is. Raises `KeysUnavailable`."""
        if self._now() >= self._read_at + LONGEST_USE:
            raise KeysUnavailable
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Read the keys again, unless that was tried a moment ago. Where it fails, the keys stay as they are."""
        async with self._reading:
            if self._now() < self._tried_at + SHORTEST_PAUSE:
                return
            self._tried_at = self._now()
            try:
                self._keys = keys_in(await asyncio.to_thread(self._read))
                self._read_at = self._now()
            except (OSError, ValueError, httpx.HTTPError, PyJWTError) as fault:
                # Without the text: it may quote what was fetched.
                _log.warning("issuer_keys_unread", issuer=self.issuer.issuer, error=type(fault).__name__)


def keys_in(raw: bytes) -> dict[str, PyJWK]:
    """The usable signature keys of a JWK set, by their ids. Raises ValueError and `PyJWTError` where there are none."""
    stated = json.loads(raw)
    if not isinstance(stated, dict):
        raise ValueError("not a JWK set")
    found = PyJWKSet.from_dict(stated).keys
    return {key.key_id or "": key for key in found if key.public_key_use in (None, "sig") and key.key_type != "oct"}


def reader_of(issuer: Issuer) -> Read:
    """What reads the issuer's key set."""
    return (lambda: read_file(Path(issuer.keys_file))) if issuer.keys_file else (lambda: fetch(issuer))


def read_file(path: Path) -> bytes:
    """A key set's file. Raises OSError; ValueError where it is too large."""
    with path.open("rb") as file:
        return bounded(file.read(LARGEST_SET + 1))


def fetch(issuer: Issuer) -> bytes:
    """The key set at the issuer's address. Redirects are not followed, proxies of the environment not used."""
    trust = ssl.create_default_context(cafile=issuer.ca_file or None)
    with (
        httpx.Client(verify=trust, timeout=FETCH_SECONDS, trust_env=False) as client,
        client.stream("GET", issuer.keys_url, headers={"accept": "application/json"}) as response,
    ):
        response.raise_for_status()
        if response.status_code != httpx.codes.OK:
            raise ValueError("not a key set")
        raw = b""
        for chunk in response.iter_bytes():
            raw = bounded(raw + chunk)
        return raw


def bounded(raw: bytes) -> bytes:
    """The bytes. Raises ValueError where they are more than any key set has."""
    if len(raw) > LARGEST_SET:
        raise ValueError("the key set is too large")
    return raw
