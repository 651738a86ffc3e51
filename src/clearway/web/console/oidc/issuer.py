"""The issuer as it is asked: its discovery document and keys, cached, and a code turned into tokens.

Nothing of what it answers is logged or shown. Redirects are not followed, and no answer is read beyond a bound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args
from urllib.parse import quote, urlsplit

import httpx
import jwt
import msgspec
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from clearway.access.model import Algorithm
from clearway.server.identity.issuer_keys import FRESH_SECONDS, bounded, keys_in
from clearway.web.console.oidc.client import SECONDS, Client
from clearway.web.console.oidc.faults import Fault, SignInFailed

SHORTEST_PAUSE = 2.0
"""Seconds after which an issuer is read anew at the earliest: else any visitor could make us hammer it."""

LEEWAY_SECONDS = 30
WELL_KNOWN = "/.well-known/openid-configuration"
CLIENT_ERRORS = ("invalid_client", "unauthorized_client")
"""Of which it is us, and not the visitor, that the issuer does not take."""

ALGORITHMS = list(get_args(Algorithm))


class Stated(msgspec.Struct, frozen=True):
    """What of a discovery document is used (OpenID Connect Discovery 1.0, section 3; RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True):
    """What a code was turned into (OpenID Connect Core 1.0, section 3.1.3.3)."""

    id_token: str
    access_token: str = ""


class Refused(msgspec.Struct, frozen=True):
    """What a code was refused with (RFC 6749, section 5.2)."""

    error: str


@dataclass(frozen=True, slots=True)
class Known:
    """The issuer as it was read at a time."""

    stated: Stated
    keys: Mapping[str, PyJWK]
    read_at: float


class Issuer:
    """Asks the issuer. `now` gives seconds that only grow. Every method raises `SignInFailed`."""

    def __init__(self, client: Client, transport: httpx.AsyncBaseTransport, now: Callable[[], float]) -> None:
        self._client = client
        self._http = httpx.AsyncClient(transport=transport, timeout=SECONDS, trust_env=False)
        self._now = now
        self._known: Known | None = None
        self._tried_at = -SHORTEST_PAUSE
        self._reading = asyncio.Lock()

    async def stated(self) -> Stated:
        """The discovery document."""
        return (await self._read()).stated

    async def tokens_for(self, code: str, verifier: str) -> Tokens:
        """The tokens that a code is worth; it is worth them once."""
        stated = await self.stated()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": verifier,
        }
        auth: httpx.BasicAuth | None = None
        if not self._client.secret:
            form["client_id"] = self._client.client_id
        elif "client_secret_basic" in stated.token_endpoint_auth_methods_supported:
            # Both are form-encoded first (RFC 6749, section 2.3.1).
            auth = httpx.BasicAuth(quote(self._client.client_id, safe=""), quote(self._client.secret, safe=""))
        else:
            form |= {"client_id": self._client.client_id, "client_secret": self._client.secret}
        status, raw = await self._asked(
            self._http.build_request("POST", stated.token_endpoint, data=form, headers={"accept": "application/json"}),
            auth,
        )
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise SignInFailed(Fault.AWAY)
        try:
            if status == httpx.codes.OK:
                return msgspec.json.decode(raw, type=Tokens)
            refusal = msgspec.json.decode(raw, type=Refused)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise SignInFailed(Fault.CODE) from None
        raise SignInFailed(Fault.CLIENT if refusal.error in CLIENT_ERRORS else Fault.CODE)

    async def verify(self, id_token: str, nonce: str) -> None:
        """That an ID token is the issuer's, for us, valid now, and of this sign-in (section 3.1.3.7)."""
        try:
            kid = jwt.get_unverified_header(id_token).get("kid", "")
            key = key_named(kid, (await self._read()).keys) or key_named(kid, (await self._read(wanted=kid)).keys)
            if key is None:
                raise SignInFailed(Fault.PROOF)
            claims = jwt.decode(
                id_token,
                key,
                algorithms=ALGORITHMS,
                audience=self._client.client_id,
                issuer=self._client.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (PyJWTError, ValueError, TypeError, RecursionError):
            raise SignInFailed(Fault.PROOF) from None
        if claims["nonce"] != nonce or claims.get("azp", self._client.client_id) != self._client.client_id:
            raise SignInFailed(Fault.PROOF)

    async def _read(self, wanted: str | None = None) -> Known:
        """Document and keys, read again where they are old, or lack a key that is wanted."""
        async with self._reading:
            known, now = self._known, self._now()
            if known is not None and now < known.read_at + FRESH_SECONDS and (wanted is None or wanted in known.keys):
                return known
            if now < self._tried_at + SHORTEST_PAUSE:
                if known is None or now >= known.read_at + FRESH_SECONDS:
                    raise SignInFailed(Fault.AWAY)
                return known
            self._tried_at = now
            try:
                stated = stated_in(await self._got(self._client.issuer.rstrip("/") + WELL_KNOWN), self._client.issuer)
                self._known = Known(stated, keys_in(await self._got(stated.jwks_uri)), now)
            except (ValueError, PyJWTError, msgspec.MsgspecError):
                raise SignInFailed(Fault.AWAY) from None
            finally:
                # Whoever waited meanwhile does not wait as long again.
                self._tried_at = self._now()
            return self._known

    async def _got(self, address: str) -> bytes:
        request = self._http.build_request("GET", address, headers={"accept": "application/json"})
        status, raw = await self._asked(request, None)
        if status != httpx.codes.OK:
            raise SignInFailed(Fault.AWAY)
        return raw

    async def _asked(self, request: httpx.Request, auth: httpx.BasicAuth | None) -> tuple[int, bytes]:
        """The status and the body of an answer, all of it within some seconds."""
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._http.send(request, auth=auth, stream=True, follow_redirects=False)
                try:
                    raw = b""
                    async for chunk in response.aiter_bytes():
                        raw = bounded(raw + chunk)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError):
            raise SignInFailed(Fault.AWAY) from None
        return response.status_code, raw


def key_named(kid: str, keys: Mapping[str, PyJWK]) -> PyJWK | None:
    """The key that a token names; where it names none, the only key there is."""
    return keys.get(kid) if kid or len(keys) != 1 else next(iter(keys.values()))


def stated_in(raw: bytes, issuer: str) -> Stated:
    """A discovery document of that issuer, and of no other; its addresses are no less safe than the issuer's own.

    Raises ValueError and `msgspec.MsgspecError`.
    """
    stated = msgspec.json.decode(raw, type=Stated)
    if stated.issuer != issuer:
        raise ValueError("the document is another issuer's")
    schemes = {"https", urlsplit(issuer).scheme}
    for address in (stated.authorization_endpoint, stated.token_endpoint, stated.jwks_uri):
        if urlsplit(address).scheme not in schemes or not urlsplit(address).netloc:
            raise ValueError("an address of the issuer is not safe")
    return stated
