"""One check whole: what was asked and seen, what it was made from, and what happened afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.querylog.reader import Log
from clearway.querylog.record import CheckRecord
from clearway.registry import events
from clearway.registry.case_changes import CaseChange
from clearway.registry.cases.events import Case, CaseClosed, CaseEntry, OutcomeReported, encode, kind_of
from clearway.registry.history import HistoryEntry
from clearway.registry.registry import Registry
from clearway.server.call import About, Call, Methods
from clearway.server.recorded_checks import absence_of
from clearway.server.registry_door import RegistryDoor
from clearway.server.reports.shown import shown_of

MOST = 1000
"""Events of what happened afterwards that are given at most, the first ones."""

TOLD = "answer_changed"

Later = tuple[datetime, pb.LaterEvent]


class WholeChecks:
    """Shows checks to auditors, who see every authority's."""

    def __init__(self, log: Log, door: RegistryDoor, catalogue: Catalogue, language: Language) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._language = language

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ShowCheck", pb.ShowCheckRequest, self.show),)

    async def show(self, request: pb.ShowCheckRequest, call: Call) -> bytes:
        """The check. Raises `Refusal` CHECK_ERASED, CHECK_NOT_FOUND."""
        stored = await asyncio.to_thread(self._log.get, request.check_id)
        if stored is None:
            raise await asyncio.to_thread(absence_of, self._log, request.check_id)
        record = stored.record
        call.about = About(record.scheme, record.subject, record.subject_key, record.key_id)
        response = shown_of(record, self._catalogue, call.language(self._language))
        later = await self._door.read(lambda registry: sorted(happened_after(record, registry), key=when))
        response.later.extend(event for _, event in later[:MOST])
        return response.SerializeToString()


def when(later: Later) -> datetime:
    """What later events are ordered by."""
    return later[0]


def happened_after(record: CheckRecord, registry: Registry) -> Iterator[Later]:
    """What the record knows of the check's later history."""
    for entry in registry.cases.of_case(Case(record.authority, record.case_number)).entries:
        if entry.check_id == record.check_id:
            yield later(entry.recorded_at, kind_in(entry), entry.actor, kind_of(entry.event), body=encode(entry.event))
    for change in registry.case_changes.of_check(record.check_id, MOST):
        yield later(change.noticed_at, pb.LATER_EVENT_KIND_ANSWER_CHANGED, "", TOLD, body=body_of(change))
    for listing_id in record.listings:
        for past in registry.history_of_fact(listing_id):
            if past.recorded_at > record.decided_at:
                yield of_listing(past, listing_id)


def of_listing(past: HistoryEntry, listing_id: str) -> Later:
    """What happened to a listing that the answer spoke of."""
    body = events.encode(past.event)
    kind = pb.LATER_EVENT_KIND_LISTING
    return later(past.recorded_at, kind, past.actor, past.kind, listing_id=listing_id, body=body)


def kind_in(entry: CaseEntry) -> pb.LaterEventKind.ValueType:
    """What kind of thing happened in the case."""
    match entry.event:
        case OutcomeReported():
            return pb.LATER_EVENT_KIND_OUTCOME
        case CaseClosed():
            return pb.LATER_EVENT_KIND_CASE_CLOSED
        case _:
            return pb.LATER_EVENT_KIND_DEFERRAL


def later(
    at: datetime, kind: pb.LaterEventKind.ValueType, actor: str, event: str, *, listing_id: str = "", body: str = ""
) -> Later:
    """An event on the wire, and when it was recorded."""
    message = pb.LaterEvent(kind=kind, actor=actor, event=event, listing_id=listing_id, body=body)
    message.recorded_at.FromDatetime(at)
    return at, message


def body_of(change: CaseChange) -> str:
    """What differs in an answer that turned, and its outcome before and after."""
    before, after = (decision_pb2.Decision.FromString(raw) for raw in (change.before, change.after))
    document = {
        "differs": change.differs,
        "before": decision_pb2.Outcome.Name(before.outcome),
        "after": decision_pb2.Outcome.Name(after.outcome),
    }
    return msgspec.json.encode(document).decode()
