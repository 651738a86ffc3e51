"""Past answers computed again from their records: by the same edition, to the byte, or by another, to see what changes.

A record has the request, the facts that were found then, and the moment; the registry and the index are not asked. So
the same edition must come to the same decision, byte for byte, and what another edition would have answered is the
effect of the change alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec
from google.protobuf.message import DecodeError

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.decide import UnknownItem, decide
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.querylog.record import CheckRecord
from clearway.server.call import Caller
from clearway.server.errors import Refusal
from clearway.server.lookup import Applicant
from clearway.server.question import item_of, question_of
from clearway.server.recording import facts_in
from clearway.server.translate import Translation
from clearway.server.watching.comparing import differences

OUTCOMES = {value: name for name, value in decision_pb2.Outcome.items()}


class Verdict(StrEnum):
    """What computing an answer again comes to."""

    AGREES = "AGREES"
    """The same decision: to the byte by the same edition; in substance by another."""
    DIFFERS = "DIFFERS"
    OTHER_EDITION = "OTHER_EDITION"
    """The answer was given by an edition that is not among those given."""
    NOT_ASKABLE = "NOT_ASKABLE"
    """The edition has no such item, material, region or authority: the check would be refused."""
    UNREADABLE = "UNREADABLE"
    """The record or its facts are not of this version's shape."""
    ERASED = "ERASED"
    """The row was erased: what was answered is not known any more, nor whose check it was, nor whether it was one."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One answer computed again: what differs, by the names of the decision's fields, and both outcomes."""

    verdict: Verdict
    differs: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    regimes: tuple[str, ...] = ()
    """Regimes whose restrictions or incentives appear or disappear."""


class Recomputing:
    """Computes answers again by given editions."""

    def __init__(self, catalogues: Iterable[Catalogue]) -> None:
        self._catalogues = {catalogue.content_hash: catalogue for catalogue in catalogues}
        self._translations: dict[tuple[str, Language], Translation] = {}

    def as_then(self, record: CheckRecord) -> Recomputed:
        """The answer by the edition that it was given by: it must agree, to the byte of the decision."""
        catalogue = self._catalogues.get(record.edition_hash)
        if catalogue is None:
            return Recomputed(Verdict.OTHER_EDITION)
        return self._compared(record, catalogue, exactly=True)

    def as_if(self, record: CheckRecord, catalogue: Catalogue) -> Recomputed:
        """The answer by this edition, had it been the one in force: what would be another in substance."""
        return self._compared(record, catalogue, exactly=False)

    def _compared(self, record: CheckRecord, catalogue: Catalogue, *, exactly: bool) -> Recomputed:
        try:
            before = check_service_pb2.CheckSubjectResponse.FromString(record.response).decision
            after = self._decided(record, catalogue, Language(before.explanation.language))
        except (UnknownItem, Refusal):
            return Recomputed(Verdict.NOT_ASKABLE, before=outcome_in(record.outcome))
        except (DecodeError, msgspec.DecodeError, ValueError):
            return Recomputed(Verdict.UNREADABLE)
        differs = differences(before, after)
        if exactly and not differs and bytes_of(before) != bytes_of(after):
            differs = ("bytes",)
        return Recomputed(
            Verdict.DIFFERS if differs else Verdict.AGREES,
            differs,
            outcome_in(OUTCOMES.get(before.outcome, "")),
            outcome_in(OUTCOMES[after.outcome]),
            tuple(sorted(regimes_in(before) ^ regimes_in(after))),
        )

    def _decided(self, record: CheckRecord, catalogue: Catalogue, language: Language) -> decision_pb2.Decision:
        request = check_service_pb2.CheckSubjectRequest.FromString(record.request)
        kept = facts_in(record)
        authority = catalogue.find_authority(record.authority)
        if authority is None:
            raise UnknownItem(record.item_code)
        moment = record.decided_at
        day = moment.astimezone(catalogue.zone).date()
        item = item_of(request, catalogue)
        caller = Caller("", authority.code, record.region or authority.region or "")
        # The facts say who was found: of the applicant the decision takes the name alone.
        question = question_of(request, item, Applicant(request.subject.name), caller, catalogue, day)
        decision = decide(kept.evidence, question, catalogue, moment, kept.confirmations, kept.sources)
        wire = decision_pb2.Decision()
        self._translation(catalogue, language).fill(wire, decision, question, day)
        return wire

    def _translation(self, catalogue: Catalogue, language: Language) -> Translation:
        key = (catalogue.content_hash, language)
        if key not in self._translations:
            self._translations[key] = Translation(catalogue, language)
        return self._translations[key]


@dataclass(slots=True)
class Tally:
    """What computing many answers again came to, counted."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    by_item: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Item, outcome before and after → checks; likewise by authority, and by regime."""
    by_authority: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    by_regime: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, record: CheckRecord, found: Recomputed) -> None:
        """Count one."""
        self.verdicts[found.verdict] += 1
        if found.verdict not in (Verdict.DIFFERS, Verdict.NOT_ASKABLE):
            return
        turn = (found.before, found.after or Verdict.NOT_ASKABLE.value)
        self.by_item[record.item_code, *turn] += 1
        self.by_authority[record.authority, *turn] += 1
        for regime in found.regimes:
            self.by_regime[regime, *turn] += 1


def bytes_of(decision: decision_pb2.Decision) -> bytes:
    """A decision's bytes, the same for the same decision."""
    return decision.SerializeToString(deterministic=True)


def regimes_in(decision: decision_pb2.Decision) -> frozenset[str]:
    """The regimes that an answer's restrictions and incentives rest on."""
    reasons = (*decision.restrictions, *decision.incentives)
    return frozenset(reason.regime for reason in reasons if reason.regime)


def outcome_in(name: str) -> str:
    """An outcome's name without its prefix."""
    return name.removeprefix("OUTCOME_")
