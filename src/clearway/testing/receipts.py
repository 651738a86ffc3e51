"""Receipts of the fake: signed with a key of its own, so that a gate is tested with what it would really be shown."""

from __future__ import annotations

import json
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from clearway.client.receipts import ALGORITHM, TYPE
from clearway.client.terms import Outcome, read
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.subjects.faults import InvalidIdentifier
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.masking import mask

KEY_ID = "fake"
ISSUER = "fake"
"""The name of the log that the fake does not have."""


class Receipts:
    """Signs receipts with a key that no other fake has: where a service's keys are kept, no test's receipt passes."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()

    def keys(self) -> str:
        """The public key as a JWK set (RFC 7517), in JSON."""
        public = OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": ALGORITHM}]})

    def of(self, record: pb.GetCheckResponse) -> str:
        """The receipt of an answered check, the same whenever it is asked for."""
        headers = {"kid": KEY_ID, "typ": TYPE}
        return jwt.encode(claims_of(record), self._private, algorithm=ALGORITHM, headers=headers)


def claims_of(record: pb.GetCheckResponse) -> dict[str, object]:
    """What a receipt claims of a record; `docs/integrate.md` lists it."""
    request, response = record.request, record.response
    claims: dict[str, object] = {
        "iss": ISSUER,
        "jti": response.check_id,
        "iat": response.decided_at.seconds,
        "authority": record.authority.code,
        "case": request.case_number,
        "item": request.item_code,
        "scheme": request.subject.identifier.scheme,
        "subject": shown(request),
        "subject_key": "",
        "outcome": read(Outcome, response.decision.outcome).value,
        "edition": response.catalogue_edition.id,
        "revision": response.revision,
        "record_sha256": sha256(record.SerializeToString(deterministic=True)).hexdigest(),
    }
    if response.decision.HasField("expires_at"):
        claims["exp"] = response.decision.expires_at.seconds
    return claims


def shown(request: pb.CheckSubjectRequest) -> str:
    """Who applies: an organisation's code, the masked form of anything else; empty where only a name was given."""
    written = request.subject.identifier
    try:
        identifier = parse_identifier(written.scheme, written.value)
    except InvalidIdentifier:
        return written.value
    return mask(identifier.value) if identifier.personal else identifier.value
