"""Tables under a mapping: the adapter of every format that is declared as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Named

from clearway.registry.feeds.header import Header, find_header
from clearway.registry.feeds.mapping import Fact, Mapping
from clearway.registry.feeds.row_reader import RowReader
from clearway.registry.feeds.rows import Disposition, Fault, Row, RowReason, Statement
from clearway.registry.feeds.spec import FeedSpec

Lines = Iterator[tuple[int, list[str]]]
Settle = Callable[[Header, Mapping], tuple[Mapping, tuple[int, ...]]]
"""Settles what only a file's whole header can say of its mapping: the mapping, and the columns that told it.

Raises `UnreadableFeed`.
"""


class TableFeed:
    """The adapter of a feed whose format is a mapping."""

    def __init__(self, spec: FeedSpec, mapping: Mapping, settle: Settle | None = None) -> None:
        self.name = spec.name
        self.full_list = mapping.full_list if spec.full_list is None else spec.full_list
        self.limits = spec.limits
        self.regimes = _regimes(spec, mapping)
        self.states: Fact | None = mapping.states
        self._spec = spec
        self._mapping = mapping
        self._settle = settle

    def open(self, lines: Lines) -> Table:
        """Find the header. Raises `UnreadableFeed` where there is none, or where it is ambiguous."""
        mapping = self._mapping
        columns = (*mapping.values().values(), *mapping.codes, *((mapping.kinds,) if mapping.kinds else ()))
        header = find_header(lines, [column.headers for column in columns if column.needed])
        telling: tuple[int, ...] = ()
        if self._settle is not None:
            mapping, telling = self._settle(header, mapping)
        return Table(RowReader(self._spec, mapping, header, telling), lines)


def _regimes(spec: FeedSpec, mapping: Mapping) -> tuple[str, ...]:
    """The regimes that rows are under, where no column of theirs says which."""
    if mapping.states is not Fact.LISTING or (mapping.regime is not None and mapping.regime.headers):
        return ()
    stated = spec.regime or (mapping.regime.constant if mapping.regime is not None else "")
    return (stated,) if stated else ()


class Table:
    """A file under a mapping."""

    def __init__(self, reader: RowReader, lines: Lines) -> None:
        self._reader = reader
        self._lines = lines

    def rows(self) -> Iterator[Row]:
        """The rows in order."""
        width = len(self._reader.header.cells)
        for number, cells in self._lines:
            if len(cells) < width:
                cells.extend([""] * (width - len(cells)))
            yield Row(number, cells, self._content(cells, width))

    def original(self, row: Row) -> Named[str, str]:
        """What the mapping reads of the row, by column."""
        return self._reader.original(row)

    def column(self, field: str) -> str:
        """The header's own name for it."""
        return self._reader.column(field)

    def _content(self, cells: list[str], width: int) -> Statement | Fault:
        if any(map(str.strip, cells[width:])):
            detail = f"the row has {len(cells)} cells, the header {width}"
            return Fault(Disposition.REJECTED, RowReason.MALFORMED, detail)
        if any("\0" in cell for cell in cells):
            return Fault(Disposition.REJECTED, RowReason.MALFORMED, "the row holds signs that are no text")
        return self._reader.read(cells)
