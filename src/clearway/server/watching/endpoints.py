"""`webhooks.yaml`: which endpoints are told of changes in pending cases. Secrets never stand in it.

docs/operations.md is its reference for people.
"""

from __future__ import annotations

import base64
import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from standardwebhooks import Webhook

from clearway.catalogue.catalogue import Catalogue
from clearway.server.settings import is_loopback

SHORTEST_SECRET = 24
"""Bytes of a secret at least (Standard Webhooks: 24 to 64)."""

LARGEST_FILE = 1024 * 1024


class WebhooksRejected(Exception):
    """The file cannot be used; the text says where and why, without secrets."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Endpoint(_Model):
    """Where an authority's changes are told.

    The secret is in the environment variable `secret_env` or in the file `secret_file`: one or several, parted by
    white space, each base64 with or without `whsec_`; every message is signed with each, so that a new one can be
    brought in before the old one goes. `ca_file` holds the certificates to trust in place of the system's.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=64)]
    url: Annotated[str, Field(max_length=2048)]
    authority: Annotated[str, Field(min_length=1, max_length=64)]
    secret_env: str | None = None
    secret_file: Annotated[Path | None, Field(strict=False)] = None
    ca_file: Annotated[Path | None, Field(strict=False)] = None
    timeout: Annotated[float, Field(gt=0, le=60, strict=False)] = 10.0
    give_up_after_days: Annotated[int, Field(ge=1, le=90)] = 7

    @field_validator("url")
    @classmethod
    def _encrypted_or_here(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.username or parts.password or parts.fragment:
            raise ValueError("the address must not hold a user, a password or a fragment")
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ValueError("the address must begin with https:// and name a host")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is for this machine only; use https")
        return url

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("give either secret_env or secret_file")
        return self

    @property
    def longest_wait(self) -> timedelta:
        """How long a change is tried to be told."""
        return timedelta(days=self.give_up_after_days)

    def signers(self) -> tuple[Webhook, ...]:
        """What signs for this endpoint. Raises `WebhooksRejected` where there is no usable secret."""
        secrets = self._secrets().split()
        if not secrets:
            raise WebhooksRejected(f"endpoint {self.name}: there is no secret in {self._place()}")
        return tuple(self._signer(secret) for secret in secrets)

    def trust(self) -> ssl.SSLContext:
        """Whom to trust. Raises `WebhooksRejected` where `ca_file` cannot be read."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as fault:
            raise WebhooksRejected(f"endpoint {self.name}: ca_file cannot be read") from fault

    def _secrets(self) -> str:
        if self.secret_env is not None:
            return os.environ.get(self.secret_env, "")
        try:
            return self.secret_file.read_text("ascii") if self.secret_file is not None else ""
        except (OSError, UnicodeDecodeError) as fault:
            raise WebhooksRejected(f"endpoint {self.name}: {self._place()} cannot be read") from fault

    def _signer(self, secret: str) -> Webhook:
        problem = f"endpoint {self.name}: a secret in {self._place()} is not base64 of {SHORTEST_SECRET} bytes or more"
        try:
            # The library would pass over what is not base64, and sign with whatever is left.
            raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            raise WebhooksRejected(problem) from None
        if len(raw) < SHORTEST_SECRET:
            raise WebhooksRejected(problem)
        return Webhook(raw)

    def _place(self) -> str:
        return f"${self.secret_env}" if self.secret_env is not None else "secret_file"


class Webhooks(_Model):
    """The whole file."""

    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1, max_length=64, strict=False)]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [endpoint.name for endpoint in self.endpoints]
        if len(set(names)) < len(names):
            raise ValueError("two endpoints have one name")
        return self


def load_webhooks(path: Path, catalogue: Catalogue) -> tuple[Endpoint, ...]:
    """The endpoints of a file, each with a secret that can be used. Raises `WebhooksRejected`."""
    try:
        tree = yaml.safe_load(path.read_bytes()[:LARGEST_FILE])
    except OSError as fault:
        raise WebhooksRejected(f"the file cannot be read: {os.strerror(fault.errno or 0)}") from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise WebhooksRejected("the file is no YAML") from fault
    try:
        endpoints = Webhooks.model_validate(tree).endpoints
    except ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in fault.errors(include_input=False)]
        raise WebhooksRejected("; ".join(lines)) from None
    for endpoint in endpoints:
        if catalogue.find_authority(endpoint.authority) is None:
            raise WebhooksRejected(f"endpoint {endpoint.name}: the catalogue has no authority {endpoint.authority}")
        endpoint.signers()
        endpoint.trust()
    return endpoints
