"""Where an issuer's keys come from: over https by the authorities given, no further than asked, no more than decent."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from clearway.access.principals import Issuer
from clearway.server.identity.issuer_keys import LARGEST_SET, fetch
from tests.certificates import make_authority, make_certificate

pytestmark = pytest.mark.sockets

KEYS = b'{"keys": []}'
ISSUER = Issuer("https://id.example", "clearway", ("ES256",), "sub", 30)

Answer = Callable[[BaseHTTPRequestHandler], None]


def gives(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Issuer]:
    """An issuer whose keys a server of this test's own gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    scheme = "http" if context is None else "https"
    try:
        yield replace(ISSUER, keys_url=f"{scheme}://127.0.0.1:{server.server_port}/keys")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_keys_are_read_over_https_by_the_authorities_given(tmp_path: Path) -> None:
    authority, other = make_authority(tmp_path, "ca"), make_authority(tmp_path, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path, "server", authority))
    with serving(gives(KEYS), context) as issuer:
        assert fetch(replace(issuer, ca_file=str(authority.certificate))) == KEYS
        for ca_file in (str(other.certificate), ""):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                fetch(replace(issuer, ca_file=ca_file))


def test_a_redirect_is_not_followed() -> None:
    with serving(gives(KEYS)) as elsewhere:
        answer = gives(b"", 302, location=elsewhere.keys_url)
        with serving(answer) as issuer, pytest.raises(httpx.HTTPStatusError):
            fetch(issuer)


@pytest.mark.parametrize("status", [204, 404, 500])
def test_what_is_no_answer_is_no_key_set(status: int) -> None:
    with serving(gives(b"", status)) as issuer, pytest.raises((httpx.HTTPStatusError, ValueError)):
        fetch(issuer)


def test_a_key_set_without_end_is_not_read_to_its_end() -> None:
    with serving(gives(b" " * (LARGEST_SET + 1))) as issuer, pytest.raises(ValueError, match="too large"):
        fetch(issuer)


def test_a_set_that_unpacks_without_end_is_not_unpacked_to_its_end() -> None:
    bomb = gzip.compress(b" " * (64 * LARGEST_SET))
    answer = gives(bomb, 200, **{"content-encoding": "gzip"})
    with serving(answer) as issuer, pytest.raises(ValueError, match="too large"):
        fetch(issuer)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(gives(KEYS)) as issuer:
        assert fetch(issuer) == KEYS
