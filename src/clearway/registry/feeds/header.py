"""A table's header row: found below the notes above it, by the names that its columns go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from clearway.registry.errors import UnreadableFeed
from clearway.registry.feeds.cells import header_key, without_brackets

WITHIN = 30
"""The header is one of so many first lines that are not blank."""


class Header:
    """The names of a table's columns, as they stand in `cells` and as they are compared in `keys`."""

    def __init__(self, cells: list[str]) -> None:
        self.cells = cells
        self.keys = [header_key(cell) for cell in cells]
        self._bare = [without_brackets(key) for key in self.keys]

    def find(self, names: Iterable[str]) -> int | None:
        """The column that goes by the first of the names that is there; what stands in brackets may differ.

        Raises `UnreadableFeed` where two columns go by it.
        """
        for name in names:
            key = header_key(name)
            for keys in (self.keys, self._bare):
                columns = [column for column, found in enumerate(keys) if found == key]
                if len(columns) > 1:
                    raise UnreadableFeed(f"the header has two columns called {name}")
                if columns:
                    return columns[0]
        return None


def find_header(lines: Iterator[tuple[int, list[str]]], needed: list[tuple[str, ...]]) -> Header:
    """The first row that has every needed column, each given by the names it goes by; later rows stay in `lines`.

    Raises `UnreadableFeed` where none of the first rows has them.
    """
    nearest: list[str] = []
    for _, cells in islice(lines, WITHIN):
        header = Header(cells)
        missing = [names[0] for names in needed if header.find(names) is None]
        if not missing:
            return header
        if not nearest or len(missing) < len(nearest):
            nearest = missing
    lacking = ", ".join(nearest or [names[0] for names in needed])
    raise UnreadableFeed(
        f"none of the first {WITHIN} lines is a header that names every needed column; missing: {lacking}"
    )
