"""What reading a source can come to, whatever kind of source it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class SourceUnavailable(Exception):
    """The source cannot be read now. `detail` is an English sentence without addresses, secrets or row content."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of the reading whose list is loaded: its validators and checksum; empty where unknown."""

    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    stated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Got:
    """A complete file of the source. `stated_at` is when the source stated it; `path` is the reader's to take away."""

    path: Path
    name: str
    sha256: str
    stated_at: datetime
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source was asked, and says that the file is the one seen before."""

    stated_at: datetime


@dataclass(frozen=True, slots=True)
class NothingNew:
    """No file has come since the one seen before, which says nothing about what it lists."""


Reading = Got | NotModified | NothingNew


class SourceReader(Protocol):
    """Reads one source."""

    def read(self, seen: Seen, into: Path, moment: datetime) -> Reading:
        """Read the source at `moment`; what is read is put into the folder `into`. Raises `SourceUnavailable`."""
