"""The officer's card, free of transport: who may view a check, and everything that its card shows."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry.case_changes import CaseChange
from clearway.registry.cases import outcome
from clearway.registry.cases.events import Case
from clearway.registry.cases.outcome import CaseOutcome
from clearway.registry.cases.store import CaseRecord
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.deferrals import Deferrals
from clearway.server.offers import offer_in, recorded_check
from clearway.server.outcomes import CASE_RESULTS, REASONS, RESULTS
from clearway.server.recorded_checks import RecordedChecks
from clearway.server.registry_door import RegistryDoor
from clearway.server.view_tokens import ViewTokens
from clearway.server.watching.case_stream import wire_change

WIRE_RESULTS = {result: wire for wire, result in RESULTS.items()}
WIRE_REASONS = {reason: wire for wire, reason in REASONS.items()}
WIRE_CASE_RESULTS = {result: wire for wire, result in CASE_RESULTS.items()}


class Sofar(NamedTuple):
    """What has happened since a check: in its case, and to its answer."""

    case: CaseRecord
    change: CaseChange | None


class Cards:
    """Shows checks to pages."""

    def __init__(
        self,
        log: Log,
        door: RegistryDoor,
        catalogue: Catalogue,
        recorded: RecordedChecks,
        deferrals: Deferrals,
        views: ViewTokens,
    ) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._recorded = recorded
        self._deferrals = deferrals
        self._views = views

    def methods(self) -> Methods:
        """What the service offers."""
        return (
            ("GrantView", card_pb.GrantViewRequest, self.grant),
            ("GetCard", card_pb.GetCardRequest, self.get),
        )

    async def grant(self, request: card_pb.GrantViewRequest, call: Call) -> bytes:
        """A view token for the caller's own authority's check. Raises `Refusal` CHECK_NOT_FOUND."""
        caller = call.known_caller()
        record = await self._record(request.check_id, call)
        officer = request.officer or record.officer
        token, view = self._views.grant(record.check_id, record.case_number, caller.authority, caller.region, officer)
        response = card_pb.GrantViewResponse(token=token, path=f"/card/{record.check_id}?view={token}")
        response.expires_at.FromDatetime(view.expires_at)
        return response.SerializeToString()

    async def get(self, request: card_pb.GetCardRequest, call: Call) -> bytes:
        """The card of a check. Raises `Refusal` CHECK_NOT_FOUND."""
        record = await self._record(request.check_id, call)
        language = language_of(record)
        call.accept_language = language.value
        case = Case(record.authority, record.case_number)

        def read(registry: Registry) -> Sofar:
            return Sofar(registry.cases.of_case(case), registry.case_changes.latest(record.check_id))

        sofar = await self._door.read(read)
        card = self._card(record, language, call)
        card.check.ParseFromString(self._recorded.message(record, language))
        card.report.CopyFrom(report_of(record.check_id, outcome.fold(sofar.case.entries)))
        if sofar.change is not None:
            card.change.CopyFrom(wire_change(sofar.change))
        if record.outcome == decision_pb2.Outcome.Name(decision_pb2.OUTCOME_DEFERRED_ACCEPTANCE):
            card.deferral.CopyFrom(self._deferrals.standing(offer_in(record), sofar.case, call))
        return card.SerializeToString()

    async def _record(self, check_id: str, call: Call) -> CheckRecord:
        return await asyncio.to_thread(recorded_check, self._log, check_id, call.known_caller().authority)

    def _card(self, record: CheckRecord, language: Language, call: Call) -> card_pb.GetCardResponse:
        item = self._catalogue.item(record.item_code)
        card = card_pb.GetCardResponse(
            item_name=record.item_code if item is None else say(item.name, language),
            officer=record.officer if call.view is None else call.view.officer,
            time_zone=str(self._catalogue.zone),
        )
        if call.view is not None:
            card.view_expires_at.FromDatetime(call.view.expires_at)
        return card


def language_of(record: CheckRecord) -> Language:
    """The language that a check was answered in; that of a refused one does not matter."""
    if not record.answered:
        return Language.EN
    response = pb.CheckSubjectResponse.FromString(record.response)
    return Language(response.decision.explanation.language or Language.EN)


def report_of(check_id: str, reported: CaseOutcome) -> card_pb.CaseReport:
    """What was reported of a check, as the contract has it."""
    report = card_pb.CaseReport()
    for (measure, listing_id), told in reported.of_check(check_id).items():
        report.measures.add(
            measure=measure,
            listing_id=listing_id,
            result=WIRE_RESULTS[told.result],
            reason=pb.DEPARTURE_REASON_UNSPECIFIED if told.reason is None else WIRE_REASONS[told.reason],
            reason_text=told.text,
        )
    if reported.result is not None:
        report.case_result = WIRE_CASE_RESULTS[reported.result]
    return report
