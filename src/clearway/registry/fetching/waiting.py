"""Lists that wait for a person: the very file, beside what it would have done, one a feed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import msgspec

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.importer import ImportReport

_FILE = "list"
_ABOUT = "about.json"


class Waiting(msgspec.Struct, frozen=True):
    """A list that waits: what it is, when it was fetched, and the report of what loading it would do."""

    feed: str
    name: str
    sha256: str
    fetched_at: datetime
    as_of: date
    suspicion: str
    report: ImportReport
    etag: str = ""
    last_modified: str = ""


class WaitingRoom:
    """The lists that wait, in one folder: made where there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, feeds_dir: Path) -> WaitingRoom:
        """The waiting room within the folder that feeds are read into."""
        return cls(feeds_dir / "waiting")

    def keep(self, waiting: Waiting, file: Path) -> None:
        """Take `file` in, in place of what waited for this feed before."""
        place = self._folder / waiting.feed
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = place / _ABOUT
        # Without its description a file is not there; so the description goes first and comes last.
        about.unlink(missing_ok=True)
        os.replace(file, place / _FILE)
        fresh = place / f"{_ABOUT}.new"
        fresh.write_bytes(msgspec.json.encode(waiting))
        os.replace(fresh, about)

    def get(self, feed: str) -> Waiting | None:
        """What waits for a feed, or None."""
        try:
            return msgspec.json.decode((self._folder / feed / _ABOUT).read_bytes(), type=Waiting)
        except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
            return None

    def file(self, waiting: Waiting) -> Path:
        """The file that waits, as it was fetched. Raises `RegistryError` WAITING_CHANGED where it is another."""
        path = self._folder / waiting.feed / _FILE
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            sha256 = ""
        if sha256 != waiting.sha256:
            detail = "the file that waits is not the one that was fetched; discard it and fetch again"
            raise RegistryError(RegistryReason.WAITING_CHANGED, detail)
        return path

    def clear(self, feed: str) -> None:
        """Let what waits for a feed go."""
        shutil.rmtree(self._folder / feed, ignore_errors=True)

    def clear_of(self, waiting: Waiting) -> None:
        """Let this list go; one that has come in its place stays."""
        now = self.get(waiting.feed)
        if now is not None and now.sha256 == waiting.sha256:
            self.clear(waiting.feed)

    @contextmanager
    def turn(self, feed: str) -> Iterator[None]:
        """One person's word on a feed's list at a time, whatever process takes it. Raises `RegistryError` BUSY."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / f".{feed}.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                detail = "another person's word on this list is being carried out"
                raise RegistryError(RegistryReason.BUSY, detail) from None
            yield
