"""Workbooks: what their cells say, and what is refused before it can do harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds import workbooks
from clearway.registry.feeds.cells import SheetNumber
from clearway.registry.feeds.files import FeedFile, FileKind
from clearway.registry.feeds.workbooks import workbook_lines

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(*rows: tuple[Any, ...]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.worksheets[0].append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_parts(content: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """The workbook with these parts in place of its own, or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def sheet(data: str) -> str:
    return f"<worksheet {NAMESPACE}><sheetData>{data}</sheetData></worksheet>"


def lines(content: bytes) -> list[tuple[int, list[str]]]:
    return list(workbook_lines(io.BytesIO(content)))


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableFeed) as refused:
        lines(content)
    return refused.value.detail


def test_cells_are_text_by_row_number_and_empty_rows_are_passed_over() -> None:
    content = workbook(("名称", "日"), (), ("虚构有限公司", date(2026, 3, 1)))
    assert lines(content) == [(1, ["名称", "日"]), (3, ["虚构有限公司", "2026-03-01"])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12.0, "12"),
        (999999000000019, "999999000000019"),
        (919999990000000353, "9.199999900000004e+17"),
        (1.5, "1.5"),
        (datetime(2026, 3, 1), "2026-03-01"),  # noqa: DTZ001 - a spreadsheet has no zone
        (datetime(2026, 3, 1, 8, 30), "2026-03-01 08:30:00"),  # noqa: DTZ001
        (time(8, 30), "08:30:00"),
        (True, "true"),
        ("＝全角", "＝全角"),
    ],
)
def test_a_cell_of_any_kind_is_text(cell: object, text: str) -> None:
    [(_, [_, read])] = lines(workbook(("x", cell)))
    assert read == text
    assert isinstance(read, SheetNumber) == (isinstance(cell, int | float) and not isinstance(cell, bool))


def test_a_formula_is_read_as_the_value_that_was_kept_of_it_and_never_computed() -> None:
    content = with_parts(workbook(("x",)), {SHEET: sheet('<row r="1"><c r="A1"><f>1+1</f><v>7</v></c></row>')})
    assert lines(content) == [(1, ["7"])]


def test_rows_are_those_of_the_first_visible_sheet_that_holds_any() -> None:
    made = openpyxl.Workbook()
    hidden, empty, full = made.worksheets[0], made.create_sheet("empty"), made.create_sheet("full")
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    full.append(["full"])
    assert empty.max_row == 1
    out = io.BytesIO()
    made.save(out)
    assert lines(out.getvalue()) == [(1, ["full"])]


def test_a_workbook_is_told_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(workbook(("名称",)))
    with FeedFile(path) as file:
        assert (file.kind, list(file.lines())) == (FileKind.WORKBOOK, [(1, ["名称"])])


def test_a_workbook_of_the_old_kind_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "list.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with pytest.raises(UnreadableFeed, match="save it as xlsx"):
        FeedFile(path)


def test_declared_entities_are_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>' + sheet(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row>'
    )
    assert "declares entities" in refusal(with_parts(workbook(("x",)), {SHEET: bomb}))
    assert "declares entities" in refusal(with_parts(workbook(("x",)), {SHEET: bomb.encode("utf-16")}))


def test_a_workbook_that_swells_when_unpacked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1 << 20)
    assert "larger than a list may be" in refusal(with_parts(workbook(("x",)), {SHEET: sheet(" " * (1 << 21))}))


def test_an_archive_that_lies_about_its_sizes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = with_parts(workbook(("x",)), {SHEET: sheet(" " * (1 << 20))})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert content.count(size) >= 1
    assert "damaged" in refusal(content.replace(size, (100).to_bytes(4, "little")))


def test_two_far_apart_cells_do_not_make_a_sheet_of_billions() -> None:
    data = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert "larger than a list may be" in refusal(with_parts(workbook(("x",)), {SHEET: sheet(data)}))
    without_places = f'<row>{"<c><v>1</v></c>" * 20}</row><row r="1000000"><c><v>1</v></c></row>'
    assert "larger than a list may be" in refusal(with_parts(workbook(("x",)), {SHEET: sheet(without_places)}))


def test_a_shared_text_counts_wherever_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_SIGNS", 10_000)
    shared = f"<sst {NAMESPACE}><si><t>{'a' * 100}</t></si></sst>"
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 200))
    bomb = with_parts(workbook(("x",)), {SHEET: sheet(cells), "xl/sharedStrings.xml": shared})
    assert "larger than a list may be" in refusal(bomb)


@pytest.mark.parametrize(
    "data",
    [
        '<row r="1"><c r="A1"><v>1</v>',
        '<row r="1"><c r="1A"><v>1</v></c></row>',
        '<row r="1"><c r="ABCDEFGHIJ1"><v>1</v></c></row>',
    ],
    ids=["never closed", "no place", "a place beyond all columns"],
)
def test_a_sheet_that_makes_no_sense_is_refused(data: str) -> None:
    assert "damaged" in refusal(with_parts(workbook(("x",)), {SHEET: sheet(data)}))


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", "Dear registrar,")
    assert "damaged" in refusal(out.getvalue())
    assert "damaged" in refusal(workbook(("x",))[:-40])
