"""Receipts: verified offline by us and by a second implementation; whatever is not one is refused by type."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet

from clearway.client import Outcome, ReceiptInvalid, verify_receipt
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.querylog.central import StoredCheck
from clearway.querylog.record import encode_record
from clearway.server.receipts import Receipts, claims_of, key_set_of
from clearway.transparency.notes import Signer
from tests.unit.querylog.records import NOON, a_record

SIGNER = Signer("example.org/log", bytes(range(32)))
KEYS: dict[str, Any] = json.loads(key_set_of([SIGNER.verifier]))
ENDS = NOON + timedelta(days=2)


def stored(expires: bool = True, asked: bool = True) -> StoredCheck:
    response = pb.CheckSubjectResponse(check_id=a_record(1).check_id)
    if expires:
        response.decision.expires_at.FromDatetime(ENDS)
    request = pb.CheckSubjectRequest(case_number="CASE-1", receipt=asked)
    record = a_record(1, request=request.SerializeToString(), response=response.SerializeToString())
    return StoredCheck.of(encode_record(record))


TOKEN = Receipts(SIGNER).of(stored())


HEADERS = {"kid": SIGNER.verifier.key_id.hex(), "typ": "clearway-receipt+jwt"}


def signed_by_us(claims: dict[str, Any], **headers: Any) -> str:
    private = Ed25519PrivateKey.from_private_bytes(SIGNER.seed)
    return jwt.encode(claims, private, algorithm="EdDSA", headers=HEADERS | headers)


CLAIMS = claims_of(stored().record, stored().raw) | {"iss": "example.org/log"}


def test_a_receipt_says_what_was_answered_to_which_check() -> None:
    receipt = verify_receipt(TOKEN, KEYS, now=NOON, case="CASE-1", item="FOOD-OPERATION", authority="DEMO-LICENSING")
    assert (receipt.check_id, receipt.outcome) == (a_record(1).check_id, Outcome.ORDINARY)
    assert (receipt.issuer, receipt.expires_at) == ("example.org/log", ENDS)
    assert receipt.decided_at == NOON + timedelta(seconds=1)


def test_a_second_implementation_verifies_it() -> None:
    # The name EdDSA is older than RFC 9864, and the one that libraries in use know.
    with pytest.warns(SecurityWarning, match="EdDSA"):
        verified = jws.deserialize_compact(TOKEN, KeySet.import_key_set(KEYS), algorithms=["EdDSA"])  # type: ignore[arg-type]
    assert json.loads(verified.payload)["jti"] == a_record(1).check_id


def test_the_same_record_has_the_same_receipt() -> None:
    assert Receipts(SIGNER).of(stored()) == TOKEN


def test_a_receipt_is_attached_only_where_it_was_asked_for() -> None:
    receipts = Receipts(SIGNER)
    assert receipts.attached(stored(asked=False)) == stored(asked=False).record.response
    answer = pb.CheckSubjectResponse.FromString(receipts.attached(stored()))
    assert answer.receipt == TOKEN
    answer.ClearField("receipt")
    assert answer == pb.CheckSubjectResponse.FromString(stored().record.response)


def test_an_answer_that_no_date_changes_does_not_expire() -> None:
    token = Receipts(SIGNER).of(stored(expires=False))
    assert verify_receipt(token, KEYS, now=datetime(2099, 1, 1, tzinfo=UTC)).expires_at is None


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"case": "CASE-2"}, "another case"),
        ({"item": "TRAVEL-AGENCY"}, "another item"),
        ({"authority": "OTHER"}, "another authority"),
        ({"now": ENDS}, "expired"),
    ],
)
def test_a_receipt_of_something_else_or_too_late(given_: dict[str, Any], why: str) -> None:
    with pytest.raises(ReceiptInvalid, match=why):
        verify_receipt(TOKEN, KEYS, **({"now": NOON} | given_))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        TOKEN[:-4] + "AAAA",
        Receipts(Signer("example.org/log", bytes(32))).of(stored()),
        signed_by_us(CLAIMS, typ="JWT"),
        signed_by_us(CLAIMS, kid="00000000"),
        signed_by_us({name: value for name, value in CLAIMS.items() if name != "case"}),
        signed_by_us(CLAIMS | {"outcome": "PERMITTED"}),
        signed_by_us(CLAIMS | {"exp": "never"}),
        jwt.encode(CLAIMS, "", algorithm="none", headers=HEADERS),
        jwt.encode(
            CLAIMS,
            "s" * 32,
            algorithm="HS256",
            headers=HEADERS,
        ),
    ],
    ids=["empty", "garbage", "signature", "key", "type", "kid", "claim", "outcome", "expiry", "unsigned", "symmetric"],
)
def test_what_is_no_receipt_is_refused(token: str) -> None:
    with pytest.raises(ReceiptInvalid):
        verify_receipt(token, KEYS, now=NOON)


@given(st.text() | st.integers(0, len(TOKEN) - 1).map(lambda at: TOKEN[:at] + "~" + TOKEN[at + 1 :]))
def test_nothing_but_a_typed_error_comes_of_anything_else(token: str) -> None:
    with pytest.raises(ReceiptInvalid):
        verify_receipt(token, KEYS, now=NOON)


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": [{"kty": "nothing"}]}, {"keys": "none"}])
def test_a_set_without_the_key_verifies_nothing(keys: dict[str, Any]) -> None:
    with pytest.raises(ReceiptInvalid):
        verify_receipt(TOKEN, keys, now=NOON)
