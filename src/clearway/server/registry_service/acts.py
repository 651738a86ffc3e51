"""The parts of an act, from the wire to the registry's own words. What cannot be meant is refused with its field."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from clearway.decision.facts import AdverseKind, Severity
from clearway.gen.v1 import decision_pb2, subject_pb2
from clearway.gen.v1 import registry_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.events import ListingFacts, ObjectionGrounds, Resolution
from clearway.registry.ledger import Document
from clearway.server.call import Caller
from clearway.server.errors import Refusal, Violation, invalid_identifier
from clearway.subjects.identifiers import InvalidIdentifier, parse_identifier

GROUNDS = {pb.ObjectionGrounds.Value(f"OBJECTION_GROUNDS_{grounds.name}"): grounds for grounds in ObjectionGrounds}
RESOLUTIONS = {pb.ObjectionResolution.Value(f"OBJECTION_RESOLUTION_{how.name}"): how for how in Resolution}
ADVERSE_KINDS = {pb.AdverseKind.Value(f"ADVERSE_KIND_{kind.name}"): kind for kind in AdverseKind}
SEVERITIES = {pb.Severity.Value(f"SEVERITY_{severity.name}"): severity for severity in Severity}

WRITTEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NO_DAY = "must be a day of the calendar, written YYYY-MM-DD"


class ActParts(NamedTuple):
    """Who does an act, why, on which document, and when it takes effect (None: with the recording)."""

    actor: str
    note: str
    document: Document
    effective_at: datetime | None


def act_of(act: pb.Act, caller: Caller) -> ActParts:
    """The parts of an act. The registrar is named with the authority that they act for. Raises `Refusal`."""
    if any(not sign.isprintable() and sign not in "\n\t" for sign in act.reason):
        raise invalid_act("act.reason", "must not have control characters")
    return ActParts(
        actor=f"{caller.authority}/{act.registrar}",
        note=act.reason,
        document=document_of(act.document, "act.document") if act.HasField("document") else Document(),
        effective_at=moment_of(act.effective_at, "act.effective_at") if act.HasField("effective_at") else None,
    )


def act_by_its_own_dates(act: pb.Act, caller: Caller) -> ActParts:
    """The parts of an act that takes effect by the dates it states. Raises `Refusal` where it gives a moment too."""
    parts = act_of(act, caller)
    if parts.effective_at is not None:
        raise invalid_act("act.effective_at", "this act takes effect by the dates that it states")
    return parts


def identifier_of(identifier: subject_pb2.Identifier, field: str) -> tuple[str, str]:
    """Scheme and code, valid. Raises `Refusal` with the field."""
    try:
        parse_identifier(identifier.scheme, identifier.value)
    except InvalidIdentifier as invalid:
        raise invalid_identifier(invalid, field) from None
    return identifier.scheme, identifier.value


def statement_of(statement: pb.ListingStatement, field: str) -> ListingFacts:
    """What a listing is to state. Raises `Refusal`; whether its regime is known is the catalogue's to say."""
    document = document_of(statement.document, f"{field}.document")
    last = day_of(statement.until, f"{field}.until")
    return ListingFacts(
        regime=statement.regime,
        document_number=document.number,
        document_date=document.date,
        designating_authority=statement.designating_authority,
        effective_from=day_of(getattr(statement, "from"), f"{field}.from"),
        expires_on=None if last is None else day_after(last, f"{field}.until"),
    )


def document_of(document: decision_pb2.Document, field: str) -> Document:
    """A document's number and date. Raises `Refusal`."""
    if not document.number.isprintable():
        raise invalid_act(f"{field}.number", "must not have control characters")
    return Document(document.number, day_of(document.date, f"{field}.date"))


def day_of(text: str, field: str) -> date | None:
    """A day written `YYYY-MM-DD`; None for an empty text. Raises `Refusal` for a day that no calendar has."""
    if not text:
        return None
    try:
        # Other spellings of ISO 8601, which the library reads too, are not in the contract.
        return date.fromisoformat(text if WRITTEN_DAY.fullmatch(text) else "")
    except ValueError:
        raise invalid_act(field, NO_DAY) from None


def required_day(text: str, field: str) -> date:
    """As `day_of`, of a field that must not be empty."""
    day = day_of(text, field)
    if day is None:
        raise invalid_act(field, NO_DAY)
    return day


def day_after(last: date, field: str) -> date:
    """The first day after a last one, as the registry keeps ends. Raises `Refusal` past the calendar."""
    if last == date.max:
        raise invalid_act(field, "must be before the calendar's end; leave it empty where there is no end")
    return last + timedelta(days=1)


def end_of_day(text: str, zone: ZoneInfo, field: str) -> datetime:
    """The first moment after a day in the zone. Raises `Refusal`."""
    return datetime.combine(day_after(required_day(text, field), field), time(), zone)


def moment_of(timestamp: Timestamp, field: str) -> datetime:
    """An aware moment in UTC. Raises `Refusal` for one that no calendar has."""
    try:
        return timestamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_act(field, "must be a moment of the years 1 to 9999") from None


def invalid_act(field: str, message: str) -> Refusal:
    """The refusal of an act with a part that cannot be meant."""
    reason = ErrorReason.ERROR_REASON_INVALID_ACT
    return Refusal(reason, f"invalid: {field}", {"fault": "invalid_field"}, [Violation(field, message)])
