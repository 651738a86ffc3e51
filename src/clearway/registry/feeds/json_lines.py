"""JSON: an array of objects, an object that holds one, or one object a line (NDJSON), as a header and rows.

A member's name is a column; an object inside is read as columns `outer.inner`; a list of plain values is one cell, its
members parted by `;`; anything deeper stands in its cell as JSON. Rows are numbered from 1 as they stand in the array;
of NDJSON, by lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

import msgspec

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.cells import number_text

MAX_DOCUMENT = 256 << 20
"""Bytes of an array of objects, at most; NDJSON may be as long as any list."""

MAX_LINE = 16 << 20
"""Bytes of a line of NDJSON, at most."""

MAX_COLUMNS = 1000
"""Different names of members, at most."""

MAX_DEPTH = 4
"""Objects inside objects are taken apart so deep."""

ROWS_MEMBERS = ("data", "rows", "results", "records", "items", "list", "result")
"""The member that holds the rows, where an object has several arrays; the first of these that it has."""

_OBJECT = msgspec.json.Decoder(dict[str, object])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BOM = b"\xef\xbb\xbf"


def looks_like_json(start: bytes) -> bool:
    """Whether the first bytes of a file are those of an object or of an array of objects."""
    signs = b"".join(start.removeprefix(_BOM).split())[:2]
    return signs in (b'{"', b"[{", b"[]", b"{}")


def json_lines(open_stream: Callable[[], IO[bytes]]) -> Iterator[tuple[int, list[str]]]:
    """The header as line 0, then each row. The stream is opened and read twice. Raises `UnreadableFeed`."""
    rows = _ndjson if _is_ndjson(open_stream()) else _document
    columns: dict[str, int] = {}
    for _, members in rows(open_stream()):
        for name in members:
            columns.setdefault(name, len(columns))
        if len(columns) > MAX_COLUMNS:
            raise UnreadableFeed(f"the objects have more than {MAX_COLUMNS} different members")
    if columns:
        yield 0, list(columns)
    for number, members in rows(open_stream()):
        yield number, [members.get(name, "") for name in columns]


def _is_ndjson(stream: IO[bytes]) -> bool:
    first = stream.readline(MAX_LINE).removeprefix(_BOM)
    try:
        members = _MEMBERS.decode(first)
    except _NO_JSON:
        return False
    # One object alone on its line is a document if it holds rows, and else a row.
    return bool(stream.readline(MAX_LINE).strip()) or not any(map(_is_array, members.values()))


def _ndjson(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, str]]]:
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if line := line.removeprefix(_BOM).strip():
            yield number, _row(line, f"line {number}")


def _document(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, str]]]:
    content = stream.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise UnreadableFeed("the file is larger than a JSON document may be; write one object a line")
    content = content.removeprefix(_BOM)
    try:
        array = content if content.lstrip()[:1] == b"[" else _array_in(_MEMBERS.decode(content))
        members = _ARRAY.decode(array)
    except _NO_JSON as error:
        raise UnreadableFeed("the file is neither a JSON array of objects nor an object that holds one") from error
    for number, member in enumerate(members, 1):
        yield number, _row(member, f"row {number}")


def _array_in(members: dict[str, msgspec.Raw]) -> msgspec.Raw:
    arrays = {name: member for name, member in members.items() if _is_array(member)}
    names = [name for name in ROWS_MEMBERS if name in arrays] or list(arrays)
    if not arrays or (len(names) > 1 and names[0] not in ROWS_MEMBERS):
        raise UnreadableFeed(f"the object holds no rows, or several arrays; call one of them {ROWS_MEMBERS[0]}")
    return arrays[names[0]]


def _is_array(member: msgspec.Raw) -> bool:
    return bytes(member)[:1] == b"["


def _row(text: bytes | msgspec.Raw, where: str) -> dict[str, str]:
    try:
        members = _OBJECT.decode(text)
    except _NO_JSON as error:
        raise UnreadableFeed(f"{where} is no JSON object") from error
    cells: dict[str, str] = {}
    _lay_flat(members, "", cells, MAX_DEPTH)
    return cells


def _lay_flat(members: dict[str, object], prefix: str, cells: dict[str, str], depth: int) -> None:
    for name, value in members.items():
        column = f"{prefix}{name}"
        if isinstance(value, dict) and depth:
            _lay_flat(value, f"{column}.", cells, depth - 1)
        else:
            cells[column] = _text(value)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return number_text(value)
        case list() if not any(isinstance(member, list | dict) for member in value):
            return ";".join(filter(None, map(_text, value)))
        case _:
            return msgspec.json.encode(value).decode()
