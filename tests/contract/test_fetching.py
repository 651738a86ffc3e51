"""An address read over real sockets: validators, redirects, an untrusted certificate, a server that is not there."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clearway.registry.fetching.http import HttpReader
from clearway.registry.fetching.source import Got, NotModified, Seen, SourceUnavailable
from clearway.registry.schedule import UrlSource

pytestmark = pytest.mark.sockets

BODY = b"a,b\n" + b"1,2\n" * 100_000
NOW = datetime(2026, 5, 4, tzinfo=UTC)


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/list.csv")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("ETag", '"1"')
            # The announced length is the whole, also where the connection breaks off before.
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[: len(BODY) // 2] if self.path == "/half.csv" else BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def reader(address: str) -> HttpReader:
    return HttpReader(UrlSource(url=address), threading.Event(), first_wait=0.001)


def test_a_list_comes_whole_and_is_not_fetched_again(site: str, tmp_path: Path) -> None:
    found = reader(f"{site}/moved.csv").read(Seen(), tmp_path, NOW)
    assert isinstance(found, Got)
    assert (found.name, found.path.read_bytes()) == ("list.csv", BODY)
    assert reader(f"{site}/list.csv").read(Seen(found.etag), tmp_path, NOW) == NotModified(NOW)


def test_a_download_that_breaks_off_is_no_list(site: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        reader(f"{site}/half.csv").read(Seen(), tmp_path, NOW)


def test_a_proxy_of_the_environment_is_not_asked(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(reader(f"{site}/list.csv").read(Seen(), tmp_path, NOW), Got)


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        reader("http://127.0.0.1:9/list.csv").read(Seen(), tmp_path, NOW)


def test_a_server_without_a_certificate_is_not_spoken_to(site: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        reader(site.replace("http:", "https:")).read(Seen(), tmp_path, NOW)


def test_the_trusted_certificates_may_be_given(tmp_path: Path) -> None:
    trusted = tmp_path / "ca.pem"
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    trusted.write_text("".join(map(ssl.DER_cert_to_PEM_cert, roots[:1])))
    source = UrlSource(url="https://lists.example/x", ca_file=trusted)
    HttpReader(source, threading.Event())._client().close()
    missing = UrlSource(url="https://lists.example/x", ca_file=tmp_path / "none.pem")
    with pytest.raises(SourceUnavailable, match="trusted certificates"):
        HttpReader(missing, threading.Event())._client()
