"""Whatever bytes a file holds: a report whose counts add up, or a refusal. Nothing else ever comes of a list."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.adapters import FORMATS
from clearway.registry.registry import Registry
from tests.feeds.reading import Fixture, fixtures
from tests.unit.registry.making import CITIZEN, MOMENT

ORDINARY = {fixture.path.parent.name: fixture for fixture in fixtures() if fixture.path.stem == "ordinary"}

CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "91999999000000019D",
            "9.1E+17",
            "2026-03-01",
            "长期",
            "****",
            CITIZEN,
            "=1+1",
            "-0-",
            "\0",
            "\x1a",
            '"',
            "Person",
        ]
    ),
)


def table(fixture: Fixture) -> list[list[str]]:
    """The rows of an ordinary file, however it is written; of JSON, its first objects' members."""
    (source,) = (file for file in fixture.path.parent.glob("ordinary.*") if file.suffix != ".yaml")
    text = source.read_text("utf-8")
    if source.suffix == ".csv":
        return list(csv.reader(io.StringIO(text)))
    first = json.loads(text.splitlines()[0])
    return [list(first)]


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def as_json(rows: list[list[str]]) -> bytes:
    return json.dumps([dict(zip(rows[0], row, strict=False)) for row in rows[1:]]).encode()


def as_workbook(rows: list[list[str]]) -> bytes:
    workbook = openpyxl.Workbook()
    for at, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            printable = "".join(sign for sign in cell if sign.isprintable())
            workbook.worksheets[0].cell(at, column).value = printable.lstrip("=") or None
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", list(FORMATS))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_report_that_adds_up_or_a_refusal(
    name: str, data: st.DataObject, registry: Registry, tmp_path: Path
) -> None:
    fixture = ORDINARY[name]
    rows = table(fixture)
    shuffled = st.lists(st.one_of(st.sampled_from(rows), st.lists(CELLS, max_size=len(rows[0]) + 2)), max_size=8)
    written = st.builds(
        lambda writer, head, body: writer([*rows[:head], *body]),
        st.sampled_from([as_csv, as_csv, as_json, as_workbook]),
        st.integers(1, max(1, min(3, len(rows) - 1))),
        shuffled,
    )
    content = data.draw(st.one_of(st.binary(max_size=200), written, written.flatmap(damaged)))
    file = tmp_path / "file"
    file.write_bytes(content)
    try:
        report = registry.import_feed(fixture.spec, file, actor="operator", moment=MOMENT, dry_run=True)
    except UnreadableFeed:
        return
    assert report.rows == report.accepted + report.unchanged + report.quarantined + report.rejected
    assert sum(report.reasons.values()) == report.quarantined + report.rejected
    assert CITIZEN not in str(report)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with a few bytes changed, or cut short."""
    changed = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)) if content else st.nothing()
    return st.one_of(
        st.integers(0, len(content)).map(lambda end: content[:end]),
        st.lists(changed, min_size=1, max_size=5).map(lambda changes: overwritten(content, changes)),
    )


def overwritten(content: bytes, changes: list[tuple[int, int]]) -> bytes:
    copy = bytearray(content)
    for at, byte in changes:
        copy[at] = byte
    return bytes(copy)
