"""Codes in words, as pages show them: what the catalogue calls things, and moments in its zone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import Text
from clearway.decision.answer import Outcome
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2, check_service_pb2, decision_pb2
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.web.console.codes import (
    DOUBTS,
    FAILURES,
    KINDS_OF_SOURCES,
    OUTCOMES_OF_READINGS,
    PROCESSES,
    REFUSALS,
    SCHEMES,
    hint,
)
from clearway.web.console.later import VALUES, event_words, lines, values_of
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


FIELD = re.compile(r"([A-Za-z_]\w*)(?:, [\w.-]+)?: ")
"""How the service's sentence about a row begins where it is about one field."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words, and the language that they are in: the service's own sentences are English whoever reads them."""

    words: str
    language: str


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
            case "reason":
                return self.reason(value)
            case _:
                return value

    def reason(self, code: str) -> str:
        """Why a check was refused, a measure departed from, or an objection made."""
        known = REFUSALS.get(code) or VALUES.get(code.lower())
        return say(known, self._language) if known else code

    def scheme(self, code: str) -> str:
        """A kind of code."""
        return self._in(SCHEMES, code)

    def measure(self, code: str) -> str:
        """A measure, or an incentive."""
        known = measures_of(self._catalogue).get(code)
        return say(known, self._language) if known else code

    def material(self, item: str, code: str) -> str:
        """A material of an item, with its code."""
        found = self._catalogue.item(item)
        materials = (*found.essential_materials, *found.deferrable_materials) if found else ()
        name = next((say(one.name, self._language) for one in materials if one.code == code), "")
        return f"{name} ({code})" if name else code

    def reading(self, attempt: operator_pb.FeedAttempt) -> str:
        """What came of an attempt to read a feed."""
        return self._in(OUTCOMES_OF_READINGS, attempt.outcome)

    def failure(self, attempt: operator_pb.FeedAttempt) -> Said:
        """Why an attempt failed; empty where it did not. In the service's own words where there are no others."""
        if attempt.outcome != "failed":
            return Said("", self._language.value)
        if self._language is Language.EN or attempt.reason not in FAILURES:
            return Said(attempt.detail, Language.EN.value)
        more = hint(attempt.detail, self._language)
        words = say(FAILURES[attempt.reason], self._language)
        return Said(f"{words}（{more}）" if more else words, self._language.value)

    def suspicion(self, waiting: operator_pb.WaitingList) -> Said:
        """Why a list waits for a person; in the service's own words where it was kept before there were codes."""
        if waiting.reason not in DOUBTS:
            return Said(waiting.suspicion, Language.EN.value)
        counts = {name: f"{getattr(waiting, name):,}" for name in ("gone", "held_before", "holds_now")}
        days = {"as_of": waiting.as_of, "loaded_as_of": waiting.loaded_as_of}
        return Said(say(DOUBTS[waiting.reason], self._language).format(**counts, **days), self._language.value)

    def source(self, feed: operator_pb.FeedStatus) -> str:
        """In which format a feed is read, and what from."""
        return " · ".join(filter(None, (feed.format, self._in(KINDS_OF_SOURCES, feed.source_kind))))

    def process(self, name: str) -> str:
        """What a process of a node does; empty where that is not known."""
        part = name.partition("-")[0]
        return say(PROCESSES[part], self._language) if part in PROCESSES else ""

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
        """What that says, line by line; measures by their names."""
        return list(lines(self._measures_named(values_of(event.body)), self._language))

    def _measures_named(self, value: Any) -> Any:
        match value:
            case dict():
                return {
                    name: self.measure(one) if name == "measure" and isinstance(one, str) else self._measures_named(one)
                    for name, one in value.items()
                }
            case list():
                return [self._measures_named(one) for one in value]
            case _:
                return value

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

    def row_detail(self, detail: str) -> str:
        """What the service's sentence adds to the reason why a row is not taken: the field, what may stand there."""
        if self._language is Language.EN:
            return detail
        field = FIELD.match(detail)
        where = word("in_field", self._language, field=field[1]) if field else ""
        return "；".join(filter(None, (where, hint(detail, self._language))))

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

    def _in(self, words: Mapping[str, Text], code: str) -> str:
        return say(words[code], self._language) if code in words else code

    def moment(self, timestamp: Timestamp) -> str:
        """A moment, to the second, in the catalogue's zone."""
        return f"{timestamp.ToDatetime(UTC).astimezone(self._catalogue.zone):%Y-%m-%d %H:%M:%S}"


@lru_cache(maxsize=4)
def measures_of(catalogue: Catalogue) -> Mapping[str, Text]:
    """A measure's or an incentive's code → its name."""
    edition = catalogue.edition
    incentives = {incentive.code: incentive.name for incentive in edition.incentives}
    return incentives | {measure.code: measure.name for measure in edition.measures}


def outcome_code(value: decision_pb2.Outcome.ValueType) -> str:
    """An outcome's name, such as `RESTRICTION`."""
    return decision_pb2.Outcome.Name(value).removeprefix("OUTCOME_")


def iso(timestamp: Timestamp) -> str:
    """A moment for programs."""
    return timestamp.ToDatetime(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(duration: Duration, language: Language) -> str:
    """A duration in seconds."""
    return word("in_seconds", language, count=f"{duration.seconds + duration.nanos / 1e9:.3g}")


def basis(found: decision_pb2.LegalBasis) -> str:
    """A legal basis in one line."""
    number = f" ({found.document_number})" if found.document_number else ""
    return f"{found.title} {found.article}{number}".strip()


def pretty(document: str) -> str:
    """JSON, indented to be read."""
    return json.dumps(json.loads(document), ensure_ascii=False, indent=2) if document else ""
