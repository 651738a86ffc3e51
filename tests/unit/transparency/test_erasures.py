"""The leaf of an erasure: written one way, read back, and nothing else taken for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.transparency.entries import (
    MOST_ERASED,
    EntryInvalid,
    ErasureEntry,
    parse_entry,
    parse_erasure,
    spans_of,
)

DAY = datetime(2036, 3, 3, tzinfo=UTC)


def an_erasure(*spans: range, **changes: str) -> ErasureEntry:
    words = {"erased_by": "operator", "rule": "ten-years", "order": "", "reason": "到期"} | changes
    return ErasureEntry("erasure-1", DAY, **words, spans=spans)


@given(leaves=st.sets(st.integers(0, 10**9), min_size=1, max_size=MOST_ERASED), reason=st.text(max_size=50))
def test_an_erasure_is_read_as_it_was_written(leaves: set[int], reason: str) -> None:
    erasure = an_erasure(*spans_of(sorted(leaves)), reason=reason)
    assert parse_erasure(erasure.raw) == erasure
    assert set(erasure.leaves) == leaves


def test_the_largest_erasure_fits_into_an_entry() -> None:
    spans = tuple(range(10**12 + 2 * number, 10**12 + 2 * number + 1) for number in range(MOST_ERASED))
    assert len(an_erasure(*spans, reason="因" * 500, erased_by="因" * 500).raw) < 65_536


@pytest.mark.parametrize(
    "erasure",
    [
        an_erasure(),
        an_erasure(range(3, 3)),
        an_erasure(range(5, 6), range(3, 4)),
        an_erasure(range(3, 5), range(5, 6)),
        an_erasure(range(-1, 1)),
        an_erasure(range(MOST_ERASED + 1)),
        an_erasure(range(3, 4), rule=""),
        an_erasure(range(3, 4), order="17"),
    ],
)
def test_what_names_leaves_in_another_way_is_none(erasure: ErasureEntry) -> None:
    with pytest.raises(EntryInvalid):
        parse_erasure(erasure.raw)


@given(raw=st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: b"clearway/erasure/v1\nerasure-1\n" + end))
def test_bytes_that_are_no_erasure_are_refused(raw: bytes) -> None:
    with pytest.raises(EntryInvalid):
        parse_erasure(raw)


def test_an_erasure_is_no_check() -> None:
    with pytest.raises(EntryInvalid):
        parse_entry(an_erasure(range(3, 4)).raw)


@pytest.mark.parametrize(
    "changed",
    [
        b'"at":1',
        b'"by":7',
        b'"leaves":[[3,true]]',
        b'"leaves":[[3,1e999]]',
        b'"leaves":[[0,9999999999999999999999]]',
    ],
)
def test_an_altered_document_is_refused_or_says_something_else(changed: bytes) -> None:
    raw = an_erasure(range(3, 4)).raw
    name = changed.partition(b":")[0]
    start = raw.index(name)
    end = raw.index(b"]]", start) + 2 if name == b'"leaves"' else raw.index(b",", start)
    altered = raw[:start] + changed + raw[end:]
    if name == b'"at"':
        assert parse_erasure(altered) != an_erasure(range(3, 4))
    else:
        with pytest.raises(EntryInvalid):
            parse_erasure(altered)
