"""The forms in which `clearway log export` writes recorded checks: a row at a time, whatever the log holds."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from clearway.cli.output import print_json_line
from clearway.querylog.record import CheckRecord
from clearway.server.spreadsheets import BYTE_ORDER_MARK, disarmed

EVENT_TYPE = "clearway.check.recorded.v1"

Document = Callable[[CheckRecord], dict[str, Any]]
"""What is told of a check: `clearway.cli.log.row_of` or `whole`."""


def ndjson(records: Iterable[CheckRecord], document: Document) -> None:
    """A JSON document a line."""
    for record in records:
        print_json_line(document(record))


def cloudevents(records: Iterable[CheckRecord], document: Document) -> None:
    """A CloudEvent in JSON a line. Its id is the check's: an event that comes twice is known again."""
    write = JSONFormat().write
    for record in records:
        sys.stdout.write(write(event_of(record, document(record))).decode() + "\n")


def event_of(record: CheckRecord, told: dict[str, Any]) -> CloudEvent:
    """A recorded check as an event of its authority's log. Neither code nor name stands outside of its data."""
    attributes = {
        "id": record.check_id,
        "source": f"urn:clearway:log:{record.authority}",
        "type": EVENT_TYPE,
        "time": record.decided_at,
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, told)


def as_csv(records: Iterable[CheckRecord], document: Document) -> None:
    """A table for spreadsheets, its first row the names; no cell is run as a formula."""
    sys.stdout.write(BYTE_ORDER_MARK)
    writer = csv.writer(sys.stdout)
    for number, record in enumerate(records):
        told = document(record)
        if number == 0:
            writer.writerow(told)
        writer.writerow(disarmed(str(value)) for value in told.values())


FORMS: Mapping[str, Callable[[Iterable[CheckRecord], Document], None]] = {
    "ndjson": ndjson,
    "cloudevents": cloudevents,
    "csv": as_csv,
}
"""Form → what writes it."""
