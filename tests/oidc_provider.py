"""An OpenID provider for tests: whoever comes is signed in as one user, unless a test says otherwise.

It holds its clients to what the standard asks: the address to come back to, PKCE by S256, a code that works once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID = "clearway-console"
AUDIENCE = "clearway"
USER = "auditor-7"


@dataclass
class Provider:
    """The provider. Tests change its fields to make it misbehave."""

    issuer: str
    secret: str = ""
    refuses: str = ""
    """The error that it sends visitors back with; empty: it signs them in."""
    id_claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    """What it says otherwise than it should."""
    is_away: bool = False
    signs_with: ec.EllipticCurvePrivateKey | None = None
    """Another key than the one it publishes."""
    kid: str = "key-1"
    now: float = 0
    """Seconds since 1970; 0: the clock's."""

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._document),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _document(self, request: Request) -> Response:
        self.asked.append("document")
        if self.is_away:
            return Response(status_code=503)
        stated = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(stated | self.document)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.jwk]})

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key."""
        stated: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return stated | {"kid": self.kid, "use": "sig", "alg": "ES256"}

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT_ID
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            back |= {"error": self.refuses, "error_description": "<script>told by the issuer</script>"}
        else:
            code = secrets.token_urlsafe()
            self._codes[code] = asked
            back["code"] = code
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back | self.answer)}", 303)

    async def _token(self, request: Request) -> Response:
        self.asked.append("token")
        if self.is_away:
            return Response(status_code=503)
        sent = dict(parse_qsl((await request.body()).decode()))
        asked = self._codes.pop(sent.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        if not self._is_client(request, sent):
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or sent["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(self._tokens(asked["nonce"]))

    def _is_client(self, request: Request, sent: dict[str, str]) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(given).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT_ID, self.secret)
        return sent.get("client_id") == CLIENT_ID and sent.get("client_secret", "") == self.secret

    def _tokens(self, nonce: str) -> dict[str, Any]:
        now = int(self.now or time.time())
        common = {"iss": self.issuer, "sub": USER, "iat": now, "exp": now + 600}
        return {
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": self.signed(common | {"aud": CLIENT_ID, "nonce": nonce} | self.id_claims),
            "access_token": self.signed(common | {"aud": AUDIENCE} | self.access_claims),
        }

    def signed(self, claims: dict[str, Any]) -> str:
        """A token with these claims; None takes a claim away."""
        stated = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(stated, self.signs_with or self._key, "ES256", {"kid": self.kid})


@contextmanager
def serving(host: str = "localhost") -> Iterator[Provider]:
    """A provider on a free port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        provider = Provider(f"http://{host}:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(provider.app, lifespan="off", log_level="critical", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join(20)
