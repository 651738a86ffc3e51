"""Sources without a network: an HTTP server that is a function, and feeds that read it or a folder."""

from __future__ import annotations

import csv
import gzip
import io
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.fetching.http import HttpReader
from clearway.registry.fetching.source import SourceReader
from clearway.registry.registry import Registry
from clearway.registry.schedule import FolderSource, ScheduledFeed, UrlSource
from tests.unit.registry.making import CSL_HEADER, csl_row

URL = "https://lists.example/csl.csv"
START = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def content(numbers: Iterable[int], *, compressed: bool = False) -> bytes:
    """A screening list of these entries."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSL_HEADER, restval="")
    writer.writeheader()
    writer.writerows(csl_row(number) for number in numbers)
    plain = text.getvalue().encode()
    return gzip.compress(plain, mtime=0) if compressed else plain


def csl_feed(**changes: Any) -> ScheduledFeed:
    fields: dict[str, Any] = {"name": "csl", "format": "us-csl", "source": {"url": URL}, "every": "1h"}
    return ScheduledFeed.model_validate(fields | changes)


@dataclass
class Site:
    """A source that is asked over HTTP. `asked` holds what came; `answers` are given first, in order."""

    body: bytes = b""
    etag: str = '"1"'
    asked: list[httpx.Request] = field(default_factory=list)
    answers: list[Callable[[httpx.Request], httpx.Response] | httpx.Response] = field(default_factory=list)
    pages: dict[str, bytes] = field(default_factory=dict)

    def publish(self, numbers: Iterable[int]) -> bytes:
        self.body = content(numbers)
        self.etag = f'"{sha256(self.body).hexdigest()[:8]}"'
        return self.body

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, httpx.Response) else answer(request)
        if request.url.path in self.pages:
            return httpx.Response(200, content=self.pages[request.url.path])
        if request.headers.get("if-none-match") == self.etag:
            return httpx.Response(304)
        return httpx.Response(200, content=self.body, headers={"etag": self.etag})

    def reader(self, source: FolderSource | UrlSource, stop: threading.Event) -> SourceReader:
        assert isinstance(source, UrlSource)
        return HttpReader(source, stop, httpx.MockTransport(self), first_wait=0.001)


def fetcher(registry: Registry, folder: Path, site: Site) -> Fetcher:
    return Fetcher(registry, folder / "feeds", readers=site.reader)


def drop(folder: Path, name: str, body: bytes, at: datetime) -> Path:
    """A complete file in a drop folder, last changed at that moment."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(body)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path
