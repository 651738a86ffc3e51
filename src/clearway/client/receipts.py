"""Receipts, verified where the approval is about to be let through: offline, with the service's public keys alone.

"No check, no approval" can so be enforced at the gate: it lets a case pass only with a receipt that is the service's,
of that case and that licence item, and not expired.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
import jwt

from clearway.client.errors import NotAnswered
from clearway.client.terms import Outcome
from clearway.gen.v1 import check_service_pb2 as pb

TYPE = "clearway-receipt+jwt"
ALGORITHM = "EdDSA"
_CLAIMED = ("iss", "jti", "iat", "authority", "case", "item", "outcome", "record_sha256")


class ReceiptInvalid(Exception):
    """The receipt shows nothing; the text says why, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the service vouches for."""

    check_id: str
    issuer: str
    """The log's name."""

    decided_at: datetime
    expires_at: datetime | None
    """When a fact behind the answer changes: no receipt from then on."""

    authority: str
    case: str
    item: str
    scheme: str
    subject: str
    """An organisation's code; the masked form of anything else."""

    subject_key: str
    outcome: Outcome
    edition: str
    revision: str
    record_sha256: str
    """Hex digest of the record on the log."""


def verify_receipt(
    token: str,
    keys: Mapping[str, Any],
    *,
    now: datetime,
    case: str | None = None,
    item: str | None = None,
    authority: str | None = None,
) -> Receipt:
    """The receipt in a token, verified. Raises `ReceiptInvalid`.

    `keys`: the service's JWK set (`Clearway.receipt_keys`, `clearway receipt keys`), kept by the gate; `now`: aware. Of
    what is given of `case`, `item` and `authority`, each must be the receipt's.
    """
    claims = _claims(token, keys)
    expires = claims.get("exp")
    if expires is not None and (not isinstance(expires, int) or now.timestamp() >= expires):
        raise ReceiptInvalid("the receipt has expired: check again")
    for name, wanted in (("case", case), ("item", item), ("authority", authority)):
        if wanted is not None and claims[name] != wanted:
            raise ReceiptInvalid(f"the receipt is of another {name}")
    try:
        return Receipt(
            check_id=claims["jti"],
            issuer=claims["iss"],
            decided_at=datetime.fromtimestamp(claims["iat"], UTC),
            expires_at=None if expires is None else datetime.fromtimestamp(expires, UTC),
            authority=claims["authority"],
            case=claims["case"],
            item=claims["item"],
            scheme=str(claims.get("scheme", "")),
            subject=str(claims.get("subject", "")),
            subject_key=str(claims.get("subject_key", "")),
            outcome=Outcome(claims["outcome"]),
            edition=str(claims.get("edition", "")),
            revision=str(claims.get("revision", "")),
            record_sha256=claims["record_sha256"],
        )
    except (ValueError, TypeError, OverflowError, OSError) as fault:
        raise ReceiptInvalid("the receipt claims what no receipt does") from fault


def keys_in(response: pb.GetReceiptKeysResponse) -> dict[str, Any]:
    """The JWK set that a response carries. Raises `NotAnswered` where it is none."""
    try:
        keys = json.loads(response.jwks)
    except ValueError:
        keys = None
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise NotAnswered(grpc.StatusCode.INTERNAL, "what came is no set of keys")
    return keys


def _claims(token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of a token that one of these keys signed as a receipt; time is not looked at."""
    try:
        header = jwt.get_unverified_header(token)
        known = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys}
        key = known.get(header.get("kid"))
        if key is None or header.get("typ") != TYPE:
            raise ReceiptInvalid("this is no receipt by a key that is known here")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={"require": list(_CLAIMED), "verify_exp": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError) as fault:
        raise ReceiptInvalid("this is no receipt, or its signature does not hold") from fault
    return claims
