"""Signing in to the console at an issuer's own page, over a node whose access file trusts that issuer.

In a browser too, which alone knows what a cookie's `SameSite` and a page's policy come to.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import RULES, fits, violations
from tests.contract.cases_service import PATIENCE
from tests.contract.loaded import load
from tests.contract.test_console_in_a_browser import COLOURS
from tests.node import RunningNode
from tests.oidc_provider import AUDIENCE, CLIENT_ID, USER, Provider, serving
from tests.parties import access_file, entry

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("browser"), pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True)
class Trusted:
    """A node, and the provider that it trusts: another site, as browsers see it."""

    node: RunningNode
    provider: Provider

    @property
    def console(self) -> str:
        """The address that the console's begin with."""
        return f"http://{self.node.web}/console"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusted]:
    data_dir = tmp_path_factory.mktemp("trusting")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        web = f"127.0.0.1:{found.getsockname()[1]}"
    with serving() as provider:
        (data_dir / "keys.json").write_text(json.dumps({"keys": [provider.jwk]}))
        issuer = {
            "issuer": provider.issuer, "audience": AUDIENCE, "algorithms": ["ES256"], "keys_file": "keys.json"
        }  # fmt: skip
        known = entry(USER, [{"role": "auditor"}], claims=[{"issuer": provider.issuer, "subject": USER}])
        (data_dir / "access.yaml").write_text(access_file(known, issuers=[issuer]), "utf-8")
        running = RunningNode(
            data_dir,
            access=data_dir / "access.yaml",
            web_listen=web,
            console_address=f"http://{web}",
            console_oidc_issuer=provider.issuer,
            console_oidc_client_id=CLIENT_ID,
        )
        with load(data_dir), running as node:
            yield Trusted(node, provider)


@pytest.fixture
def provider(trusted: Trusted) -> Iterator[Provider]:
    """The provider, which behaves again after a test."""
    found = trusted.provider
    yield found
    found.refuses, found.access_claims, found.id_claims = "", {}, {}


@contextmanager
def signed_in(trusted: Trusted) -> Iterator[tuple[httpx.Client, httpx.Response]]:
    """A client that went to the issuer and back, and what it was answered there."""
    with httpx.Client(timeout=PATIENCE, follow_redirects=True, trust_env=False) as client:
        yield client, client.get(f"{trusted.console}/sign-in/oidc")


def test_whom_the_access_file_knows_by_the_issuer_reads_what_an_auditor_may(
    trusted: Trusted, provider: Provider
) -> None:
    with signed_in(trusted) as (client, answer):
        assert answer.status_code == 200
        assert client.get(f"{trusted.console}/checks", follow_redirects=False).status_code == 200
        assert client.get(f"{trusted.console}/reports/coverage", follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": "somebody-else"},
        {"aud": "another-service"},
        {"iss": "https://other.example"},
        {"exp": 1_700_000_000},
    ],
    ids=str,
)
def test_whatever_the_issuer_signs_the_service_judges_it(
    trusted: Trusted, provider: Provider, wrong: dict[str, object]
) -> None:
    provider.access_claims = wrong
    with signed_in(trusted) as (client, answer):
        assert answer.status_code == 401
        assert client.get(f"{trusted.console}/checks", follow_redirects=False).status_code == 303


def test_in_a_browser_one_signs_in_there_and_reads_on_here(
    trusted: Trusted, provider: Provider, chrome: Browser
) -> None:
    context = chrome.new_context(locale="zh-CN")
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    page.goto(f"{trusted.console}/patterns")
    for scheme, rules in (("light", RULES), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page, rules) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert fits(page)
    page.get_by_role("link", name="以单位统一身份登录").click()
    expect(page.get_by_role("heading", level=1, name="值得人工查看的线索")).to_be_visible()
    assert page.url == f"{trusted.console}/patterns"
    page.reload()
    expect(page.get_by_role("heading", level=1, name="值得人工查看的线索")).to_be_visible()
    assert {cookie["name"] for cookie in context.cookies()} == {"clearway-console"}
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("访问令牌")).to_be_visible()
    provider.refuses = "access_denied"
    page.get_by_role("link", name="以单位统一身份登录").click()
    expect(page.get_by_role("alert")).to_contain_text("未准许登录")
    assert violations(page) == []
    assert fits(page)
    page.get_by_role("link", name="登录").click()
    expect(page.get_by_label("访问令牌")).to_be_visible()
    assert [fault for fault in faults if "Content Security Policy" in fault] == []
