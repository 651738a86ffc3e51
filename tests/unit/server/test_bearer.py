"""Tokens that an issuer signs: taken where everything about them is right, refused for the one thing that is not."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from clearway.access.principals import Issuer
from clearway.server.call import Caller
from clearway.server.errors import Refusal
from clearway.server.identity.access_file import AccessFile
from clearway.server.identity.bearer import Fault
from clearway.server.identity.callers import KnownCallers
from clearway.server.identity.issuer_keys import (
    FRESH_SECONDS,
    LARGEST_SET,
    LONGEST_USE,
    SHORTEST_PAUSE,
    IssuerKeys,
    KeysUnavailable,
    keys_in,
)
from tests.unit.server.calls import Context, catalogue

ISSUER, AUDIENCE = "https://id.example", "clearway"

ACCESS = """\
issuers:
  - {issuer: https://id.example, audience: clearway, algorithms: [ES256], leeway_seconds: 30, keys_file: keys.json}
  - {issuer: https://empty.example, audience: clearway, algorithms: [RS256], keys_file: none.json}
principals:
  - name: licensing
    authority: DEMO-LICENSING
    claims:
      - {issuer: https://id.example, subject: licensing}
      - {issuer: https://empty.example, subject: licensing}
    grants:
      - {role: checker}
"""


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def jwks(*names: str) -> dict[str, Any]:
    keys = [json.loads(ECAlgorithm.to_jwk(key(name).public_key())) | {"kid": name, "use": "sig"} for name in names]
    return {"keys": keys}


class Clock:
    """Time as a test sets it; signed tokens are judged by the library's own, which is the machine's."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Issuing:
    """A worker's callers, whose one issuer keeps its keys in a file."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.rotate(*names or ("one",))
        (folder / "access.yaml").write_text(ACCESS)
        self.clock = Clock()
        self.callers = KnownCallers(
            AccessFile(folder / "access.yaml", catalogue()),
            catalogue(),
            lambda region, granted: False,
            monotonic=self.clock,
        )

    def rotate(self, *names: str) -> None:
        (self.folder / "keys.json").write_text(json.dumps(jwks(*names)))

    async def of(self, token: str) -> Caller:
        return await self.callers.of(f"Bearer {token}", cast("Any", Context()))

    async def refusal(self, token: str) -> tuple[str, str]:
        """The reason, and the fault where there is one."""
        with pytest.raises(Refusal) as raised:
            await self.of(token)
        assert not token or token not in str(raised.value) + str(raised.value.metadata)
        return raised.value.reason_name, raised.value.metadata.get("fault", "")


@pytest.fixture
async def issuing(tmp_path: Path) -> Issuing:
    made = Issuing(tmp_path)
    await made.callers.begin()
    return made


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "licensing", "iat": now, "exp": now + 600} | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(by: str = "one", kid: str | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key(by), "ES256", headers={"kid": kid or by})


async def test_a_token_says_who_calls(issuing: Issuing) -> None:
    caller = await issuing.of(signed())
    assert (caller.principal, caller.authority) == ("licensing", "DEMO-LICENSING")
    assert (await issuing.of(signed(aud=["other", AUDIENCE]))).principal == "licensing"


def unsigned() -> str:
    return jwt.encode(claims(), "", "none", headers={"kid": "one"})


def signed_with_the_public_key() -> str:
    """The old trick: an HMAC, whose secret is what everybody can read."""
    # By hand, as the library makes no such token.
    secret = json.dumps(jwks("one")["keys"][0]).encode()
    signing = b".".join(encoded(part) for part in ({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims()))
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signing, "sha256")).rstrip(b"=")
    return (signing + b"." + signature).decode()


def encoded(part: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def by_another_kind_of_key() -> str:
    return jwt.encode(claims(), rsa_key(), "RS256", headers={"kid": "one"})


def with_another_payload() -> str:
    header, _, signature = signed().split(".")
    payload = signed(sub="auditor").split(".")[1]
    return ".".join((header, payload, signature))


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (unsigned, Fault.WRONG_ALGORITHM),
        (signed_with_the_public_key, Fault.WRONG_ALGORITHM),
        (by_another_kind_of_key, Fault.WRONG_ALGORITHM),
        (with_another_payload, Fault.BAD_SIGNATURE),
        (lambda: signed("two", kid="one"), Fault.BAD_SIGNATURE),
        (lambda: signed("two"), Fault.UNKNOWN_KEY),
        (lambda: signed(iss="https://other.example"), Fault.UNKNOWN_ISSUER),
        (lambda: signed(iss=None), Fault.UNKNOWN_ISSUER),
        (lambda: signed(aud="another-service"), Fault.WRONG_AUDIENCE),
        (lambda: signed(aud=None), Fault.MISSING_CLAIM),
        (lambda: signed(exp=None), Fault.MISSING_CLAIM),
        (lambda: signed(sub=None), Fault.MISSING_CLAIM),
        (lambda: signed(nbf=int(time.time()) + 300), Fault.NOT_YET_VALID),
        (lambda: signed()[:-22], Fault.BAD_SIGNATURE),
        (lambda: signed().rpartition(".")[0], Fault.MALFORMED),
        (lambda: "\N{SNOWMAN}.a.b", Fault.MALFORMED),
        (lambda: "x" * 9000, Fault.MALFORMED),
        (lambda: "", Fault.MALFORMED),
    ],
)
async def test_a_token_that_proves_nothing(issuing: Issuing, token: Callable[[], str], fault: Fault) -> None:
    assert await issuing.refusal(token()) == ("CREDENTIALS_INVALID", fault)


async def test_a_token_past_its_end(issuing: Issuing) -> None:
    assert await issuing.refusal(signed(exp=int(time.time()) - 60)) == ("CREDENTIALS_EXPIRED", "")
    # Clocks differ: a little late is not late.
    assert (await issuing.of(signed(exp=int(time.time()) - 5))).principal == "licensing"


async def test_a_genuine_token_of_somebody_else(issuing: Issuing) -> None:
    assert await issuing.refusal(signed(sub="stranger")) == ("PRINCIPAL_UNKNOWN", "")


async def test_a_new_keys_first_token_is_taken(issuing: Issuing) -> None:
    issuing.rotate("one", "two")
    issuing.clock.now += SHORTEST_PAUSE
    assert (await issuing.of(signed("two"))).principal == "licensing"


async def test_whatever_callers_send_an_issuer_is_asked_no_more_often_than_is_decent() -> None:
    clock, asked = Clock(), []

    def read() -> bytes:
        asked.append(clock.now)
        return json.dumps(jwks("one")).encode()

    keys = IssuerKeys(ISSUED, clock, read)
    for _ in range(50):
        await asyncio.gather(*(keys.refresh() for _ in range(4)))
    assert asked == [1000.0]
    clock.now += SHORTEST_PAUSE
    await keys.refresh()
    assert asked == [1000.0, 1000.0 + SHORTEST_PAUSE]


ISSUED = Issuer(ISSUER, AUDIENCE, ("ES256",), "sub", 30, keys_file="keys.json")


async def test_a_key_that_its_issuer_withdrew_is_no_longer_taken(issuing: Issuing) -> None:
    token = signed()
    assert await issuing.of(token)
    issuing.rotate("two")
    issuing.clock.now += FRESH_SECONDS
    await issuing.callers.tick()
    await asyncio.gather(*issuing.callers._reading)
    assert await issuing.refusal(signed(jti="another")) == ("CREDENTIALS_INVALID", Fault.UNKNOWN_KEY)


async def test_keys_that_cannot_be_read_stay_for_a_day_and_no_longer() -> None:
    clock, working = Clock(), True

    def read() -> bytes:
        if working:
            return json.dumps(jwks("one")).encode()
        raise OSError("no such file")

    keys = IssuerKeys(ISSUED, clock, read)
    await keys.refresh()
    working = False
    clock.now += LONGEST_USE - 1
    await keys.refresh()
    assert keys.find("one") is not None
    clock.now += 2
    with pytest.raises(KeysUnavailable):
        keys.find("one")


async def test_without_any_key_nobody_is_taken_and_nobody_is_refused_for_good(issuing: Issuing) -> None:
    token = jwt.encode(claims(iss="https://empty.example"), rsa_key(), "RS256", headers={"kid": "one"})
    assert await issuing.refusal(token) == ("IDENTITY_UNAVAILABLE", "")


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"keys": 3}', b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'])
def test_what_is_no_key_set_gives_no_key(raw: bytes) -> None:
    try:
        found = keys_in(raw)
    except (ValueError, jwt.PyJWTError):
        return
    assert found == {}


async def test_a_key_set_without_end_is_not_read(tmp_path: Path) -> None:
    made = Issuing(tmp_path)
    (tmp_path / "keys.json").write_bytes(b" " * (LARGEST_SET + 1))
    await made.callers.begin()
    assert await made.refusal(signed()) == ("IDENTITY_UNAVAILABLE", "")


async def test_a_secret_is_no_key_of_an_issuer() -> None:
    public = json.loads(RSAAlgorithm.to_jwk(rsa_key().public_key())) | {"kid": "one", "use": "enc"}
    assert keys_in(json.dumps({"keys": [public, *jwks("two")["keys"]]}).encode()).keys() == {"two"}


# The access file, while the service runs


async def test_whoever_is_taken_out_of_the_file_is_nobody_at_once(issuing: Issuing) -> None:
    token = signed()
    assert await issuing.of(token)
    (issuing.folder / "access.yaml").write_text(ACCESS.replace("subject: licensing}", "subject: someone-else}"))
    await issuing.callers.tick()
    assert await issuing.refusal(token) == ("PRINCIPAL_UNKNOWN", "")


async def test_a_file_with_a_mistake_changes_nothing(issuing: Issuing) -> None:
    (issuing.folder / "access.yaml").write_text(ACCESS.replace("role: checker", "role: king"))
    await issuing.callers.tick()
    assert (await issuing.of(signed())).principal == "licensing"


async def test_what_a_caller_has_left_outlives_a_change_of_the_file(issuing: Issuing) -> None:
    before = (await issuing.of(signed())).allowance
    (issuing.folder / "access.yaml").write_text(ACCESS + "# changed\n")
    await issuing.callers.tick()
    assert (await issuing.of(signed())).allowance is before
