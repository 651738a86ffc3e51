"""Everybody who may call, and how each is recognised: by certificate, by API token, by an issuer's claim."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from clearway.access.grants import NOTHING, Denied, Grant, Granted, Lack, Reach, Within, reaching
from clearway.access.limits import Limits
from clearway.access.methods import METHODS, Openness, Role, rule_of

LOOKED_UP_BY = 4
"""Bytes of a token's hash by which it is found; the whole is compared in constant time."""


@dataclass(frozen=True, slots=True)
class Principal:
    """One caller. It acts for one authority, whatever a request says."""

    name: str
    authority: str
    grants: tuple[Grant, ...]
    limits: Limits | None = None
    by_method: Mapping[str, tuple[Grant, ...]] = field(init=False, repr=False, compare=False)
    """Method → the grants with a role that it is open to, in the order of the method's roles."""

    def __post_init__(self) -> None:
        found = {
            method: tuple(grant for role in rule.roles for grant in self.grants if grant.role is role)
            for method, rule in METHODS.items()
        }
        object.__setattr__(self, "by_method", found)

    def decide(self, method: str, within: Within, reach: Reach = NOTHING) -> Granted | Denied:
        """Whether the principal may call the method, as gRPC names it, for what the call reaches for."""
        rule = rule_of(method)
        if rule.openness is not Openness.ROLES:
            return Granted(None)
        found = reaching(self.by_method.get(method, ()), reach, within) if rule.roles else Lack.METHOD
        return Denied(found, rule.roles) if isinstance(found, Lack) else Granted(found)


def local_principal(authority: str) -> Principal:
    """The one caller of a service that is reached from its own machine only: every role, for one authority."""
    return Principal("local", authority, tuple(Grant(role, adverse_records=True) for role in Role))


def page_principal(authority: str) -> Principal:
    """A page that shows a check of the authority: an officer's rights, which its view token bounds to that check."""
    return Principal("card", authority, (Grant(Role.OFFICER),))


def public_principal(authority: str) -> Principal:
    """Whoever shows no credentials, where something is open to everybody: no grant at all."""
    return Principal("public", authority, ())


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """What a client's certificate says of its holder: alternative names, common name, and its SHA-256 in hex."""

    sha256: str
    uris: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    common_name: str = ""

    def named(self) -> tuple[tuple[str, str], ...]:
        """Each name with its kind, as the access file states them."""
        names = (("sha256", self.sha256), *(("uri", uri) for uri in self.uris), *(("dns", one) for one in self.dns))
        return (*names, ("common_name", self.common_name)) if self.common_name else names


@dataclass(frozen=True, slots=True)
class KnownToken:
    """An API token of a principal, by its hash. It is valid up to and including its last day, in UTC."""

    sha256: bytes
    principal: Principal
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues tokens, and what a token must be to be taken. Keys come from a file or an https address."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    subject_claim: str
    leeway_seconds: int
    keys_file: str = ""
    keys_url: str = ""
    ca_file: str = ""


class AmbiguousCertificate(Exception):
    """A certificate's names belong to several principals."""


class Access:
    """Everybody who may call."""

    def __init__(
        self,
        principals: Iterable[Principal] = (),
        certificates: Mapping[tuple[str, str], Principal] | None = None,
        tokens: Iterable[KnownToken] = (),
        claims: Mapping[tuple[str, str], Principal] | None = None,
        issuers: Iterable[Issuer] = (),
    ) -> None:
        self.principals = {principal.name: principal for principal in principals}
        self.issuers = {issuer.issuer: issuer for issuer in issuers}
        self._certificates = dict(certificates or {})
        self._claims = dict(claims or {})
        self._tokens: dict[bytes, tuple[KnownToken, ...]] = {}
        for token in tokens:
            place = token.sha256[:LOOKED_UP_BY]
            self._tokens[place] = (*self._tokens.get(place, ()), token)

    def of_certificate(self, names: CertificateNames) -> Principal | None:
        """Whose certificate it is. Raises `AmbiguousCertificate`: it is then nobody's."""
        found = {known.name: known for key in names.named() if (known := self._certificates.get(key)) is not None}
        if len(found) > 1:
            raise AmbiguousCertificate
        return next(iter(found.values()), None)

    def of_token(self, sha256: bytes) -> KnownToken | None:
        """Whose API token has this hash, of 32 bytes; it may have expired."""
        for token in self._tokens.get(sha256[:LOOKED_UP_BY], ()):
            if hmac.compare_digest(token.sha256, sha256):
                return token
        return None

    def of_claim(self, issuer: str, subject: str) -> Principal | None:
        """Whom an issuer means by a subject."""
        return self._claims.get((issuer, subject))
