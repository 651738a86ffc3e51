"""The period of a report, and its months in the catalogue's zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from google.protobuf.timestamp_pb2 import Timestamp

from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, Violation
from clearway.server.moments import moment_in

LONGEST = timedelta(days=366)
"""A period is at most this long: a report costs a look at each of its rows."""


def period_of(since: Timestamp, until: Timestamp) -> tuple[datetime, datetime]:
    """The period asked for. Raises `Refusal` INVALID_REQUEST where it is empty or too long."""
    begins, ends = moment_in(since, "since"), moment_in(until, "until")
    if not timedelta(0) < ends - begins <= LONGEST:
        raise invalid("until", f"comes after `since`, by {LONGEST.days} days at most")
    return begins, ends


def invalid(field: str, message: str) -> Refusal:
    """A field that the question cannot have so."""
    violations = [Violation(field, message)]
    return Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, f"invalid: {field}", violations=violations)


def month_of(moment: datetime, zone: tzinfo) -> str:
    """The month that a moment falls into, such as `2026-03`."""
    return f"{moment.astimezone(zone):%Y-%m}"


def months(since: datetime, until: datetime, zone: tzinfo) -> Iterator[tuple[str, datetime, datetime]]:
    """The months that a period touches, and which part of the period lies in each."""
    while since < until:
        first = since.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        end = min(until, (first + timedelta(days=32)).replace(day=1).astimezone(UTC))
        yield month_of(since, zone), since, end
        since = end
