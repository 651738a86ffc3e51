"""A list's file, opened with care: CSV or JSON, compressed or not, in UTF-8 or GB 18030, or an Excel workbook; never
larger than it claims to be. What a file is, its first bytes say, not its name.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, assert_never, cast

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.json_lines import json_lines, looks_like_json
from clearway.registry.feeds.workbooks import workbook_lines

MAX_BYTES = 8 << 30
"""A list may be this long once decompressed."""

MAX_RATIO = 200
"""Beyond `FREE_BYTES`, a compressed list may not grow by more than this."""

FREE_BYTES = 64 << 20
"""Below this length the ratio does not matter."""

_BLOCK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_OLD_WORKBOOK_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SNIFFED = 4096
_ENCODINGS = ("utf-8-sig", "gb18030")


class FileKind(StrEnum):
    """What a list's file is."""

    CSV = "csv"
    JSON = "json"
    WORKBOOK = "workbook"


class FeedFile:
    """A list's file, read through once to hash it and to find its encoding; then its lines.

    `sha256` is over the file as it lies on disk. `encoding` is empty for a workbook.
    """

    def __init__(self, path: Path) -> None:
        """Read the file through. Raises `UnreadableFeed`."""
        self.path = path
        try:
            self._stream = path.open("rb")
        except OSError as error:
            raise UnreadableFeed(f"the file cannot be opened: {error.strerror}") from error
        try:
            self._compressed = self._stream.read(2) == _GZIP_MAGIC
            self.sha256 = self._digest()
            self.kind = self._find_kind()
            self.encoding = "" if self.kind is FileKind.WORKBOOK else self._find_encoding()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> FeedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    @property
    def share_read(self) -> float:
        """How much of the file, as it lies on disk, has been read by `lines`: 0 to 1."""
        length = os.fstat(self._stream.fileno()).st_size
        return self._stream.tell() / length if length else 1.0

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """The number of each line and its cells; blank lines are passed over. Raises `UnreadableFeed`.

        A row of a CSV file whose cells hold line breaks has the number of its last line. JSON comes with its members'
        names as line 0 (`json_lines`), a workbook with its own row numbers (`workbook_lines`).
        """
        match self.kind:
            case FileKind.CSV:
                return self._csv_lines()
            case FileKind.JSON:
                return self._json_lines()
            case FileKind.WORKBOOK:
                self._stream.seek(0)
                return workbook_lines(self._stream)
            case _:
                assert_never(self.kind)

    def _csv_lines(self) -> Iterator[tuple[int, list[str]]]:
        self._stream.seek(0)
        text = io.TextIOWrapper(self._plain(), encoding=self.encoding, newline="")
        try:
            reader = csv.reader(text, strict=True)
            for cells in reader:
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise UnreadableFeed(f"line {reader.line_num}: not comma-separated values ({error})") from error
        finally:
            # A reader left half-way is cleared away after the file was closed, and then there is nothing to let go of.
            if not self._stream.closed:
                text.detach()

    def _json_lines(self) -> Iterator[tuple[int, list[str]]]:
        def from_the_start() -> IO[bytes]:
            self._stream.seek(0)
            return self._plain()

        return json_lines(from_the_start)

    def _find_kind(self) -> FileKind:
        self._stream.seek(0)
        try:
            start = self._plain().read(_SNIFFED)
        except (EOFError, OSError, zlib.error) as error:
            raise _damaged() from error
        if start.startswith(_OLD_WORKBOOK_MAGIC):
            raise UnreadableFeed("the file is a workbook of the old kind or a protected one; save it as xlsx or CSV")
        if start.startswith(_ZIP_MAGIC):
            return FileKind.WORKBOOK
        return FileKind.JSON if looks_like_json(start) else FileKind.CSV

    def _digest(self) -> str:
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def _plain(self) -> IO[bytes]:
        # GzipFile is a binary stream in all but its declared type.
        return cast("IO[bytes]", gzip.GzipFile(fileobj=self._stream)) if self._compressed else self._stream

    def _find_encoding(self) -> str:
        decoders = {name: codecs.getincrementaldecoder(name)() for name in _ENCODINGS}
        for block in self._guarded_blocks():
            for name in tuple(decoders):
                if not _decodes(decoders[name], block, final=not block):
                    del decoders[name]
            if not decoders:
                raise UnreadableFeed("the file is neither UTF-8 nor GB 18030 text")
        return next(iter(decoders))

    def _guarded_blocks(self) -> Iterator[bytes]:
        """The decompressed bytes, and an empty block at the end."""
        self._stream.seek(0, io.SEEK_END)
        stored = self._stream.tell()
        self._stream.seek(0)
        plain = self._plain()
        length = 0
        try:
            while block := plain.read(_BLOCK):
                length += len(block)
                if length > MAX_BYTES or (length > FREE_BYTES and length > stored * MAX_RATIO):
                    raise UnreadableFeed("the file is larger than a list may be once decompressed")
                yield block
        except (EOFError, OSError, zlib.error) as error:
            raise _damaged() from error
        yield b""


def _damaged() -> UnreadableFeed:
    return UnreadableFeed("the compressed file is damaged")


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
