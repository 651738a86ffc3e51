"""Files that a visitor takes home, sent line by line while further pages are still asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from clearway.server.reports.tables import line_of
from clearway.server.spreadsheets import BYTE_ORDER_MARK, csv_of

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Page = TypeVar("Page", bound=Message)
Item = TypeVar("Item", bound=Message)


async def batches(
    first: Page, rest: AsyncIterator[Page], items: Callable[[Page], Iterable[Item]]
) -> AsyncIterator[Iterable[Item]]:
    """What stands on each of some pages, the first of which has been asked for already."""
    yield items(first)
    async for page in rest:
        yield items(page)


async def csv_lines(
    columns: Sequence[str], row: Callable[[Item], Sequence[str]], found: AsyncIterator[Iterable[Item]]
) -> AsyncIterator[str]:
    """A CSV file, batch by batch."""
    yield BYTE_ORDER_MARK + csv_of([columns])
    async for some in found:
        yield csv_of(map(row, some))


async def json_lines(found: AsyncIterator[Iterable[Item]]) -> AsyncIterator[str]:
    """NDJSON, batch by batch."""
    async for some in found:
        yield "".join(line_of(item) + "\n" for item in some)
