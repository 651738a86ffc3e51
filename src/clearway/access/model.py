"""The shapes of an access file. What a shape cannot hold (codes of the catalogue, names given twice) is the loader's.

docs/security.md is its reference for people. It holds no secret: tokens stand in it as hashes, keys by file or address.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from clearway.access.limits import Limits
from clearway.access.methods import Role
from clearway.catalogue.model import Code, Day

EVERYWHERE = "*"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$")]
"""A principal's name, as it stands in the log: letters, digits and `._:@/-`."""

Word = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
Region = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._:-]{0,63})$")]


def _plain_digest(value: object) -> object:
    # openssl prints a certificate's digest with colons.
    return value.replace(":", "").lower() if isinstance(value, str) else value


Sha256 = Annotated[str, BeforeValidator(_plain_digest), Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal, with or without colons."""

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key of which the issuer alone has the secret half."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CertificateEntry(_Model):
    """One name by which a client's certificate is a principal's: exactly one field."""

    uri: Word | None = None
    dns: Word | None = None
    common_name: Word | None = None
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if len(self.names()) != 1:
            raise ValueError("give exactly one of uri, dns, common_name and sha256")
        return self

    def names(self) -> list[tuple[str, str]]:
        """The names given, each with its kind."""
        return [(kind, value) for kind, value in self if value is not None]


class TokenEntry(_Model):
    """An API token, by its hash. `expires_on` is its last day, in UTC; `note` is for people."""

    sha256: Sha256
    expires_on: Day | None = None
    note: Annotated[str, Field(max_length=200)] = ""


class ClaimEntry(_Model):
    """Whom an issuer means by a subject."""

    issuer: Word
    subject: Word


class GrantEntry(_Model):
    """A role and how far it goes. What is left out is no limit, but for a registrar, who is limited always."""

    role: Role
    items: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None
    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    regimes: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None
    adverse_records: bool = False
    officers: Annotated[tuple[Word, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        given = {name for name in ("items", "regions", "regimes", "officers") if getattr(self, name) is not None}
        given |= {"adverse_records"} if self.adverse_records else set()
        excess = sorted(given - _LIMITED_BY[self.role])
        if excess:
            raise ValueError(f"a grant of {self.role} has no {', '.join(excess)}")
        if self.role is Role.REGISTRAR and not {"regimes", "regions"} <= given:
            raise ValueError(f"a grant of {self.role} names its regimes and its regions ('*' for every region)")
        return self


_LIMITED_BY = {
    Role.CHECKER: {"items", "regions", "officers"},
    Role.OFFICER: {"items", "regions", "officers"},
    Role.REGISTRAR: {"regions", "regimes", "adverse_records", "officers"},
    Role.AUDITOR: set[str](),
    Role.OPERATOR: set[str](),
}


class LimitsEntry(_Model):
    """How much a principal may ask; 0 stands for no limit. What is left out is the file's own, or the default."""

    calls_per_second: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    burst: Annotated[int, Field(ge=100, le=10_000_000)] | None = None
    window_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None
    invalid_codes: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    unlisted_codes: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    neighbouring_codes: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    cases_per_subject: Annotated[int, Field(ge=0, le=100_000)] | None = None

    def over(self, base: Limits) -> Limits:
        """These limits, and where they say nothing those of `base`."""
        given = {name: value for name, value in self if value is not None}
        return Limits(**{name: given.get(name, getattr(base, name)) for name in Limits.__slots__})


class PrincipalEntry(_Model):
    """One caller: how it is recognised, the authority it acts for, and what it may do."""

    name: Name
    authority: Code
    certificates: tuple[CertificateEntry, ...] = ()
    tokens: tuple[TokenEntry, ...] = ()
    claims: tuple[ClaimEntry, ...] = ()
    grants: Annotated[tuple[GrantEntry, ...], Field(min_length=1)]
    limits: LimitsEntry = LimitsEntry()


class IssuerEntry(_Model):
    """Who issues tokens (OIDC), and what a token must be to be taken. Keys: a JWKS in a file or at an address."""

    issuer: Word
    audience: Word
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)]
    subject_claim: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,128}$")] = "sub"
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    keys_file: Word | None = None
    keys_url: Annotated[str, Field(max_length=2048)] | None = None
    ca_file: Word | None = None

    @field_validator("keys_url")
    @classmethod
    def _encrypted_or_here(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if url is None:
            return None
        if parts.username or parts.password or parts.fragment:
            raise ValueError("the address must not hold a user, a password or a fragment")
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ValueError("the address must begin with https:// and name a host")
        if parts.scheme == "http" and not _on_this_machine(parts.hostname):
            raise ValueError("plain http is for this machine only; use https")
        return url

    @model_validator(mode="after")
    def _keys_from_one_place(self) -> Self:
        if (self.keys_file is None) == (self.keys_url is None):
            raise ValueError("give either keys_file or keys_url")
        return self


class AccessFile(_Model):
    """The whole file. `limits` are every principal's that states none of its own."""

    principals: Annotated[tuple[PrincipalEntry, ...], Field(min_length=1, max_length=10_000)]
    issuers: Annotated[tuple[IssuerEntry, ...], Field(max_length=64)] = ()
    limits: LimitsEntry = LimitsEntry()


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
