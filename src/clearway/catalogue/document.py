"""The text of an edition file as a plain tree, with the line of every node.

The YAML accepted is the plain part of the language: mappings, sequences and scalars. Every scalar stays the string that
was written (the model gives it its type, so `010000` or `NO` keep their signs) except an unquoted null. Aliases,
anchors, tags, duplicate keys and second documents are refused: each makes a file mean something other than it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import NoReturn

import yaml

from clearway.catalogue.complaints import Complaint, Path, written

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 24
MAX_NODES = 200_000

Tree = dict[str, "Tree"] | list["Tree"] | str | None
"""Mappings, sequences, scalars as written, and null."""

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_Loader: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """An edition file taken apart: its tree, the line of each node, and what was wrong with its text."""

    file: str
    tree: Tree = None
    lines: dict[Path, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the node at `path`, or of the nearest node above it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def complain(self, rule: str, path: Path, message: str, line: int | None = None) -> None:
        """Add a complaint about the node at `path`."""
        at = self.line(path) if line is None else line
        self.complaints.append(Complaint(self.file, at, rule, written(path), message))

    def complaints_by_line(self) -> tuple[Complaint, ...]:
        """All that was found, from the file's first line to its last."""
        return tuple(sorted(self.complaints, key=lambda complaint: complaint.line))


class _UnreadableError(Exception):
    """The rest of the file cannot be read; the complaint is already made."""


def document_at(path: FilePath) -> Document:
    """The file at `path` taken apart. Never raises: that it cannot be read is a complaint like any other."""
    try:
        content = bytes_at(path)
    except (OSError, ValueError) as error:  # ValueError: a path that no file system could hold.
        document = Document(str(path))
        document.complain("source", (), f"cannot be read ({getattr(error, 'strerror', None) or 'no such path'})")
        return document
    return read_document(str(path), content)


def bytes_at(path: FilePath) -> bytes:
    """What the file holds, or enough of it to see that it is too large. Raises `OSError`, `ValueError`."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def read_document(file: str, content: bytes) -> Document:
    """Take the bytes of an edition file apart. Never raises: what is wrong stands in `complaints`."""
    document = Document(file)
    try:
        _Builder(document, _decoded(document, content)).build()
    except _UnreadableError:
        document.tree = None
    return document


def _decoded(document: Document, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        document.complain("size", (), f"the file is larger than {MAX_BYTES} bytes")
        raise _UnreadableError
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        document.complain("encoding", (), f"byte {error.start} is not UTF-8; save the file as UTF-8", line)
        raise _UnreadableError from None
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        document.complain("encoding", (), f"the sign U+{ord(found[0]):04X} is not allowed here", line)
        raise _UnreadableError
    return text


class _Builder:
    """Builds the tree from the parser's events, so that nothing is constructed before it has been looked at."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events = self._parsed(text)
        self._nodes = 0

    def build(self) -> None:
        self._expect(yaml.StreamStartEvent)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._stop("syntax", (), "the file is empty", 1)
        self._document.tree = self._node(next(self._events), ())
        self._expect(yaml.DocumentEndEvent)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._stop("syntax", (), "a second document starts here; the file is one document", _line(event))

    def _parsed(self, text: str) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            # The parser places what it missed at the end a line below the last.
            line = min(mark.line + 1, len(text.splitlines())) if mark else 1
            self._stop("syntax", (), error.problem or "not YAML", line)
        except yaml.YAMLError as error:
            self._stop("syntax", (), str(error).splitlines()[0], 1)

    def _node(self, event: yaml.Event, path: Path) -> Tree:
        self._document.lines.setdefault(path, _line(event))
        self._count(event, path)
        if isinstance(event, yaml.AliasEvent):
            self._document.complain("alias", path, "aliases are not read; write the value out", _line(event))
            return None
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise TypeError(event)  # The parser starts a value with nothing else.
        self._require_plain(event, path)
        if isinstance(event, yaml.ScalarEvent):
            plain_null = not event.style and event.value in _NULLS
            return None if plain_null else str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _require_plain(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: Path) -> None:
        if event.anchor is not None:
            self._document.complain("alias", path, "anchors are not read; remove the &name", _line(event))
        if event.tag is not None:
            self._document.complain("tag", path, "tags are not read; remove the !tag", _line(event))

    def _sequence(self, path: Path) -> Tree:
        items: list[Tree] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> Tree:
        members: dict[str, Tree] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._stop("syntax", path, "a key must be a plain word", _line(event))
            key = str(event.value)
            here = (*path, key)
            self._require_plain(event, here)
            if key in members:
                first = self._document.lines[here]
                message = f"the key stands twice; it first stands in line {first}"
                self._document.complain("duplicate-key", here, message, _line(event))
                self._node(next(self._events), (*here, "again"))
                continue
            self._document.lines[here] = _line(event)
            members[key] = self._node(next(self._events), here)
        return members

    def _count(self, event: yaml.Event, path: Path) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop("size", (), f"the file has more than {MAX_NODES} values", _line(event))
        if len(path) > MAX_DEPTH:
            self._stop("size", (), f"the file is nested deeper than {MAX_DEPTH} levels", _line(event))

    def _expect(self, kind: type[yaml.Event]) -> None:
        event = next(self._events)
        if not isinstance(event, kind):
            raise TypeError(event)  # The parser frames every stream so.

    def _stop(self, rule: str, path: Path, message: str, line: int) -> NoReturn:
        self._document.complain(rule, path, message, line)
        raise _UnreadableError


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1
