"""Tables on their way to a spreadsheet and back: text that it would run as a formula is kept from being run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by some spreadsheet."""

BYTE_ORDER_MARK = "\ufeff"
"""What a CSV file for spreadsheets begins with: they take one without it for the local encoding."""

MOST_ROWS = 1_048_576
"""Of a sheet in a workbook, the headings included."""


def disarmed(cell: str) -> str:
    """The cell, kept from being run as a formula by a spreadsheet."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def restored(cell: str) -> str:
    """The cell without the sign that `disarmed` put before it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def csv_of(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines of CSV, without a byte order mark; no cell is run as a formula."""
    lines = io.StringIO()
    csv.writer(lines).writerows([disarmed(cell) for cell in row] for row in rows)
    return lines.getvalue()


def workbook_of(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook (xlsx) of one sheet, in which every cell is text: a workbook runs nothing that is text.

    Control characters, which a workbook cannot hold, are left out.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    bold = [WriteOnlyCell(sheet, heading) for heading in headings]
    for cell in bold:
        cell.font = Font(bold=True)
    sheet.append(bold)
    for row in rows:
        sheet.append([as_text(sheet, value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_text(sheet: WriteOnlyWorksheet, value: str) -> Any:
    """A cell that is text whatever it looks like."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell
