"""Checks and reports as tables of text: what the commands write to files, and what the console lets download."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from google.protobuf import json_format
from google.protobuf.message import Message

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.server.reports.sheet import FIELDS
from clearway.server.spreadsheets import BYTE_ORDER_MARK, csv_of, workbook_of

CHECK_COLUMNS = (
    "check_id", "decided_at", "outcome", "standing", "refused_reason", "scheme", "subject", "case_number", "item_code",
    "region_code", "authority", "authority_name", "officer", "caller",
)  # fmt: skip
"""The headings of a table of checks."""

FOLDED = "(small groups together)"
TOTAL = "(all)"
ERASED = "(besides these {count} rows were erased)"
CUT = "(more of {kind}: the largest are given)"


def check_row(check: pb.CheckSummary) -> tuple[str, ...]:
    """A check as a row under `CHECK_COLUMNS`."""
    return (
        check.check_id,
        f"{check.decided_at.ToDatetime(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        named(decision_pb2.Outcome, check.outcome),
        named(decision_pb2.Standing, check.standing),
        check.refused_reason,
        check.scheme,
        check.subject,
        check.case_number,
        check.item_code,
        check.region_code,
        check.authority.code,
        check.authority.name,
        check.officer,
        check.caller,
    )


def named(enum: type[decision_pb2.Outcome] | type[decision_pb2.Standing], value: int) -> str:
    """The end of a value's name, such as `RESTRICTION`; empty for the unspecified one."""
    return enum.Name(value).partition("_")[2] if value else ""  # type: ignore[arg-type]


ACCESS_COLUMNS = (
    *CHECK_COLUMNS, "application_kind", "explanation", "measures", "listings", "legal_bases", "objection", "repair",
)  # fmt: skip
"""The headings of a table of the checks about a subject."""


def access_row(entry: pb.SubjectAccessEntry) -> tuple[str, ...]:
    """A check about a subject as a row under `ACCESS_COLUMNS`. What there is several times stands in one cell."""
    reasons = (*entry.decision.restrictions, *entry.decision.incentives)
    return (
        *check_row(entry.check),
        check_service_pb2.ApplicationKind.Name(entry.application_kind).removeprefix("APPLICATION_KIND_")
        if entry.application_kind
        else "",
        entry.decision.explanation.text,
        several(reason.measure_name or reason.measure for reason in reasons),
        several(reason.listing_id for reason in reasons),
        several(f"{reason.legal_basis.title} {reason.legal_basis.article}".strip() for reason in reasons),
        several(channel_line(reason.objection) for reason in reasons),
        several(channel_line(reason.repair) for reason in reasons),
    )


def several(parts: Iterable[str]) -> str:
    """Different parts in one cell."""
    return " | ".join(dict.fromkeys(filter(None, parts)))


def channel_line(channel: decision_pb2.Channel) -> str:
    """Where to turn to, in one line."""
    return " ".join(filter(None, (channel.authority.name, channel.how, channel.phone, channel.url)))


def line_of(message: Message) -> str:
    """A message as a line of NDJSON, its fields named as the contract names them."""
    return json_format.MessageToJson(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=None,
        ensure_ascii=False,
    )


def as_csv(checks: Iterable[pb.CheckSummary]) -> bytes:
    """Checks as a CSV file."""
    return (BYTE_ORDER_MARK + csv_of([CHECK_COLUMNS, *map(check_row, checks)])).encode()


def as_ndjson(checks: Iterable[pb.CheckSummary]) -> bytes:
    """Checks as NDJSON."""
    return "".join(line_of(check) + "\n" for check in checks).encode()


def as_workbook(checks: Iterable[pb.CheckSummary]) -> bytes:
    """Checks as a workbook."""
    return workbook_of("checks", CHECK_COLUMNS, map(check_row, checks))


FORMS: Mapping[str, Callable[[Iterable[pb.CheckSummary]], bytes]] = {
    ".csv": as_csv,
    ".ndjson": as_ndjson,
    ".xlsx": as_workbook,
}
"""The end of a file's name → its content, made of checks."""


def report_rows(found: pb.ReportFiguresResponse, dimensions: Sequence[pb.Dimension.ValueType]) -> Iterator[list[str]]:
    """A report: the headings, each group, and the total, as cells."""
    fields = [FIELDS[dimension] for dimension in dimensions]
    yield [*fields, *(definition.name for definition in found.definitions)]
    if fields:
        for group in found.groups:
            yield [*places_of(group, fields), *values_of(group)]
    yield [*in_first(TOTAL, fields), *values_of(found.total)]


def filed_rows(found: pb.ReportFiguresResponse, dimensions: Sequence[pb.Dimension.ValueType]) -> Iterator[list[str]]:
    """The same for a file, which goes where nobody sees the page: it says itself that rows were erased."""
    yield from report_rows(found, dimensions)
    if found.erased_rows:
        yield [ERASED.format(count=found.erased_rows)]


def places_of(group: pb.ReportGroup, fields: Sequence[str]) -> list[str]:
    """Where a group stands."""
    return in_first(FOLDED, fields) if group.folded else [str(getattr(group, field)) for field in fields]


def in_first(word: str, fields: Sequence[str]) -> list[str]:
    """A word in the first of some cells."""
    return [word if place == 0 else "" for place in range(len(fields))]


def values_of(group: pb.ReportGroup) -> list[str]:
    """A group's figures; empty where there is nothing to divide by or measured."""
    return [number_of(figure) for figure in group.figures]


def number_of(figure: pb.FigureValue) -> str:
    """A figure's value: a count as it is, anything else with four digits."""
    if not figure.HasField("value"):
        return ""
    return str(int(figure.value)) if figure.value.is_integer() else f"{figure.value:.4g}"


PATTERN_COLUMNS = (
    "pattern", "listed_from", "authority", "item_code", "region_code", "month", "officer", "caller", "count", "out_of",
    "hour", "subject", "first_check_id",
)  # fmt: skip
"""The headings of a table of unusual patterns. `listed_from`: from how many on that kind was listed."""


def pattern_rows(found: pb.ListUnusualPatternsResponse) -> Iterator[tuple[str, ...]]:
    """Patterns as rows under `PATTERN_COLUMNS`; under them, as nobody sees the page, what is not among them."""
    least = {one.kind: one.least for one in found.definitions}
    for pattern in found.patterns:
        yield (
            kind_of_pattern(pattern.kind),
            str(least.get(pattern.kind, "")),
            pattern.authority,
            pattern.item_code,
            pattern.region_code,
            pattern.month,
            pattern.officer,
            pattern.caller,
            str(pattern.count),
            str(pattern.out_of),
            f"{pattern.hour.ToDatetime(UTC):%Y-%m-%dT%H:%M}Z" if pattern.HasField("hour") else "",
            pattern.subject,
            pattern.first_check_id,
        )
    for one in found.definitions:
        if one.cut:
            yield (CUT.format(kind=kind_of_pattern(one.kind)),)
    if found.erased_rows:
        yield (ERASED.format(count=found.erased_rows),)


def kind_of_pattern(kind: pb.PatternKind.ValueType) -> str:
    """The end of a kind's name, such as `WALK_OVER_CODES`."""
    return pb.PatternKind.Name(kind).removeprefix("PATTERN_KIND_")


PATTERN_FORMS: Mapping[str, Callable[[pb.ListUnusualPatternsResponse], bytes]] = {
    ".csv": lambda found: (BYTE_ORDER_MARK + csv_of([PATTERN_COLUMNS, *pattern_rows(found)])).encode(),
    ".ndjson": lambda found: "".join(line_of(pattern) + "\n" for pattern in found.patterns).encode(),
    ".xlsx": lambda found: workbook_of("patterns", PATTERN_COLUMNS, pattern_rows(found)),
}
"""The end of a file's name → its content, made of the patterns of an answer."""
