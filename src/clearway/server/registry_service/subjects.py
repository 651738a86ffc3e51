"""What is recorded of a subject, put on the wire: statuses, terms and clocks as of the moment asked for."""

from __future__ import annotations

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import EndsOnEvent, Regime
from clearway.decision.explain import Language, last_day, say
from clearway.decision.facts import AdverseRecord, Listing, Objection
from clearway.decision.publicity import Publicity
from clearway.decision.status import FactStatus, adverse_status, listing_status
from clearway.decision.terms import Instant, confirmation_of, end_of, lacks_of, review_ends
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1 import registry_service_pb2 as pb
from clearway.registry.fold import EndedBy
from clearway.registry.history import HistoryEntry, RecordedSubject
from clearway.server.registry_service.acts import ADVERSE_KINDS, GROUNDS, RESOLUTIONS, SEVERITIES
from clearway.server.revision import token_of
from clearway.server.translate import iso

STATUSES = {status: pb.FactStatus.Value(f"FACT_STATUS_{status.name}") for status in FactStatus}
GROUNDS_ON_WIRE = {ours: wire for wire, ours in GROUNDS.items()}
RESOLUTIONS_ON_WIRE = {ours: wire for wire, ours in RESOLUTIONS.items()}
ADVERSE_KINDS_ON_WIRE = {ours: wire for wire, ours in ADVERSE_KINDS.items()}
SEVERITIES_ON_WIRE = {ours: wire for wire, ours in SEVERITIES.items()}


class SubjectAsRecorded:
    """One subject as of a revision, seen at a moment under one catalogue edition."""

    def __init__(
        self, recorded: RecordedSubject, database_id: str, catalogue: Catalogue, now: Instant, language: Language
    ) -> None:
        self._recorded = recorded
        self._database_id = database_id
        self._catalogue = catalogue
        self._publicity = Publicity(catalogue)
        self._now = now
        self._language = language

    def response(self) -> pb.GetSubjectResponse:
        """All of it. Natural persons' codes are masked; the record keeps no name of theirs."""
        recorded, profile = self._recorded, self._recorded.registered.profile
        response = pb.GetSubjectResponse(
            names=recorded.registered.names,
            known_since=iso(profile.known_since),
            revision=self._token(recorded.revision),
        )
        for code in recorded.codes:
            response.identifiers.add(scheme=code.scheme, value=code.masked or code.code)
        for listing in profile.listings:
            self._listing(response.listings.add(), listing)
        for record in profile.adverse_records:
            self._adverse(response.adverse_records.add(), record)
        for entry in recorded.history:
            self._entry(response.history.add(), entry)
        response.effective_at.FromDatetime(self._now.moment)
        return response

    def _listing(self, wire: pb.ListingRecord, listing: Listing) -> None:
        regime = self._catalogue.regime(listing.regime)
        repaired = self._recorded.ended_by.get(listing.listing_id) is EndedBy.REPAIR
        confirmations = self._recorded.confirmations
        wire.listing_id = listing.listing_id
        wire.status = STATUSES[listing_status(listing, repaired, self._catalogue, self._now, confirmations)]
        self._statement(wire.listing, listing)
        if regime is not None:
            self._term(wire, listing, regime)
        if listing.ended_at is not None:
            wire.ended_at.FromDatetime(listing.ended_at)
        for objection in listing.objections:
            self._objection(wire.objections.add(), listing, objection, regime)
        for lifting in listing.liftings:
            lifted = wire.liftings.add(lifting_id=lifting.lifting_id)
            getattr(lifted, "from").FromDatetime(lifting.begins_at)
            lifted.until.FromDatetime(lifting.ends_at)
        wire.publicity_min_end = iso(self._publicity.min_end(listing))
        wire.publicity_max_end = iso(self._publicity.max_end(listing))
        self._provenance(wire.provenance, listing.listing_id)

    def _statement(self, wire: pb.ListingStatement, listing: Listing) -> None:
        wire.regime = listing.regime
        wire.document.number = listing.document_number
        wire.document.date = iso(listing.document_date)
        wire.designating_authority = listing.designating_authority
        setattr(wire, "from", iso(listing.effective_from))
        wire.until = "" if listing.expires_on is None else iso(last_day(listing.expires_on))

    def _term(self, wire: pb.ListingRecord, listing: Listing, regime: Regime) -> None:
        ends = end_of(listing, regime)
        confirmed = confirmation_of(listing, self._recorded.confirmations)
        setattr(wire.term, "from", iso(listing.effective_from))
        wire.term.until = "" if ends is None else iso(last_day(ends))
        if isinstance(regime.ends, EndsOnEvent):
            wire.term.ends_on_event = say(regime.ends.event, self._language)
            wire.term.confirmed_on = iso(confirmed)
        wire.lacks.extend(lacks_of(listing, regime, ends, confirmed, self._now.day))

    def _objection(
        self, wire: pb.ObjectionRecord, listing: Listing, objection: Objection, regime: Regime | None
    ) -> None:
        course = self._recorded.objections[listing.listing_id, objection.objection_id]
        wire.objection_id = objection.objection_id
        wire.grounds = GROUNDS_ON_WIRE[course.grounds]
        wire.opened_at.FromDatetime(objection.opened_at)
        if objection.resolved_at is not None and course.resolution is not None:
            wire.resolved_at.FromDatetime(objection.resolved_at)
            wire.resolution = RESOLUTIONS_ON_WIRE[course.resolution]
        due = None if regime is None else review_ends(objection, regime, self._catalogue.calendar, self._now)
        if due is not None:
            wire.due_on = iso(due.day)
            wire.due_provisional = due.provisional
            wire.overdue = objection.open_at(self._now.moment) and due.day < self._now.day

    def _adverse(self, wire: pb.AdverseRecordEntry, record: AdverseRecord) -> None:
        repaired = self._recorded.ended_by.get(record.record_id) is EndedBy.REPAIR
        wire.record_id = record.record_id
        wire.status = STATUSES[adverse_status(record, repaired, self._catalogue, self._now)]
        wire.kind = ADVERSE_KINDS_ON_WIRE[record.kind]
        wire.severity = SEVERITIES_ON_WIRE[record.severity]
        wire.document.CopyFrom(decision_pb2.Document(number=record.document_number, date=iso(record.document_date)))
        if record.ended_at is not None:
            wire.ended_at.FromDatetime(record.ended_at)
        wire.publicity_min_end = iso(self._publicity.min_end(record))
        wire.publicity_max_end = iso(self._publicity.max_end(record))
        self._provenance(wire.provenance, record.record_id)

    def _provenance(self, wire: pb.Provenance, fact_id: str) -> None:
        whence = self._recorded.provenance[fact_id]
        wire.feed = whence.feed
        wire.file_name = whence.file_name
        wire.file_sha256 = whence.sha256
        wire.row = whence.row
        wire.revision = self._token(whence.revision)

    def _entry(self, wire: pb.HistoryEntry, entry: HistoryEntry) -> None:
        wire.revision = self._token(entry.revision)
        wire.recorded_at.FromDatetime(entry.recorded_at)
        wire.actor = entry.actor
        wire.origin = entry.origin
        wire.reason = entry.note
        if entry.document_number or entry.document_date is not None:
            wire.document.number = entry.document_number
            wire.document.date = iso(entry.document_date)
        wire.kind = entry.kind
        wire.fact_id = entry.event.fact_id

    def _token(self, revision: int) -> str:
        return token_of(self._database_id, revision)
