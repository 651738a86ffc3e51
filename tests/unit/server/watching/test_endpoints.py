"""The endpoints' file: what it may say, and what it is refused for, without a secret being told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from clearway.server.watching.endpoints import WebhooksRejected, load_webhooks
from tests.unit.server.calls import catalogue

SECRET = base64.b64encode(bytes(range(32))).decode()
ENTRY: dict[str, Any] = {
    "name": "licensing",
    "url": "https://licensing.example/changes",
    "authority": "DEMO-LICENSING",
    "secret_env": "A_WEBHOOK_SECRET",
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_WEBHOOK_SECRET", SECRET)


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "webhooks.yaml"
    file.write_text(json.dumps({"endpoints": list(entries)}))
    return file


def without(*names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (ENTRY | changes).items() if name not in names}


def test_a_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    (endpoint,) = load_webhooks(written(tmp_path, ENTRY), catalogue())
    assert (endpoint.timeout, endpoint.longest_wait.days) == (10.0, 7)
    assert len(endpoint.signers()) == 1


def test_a_secret_may_stand_in_a_file_and_have_a_successor(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\nwhsec_{SECRET}\n")
    entry = without("secret_env", secret_file=str(tmp_path / "secret"))
    (endpoint,) = load_webhooks(written(tmp_path, entry), catalogue())
    assert len(endpoint.signers()) == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]:1/x"])
def test_plain_http_may_lead_to_this_machine(tmp_path: Path, url: str) -> None:
    assert load_webhooks(written(tmp_path, without(url=url)), catalogue())[0].url == url


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (without(url="http://licensing.example/"), "use https"),
        (without(url="ftp://licensing.example/"), "https://"),
        (without(url="https:///x"), "name a host"),
        (without(url="https://u:p@licensing.example/"), "must not hold a user"),
        (without("secret_env"), "either secret_env or secret_file"),
        (without(secret_file="x"), "either secret_env or secret_file"),
        (without(secret=SECRET), "Extra inputs are not permitted"),
        (without(name="Licensing Office"), "name"),
        (without(timeout=0), "timeout"),
        (without(authority="NOBODY"), "the catalogue has no authority"),
        (without(secret_env="NO_SUCH_VARIABLE"), "there is no secret in $NO_SUCH_VARIABLE"),
        (without("secret_env", secret_file="no/such/file"), "secret_file cannot be read"),
        (without(ca_file="no/such/file"), "ca_file cannot be read"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path: Path, entry: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WebhooksRejected) as rejected:
        load_webhooks(written(tmp_path, entry), catalogue())
    assert complaint in str(rejected.value)
    assert SECRET not in str(rejected.value)


@pytest.mark.parametrize("secret", ["a pass phrase, long enough for sure", base64.b64encode(b"short").decode(), "   "])
def test_a_secret_that_is_none_is_refused_without_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("A_WEBHOOK_SECRET", secret)
    with pytest.raises(WebhooksRejected) as rejected:
        load_webhooks(written(tmp_path, ENTRY), catalogue())
    assert secret not in str(rejected.value)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(WebhooksRejected, match="two endpoints have one name"):
        load_webhooks(written(tmp_path, ENTRY, ENTRY), catalogue())


@pytest.mark.parametrize("text", [b"", b"[]", b"endpoints: []", b"endpoints: {", b"\xff\xfe\x00", b"endpoints: 7"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "webhooks.yaml").write_bytes(text)
    with pytest.raises(WebhooksRejected):
        load_webhooks(tmp_path / "webhooks.yaml", catalogue())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WebhooksRejected, match="cannot be read"):
        load_webhooks(tmp_path / "nothing.yaml", catalogue())
