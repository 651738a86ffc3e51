"""What reading a source can come to, whatever kind of source it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class SourceFault(StrEnum):
    """Why a source could not be read. Stable: programs switch on it, never on the sentence."""

    HEADER_EMPTY = "header_empty"
    CERTIFICATES_UNREADABLE = "certificates_unreadable"
    SOURCE_UNREACHABLE = "source_unreachable"
    SOURCE_STATUS = "source_status"
    """It answers with a status that is no success."""
    ANSWER_UNREADABLE = "answer_unreadable"
    UNSAFE_REDIRECT = "unsafe_redirect"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    FILE_TOO_LONG = "file_too_long"
    DOWNLOAD_TOO_SLOW = "download_too_slow"
    DOWNLOAD_NOT_KEPT = "download_not_kept"
    CHECKSUM_UNREADABLE = "checksum_unreadable"
    CHECKSUM_DIFFERS = "checksum_differs"
    FOLDER_UNREADABLE = "folder_unreadable"
    FILE_UNREADABLE = "file_unreadable"
    FILE_CHANGED = "file_changed"
    """It changed while it was read."""
    FILE_NOT_SETTLED = "file_not_settled"
    """It may still be written."""
    NO_FILE = "no_file"
    DISCARDED_LIST = "discarded_list"
    """The source still gives the list that a person turned down."""
    NODE_STOPPING = "node_stopping"


class SourceUnavailable(Exception):
    """The source cannot be read now. `detail` is an English sentence without addresses, secrets or row content."""

    def __init__(self, fault: SourceFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
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
