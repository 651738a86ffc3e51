"""An address, read over HTTP or HTTPS: conditional, limited in length and time, retried, and checked.

Certificates are always verified, and proxies come from nowhere. The headers that hold secrets are sent to the
configured host only: a redirect elsewhere goes without them, and none leads from HTTPS to HTTP.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path, PurePosixPath

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_any,
    stop_when_event_set,
    wait_exponential_jitter,
)

from clearway.registry.fetching.source import Got, NotModified, Reading, Seen, SourceFault, SourceUnavailable
from clearway.registry.schedule import UrlSource

ATTEMPTS = 4
"""How often one reading tries, at most."""

FIRST_WAIT = 1.0
"""Seconds before the second try; doubled for each after it, with jitter, to `LONGEST_WAIT`."""

LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 120.0
"""A source that asks for more seconds than this is left until the next reading."""

MAX_REDIRECTS = 5
MAX_CHECKSUM_BYTES = 64 << 10
STEP_SECONDS = 30.0
"""A connection, or one read from it, may take this long."""

_SHA256 = re.compile(r"\b[0-9a-fA-F]{64}\b")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _PassingFault(SourceUnavailable):
    """A fault that may be gone in a moment; `retry_after` is what the source asks for, in seconds."""

    def __init__(self, fault: SourceFault, detail: str, retry_after: float | None = None) -> None:
        super().__init__(fault, detail)
        self.retry_after = retry_after


class HttpReader:
    """Reads an address. `stop` ends the waits between tries; `transport` stands in for the network in tests."""

    def __init__(
        self,
        source: UrlSource,
        stop: threading.Event,
        transport: httpx.BaseTransport | None = None,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._source = source
        self._stop = stop
        self._transport = transport
        self._wait = wait_exponential_jitter(multiplier=first_wait, max=LONGEST_WAIT, jitter=first_wait)

    def read(self, seen: Seen, into: Path, moment: datetime) -> Reading:
        """The file, unless the source says that it is the one seen. Raises `SourceUnavailable`."""
        headers = self._headers(seen)
        for attempt in Retrying(
            retry=retry_if_exception_type(_PassingFault),
            stop=stop_any(stop_after_attempt(ATTEMPTS), stop_when_event_set(self._stop)),
            wait=self._pause,
            sleep=sleep_using_event(self._stop),
            reraise=True,
        ):
            with attempt:
                return self._once(headers, into, moment)
        raise AssertionError("a last attempt returns or raises")

    def _pause(self, state: RetryCallState) -> float:
        fault = None if state.outcome is None else state.outcome.exception()
        asked = fault.retry_after if isinstance(fault, _PassingFault) else None
        return self._wait(state) if asked is None else asked

    def _headers(self, seen: Seen) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "clearway"}
        try:
            headers |= {name: value.read() for name, value in self._source.headers.items()}
        except (OSError, ValueError):
            raise SourceUnavailable(
                SourceFault.HEADER_EMPTY, "a header has no value: its variable or file is missing or empty"
            ) from None
        if seen.etag:
            headers["If-None-Match"] = seen.etag
        if seen.last_modified:
            headers["If-Modified-Since"] = seen.last_modified
        return headers

    def _once(self, headers: dict[str, str], into: Path, moment: datetime) -> Reading:
        deadline = time.monotonic() + self._source.timeout.total_seconds()
        with self._client() as client, _faults():
            with self._opened(client, self._source.url, headers) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED and _is_conditional(headers):
                    return NotModified(moment)
                _require_success(response)
                copy = into / "download"
                sha256 = self._download(response, copy, deadline)
                name = PurePosixPath(response.url.path).name or "download"
                etag, last_modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
            if self._source.sha256 is not None:
                self._check(client, self._source.sha256, name, sha256, deadline)
        return Got(copy, name, sha256, moment, etag[:512], last_modified[:64])

    def _client(self) -> httpx.Client:
        step = min(STEP_SECONDS, self._source.timeout.total_seconds())
        ca_file = self._source.ca_file
        try:
            trusted = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        except OSError:
            raise SourceUnavailable(
                SourceFault.CERTIFICATES_UNREADABLE, "the file of trusted certificates cannot be read"
            ) from None
        return httpx.Client(
            verify=trusted, trust_env=False, follow_redirects=False, timeout=step, transport=self._transport
        )

    @contextmanager
    def _opened(self, client: httpx.Client, address: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """The response at the end of the redirects. The secret headers stay with the configured host."""
        url = httpx.URL(address)
        for _ in range(MAX_REDIRECTS + 1):
            sent = headers if _origin(url) == _origin(httpx.URL(self._source.url)) else self._without_secrets(headers)
            with client.stream("GET", url, headers=sent) as response:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                target = url.join(response.headers.get("location", ""))
            if target.scheme not in ("http", "https") or (url.scheme, target.scheme) == ("https", "http"):
                raise SourceUnavailable(
                    SourceFault.UNSAFE_REDIRECT, "the source redirects to an address that is not as safe"
                )
            url = target
        raise SourceUnavailable(SourceFault.TOO_MANY_REDIRECTS, f"the source redirects more than {MAX_REDIRECTS} times")

    def _without_secrets(self, headers: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in headers.items() if name not in self._source.headers}

    def _download(self, response: httpx.Response, copy: Path, deadline: float) -> str:
        digest, length = hashlib.sha256(), 0
        with copy.open("wb") as file:
            for block in response.iter_bytes(1 << 16):
                length += len(block)
                if length > self._source.max_bytes:
                    raise SourceUnavailable(SourceFault.FILE_TOO_LONG, "the file is longer than the feed allows")
                if time.monotonic() > deadline:
                    raise _PassingFault(SourceFault.DOWNLOAD_TOO_SLOW, "the download took longer than the feed allows")
                if self._stop.is_set():
                    raise SourceUnavailable(SourceFault.NODE_STOPPING, "the node is stopping")
                digest.update(block)
                file.write(block)
        return digest.hexdigest()

    def _check(self, client: httpx.Client, address: str, name: str, sha256: str, deadline: float) -> None:
        """Hold the file to the checksum published beside it."""
        with self._opened(client, address, self._unconditional()) as response:
            _require_success(response)
            text = b""
            for block in response.iter_bytes():
                text += block
                if len(text) > MAX_CHECKSUM_BYTES or time.monotonic() > deadline:
                    raise SourceUnavailable(
                        SourceFault.CHECKSUM_UNREADABLE, "the published checksum is too long, or came too late"
                    )
        published = _published(text.decode("utf-8", "replace"), name)
        if published is None:
            raise SourceUnavailable(
                SourceFault.CHECKSUM_UNREADABLE, "the published checksum is no SHA-256 of this file"
            )
        if published != sha256:
            raise _PassingFault(SourceFault.CHECKSUM_DIFFERS, "the file does not match its published checksum")

    def _unconditional(self) -> dict[str, str]:
        return self._headers(Seen())


def _is_conditional(headers: dict[str, str]) -> bool:
    return "If-None-Match" in headers or "If-Modified-Since" in headers


def _published(text: str, name: str) -> str | None:
    """The SHA-256 on the line that names the file, or the only one there is."""
    lines = [(found[0].lower(), line) for line in text.splitlines() if (found := _SHA256.search(line))]
    if len(lines) == 1:
        return lines[0][0]
    return next((sha256 for sha256, line in lines if line.split()[-1].lstrip("*") == name), None)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _require_success(response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    detail = f"the source answers with status {status}"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT) or status >= 500:
        wait = _retry_after(response.headers.get("retry-after", ""), time.time)
        if wait is not None and wait > LONGEST_RETRY_AFTER:
            raise SourceUnavailable(SourceFault.SOURCE_STATUS, f"{detail} and asks to be left alone for {wait:.0f} s")
        raise _PassingFault(SourceFault.SOURCE_STATUS, detail, wait)
    raise SourceUnavailable(SourceFault.SOURCE_STATUS, detail)


def _retry_after(value: str, now: Callable[[], float]) -> float | None:
    """Seconds that a `Retry-After` asks for, in either of its forms; None where it has none."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now())


@contextmanager
def _faults() -> Iterator[None]:
    """Turn the library's errors into ours: its texts may name addresses."""
    try:
        yield
    except (httpx.TransportError, httpx.InvalidURL, httpx.DecodingError, httpx.StreamError) as error:
        kind = type(error).__name__
        if isinstance(error, httpx.TransportError):
            raise _PassingFault(SourceFault.SOURCE_UNREACHABLE, f"the source cannot be reached ({kind})") from error
        raise SourceUnavailable(
            SourceFault.ANSWER_UNREADABLE, f"the source's answer cannot be read ({kind})"
        ) from error
    except OSError as error:
        raise SourceUnavailable(
            SourceFault.DOWNLOAD_NOT_KEPT, f"the download cannot be kept ({error.strerror})"
        ) from error
