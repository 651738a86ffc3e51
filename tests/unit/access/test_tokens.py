"""API tokens: what stands in the access file gives nobody a token."""

from __future__ import annotations

import hashlib
import re
import secrets

import pytest

from clearway.access.grants import Grant
from clearway.access.methods import Role
from clearway.access.principals import Access, AmbiguousCertificate, CertificateNames, KnownToken, Principal
from clearway.access.tokens import TOKEN_BYTES, hash_of, token_of

SOMEBODY = Principal("somebody", "A", (Grant(Role.CHECKER),))
OTHER = Principal("other", "A", (Grant(Role.AUDITOR),))


def test_a_token_has_a_form_that_scanners_find() -> None:
    token = token_of(secrets.token_bytes(TOKEN_BYTES))
    assert re.fullmatch(r"clearway_token_[A-Za-z0-9_-]{43}", token)


def test_of_a_token_its_sha256_is_kept() -> None:
    token = token_of(bytes(TOKEN_BYTES))
    assert hash_of(token) == hashlib.sha256(token.encode()).digest()


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_token_of_less_randomness_is_not_made(size: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        token_of(bytes(size))


def test_a_token_is_found_by_its_whole_hash() -> None:
    known = hash_of(token_of(bytes(TOKEN_BYTES)))
    access = Access(tokens=[KnownToken(known, SOMEBODY)])
    found = access.of_token(known)
    assert found is not None
    assert found.principal is SOMEBODY
    assert access.of_token(known[:-1] + bytes([known[-1] ^ 1])) is None
    assert access.of_token(b"") is None


def test_tokens_whose_hashes_begin_alike_are_told_apart() -> None:
    one, two = b"same" + bytes(28), b"same" + bytes([1]) * 28
    access = Access(tokens=[KnownToken(one, SOMEBODY), KnownToken(two, OTHER)])
    assert [found.principal.name for hash_ in (one, two) if (found := access.of_token(hash_))] == ["somebody", "other"]


CERTIFICATES = {
    ("uri", "spiffe://a/licensing"): SOMEBODY,
    ("dns", "licensing.example"): SOMEBODY,
    ("common_name", "audit"): OTHER,
    ("sha256", "ab" * 32): OTHER,
}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (CertificateNames("00", uris=("spiffe://a/licensing",)), "somebody"),
        (CertificateNames("00", dns=("x.example", "licensing.example")), "somebody"),
        (CertificateNames("00", common_name="audit"), "other"),
        (CertificateNames("ab" * 32), "other"),
        (CertificateNames("00", uris=("audit",), common_name="licensing.example"), None),
        (CertificateNames("00", uris=("spiffe://a/licensing/more",)), None),
        (CertificateNames("00"), None),
    ],
)
def test_a_certificate_is_a_principals_by_one_kind_of_name(names: CertificateNames, found: str | None) -> None:
    principal = Access(certificates=CERTIFICATES).of_certificate(names)
    assert (principal and principal.name) == found


def test_a_certificate_of_two_principals_is_nobodys() -> None:
    names = CertificateNames("00", uris=("spiffe://a/licensing",), common_name="audit")
    with pytest.raises(AmbiguousCertificate):
        Access(certificates=CERTIFICATES).of_certificate(names)
