"""Signing in at an issuer's page: what comes back must be the answer to what was begun here, and opens what the service
says. Whatever is wrong is told in words of ours, begins no session, and leads nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import httpx
import jwt
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from clearway.server.keys import load_oidc_secret
from clearway.server.settings import Settings
from clearway.web.console.oidc.faults import TOLD, Fault
from clearway.web.console.oidc.issuer import stated_in
from clearway.web.console.sessions import LONGEST_TOKEN
from clearway.web.console.words import WORDS
from tests.oidc_provider import CLIENT_ID, Provider
from tests.unit.web.console.visiting import CODE, ORIGIN, Clock, ScriptedWorkers, Visitor, a_summary, ended, pages_of
from tests.unit.web.console.visiting import visiting as visiting_console

ISSUER = "https://id.example"
BEGIN = "/console/sign-in/oidc?next=/console/patterns"
GIVEN: dict[str, Any] = {
    "console_address": ORIGIN,
    "console_oidc_issuer": ISSUER,
    "console_oidc_client_id": CLIENT_ID,
}


class AnyToken(ScriptedWorkers):
    """Workers that know whoever shows a token."""

    async def unary(self, method: str, request: bytes, metadata: Any, timeout: float) -> bytes:  # noqa: ASYNC109
        said = dict(metadata).get("authorization", "")
        if not said or self.good_token:
            self.tokens.append(said)
            raise ended(grpc.StatusCode.UNAUTHENTICATED)
        return await super().unary(method, request, metadata, timeout)


@dataclass
class Meeting:
    """A visitor, the provider, and the workers."""

    visitor: Visitor
    provider: Provider
    workers: AnyToken
    clock: Clock

    async def at_issuer(self) -> str:
        """Begin, and be signed in at the issuer: the address that it leads back to."""
        begun = await self.visitor.get(BEGIN)
        assert begun.status_code == 303, begun.text
        transport = httpx.ASGITransport(self.provider.app)
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.get(begun.headers["location"])
        assert answer.status_code == 303
        return str(answer.headers["location"])

    async def sign_in(self) -> httpx.Response:
        """All of it."""
        return await self.visitor.get(await self.at_issuer())


@pytest.fixture
def workers() -> AnyToken:
    found = AnyToken()
    found.answers["SearchChecks"] = pages_of([a_summary()])
    return found


@pytest.fixture
async def meeting(workers: AnyToken) -> AsyncIterator[Meeting]:
    clock, provider = Clock(), Provider(ISSUER)
    transport = httpx.ASGITransport(provider.app)
    async with visiting_console(workers, clock, transport, **GIVEN) as visitor:
        # A library reads the wall clock where it judges a token; sessions are judged by the test's.
        provider.access_claims = {"exp": int(clock.now.timestamp()) + 600}
        yield Meeting(visitor, provider, workers, clock)


def told(answer: httpx.Response, fault: Fault) -> None:
    """The answer is the page of that fault, in words of ours alone."""
    name, status = TOLD[fault]
    assert answer.status_code == status
    assert WORDS[name].en in answer.text
    assert "told by the issuer" not in answer.text
    assert "content-security-policy" in answer.headers
    assert "form-action 'self'" in answer.headers["content-security-policy"]


async def nobody(meeting: Meeting) -> None:
    """There is no session, and nothing is left of the sign-in."""
    assert (await meeting.visitor.get("/console/checks")).headers["location"].startswith("/console/sign-in")
    assert "clearway-signing-in" not in meeting.visitor.cookies


# The way there and back


async def test_the_page_offers_the_issuers_beside_the_token(meeting: Meeting) -> None:
    page = (await meeting.visitor.get("/console/sign-in?next=/console/patterns")).text
    assert f'href="{ORIGIN}/console/sign-in/oidc?next=%2Fconsole%2Fpatterns"' in page
    assert 'name="token"' in page


async def test_where_no_issuer_is_named_there_is_no_way_to_one(workers: AnyToken) -> None:
    async with visiting_console(workers, Clock()) as visitor:
        assert "oidc" not in (await visitor.get("/console/sign-in")).text
        assert (await visitor.get("/console/sign-in/oidc")).status_code == 404
        assert (await visitor.get("/console/sign-in/back?code=1&state=1")).status_code == 404


async def test_the_issuer_is_asked_for_a_code_under_a_challenge_and_for_our_own_address(meeting: Meeting) -> None:
    begun = await meeting.visitor.get(BEGIN, host="clearway.example", **{"x-forwarded-host": "evil.example"})
    address = urlsplit(begun.headers["location"])
    asked = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{ISSUER}/authorize"
    assert asked["redirect_uri"] == f"{ORIGIN}/console/sign-in/back"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    (cookie,) = (kept for kept in begun.headers.get_list("set-cookie") if kept.startswith("clearway-signing-in="))
    for words in ("HttpOnly", "Secure", "SameSite=lax", "Path=/console/sign-in", "Max-Age=600"):
        assert words in cookie
    assert asked["state"] not in cookie


async def test_two_sign_ins_have_nothing_in_common(meeting: Meeting) -> None:
    begun = [await meeting.visitor.get(BEGIN) for _ in range(2)]
    first, second = (parse_qs(urlsplit(answer.headers["location"]).query) for answer in begun)
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


async def test_who_signed_in_goes_on_where_they_were_going_with_the_issuers_token(meeting: Meeting) -> None:
    answer = await meeting.sign_in()
    assert answer.status_code == 200
    assert 'content="0; url=/console/patterns"' in answer.text
    assert CODE in (await meeting.visitor.get("/console/checks")).text
    shown = meeting.workers.tokens[-1].removeprefix("Bearer ")
    assert shown.count(".") == 2
    assert shown not in answer.text
    session = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("clearway-console="))
    assert "SameSite=strict" in session
    assert "clearway-signing-in" not in meeting.visitor.cookies


@pytest.mark.parametrize(("kind", "audience"), [("access_token", "clearway"), ("id_token", CLIENT_ID)])
async def test_the_service_is_shown_the_token_that_the_setting_names(
    workers: AnyToken, kind: str, audience: str
) -> None:
    clock, provider = Clock(), Provider(ISSUER)
    async with visiting_console(
        workers, clock, httpx.ASGITransport(provider.app), **GIVEN, console_oidc_token=kind
    ) as visitor:
        assert (await Meeting(visitor, provider, workers, clock).sign_in()).status_code == 200
    token = workers.tokens[-1].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == audience


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_shows_it_as_the_issuer_wants(workers: AnyToken, method: str) -> None:
    secret = "a secret: with + signs%"
    clock, provider = Clock(), Provider(ISSUER, secret=secret)
    provider.document = {"token_endpoint_auth_methods_supported": [method]}
    transport = httpx.ASGITransport(provider.app)
    async with visiting_console(workers, clock, transport, **GIVEN, console_oidc_client_secret=secret) as visitor:
        assert (await Meeting(visitor, provider, workers, clock).sign_in()).status_code == 200


async def test_a_client_that_the_issuer_does_not_take_is_no_fault_of_the_visitor_s(meeting: Meeting) -> None:
    meeting.provider.secret = "which we do not have"
    told(await meeting.sign_in(), Fault.CLIENT)
    await nobody(meeting)


async def test_a_session_ends_with_its_token(meeting: Meeting) -> None:
    await meeting.sign_in()
    meeting.clock.passes(minutes=9)
    assert (await meeting.visitor.get("/console/checks")).status_code == 200
    meeting.clock.passes(minutes=2)
    asked = len(meeting.workers.asked)
    assert (await meeting.visitor.get("/console/checks")).status_code == 303
    assert len(meeting.workers.asked) == asked


async def test_the_language_is_kept_although_its_cookie_does_not_come_back(meeting: Meeting) -> None:
    meeting.provider.refuses = "access_denied"
    await meeting.visitor.get("/console/language?to=zh-CN")
    back = await meeting.at_issuer()
    meeting.visitor.cookies.delete("clearway-language")
    assert WORDS["oidc_refused"].zh in (await meeting.visitor.get(back)).text


# What goes wrong


async def test_an_answer_to_another_sign_in_is_none(meeting: Meeting) -> None:
    back = await meeting.at_issuer()
    told(await meeting.visitor.get(back.replace("state=", "state=x")), Fault.STATE)
    assert meeting.provider.asked.count("token") == 0
    await nobody(meeting)


async def test_an_answer_that_this_browser_never_asked_for_is_none(meeting: Meeting) -> None:
    back = await meeting.at_issuer()
    meeting.visitor.cookies.delete("clearway-signing-in")
    told(await meeting.visitor.get(back), Fault.STATE)
    assert meeting.provider.asked.count("token") == 0


async def test_a_stranger_s_answer_does_not_end_a_session(meeting: Meeting) -> None:
    await meeting.sign_in()
    told(await meeting.visitor.get("/console/sign-in/back?code=1&state=1"), Fault.STATE)
    assert (await meeting.visitor.get("/console/checks")).status_code == 200


async def test_a_sign_in_that_took_too_long_is_begun_anew(meeting: Meeting) -> None:
    back = await meeting.at_issuer()
    meeting.clock.passes(minutes=10)
    told(await meeting.visitor.get(back), Fault.STATE)


async def test_a_code_works_once(meeting: Meeting) -> None:
    back = await meeting.at_issuer()
    kept = meeting.visitor.cookies["clearway-signing-in"]
    assert (await meeting.visitor.get(back)).status_code == 200
    told(await meeting.visitor.get(back), Fault.STATE)
    meeting.visitor.cookies.set("clearway-signing-in", kept, "clearway.example", "/console/sign-in")
    told(await meeting.visitor.get(back), Fault.CODE)


async def test_a_code_of_another_sign_in_does_not_pass_the_challenge(meeting: Meeting) -> None:
    stolen = parse_qs(urlsplit(await meeting.at_issuer()).query)["code"][0]
    own = await meeting.at_issuer()
    code = parse_qs(urlsplit(own).query)["code"][0]
    told(await meeting.visitor.get(own.replace(code, stolen)), Fault.CODE)
    await nobody(meeting)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"azp": "another-client"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_this_sign_ins_begins_no_session(meeting: Meeting, wrong: dict[str, Any]) -> None:
    meeting.provider.id_claims = wrong
    told(await meeting.sign_in(), Fault.PROOF)
    assert meeting.workers.tokens == []
    await nobody(meeting)


async def test_an_id_token_of_another_key_begins_no_session(meeting: Meeting) -> None:
    meeting.provider.signs_with = ec.generate_private_key(ec.SECP256R1())
    told(await meeting.sign_in(), Fault.PROOF)


async def test_a_key_that_the_issuer_has_since_is_read(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    back = await meeting.at_issuer()
    meeting.provider.kid = "key-2"
    monkeypatch.setattr("clearway.web.console.oidc.issuer.SHORTEST_PAUSE", 0.0)
    assert (await meeting.visitor.get(back)).status_code == 200


@pytest.mark.parametrize("answer", [{"iss": "https://other.example"}, {"iss": ""}])
async def test_an_answer_of_another_issuer_is_none(meeting: Meeting, answer: dict[str, str]) -> None:
    meeting.provider.answer = answer
    told(await meeting.sign_in(), Fault.PROOF)
    assert meeting.provider.asked.count("token") == 0


async def test_who_was_refused_there_is_told_so_and_nothing_of_what_the_issuer_said(meeting: Meeting) -> None:
    meeting.provider.refuses = "access_denied"
    told(await meeting.sign_in(), Fault.REFUSED)
    await nobody(meeting)


async def test_an_issuer_that_is_away_is_said_to_be_before_anybody_is_sent_there(meeting: Meeting) -> None:
    meeting.provider.is_away = True
    told(await meeting.visitor.get(BEGIN), Fault.AWAY)
    asked = len(meeting.provider.asked)
    for _ in range(5):
        told(await meeting.visitor.get(BEGIN), Fault.AWAY)
    assert len(meeting.provider.asked) == asked


async def test_an_issuer_that_goes_away_meanwhile_is_said_to_be(meeting: Meeting) -> None:
    back = await meeting.at_issuer()
    meeting.provider.is_away = True
    told(await meeting.visitor.get(back), Fault.AWAY)
    await nobody(meeting)


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("10.0.0.7 refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("x"), OSError("x")],
)
async def test_no_way_to_the_issuer_tells_nothing_of_the_network(workers: AnyToken, fault: Exception) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise fault

    async with visiting_console(workers, Clock(), httpx.MockTransport(broken), **GIVEN) as visitor:
        answer = await visitor.get(BEGIN)
    told(answer, Fault.AWAY)
    assert "10.0.0.7" not in answer.text


async def test_whom_the_service_does_not_know_begins_no_session(meeting: Meeting) -> None:
    meeting.workers.good_token = "another"
    told(await meeting.sign_in(), Fault.NOT_ACCEPTED)
    await nobody(meeting)


async def test_a_token_too_long_for_a_cookie_begins_no_session(meeting: Meeting) -> None:
    meeting.provider.access_claims = {"groups": "x" * LONGEST_TOKEN}
    told(await meeting.sign_in(), Fault.TOO_LONG)
    await nobody(meeting)


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/console/\\evil", "/healthz"])
async def test_signing_in_leads_nowhere_but_to_the_console(meeting: Meeting, onward: str) -> None:
    begun = await meeting.visitor.get(f"/console/sign-in/oidc?next={onward}")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(meeting.provider.app)) as client:
        back = (await client.get(begun.headers["location"])).headers["location"]
    answer = await meeting.visitor.get(back)
    assert 'content="0; url=/console/checks"' in answer.text
    assert "evil" not in answer.text


async def test_why_a_sign_in_failed_is_logged_without_what_was_sent(meeting: Meeting) -> None:
    meeting.provider.id_claims = {"nonce": "another"}
    with structlog.testing.capture_logs() as logs:
        await meeting.sign_in()
    assert logs == [{"event": "oidc_sign_in_failed", "fault": "id_token_wrong", "log_level": "warning"}]


# The discovery document


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda stated: {key: value for key, value in stated.items() if key != name}


STATED = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/a",
    "token_endpoint": f"{ISSUER}/t",
    "jwks_uri": f"{ISSUER}/k",
}


@pytest.mark.parametrize(
    "changed",
    [
        lambda stated: stated | {"issuer": "https://other.example"},
        lambda stated: stated | {"issuer": ISSUER + "/"},
        lambda stated: stated | {"token_endpoint": "http://id.example/t"},
        lambda stated: stated | {"authorization_endpoint": "javascript:alert(1)"},
        lambda stated: stated | {"jwks_uri": "file:///etc/passwd"},
        lambda stated: stated | {"jwks_uri": 7},
        lambda stated: [stated],
        without("token_endpoint"),
        without("jwks_uri"),
    ],
)
async def test_a_discovery_document_that_is_not_the_issuers_leads_nowhere(
    workers: AnyToken, changed: Callable[[dict[str, Any]], Any]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=changed(STATED)))
    async with visiting_console(workers, Clock(), transport, **GIVEN) as visitor:
        told(await visitor.get(BEGIN), Fault.AWAY)


def test_a_discovery_document_may_say_more_than_is_used() -> None:
    raw = httpx.Response(200, json=STATED | {"scopes_supported": ["openid"]}).content
    assert stated_in(raw, ISSUER).token_endpoint == f"{ISSUER}/t"


async def test_an_answer_without_end_is_not_read_to_its_end(workers: AnyToken) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b" " * (2 << 20)))
    async with visiting_console(workers, Clock(), transport, **GIVEN) as visitor:
        told(await visitor.get(BEGIN), Fault.AWAY)


async def test_a_redirect_of_the_issuers_is_not_followed(workers: AnyToken) -> None:
    asked: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": "https://elsewhere.example/"})

    async with visiting_console(workers, Clock(), httpx.MockTransport(elsewhere), **GIVEN) as visitor:
        told(await visitor.get(BEGIN), Fault.AWAY)
    assert asked == [f"{ISSUER}/.well-known/openid-configuration"]


# The settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"console_oidc_client_id": ""},
        {"console_address": ""},
        {"console_address": "https://elsewhere.example"},
        {"console_address": ORIGIN + "/console"},
        {"console_address": "http://clearway.example"},
        {"console_oidc_issuer": "http://id.example"},
        {"console_oidc_issuer": "id.example"},
        {"console_oidc_scopes": "profile"},
        {"console_oidc_token": "refresh_token"},
    ],
    ids=str,
)
def test_a_way_to_sign_in_that_is_not_whole_or_not_safe_is_refused_at_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, web_origins=ORIGIN, **{**GIVEN, **wrong})


def test_the_secret_is_shown_nowhere_and_read_from_its_file(tmp_path: Any) -> None:
    given = Settings(_env_file=None, web_origins=ORIGIN, console_oidc_client_secret="s3cret", **GIVEN)
    assert "s3cret" not in repr(given)
    assert "s3cret" not in str(given.redacted())
    assert load_oidc_secret(given) == "s3cret"
    beside = Settings(_env_file=None, web_origins=ORIGIN, data_dir=tmp_path, **GIVEN)
    assert load_oidc_secret(beside) == ""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "oidc.secret").write_text("from the file\n")
    assert load_oidc_secret(beside) == "from the file"
