"""What proves who is who: the service's certificate, the authorities it trusts, and the issuers of tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import Certificate, load_pem_x509_certificates
from jwt.exceptions import PyJWTError

from clearway.access.loader import AccessRejected, load_access
from clearway.access.principals import Access
from clearway.access.principals import Issuer as TokenIssuer
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.server.identity.issuer_keys import keys_in, reader_of
from clearway.server.keys import KeyUnreadable
from clearway.server.settings import Settings
from clearway.server.tls import ServerTLS, TLSUnusable
from clearway.web.console.oidc.client import client_of, way_to_issuer
from clearway.web.console.oidc.faults import SignInFailed
from clearway.web.console.oidc.issuer import Issuer

SOON = timedelta(days=30)
"""A certificate that ends within so long should be renewed."""


def certificates(settings: Settings) -> Iterator[Finding]:
    """The certificate of the service and the authorities that are trusted: they fit, and have not ended."""
    now = datetime.now(UTC)
    if settings.tls_certificate is None:
        yield sound("no TLS: the service is reached from this machine only")
    else:
        yield from _of_service(settings, settings.tls_certificate, now)
    for name, file in trusted(settings):
        yield from _of_authorities(name, file, now)


def trusted(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The files of authorities that the settings name."""
    for name in ("tls_client_ca", "console_oidc_ca"):
        file = getattr(settings, name)
        if file is not None:
            yield name, file


def _of_service(settings: Settings, file: Path, now: datetime) -> Iterator[Finding]:
    try:
        ServerTLS(settings)
        chain = load_pem_x509_certificates(file.read_bytes())
    except (TLSUnusable, ValueError, OSError) as fault:
        yield wrong(f"TLS cannot be served: {fault}", "put certificate and key there that belong together, PEM")
        return
    yield _ending("the service's certificate", chain[0], now)
    for issued, issuer in pairwise(chain):
        if not _signed_by(issued, issuer):
            yield wrong(
                f"{file} is no chain: a certificate in it was not signed by the next",
                "put the service's certificate first, and then each authority that signed the one before",
            )
        yield _ending("an authority in its chain", issuer, now)


def _of_authorities(name: str, file: Path, now: datetime) -> Iterator[Finding]:
    try:
        found: Sequence[Certificate] = load_pem_x509_certificates(file.read_bytes())
    except (ValueError, OSError) as fault:
        yield wrong(f"{name} cannot be used: {type(fault).__name__}", f"put the authorities' certificates in {file}")
        return
    for authority in found:
        yield _ending(f"an authority of {name}", authority, now)


def _ending(what: str, certificate: Certificate, now: datetime) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins > now:
        return wrong(f"{what} is not valid before {begins:%Y-%m-%d %H:%M} UTC", "see the clock, or wait")
    if ends <= now:
        return wrong(f"{what} ended on {ends:%Y-%m-%d}", "renew it: nobody who checks it connects; it is read again")
    if ends - now < SOON:
        return attention(f"{what} ends on {ends:%Y-%m-%d}", "renew it in time; it is read again without a restart")
    return sound(f"{what} is valid until {ends:%Y-%m-%d}")


def _signed_by(issued: Certificate, issuer: Certificate) -> bool:
    try:
        issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def identity(settings: Settings) -> Iterator[Finding]:
    """Who may call: the access file holds, and each issuer's keys can be read; and the console's sign-in."""
    if settings.access is None:
        yield sound("no access file: on this machine everybody may everything")
    else:
        yield from _of_access(settings, settings.access)
    yield from _of_sign_in(settings)


def _of_access(settings: Settings, file: Path) -> Iterator[Finding]:
    try:
        access: Access = load_access(file, load_catalogue(settings.catalogue))
    except CatalogueRejected:
        return
    except AccessRejected as rejected:
        says = f"the access file is rejected: {len(rejected.complaints)} complaints"
        yield wrong(says, f"run `clearway access check {file}`")
        return
    yield sound(f"{len(access.principals)} callers are known")
    for issuer in access.issuers.values():
        yield _of_issuer(issuer)


def _of_issuer(issuer: TokenIssuer) -> Finding:
    try:
        keys = keys_in(reader_of(issuer)())
    except (OSError, ValueError, httpx.HTTPError, PyJWTError) as fault:
        says = f"the keys of {issuer.issuer} cannot be read: {type(fault).__name__}"
        return wrong(says, "its tokens are refused: see its address, its certificate (`ca_file`), and the way there")
    return sound(f"{issuer.issuer} has {len(keys)} keys")


def _of_sign_in(settings: Settings) -> Iterator[Finding]:
    try:
        client = client_of(settings)
        if client is None:
            return
        asked = Issuer(client, way_to_issuer(settings), time.monotonic)
        asyncio.run(asked.stated())
    except (SignInFailed, KeyUnreadable, OSError) as fault:
        says = f"sign-in at {settings.console_oidc_issuer} does not work: {type(fault).__name__}"
        yield wrong(says, "see the issuer's address, its certificate (`console_oidc_ca`), and the way there")
    else:
        yield sound(f"visitors of the console may sign in at {settings.console_oidc_issuer}")
