"""JSON lists: the shapes they come in, as a header and rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds import json_lines
from clearway.registry.feeds.files import FeedFile, FileKind

ROWS = [{"name": "虚构", "code": 1}, {"code": "2", "more": None}]
READ = [(0, ["name", "code", "more"]), (1, ["虚构", "1", ""]), (2, ["", "2", ""])]


def read(path: Path, content: str | bytes) -> list[tuple[int, list[str]]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with FeedFile(path) as file:
        assert file.kind is FileKind.JSON
        return list(file.lines())


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, ensure_ascii=False, indent=2),
        "\ufeff" + json.dumps(ROWS),
        json.dumps({"total": 2, "data": ROWS}),
        json.dumps({"entries": ROWS}),
        json.dumps({"notes": ["a"], "rows": ROWS}),
        "\n".join(map(json.dumps, ROWS)),
        "\n".join(map(json.dumps, ROWS)) + "\n",
    ],
    ids=["array", "indented", "mark", "data", "one array", "named rows", "lines", "lines with an end"],
)
def test_a_list_of_objects_is_read_in_the_shapes_it_comes_in(tmp_path: Path, content: str) -> None:
    assert read(tmp_path / "list", content) == READ


def test_json_is_read_compressed(tmp_path: Path) -> None:
    assert read(tmp_path / "list", gzip.compress(json.dumps(ROWS).encode())) == READ


def test_lines_are_numbered_as_they_stand(tmp_path: Path) -> None:
    assert read(tmp_path / "list", '{"a": 1}\n\n{"a": 2}\n') == [(0, ["a"]), (1, ["1"]), (3, ["2"])]


def test_one_object_alone_is_a_row_unless_it_holds_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "list", '{"a": 1}') == [(0, ["a"]), (1, ["1"])]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (None, ""),
        (True, "true"),
        (919999990000000353, "919999990000000353"),
        (12.0, "12"),
        (9.2e17, "9.2e+17"),
        (["a", "b"], "a;b"),
        ([{"a": 1}], '[{"a":1}]'),
    ],
)
def test_a_value_of_any_kind_is_text(tmp_path: Path, value: object, text: str) -> None:
    assert read(tmp_path / "list", json.dumps([{"a": value}]))[1] == (1, [text])


def test_objects_inside_are_columns_of_their_own(tmp_path: Path) -> None:
    nested = [{"subject": {"code": "1", "names": {"zh": "虚构"}}}]
    assert read(tmp_path / "list", json.dumps(nested)) == [
        (0, ["subject.code", "subject.names.zh"]),
        (1, ["1", "虚构"]),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[{"a": 1}, 2]', "row 2 is no JSON object"),
        ('{"a": 1}\n{"a":', "line 2 is no JSON object"),
        ('[{"a": 1}', "neither a JSON array"),
        ('{"a": [1], "b": [2]}', "several arrays"),
        ('{"a":\n1}', "holds no rows"),
        ('[{"a": "\\ud800"}]', "neither a JSON array"),
        ('[{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]", "neither a JSON array"),
        (json.dumps([{f"m{number}": 1 for number in range(1001)}]), "more than 1000"),
    ],
    ids=["no object", "no line", "cut short", "two arrays", "no array", "half a sign", "deep", "wide"],
)
def test_json_that_is_no_list_of_objects_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    with pytest.raises(UnreadableFeed, match=complaint):
        read(tmp_path / "list", content)


def test_a_document_may_be_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_DOCUMENT", 10)
    with pytest.raises(UnreadableFeed, match="one object a line"):
        read(tmp_path / "list", json.dumps(ROWS))
