"""Reading an address: conditional, limited, retried, checked, and careful with secrets."""

from __future__ import annotations

import threading
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearway.registry.fetching import http
from clearway.registry.fetching.http import ATTEMPTS, HttpReader
from clearway.registry.fetching.source import Got, NotModified, Seen, SourceFault, SourceUnavailable
from clearway.registry.schedule import UrlSource
from tests.unit.registry.fetching.sources import START, URL, Site

BODY = b"a,b\n1,2\n"


@pytest.fixture
def site() -> Site:
    return Site(BODY)


def read(site: Site, into: Path, seen: Seen = Seen(), **fields: Any) -> Any:  # noqa: B008 - a frozen default
    source = UrlSource.model_validate({"url": URL} | fields)
    reader = HttpReader(source, threading.Event(), httpx.MockTransport(site), first_wait=0.001)
    return reader.read(seen, into, START)


def failure(site: Site, into: Path, **fields: Any) -> str:
    with pytest.raises(SourceUnavailable) as failed:
        read(site, into, **fields)
    assert failed.value.fault in SourceFault
    return failed.value.detail


def test_a_file_comes_with_its_checksum_and_validators(site: Site, tmp_path: Path) -> None:
    found = read(site, tmp_path)
    assert found == Got(tmp_path / "download", "csl.csv", sha256(BODY).hexdigest(), START, site.etag, "")
    assert found.path.read_bytes() == BODY


def test_both_validators_are_sent(site: Site, tmp_path: Path) -> None:
    seen = Seen(site.etag, "Mon, 04 May 2026 00:00:00 GMT")
    assert read(site, tmp_path, seen) == NotModified(START)
    assert site.asked[0].headers["if-modified-since"] == seen.last_modified


def test_not_modified_without_having_asked_is_no_answer(site: Site, tmp_path: Path) -> None:
    site.answers = [httpx.Response(304)]
    assert failure(site, tmp_path) == "the source answers with status 304"


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route to secret.example", request=request)


@pytest.mark.parametrize(
    "fault", [lost, httpx.Response(503), httpx.Response(429), httpx.Response(500)], ids=["lost", "503", "429", "500"]
)
def test_a_passing_fault_is_tried_again(site: Site, tmp_path: Path, fault: Any) -> None:
    site.answers = [fault, fault]
    assert isinstance(read(site, tmp_path), Got)
    assert len(site.asked) == 3


def test_tries_end(site: Site, tmp_path: Path) -> None:
    site.answers = [lost] * 9
    assert failure(site, tmp_path) == "the source cannot be reached (ConnectError)"
    assert len(site.asked) == ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(site: Site, tmp_path: Path, status: int) -> None:
    site.answers = [httpx.Response(status)]
    assert failure(site, tmp_path) == f"the source answers with status {status}"
    assert len(site.asked) == 1


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("Mon, 04 May 2026 06:00:05 GMT", 5.0)])
def test_the_wait_that_a_source_asks_for_is_kept(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, waited: float
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(http, "sleep_using_event", lambda _: slept.append)
    monkeypatch.setattr("clearway.registry.fetching.http.time.time", START.timestamp)
    site.answers = [httpx.Response(503, headers={"retry-after": asked})]
    assert isinstance(read(site, tmp_path), Got)
    assert slept == [waited]


def test_a_source_that_asks_for_long_is_left_until_the_next_reading(site: Site, tmp_path: Path) -> None:
    site.answers = [httpx.Response(429, headers={"retry-after": "3600"})]
    assert "3600 s" in failure(site, tmp_path)
    assert len(site.asked) == 1


def test_a_node_that_stops_does_not_wait_for_a_source(site: Site, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    site.answers = [lost] * 9
    with pytest.raises(SourceUnavailable):
        HttpReader(UrlSource(url=URL), stop, httpx.MockTransport(site)).read(Seen(), tmp_path, START)
    assert len(site.asked) == 1


def test_a_file_may_not_be_longer_than_the_feed_allows(site: Site, tmp_path: Path) -> None:
    assert failure(site, tmp_path, max_bytes=len(BODY) - 1) == "the file is longer than the feed allows"
    assert isinstance(read(site, tmp_path, max_bytes=len(BODY)), Got)


def test_a_download_may_not_take_longer_than_the_feed_allows(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count(0, 1000)
    monkeypatch.setattr("clearway.registry.fetching.http.time.monotonic", lambda: next(ticks))
    assert failure(site, tmp_path, timeout="5m") == "the download took longer than the feed allows"


def test_a_published_checksum_is_held_to(site: Site, tmp_path: Path) -> None:
    right, wrong = sha256(BODY).hexdigest(), sha256(b"other").hexdigest()
    address = "https://lists.example/csl.csv.sha256"
    for text in (right, f"{right.upper()}  csl.csv\n", f"{wrong}  other.csv\n{right} *csl.csv\n"):
        site.pages["/csl.csv.sha256"] = text.encode()
        assert isinstance(read(site, tmp_path, sha256=address), Got)
    site.pages["/csl.csv.sha256"] = wrong.encode()
    assert failure(site, tmp_path, sha256=address) == "the file does not match its published checksum"
    site.pages["/csl.csv.sha256"] = b"<html>none</html>"
    assert failure(site, tmp_path, sha256=address) == "the published checksum is no SHA-256 of this file"
    site.pages["/csl.csv.sha256"] = b"x" * (1 << 20)
    assert "too long" in failure(site, tmp_path, sha256=address)


# Redirects and secrets


def redirect(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": to})


def test_a_redirect_is_followed_and_the_secret_stays_with_its_host(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIST_TOKEN", " secret\n")
    site.answers = [redirect("/moved.csv"), redirect("https://elsewhere.example/list.csv")]
    found = read(site, tmp_path, headers={"X-Token": {"env": "LIST_TOKEN"}})
    assert found.name == "list.csv"
    assert [request.headers.get("x-token") for request in site.asked] == ["secret", "secret", None]


@pytest.mark.parametrize("to", ["http://lists.example/csl.csv", "file:///etc/passwd", "ftp://lists.example/x"])
def test_a_redirect_to_somewhere_less_safe_is_refused(site: Site, tmp_path: Path, to: str) -> None:
    site.answers = [redirect(to)]
    assert failure(site, tmp_path) == "the source redirects to an address that is not as safe"


def test_redirects_end(site: Site, tmp_path: Path) -> None:
    site.answers = [redirect("/again")] * 20
    assert failure(site, tmp_path) == "the source redirects more than 5 times"


def test_a_secret_may_come_from_a_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    read(site, tmp_path, headers={"Authorization": {"file": str(tmp_path / "token")}})
    assert site.asked[0].headers["authorization"] == "from a file"


@pytest.mark.parametrize("place", [{"env": "NOT_SET_ANYWHERE"}, {"file": "/nowhere/token"}])
def test_a_secret_that_is_missing_is_said_before_anything_is_sent(
    site: Site, tmp_path: Path, place: dict[str, str]
) -> None:
    assert "a header has no value" in failure(site, tmp_path, headers={"Authorization": place})
    assert site.asked == []


def test_no_fault_names_an_address_or_a_secret(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIST_TOKEN", "topsecret")
    faults: list[Any] = [lost, httpx.Response(404, text="topsecret"), redirect("http://secret.example/")]
    for fault in faults:
        site.answers = [fault] * 9
        said = failure(site, tmp_path, headers={"X-Token": {"env": "LIST_TOKEN"}})
        assert "secret" not in said
        assert "example" not in said


def test_proxies_and_certificates_come_from_nowhere_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setattr(httpx, "Client", lambda **options: made.update(options))
    HttpReader(UrlSource(url=URL), threading.Event())._client()
    assert made["trust_env"] is False
    assert made["follow_redirects"] is False
    assert made["verify"].check_hostname
    assert made["verify"].verify_mode.name == "CERT_REQUIRED"
