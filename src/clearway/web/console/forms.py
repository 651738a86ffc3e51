"""What visitors fill in: the fields of a form, and days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request

from clearway.web.json.request import body_of

MOST_BYTES = 128 * 1024
MOST_FIELDS = 300
"""Of a form of ours: a row that was set aside has a field for each of its columns."""

DAY = timedelta(days=1)


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent, without the spaces around them; the last of each name.

    Raises `Refusal` REQUEST_TOO_LARGE, DEADLINE_EXCEEDED; ValueError for what is no form.
    """
    body = await body_of(request, MOST_BYTES)
    fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return {name: value.strip() for name, value in fields}


def day_in(text: str) -> date | None:
    """A day as a browser sends it; None for anything else."""
    if not re.fullmatch(r"[12]\d{3}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def set_beginning(timestamp: Timestamp, day: date, zone: ZoneInfo) -> None:
    """Put the beginning of a day in its zone into a message."""
    timestamp.FromDatetime(datetime.combine(day, time(), zone).astimezone(UTC))


def day_of(timestamp: Timestamp, zone: ZoneInfo) -> date:
    """The day on which a moment is, in a zone."""
    return timestamp.ToDatetime(UTC).astimezone(zone).date()
