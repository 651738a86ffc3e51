"""Codes in words, as pages show them: what the catalogue calls things, and moments in its zone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.answer import Outcome
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2, check_service_pb2, decision_pb2
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.web.console.later import event_words, told
from clearway.web.console.words import (
    APPLICATIONS,
    RELIANCES,
    ROW_REASONS,
    ROW_STATES,
    STANDINGS,
    word,
)

FORCES = {
    decision_pb2.MEASURE_FORCE_MANDATORY: "mandatory",
    decision_pb2.MEASURE_FORCE_RECOMMENDED: "recommended",
}


UNITS = (("days_ago", 86_400), ("hours_ago", 3_600), ("minutes_ago", 60), ("seconds_ago", 1))


class Names:
    """What things are called, in one language, on one day."""

    def __init__(self, catalogue: Catalogue, language: Language, today: date) -> None:
        self._catalogue = catalogue
        self._language = language
        self._today = today

    def item(self, code: str) -> str:
        """A licence item."""
        found = self._catalogue.item(code)
        return say(found.name, self._language) if found else code

    def authority(self, code: str) -> str:
        """An authority."""
        found = self._catalogue.find_authority(code)
        return say(found.name, self._language) if found else code

    def regime(self, code: str) -> str:
        """A list's regime."""
        found = self._catalogue.regime(code)
        return say(found.name, self._language) if found else code

    def region(self, code: str) -> str:
        """A region."""
        found = self._catalogue.regions.get(code, self._today) if self._catalogue.regions and code else None
        return f"{found.name} ({code})" if found else code

    def place(self, field: str, value: str) -> str:
        """Where a group of a report stands, in one dimension."""
        match field:
            case "authority":
                return self.authority(value)
            case "item_code":
                return self.item(value)
            case "region_code":
                return self.region(value)
            case "regime":
                return self.regime(value)
            case _:
                return value

    def outcome(self, value: decision_pb2.Outcome.ValueType) -> str:
        """An outcome."""
        return say(OUTCOMES[Outcome(outcome_code(value))], self._language)

    def standing(self, value: decision_pb2.Standing.ValueType) -> str:
        """A standing."""
        return say(STANDINGS[value], self._language)

    def application(self, value: check_service_pb2.ApplicationKind.ValueType) -> str:
        """A kind of application."""
        return say(APPLICATIONS[value], self._language)

    def reliance(self, value: audit_service_pb2.Reliance.ValueType) -> str:
        """How an answer used a listing."""
        return say(RELIANCES[value], self._language)

    def later(self, event: pb.LaterEvent) -> str:
        """What happened after a check."""
        return event_words(event.event, self._language)

    def told(self, event: pb.LaterEvent) -> list[tuple[str, str]]:
        """What that says, line by line."""
        return list(told(event.body, self._language))

    def force(self, reason: decision_pb2.Reason) -> str:
        """Whether a measure is mandatory; empty where it is an incentive."""
        if reason.effect == decision_pb2.MEASURE_EFFECT_INCENTIVE or reason.force not in FORCES:
            return ""
        return word(FORCES[reason.force], self._language)

    def term(self, term: decision_pb2.Term) -> str:
        """From when until when a measure is in force."""
        begins = getattr(term, "from") or "…"
        ends = term.until or term.ends_on_event or "…"
        confirmed = word("confirmed", self._language, day=term.confirmed_on) if term.confirmed_on else ""
        return " · ".join(filter(None, (f"{begins} – {ends}", confirmed)))

    def row_reason(self, reason: str) -> str:
        """Why a row is not taken."""
        return say(ROW_REASONS[reason], self._language) if reason in ROW_REASONS else reason

    def row_state(self, value: feed_pb.RowState.ValueType) -> str:
        """What became of a row."""
        return say(ROW_STATES[value][1], self._language) if value in ROW_STATES else ""

    def row_states(self) -> list[tuple[str, str]]:
        """Every state of a row, for a choice."""
        return [(name, say(words, self._language)) for name, words in ROW_STATES.values()]

    def ago(self, timestamp: Timestamp, now: datetime) -> str:
        """How long ago a moment was, in the largest unit of which there are two."""
        seconds = max(0, int((now - timestamp.ToDatetime(UTC)).total_seconds()))
        unit, size = next(((unit, size) for unit, size in UNITS if seconds >= 2 * size), UNITS[-1])
        return word(unit, self._language, count=seconds // size)

    def moment(self, timestamp: Timestamp) -> str:
        """A moment, to the second, in the catalogue's zone."""
        return f"{timestamp.ToDatetime(UTC).astimezone(self._catalogue.zone):%Y-%m-%d %H:%M:%S}"


def outcome_code(value: decision_pb2.Outcome.ValueType) -> str:
    """An outcome's name, such as `RESTRICTION`."""
    return decision_pb2.Outcome.Name(value).removeprefix("OUTCOME_")


def iso(timestamp: Timestamp) -> str:
    """A moment for programs."""
    return timestamp.ToDatetime(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(duration: Duration) -> str:
    """A duration in seconds."""
    return f"{duration.seconds + duration.nanos / 1e9:.3g} s"


def basis(found: decision_pb2.LegalBasis) -> str:
    """A legal basis in one line."""
    number = f" ({found.document_number})" if found.document_number else ""
    return f"{found.title} {found.article}{number}".strip()


def pretty(document: str) -> str:
    """JSON, indented to be read."""
    return json.dumps(json.loads(document), ensure_ascii=False, indent=2) if document else ""
