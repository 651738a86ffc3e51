"""Laws of the catalogue loader: whatever the file holds, checking it ends in a catalogue or in complaints."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.catalogue.loader import check_content
from tests.unit.catalogue.small_edition import SMALL_EDITION

SMALL = SMALL_EDITION.encode()
LINES = SMALL_EDITION.splitlines(keepends=True)
SCRAPS = st.one_of(
    st.binary(max_size=12), st.sampled_from([b"[", b"{", b"*a", b"&a ", b"!!x ", b"~", b"\n", b": ", b"- "])
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL)), st.integers(0, 8), SCRAPS), min_size=1, max_size=4))
def test_a_damaged_file_gets_a_catalogue_or_complaints(edits: list[tuple[int, int, bytes]]) -> None:
    content = SMALL
    for at, dropped, inserted in edits:
        content = content[:at] + inserted + content[at + dropped :]
    report = check_content("f", content)
    assert (report.catalogue is None) == bool(report.complaints)
    assert all(
        1 <= complaint.line <= content.count(b"\n") + content.count(b"\r") + 2 for complaint in report.complaints
    )


@settings(max_examples=150, deadline=None)
@given(st.sets(st.integers(0, len(LINES) - 1), max_size=3), st.data())
def test_lines_lost_or_moved_get_a_catalogue_or_complaints(lost: set[int], data: st.DataObject) -> None:
    lines = [line for at, line in enumerate(LINES) if at not in lost]
    moved = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
    lines.insert(data.draw(st.integers(0, len(lines))), moved)
    report = check_content("f", "".join(lines).encode())
    assert (report.catalogue is None) == bool(report.complaints)
