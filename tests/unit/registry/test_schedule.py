"""The feeds file: what it may say, and where every complaint points."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from clearway.registry.schedule import FeedsRejected, FolderSource, UrlSource, load_feeds

GOOD = """
feeds:
  - name: samr
    format: us-csl
    regime: SAMR-SERIOUS
    limits: {shrink: 0.1, growth: 2}
    source: {folder: /drop/samr, pattern: "*.csv", newest_by: modified, settled: 30s}
    every: 30m
  - name: csl
    format: us-csl
    source:
      url: https://lists.example/csl.csv
      headers: {Authorization: {env: CSL_TOKEN}}
      sha256: https://lists.example/csl.csv.sha256
      timeout: 5m
      max_bytes: 1000000
    every: 1d
    overdue_after: 2d
"""


def feeds_in(tmp_path: Path, text: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "feeds.yaml"
    path.write_text(text)
    return load_feeds(path)


def complaints(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(FeedsRejected) as rejected:
        feeds_in(tmp_path, text)
    return [(c.line, c.rule, c.path) for c in rejected.value.complaints]


def one(**changes: str) -> str:
    fields = {
        "name": "one",
        "format": "us-csl",
        "source": "{folder: /drop}",
        "every": "1h",
    } | changes
    lines = [f"    {name}: {value}" for name, value in fields.items()]
    return "feeds:\n  -\n" + "\n".join(lines) + "\n"


def test_a_file_says_what_is_read_from_where_and_how_often(tmp_path: Path) -> None:
    samr, csl = feeds_in(tmp_path, GOOD)
    assert isinstance(samr.source, FolderSource)
    assert (samr.every, samr.overdue_after) == (timedelta(minutes=30), timedelta(minutes=90))
    assert (samr.source.newest_by, samr.source.settled) == ("modified", timedelta(seconds=30))
    assert samr.limits.shrink == 0.1
    assert isinstance(csl.source, UrlSource)
    assert (csl.source.timeout, csl.overdue_after) == (timedelta(minutes=5), timedelta(days=2))


def test_no_feeds_at_all_is_a_file_too(tmp_path: Path) -> None:
    assert feeds_in(tmp_path, "feeds: []\n") == ()


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"colour": "red"}, "feeds[0].colour", "unknown-field"),
        ({"every": "soon"}, "feeds[0].every", "value"),
        ({"every": "0s"}, "feeds[0].every", "value"),
        ({"every": "3600"}, "feeds[0].every", "value"),
        ({"overdue_after": "30m"}, "feeds[0]", "value"),
        ({"name": "No Name"}, "feeds[0].name", "value"),
        ({"format": "clay-tablet"}, "feeds[0]", "value"),
        ({"source": "{}"}, "feeds[0].source", "value"),
        ({"source": "{folder: /a, url: https://b}"}, "feeds[0].source", "value"),
        ({"source": "{folder: /a, pattern: ../x}"}, "feeds[0].source.pattern", "value"),
        ({"source": "{url: 'ftp://b/c'}"}, "feeds[0].source.url", "value"),
        ({"source": "{url: 'https://me:secret@b/c'}"}, "feeds[0].source.url", "value"),
        ({"source": "{url: 'http://b/c', headers: {X: {env: T}}}"}, "feeds[0].source", "value"),
        ({"source": "{url: 'https://b/c', headers: {X: plain}}"}, "feeds[0].source.headers.X", "value"),
        ({"source": "{url: 'https://b/c', headers: {X: {}}}"}, "feeds[0].source.headers.X", "value"),
        ({"source": "{url: 'https://b/c', max_bytes: 0}"}, "feeds[0].source.max_bytes", "value"),
        ({"limits": "{shrink: 2}"}, "feeds[0].limits.shrink", "value"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, changes: dict[str, str], path: str, rule: str) -> None:
    found = complaints(tmp_path, one(**changes))
    assert [(r, p) for _, r, p in found] == [(rule, path)]


@pytest.mark.parametrize("field", ["name", "format", "source", "every"])
def test_a_field_that_is_needed_is_asked_for(tmp_path: Path, field: str) -> None:
    text = "\n".join(line for line in one().splitlines() if not line.startswith(f"    {field}:")) + "\n"
    assert [(rule, path) for _, rule, path in complaints(tmp_path, text)] == [("missing-field", f"feeds[0].{field}")]


def test_every_complaint_comes_at_once_with_its_line(tmp_path: Path) -> None:
    text = "feeds:\n  - name: a\n    format: us-csl\n    source: {folder: /x}\n    every: soon\n    colour: red\n"
    assert [line for line, _, _ in complaints(tmp_path, text)] == [5, 6]


def test_two_feeds_of_one_name_are_refused(tmp_path: Path) -> None:
    text = one() + one().removeprefix("feeds:\n")
    assert [(line, path) for line, _, path in complaints(tmp_path, text)] == [(8, "feeds[1].name")]


@pytest.mark.parametrize("text", ["", "- 1\n", "feeds: &a [*a]\n", "feeds: [\n"])
def test_what_is_no_feeds_file_is_refused(tmp_path: Path, text: str) -> None:
    assert complaints(tmp_path, text)


@pytest.mark.parametrize("name", ["none.yaml", "no\0name"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedsRejected) as rejected:
        load_feeds(tmp_path / name)
    assert rejected.value.complaints[0].rule == "source"


@pytest.mark.parametrize(
    ("changes", "regimes"),
    [
        ({"format": "serious-list", "regime": "SAMR-SERIOUS"}, ("SAMR-SERIOUS",)),
        ({"format": "dual-publicity-penalties"}, ()),
        ({"format": "us-sdn"}, ("US-SDN",)),
        ({"format": "flat-csv"}, ()),
        ({"format": "flat-csv", "regime": "SAMR-SERIOUS"}, ()),
        ({"format": "flat-csv", "carries": "[TAX-A, TAX-MAJOR]"}, ("TAX-A", "TAX-MAJOR")),
    ],
)
def test_a_feed_carries_what_it_says_or_any_regime(
    tmp_path: Path, changes: dict[str, str], regimes: tuple[str, ...]
) -> None:
    (feed,) = feeds_in(tmp_path, one(**changes))
    assert feed.regimes == regimes


def test_a_format_may_know_what_it_carries(tmp_path: Path) -> None:
    (feed,) = feeds_in(tmp_path, one())
    assert "US-SDN" in feed.regimes
