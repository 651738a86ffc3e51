"""Who calls: the one local caller, or whoever the certificate or token of a call is the credential of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from cachetools import LRUCache, TLRUCache

from clearway.access.grants import Within
from clearway.access.limits import Allowance, Limits
from clearway.access.principals import AmbiguousCertificate, Principal, local_principal
from clearway.access.tokens import PREFIX, hash_of
from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Caller
from clearway.server.errors import Refusal
from clearway.server.identity.access_file import AccessFile
from clearway.server.identity.bearer import (
    Fault,
    KeyWanted,
    expired,
    invalid,
    keys_unavailable,
    proven_by,
    unknown_principal,
)
from clearway.server.identity.certificates import ClientCertificate, certificate_in
from clearway.server.identity.issuer_keys import IssuerKeys, KeysUnavailable
from clearway.server.listener import Context
from clearway.server.rights import Rights

VERIFIED_KEPT = 4096
"""Signed tokens, and certificates, whose owners a worker remembers."""

LONGEST_MEMORY = 300.0
"""Seconds for which a verified token is taken without verifying it again: a key that its issuer withdraws ends then."""

BEARER = "bearer "

WallClock = Callable[[], float]


class Callers(Protocol):
    """Tells who makes a call."""

    async def of(self, authorization: str, context: Context) -> Caller:
        """The caller, by the `authorization` of the call's metadata (empty: none) and its connection.

        Raises `Refusal` CREDENTIALS_…, PRINCIPAL_UNKNOWN, IDENTITY_UNAVAILABLE.
        """

    async def begin(self) -> None:
        """Get ready to tell; before the first call."""

    async def tick(self) -> None:
        """Notice what has changed. Called every fraction of a second."""


class LocalCallers:
    """Everybody is the one local caller: for a service that its own machine only can reach."""

    def __init__(self, authority: str, catalogue: Catalogue, within: Within) -> None:
        known = catalogue.authority(authority)
        self._caller = Caller("local", known.code, known.region or "", Rights(local_principal(known.code), within))

    async def of(self, authorization: str, context: Context) -> Caller:
        """The local caller, whatever the call carries."""
        return self._caller

    async def begin(self) -> None:
        """Nothing is needed."""

    async def tick(self) -> None:
        """Nothing changes."""


class KnownCallers:
    """Callers of the access file. One worker's, on its event loop."""

    def __init__(
        self,
        file: AccessFile,
        catalogue: Catalogue,
        within: Within,
        wall: WallClock = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._catalogue = catalogue
        self._within = within
        self._wall = wall
        self._monotonic = monotonic
        self._callers: dict[str, Caller] = {}
        self._keys: dict[str, IssuerKeys] = {}
        self._verified: TLRUCache[str, tuple[Caller, float]] = TLRUCache(
            VERIFIED_KEPT, ttu=lambda _, found, now: min(found[1], now + LONGEST_MEMORY), timer=wall
        )
        self._certificates: LRUCache[bytes, ClientCertificate] = LRUCache(VERIFIED_KEPT)
        self._reading: set[asyncio.Task[None]] = set()
        self._take_over()

    async def of(self, authorization: str, context: Context) -> Caller:
        """The caller. A token speaks before the certificate: that of a gateway lets in, and does not say who asks."""
        if authorization:
            return await self._of_bearer(authorization)
        presented = next(iter(context.auth_context().get("x509_pem_cert", ())), None)
        if presented is None:
            message = "the call carries no certificate and no token that says who calls"
            raise Refusal(ErrorReason.ERROR_REASON_CREDENTIALS_MISSING, message)
        return self._of_certificate(presented)

    async def begin(self) -> None:
        """Read issuers' keys. One that cannot be reached is asked again later; others' callers are known meanwhile."""
        await asyncio.gather(*(keys.refresh() for keys in self._keys.values()))

    async def tick(self) -> None:
        """Read the access file again where it has changed; begin to read issuers' keys where they are due."""
        if self._file.has_changed and await asyncio.to_thread(self._file.refresh):
            self._take_over()
        for keys in self._keys.values():
            if keys.is_due and not self._reading:
                task = asyncio.create_task(keys.refresh())
                self._reading.add(task)
                task.add_done_callback(self._reading.discard)

    async def _of_bearer(self, authorization: str) -> Caller:
        if not authorization[: len(BEARER)].lower() == BEARER:
            raise invalid(Fault.MALFORMED)
        token = authorization[len(BEARER) :].strip()
        if token.startswith(PREFIX):
            return self._of_api_token(token)
        known = self._verified.get(token)
        return known[0] if known is not None else await self._of_signed_token(token)

    def _of_api_token(self, token: str) -> Caller:
        found = self._file.access.of_token(hash_of(token))
        if found is None:
            raise invalid(Fault.UNKNOWN_TOKEN)
        if found.last_day is not None and datetime.fromtimestamp(self._wall(), UTC).date() > found.last_day:
            raise expired("the token has expired")
        return self._callers[found.principal.name]

    async def _of_signed_token(self, token: str) -> Caller:
        try:
            try:
                proven = proven_by(token, self._file.access, self._keys)
            except KeyWanted as wanted:
                await self._keys[wanted.issuer].refresh()
                proven = proven_by(token, self._file.access, self._keys)
        except KeyWanted:
            raise invalid(Fault.UNKNOWN_KEY) from None
        except KeysUnavailable:
            raise keys_unavailable() from None
        caller = self._callers[proven.principal.name]
        self._verified[token] = (caller, proven.until)
        return caller

    def _of_certificate(self, pem: bytes) -> Caller:
        certificate = self._certificates.get(pem)
        if certificate is None:
            certificate = self._certificates[pem] = read_certificate(pem)
        if self._wall() > certificate.ends_at:
            # The connection was made before.
            raise expired("the certificate has expired")
        try:
            principal = self._file.access.of_certificate(certificate.names)
        except AmbiguousCertificate:
            raise invalid(Fault.AMBIGUOUS) from None
        if principal is None:
            raise unknown_principal()
        return self._callers[principal.name]

    def _take_over(self) -> None:
        """Forget who was who, and keep what everybody has left of their limits."""
        access = self._file.access
        before, self._callers = self._callers, {}
        for name, principal in access.principals.items():
            self._callers[name] = self._caller(principal, before.get(name))
        self._verified.clear()
        known, self._keys = self._keys, {}
        for name, issuer in access.issuers.items():
            kept = known.get(name)
            same = kept is not None and kept.issuer == issuer
            self._keys[name] = kept if kept is not None and same else IssuerKeys(issuer, self._monotonic)

    def _caller(self, principal: Principal, before: Caller | None) -> Caller:
        authority = self._catalogue.authority(principal.authority)
        limits = principal.limits or Limits()
        allowance = before.allowance if before is not None else None
        if allowance is None or allowance.limits != limits:
            allowance = Allowance(limits)
        return Caller(
            principal.name, authority.code, authority.region or "", Rights(principal, self._within), allowance
        )


def read_certificate(pem: bytes) -> ClientCertificate:
    """What a certificate says. Raises `Refusal` where it cannot be read."""
    try:
        return certificate_in(pem)
    except ValueError:
        raise invalid(Fault.MALFORMED) from None
