"""Excel workbooks (xlsx), measured before they are read: what a small file would unpack to is known before it does.

A workbook is a zip archive of XML. Its XML is unpacked block by block into an archive of our own making, through a
parser that stops at declared entities, at sheets that span too many cells, and at shared texts that would fill the
memory. Only then calamine reads it. The rows are those of the first visible sheet that holds any.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import IO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.cells import SheetNumber, number_text

MAX_UNPACKED = 512 << 20
"""Bytes of a workbook's XML once unpacked, at most."""

MAX_PARTS = 2000
"""Parts of a workbook, at most."""

MAX_CELLS = 8_000_000
"""Cells of a sheet, counted over the whole rectangle that the filled ones span, at most."""

MAX_SIGNS = 128 << 20
"""Signs in a workbook's cells, a shared text counted wherever it is used, at most."""

_PLACE = re.compile(r"(?P<column>[A-Za-z]{1,3})(?P<row>[0-9]{1,7})")
_BLOCK = 1 << 20
_IN_MEMORY = 16 << 20

Cell = int | float | str | bool | time | date | datetime | timedelta


def workbook_lines(stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The number of each row and its cells as text; empty rows are passed over. Raises `UnreadableFeed`."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as measured:
        try:
            with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(measured, "w") as copy:
                _measure(archive, copy)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise UnreadableFeed("the workbook is damaged or protected") from error
        measured.seek(0)
        with _reading(), CalamineWorkbook.from_filelike(measured) as workbook:
            yield from _rows(workbook)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except CalamineError as error:
        raise UnreadableFeed("the workbook is damaged or protected") from error
    except BaseException as error:
        # A panic of the library's own code is no Exception, and has no name to import.
        if type(error).__name__ == "PanicException":
            raise UnreadableFeed("the workbook is damaged or protected") from error
        raise


def _rows(workbook: CalamineWorkbook) -> Iterator[tuple[int, list[str]]]:
    for about in workbook.sheets_metadata:
        if about.typ is not SheetTypeEnum.WorkSheet or about.visible is not SheetVisibleEnum.Visible:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        if sheet.start is None:
            continue
        for number, cells in enumerate(sheet.iter_rows(), sheet.start[0] + 1):
            texts = [_text(cell) for cell in cells]
            if any(texts):
                yield number, texts
        return


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return cell
        case bool():
            return str(cell).lower()
        case int() | float():
            return SheetNumber(number_text(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case _:
            return str(cell)


def _measure(archive: zipfile.ZipFile, copy: zipfile.ZipFile) -> None:
    """Copy the XML of a workbook, or stop where it is more than a list can be."""
    parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large()
    texts = _SharedTexts()
    for part in parts:
        measure = _Measure(texts)
        # zipfile reads no more of a part than its directory says, and checks its sum at the end.
        with archive.open(part) as packed, copy.open(part.filename, "w") as unpacked:
            while block := packed.read(_BLOCK):
                measure.feed(block)
                unpacked.write(block)
            measure.feed(b"", final=True)
    if texts.signs() > MAX_SIGNS:
        raise _too_large()


class _SharedTexts:
    """The lengths of the texts that cells share by number, and how often each is used."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.uses: Counter[str] = Counter()
        self.own = 0

    def signs(self) -> int:
        """Signs in all cells together; a number that names no text counts for nothing."""
        known = {str(number): length for number, length in enumerate(self.lengths)}
        return self.own + sum(known.get(number, 0) * uses for number, uses in self.uses.items())


class _Measure:
    """One part of a workbook, measured as its XML goes by."""

    def __init__(self, texts: _SharedTexts) -> None:
        self._texts = texts
        self._row = self._column = self._cells = 0
        self._top = self._left = 1 << 62
        self._bottom = self._right = 0
        self._shared = self._in_value = self._in_text = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_declarations
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._signs

    def feed(self, block: bytes, *, final: bool = False) -> None:
        try:
            self._parser.Parse(block, final)
        except expat.ExpatError as error:
            raise UnreadableFeed("the workbook is damaged or protected") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(" ")[2]:
            case "c":
                self._place(attributes.get("r", ""))
                self._shared = attributes.get("t") == "s"
            case "v" | "is":
                self._fill()
                self._in_value = True
            case "row":
                given = attributes.get("r", "")
                self._row = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else self._row + 1
                self._column = 0
            case "si":
                self._texts.lengths.append(0)
                self._in_text = True

    def _end(self, name: str) -> None:
        match name.rpartition(" ")[2]:
            case "v" | "is":
                self._in_value = False
            case "si":
                self._in_text = False

    def _signs(self, text: str) -> None:
        if self._in_text:
            self._texts.lengths[-1] += len(text)
        elif self._in_value and self._shared:
            self._texts.uses[text.strip()[:12]] += 1
        elif self._in_value:
            self._texts.own += len(text)

    def _place(self, reference: str) -> None:
        """Where the cell stands: where it says, or behind the one before it."""
        self._column += 1
        if not reference:
            return
        place = _PLACE.fullmatch(reference)
        if place is None:
            raise UnreadableFeed("the workbook is damaged or protected")
        self._column = 0
        for letter in place["column"].upper():
            self._column = self._column * 26 + ord(letter) - ord("A") + 1
        self._row = int(place["row"])

    def _fill(self) -> None:
        self._cells += 1
        self._top, self._bottom = min(self._top, self._row), max(self._bottom, self._row)
        self._left, self._right = min(self._left, self._column), max(self._right, self._column)
        height, width = self._bottom - self._top + 1, self._right - self._left + 1
        if height * width > MAX_CELLS or self._cells > MAX_CELLS:
            raise _too_large()


def _refuse_declarations(*_: object) -> None:
    raise UnreadableFeed("the workbook declares entities, which no list does")


def _too_large() -> UnreadableFeed:
    return UnreadableFeed("the workbook is larger than a list may be")
