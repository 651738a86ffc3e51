"""This console as the issuer knows it: a client with an id, an address to come back to, and perhaps a secret."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Literal

import httpx

from clearway.server.keys import load_oidc_secret
from clearway.server.settings import Settings

BACK = "/console/sign-in/back"
"""Where the issuer sends a browser back to, after the console's own address."""

SECONDS = 5.0
"""For which the issuer is waited for."""


@dataclass(frozen=True, slots=True)
class Client:
    """What is said to the issuer of us. Without a secret: a public client, which PKCE protects all the same.

    `forwarded` is which of the issuer's tokens a session keeps and the service is shown.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    scopes: str
    address: str
    forwarded: Literal["access_token", "id_token"]

    @property
    def redirect_uri(self) -> str:
        """Where browsers come back to: never made of what a request says of itself."""
        return self.address + BACK


def client_of(settings: Settings) -> Client | None:
    """The client of the settings; None where nobody signs in at an issuer's page."""
    if not settings.console_oidc_issuer:
        return None
    return Client(
        issuer=settings.console_oidc_issuer,
        client_id=settings.console_oidc_client_id,
        secret=load_oidc_secret(settings),
        scopes=settings.console_oidc_scopes,
        address=settings.console_address,
        forwarded=settings.console_oidc_token,
    )


def way_to_issuer(settings: Settings) -> httpx.AsyncBaseTransport:
    """The way to the issuer: over TLS by the authorities given. Proxies of the environment are not used."""
    return httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=settings.console_oidc_ca))
