"""Receipts: a signed line that says what was answered to which check, for a gate that must not let others through.

A receipt is a JWS (EdDSA) by the key that signs the log. It is made from the record, so that the same check always has
the same receipt, and it is no part of the record: its claim `record_sha256` is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.central import StoredCheck
from clearway.querylog.record import CheckRecord
from clearway.transparency.notes import Signer, Verifier

TYPE = "clearway-receipt+jwt"
ALGORITHM = "EdDSA"


class Receipts:
    """Makes receipts with one key."""

    def __init__(self, signer: Signer) -> None:
        self._issuer = signer.name
        self._private = Ed25519PrivateKey.from_private_bytes(signer.seed)
        self._headers = {"kid": signer.verifier.key_id.hex(), "typ": TYPE}

    def of(self, stored: StoredCheck) -> str:
        """The receipt of a recorded answer."""
        claims = claims_of(stored.record, stored.raw) | {"iss": self._issuer}
        return jwt.encode(claims, self._private, algorithm=ALGORITHM, headers=self._headers)

    def attached(self, stored: StoredCheck) -> bytes:
        """The recorded response, with the receipt behind it where the request asked for one."""
        response = stored.record.response
        if not pb.CheckSubjectRequest.FromString(stored.record.request).receipt:
            return response
        return response + pb.CheckSubjectResponse(receipt=self.of(stored)).SerializeToString()


def claims_of(record: CheckRecord, raw: bytes) -> dict[str, object]:
    """What a receipt claims of a record, `raw` being its exact bytes; `docs/integrate.md` lists it."""
    response = pb.CheckSubjectResponse.FromString(record.response)
    claims: dict[str, object] = {
        "jti": record.check_id,
        "iat": int(record.decided_at.timestamp()),
        "authority": record.authority,
        "case": record.case_number,
        "item": record.item_code,
        "scheme": record.scheme,
        "subject": record.subject,
        "subject_key": record.subject_key.hex(),
        "outcome": record.outcome.removeprefix("OUTCOME_"),
        "edition": record.edition,
        "revision": record.revision,
        "record_sha256": sha256(raw).hexdigest(),
    }
    if response.decision.HasField("expires_at"):
        claims["exp"] = response.decision.expires_at.seconds
    return claims


def key_set_of(verifiers: Sequence[Verifier]) -> str:
    """The public keys of receipts as a JWK set (RFC 7517), in JSON."""
    keys = [
        OKPAlgorithm.to_jwk(Ed25519PublicKey.from_public_bytes(verifier.public), as_dict=True)
        | {"kid": verifier.key_id.hex(), "use": "sig", "alg": ALGORITHM}
        for verifier in verifiers
    ]
    return json.dumps({"keys": keys})
