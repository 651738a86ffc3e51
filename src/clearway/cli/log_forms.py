"""The forms in which `clearway log export` writes recorded checks: a row at a time, whatever the log holds.

A row that was erased stands in its place: its id, and with it its moment, and in `erased` by what it went and when.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from clearway.cli.output import print_json_line
from clearway.querylog.check_ids import moment_of
from clearway.querylog.record import CheckRecord
from clearway.querylog.retention.erased import ErasedRow
from clearway.server.spreadsheets import BYTE_ORDER_MARK, disarmed

EVENT_TYPE = "clearway.check.recorded.v1"
ERASED_TYPE = "clearway.check.erased.v1"
SOURCE = "urn:clearway:log"

LogRow = CheckRecord | ErasedRow
Document = Callable[[CheckRecord], dict[str, Any]]
"""What is told of a check: `clearway.cli.log.row_of` or `whole`."""


def told_of(row: LogRow, document: Document) -> dict[str, Any]:
    """A row as it is told."""
    return document(row) | {"erased": ""} if isinstance(row, CheckRecord) else told_of_erased(row, document)


def told_of_erased(row: ErasedRow, document: Document) -> dict[str, Any]:
    """The same fields, empty but for the id, its moment, and by what the row went."""
    nothing = CheckRecord(
        check_id=row.check_id,
        decided_at=moment_of(row.check_id),
        authority="",
        caller="",
        officer="",
        case_number="",
        item_code="",
        request_id="",
        request_digest=b"",
        scheme="",
        subject="",
        subject_key=b"",
        outcome="",
        standing="",
        error_reason="",
        revision="",
        edition="",
        edition_hash="",
        request=b"",
        facts=b"",
        response=b"",
        worker="",
    )
    told = {name: value for name, value in document(nothing).items() if not isinstance(value, dict)}
    return told | {"request_id": "", "erased": row.because or "by what is not known"}


def ndjson(rows: Iterable[LogRow], document: Document) -> None:
    """A JSON document a line."""
    for row in rows:
        print_json_line(told_of(row, document))


def cloudevents(rows: Iterable[LogRow], document: Document) -> None:
    """A CloudEvent in JSON a line. Its id is the check's: an event that comes twice is known again."""
    write = JSONFormat().write
    for row in rows:
        sys.stdout.write(write(event_of(row, told_of(row, document))).decode() + "\n")


def event_of(row: LogRow, told: dict[str, Any]) -> CloudEvent:
    """A recorded check as an event of its authority's log. Neither code nor name stands outside of its data.

    That a row was erased is an event of the log itself: whose check it was is not known any more.
    """
    attributes = {"id": row.check_id, "datacontenttype": "application/json"}
    if isinstance(row, CheckRecord):
        kind = {"source": f"{SOURCE}:{row.authority}", "type": EVENT_TYPE, "time": row.decided_at}
    else:
        moment = row.erasure.erased_at if row.erasure else moment_of(row.check_id)
        kind = {"source": SOURCE, "type": ERASED_TYPE, "time": moment}
    return CloudEvent(attributes | kind, told)


def as_csv(rows: Iterable[LogRow], document: Document) -> None:
    """A table for spreadsheets, its first row the names; no cell is run as a formula."""
    sys.stdout.write(BYTE_ORDER_MARK)
    writer = csv.writer(sys.stdout)
    for number, row in enumerate(rows):
        told = told_of(row, document)
        if number == 0:
            writer.writerow(told)
        writer.writerow(disarmed(str(value)) for value in told.values())


FORMS: Mapping[str, Callable[[Iterable[LogRow], Document], None]] = {
    "ndjson": ndjson,
    "cloudevents": cloudevents,
    "csv": as_csv,
}
"""Form → what writes it."""
