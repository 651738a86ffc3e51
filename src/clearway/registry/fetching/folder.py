"""A folder that files are dropped into: the newest complete one is copied out; the folder itself is left as it is."""

from __future__ import annotations

import hashlib
import shutil
import stat
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from clearway.registry.fetching.source import Got, NothingNew, Reading, Seen, SourceFault, SourceUnavailable
from clearway.registry.schedule import FolderSource


class FolderReader:
    """Reads a drop folder. A file that may still be written is passed over for the newest before it."""

    def __init__(self, source: FolderSource) -> None:
        self._source = source

    def read(self, seen: Seen, into: Path, moment: datetime) -> Reading:
        """The newest complete file, unless it is the one seen. Raises `SourceUnavailable`."""
        newest = self._newest(moment)
        changed = _changed_at(newest)
        copy = into / "download"
        try:
            shutil.copyfile(newest, copy)
            still = _changed_at(newest) == changed
        except OSError as error:
            raise SourceUnavailable(
                SourceFault.FILE_UNREADABLE, f"the file cannot be read ({error.strerror})"
            ) from error
        if not still:
            raise SourceUnavailable(SourceFault.FILE_CHANGED, "the file changed while it was read")
        with copy.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        stated_at = min(changed, moment)
        if sha256 == seen.sha256 and seen.stated_at is not None and stated_at.date() <= seen.stated_at.date():
            return NothingNew()
        return Got(copy, newest.name, sha256, stated_at)

    def _newest(self, moment: datetime) -> Path:
        by_name = self._source.newest_by == "name"
        try:
            found = [(_changed_at(path), path) for path in self._source.folder.iterdir() if self._fits(path)]
        except OSError as error:
            raise SourceUnavailable(
                SourceFault.FOLDER_UNREADABLE, f"the folder cannot be read ({error.strerror})"
            ) from error
        complete = [(changed, path) for changed, path in found if moment - changed >= self._source.settled]
        if not complete:
            if not found:
                raise SourceUnavailable(SourceFault.NO_FILE, "a file that fits the pattern is not there")
            why = f"may still be written (less than {self._source.settled} old)"
            raise SourceUnavailable(SourceFault.FILE_NOT_SETTLED, f"a file that fits the pattern {why}")
        return max(complete, key=lambda file: file[1].name if by_name else (file[0], file[1].name))[1]

    def _fits(self, path: Path) -> bool:
        if path.name.startswith(".") or not fnmatchcase(path.name, self._source.pattern):
            return False
        # A link may lead anywhere, and a pipe never ends.
        return stat.S_ISREG(path.lstat().st_mode)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
