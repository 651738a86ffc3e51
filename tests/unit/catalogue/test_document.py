"""What the text of an edition file may be, and what bad text gets."""

from __future__ import annotations

import pytest

from clearway.catalogue import document as document_module
from clearway.catalogue.document import MAX_BYTES, read_document


def complaints(content: bytes) -> list[tuple[str, int, str]]:
    return [(c.rule, c.line, c.path) for c in read_document("file.yaml", content).complaints]


def test_scalars_stay_as_written_and_nulls_are_null() -> None:
    tree = read_document("f", b'a: 010\nb: NO\nc: "~"\nd: ~\ne:\nf: 2024-01-01\ng: [1, null]\n').tree
    assert tree == {"a": "010", "b": "NO", "c": "~", "d": None, "e": None, "f": "2024-01-01", "g": ["1", None]}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_document("f", "\ufeffa: 名".encode()).tree == {"a": "名"}


def test_every_node_has_its_line_and_a_missing_one_the_line_above_it() -> None:
    document = read_document("f", b"a:\n  - b: 1\n    c: 2\n  - d\n")
    assert document.line(("a", 0, "c")) == 3
    assert document.line(("a", 1)) == 4
    assert document.line(("a", 0, "missing")) == 2
    assert document.line(("elsewhere",)) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", [("syntax", 1, "")], id="empty"),
        pytest.param(b"a: [1\nb: 2\n", [("syntax", 2, "")], id="unclosed"),
        pytest.param(b"a: 1\nb", [("syntax", 2, "")], id="a key without its value at the end"),
        pytest.param(b"a: 1\n---\nb: 2\n", [("syntax", 2, "")], id="second document"),
        pytest.param(b"a: 1\n[x]: 2\n", [("syntax", 2, "")], id="key that is no word"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", [("duplicate-key", 3, "a")], id="key twice"),
        pytest.param(b"a: &x 1\nb: *x\n", [("alias", 1, "a"), ("alias", 2, "b")], id="anchor and alias"),
        pytest.param(b"&x a: 1\n", [("alias", 1, "a")], id="anchor on a key"),
        pytest.param(b"a: !!python/object/apply:os.system [ls]\n", [("tag", 1, "a")], id="tag"),
        pytest.param(b"a: 1\nb: \xff\n", [("encoding", 2, "")], id="not UTF-8"),
        pytest.param("a: 名\n".encode("gb18030"), [("encoding", 1, "")], id="GBK"),
        pytest.param(b"a: 1\nb: \x00\n", [("encoding", 2, "")], id="NUL"),
        pytest.param(b"a: 1\n\n" + b"#" * MAX_BYTES, [("size", 1, "")], id="too large"),
        pytest.param(b"[" * 100_000, [("size", 1, "")], id="too deep"),
    ],
)
def test_bad_text_is_complained_of(content: bytes, expected: list[tuple[str, int, str]]) -> None:
    assert complaints(content) == expected


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    layers = "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20))
    found = complaints(("a: &a [x]\n" + layers).encode())
    assert {rule for rule, _, _ in found} == {"alias"}


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "MAX_NODES", 10)
    assert complaints(b"a: [1, 2, 3, 4, 5, 6, 7]\n") == []
    assert complaints(b"a: [1, 2, 3, 4, 5, 6, 7,\n 8, 9, 10]\n") == [("size", 2, "")]
