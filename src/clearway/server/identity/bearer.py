"""Bearer tokens: API tokens, found by their hash, and tokens signed by an issuer. No refusal repeats a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jwt
from jwt import exceptions

from clearway.access.principals import Access, Issuer, Principal
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal
from clearway.server.identity.issuer_keys import IssuerKeys

LONGEST_TOKEN = 8 * 1024


class Fault(StrEnum):
    """Why credentials prove nothing."""

    MALFORMED = "malformed"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105  a reason, no token
    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_AUDIENCE = "wrong_audience"
    MISSING_CLAIM = "missing_claim"
    NOT_YET_VALID = "not_yet_valid"
    AMBIGUOUS = "ambiguous"


FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (exceptions.InvalidSignatureError, Fault.BAD_SIGNATURE),
    (exceptions.InvalidAlgorithmError, Fault.WRONG_ALGORITHM),
    (exceptions.InvalidAudienceError, Fault.WRONG_AUDIENCE),
    (exceptions.InvalidIssuerError, Fault.UNKNOWN_ISSUER),
    (exceptions.MissingRequiredClaimError, Fault.MISSING_CLAIM),
    (exceptions.ImmatureSignatureError, Fault.NOT_YET_VALID),
    (exceptions.InvalidKeyError, Fault.WRONG_ALGORITHM),
)
"""What the library says of a token → the fault; the first type that fits. Anything else is malformed."""


class KeyWanted(Exception):
    """The token names a key of this issuer that is not known yet."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer)
        self.issuer = issuer


@dataclass(frozen=True, slots=True)
class Proven:
    """Who a signed token says calls, and until when, in seconds since 1970 UTC."""

    principal: Principal
    until: float


def proven_by(token: str, access: Access, keys: Mapping[str, IssuerKeys]) -> Proven:
    """Who a signed token says calls. Raises `Refusal`, and `KeyWanted` where the issuer's keys should be read again."""
    header, claimed = unverified(token)
    issuer = access.issuers.get(str(claimed.get("iss", "")))
    if issuer is None:
        raise invalid(Fault.UNKNOWN_ISSUER)
    if header.get("alg") not in issuer.algorithms:
        raise invalid(Fault.WRONG_ALGORITHM)
    kid = header.get("kid")
    key = keys[issuer.issuer].find(kid if isinstance(kid, str) else None)
    if key is None:
        raise KeyWanted(issuer.issuer)
    claims = verified(token, key, issuer)
    subject = claims.get(issuer.subject_claim)
    principal = access.of_claim(issuer.issuer, subject) if isinstance(subject, str) else None
    if principal is None:
        raise unknown_principal()
    return Proven(principal, float(claims["exp"]) + issuer.leeway_seconds)


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as the token states them, to find the issuer and the key by. Raises `Refusal`."""
    if len(token) > LONGEST_TOKEN:
        raise invalid(Fault.MALFORMED)
    try:
        stated = jwt.decode_complete(token, options={"verify_signature": False})
    except (exceptions.PyJWTError, ValueError, RecursionError):
        raise invalid(Fault.MALFORMED) from None
    return stated["header"], stated["payload"]


def verified(token: str, key: jwt.PyJWK, issuer: Issuer) -> dict[str, Any]:
    """The claims of a token that is what its issuer's tokens must be. Raises `Refusal`."""
    try:
        return jwt.decode(
            token,
            key,
            algorithms=list(issuer.algorithms),
            audience=issuer.audience,
            issuer=issuer.issuer,
            leeway=issuer.leeway_seconds,
            options={"require": ["exp", "iss", "aud", issuer.subject_claim]},
        )
    except exceptions.ExpiredSignatureError:
        raise expired("the token has expired") from None
    except (exceptions.PyJWTError, ValueError, TypeError, RecursionError) as error:
        fault = next((fault for kind, fault in FAULTS if isinstance(error, kind)), Fault.MALFORMED)
        raise invalid(fault) from None


def invalid(fault: Fault) -> Refusal:
    """Credentials that prove nothing."""
    message = "the credentials cannot be taken"
    return Refusal(ErrorReason.ERROR_REASON_CREDENTIALS_INVALID, message, {"fault": fault.value})


def expired(message: str) -> Refusal:
    """Credentials past their end."""
    return Refusal(ErrorReason.ERROR_REASON_CREDENTIALS_EXPIRED, message)


def unknown_principal() -> Refusal:
    """Genuine credentials of somebody whom the access file does not have."""
    return Refusal(ErrorReason.ERROR_REASON_PRINCIPAL_UNKNOWN, "the access file has nobody with these credentials")


def keys_unavailable() -> Refusal:
    """No key to judge a token by."""
    message = "the token's issuer cannot be reached; nobody can be identified by its tokens now"
    return Refusal(ErrorReason.ERROR_REASON_IDENTITY_UNAVAILABLE, message)
