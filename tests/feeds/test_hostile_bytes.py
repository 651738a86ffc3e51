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


CHANGES = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=5)
CUTS = st.sampled_from([0, 0, 1, 10, 500])


def table(fixture: Fixture) -> list[list[str]]:
    """The rows of a format's fixtures that are tables."""
    sources = (fixture.path.parent / f"{kind}.csv" for kind in ("ordinary", "hostile"))
    with next(source for source in sources if source.exists()).open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


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
    content = data.draw(st.one_of(st.binary(max_size=200), written, st.builds(damaged, written, CHANGES, CUTS)))
    file = tmp_path / "file"
    file.write_bytes(content)
    try:
        report = registry.import_feed(fixture.spec, file, actor="operator", moment=MOMENT, dry_run=True)
    except UnreadableFeed:
        return
    assert report.rows == report.accepted + report.unchanged + report.quarantined + report.rejected
    assert sum(report.reasons.values()) == report.quarantined + report.rejected
    assert CITIZEN not in str(report)


def damaged(content: bytes, changes: list[tuple[int, int]], cut: int) -> bytes:
    """The content with a few bytes changed and so many thousandths of it cut off."""
    copy = bytearray(content)
    for at, byte in changes if copy else ():
        copy[at % len(copy)] = byte
    return bytes(copy[: len(copy) * (1000 - cut) // 1000])
