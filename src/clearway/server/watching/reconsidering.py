"""Deciding a recorded check anew: the same question, on the facts of now and at this moment. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from google.protobuf.message import DecodeError

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.decide import UnknownItem, decide
from clearway.decision.explain import Language
from clearway.decision.facts import (
    Evidence,
    Known,
    NoData,
    NotKnown,
    RegisteredSubject,
    Resembling,
    Stale,
    SubjectProfile,
)
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.index.reader import Snapshot
from clearway.index.records import keys_of
from clearway.querylog.record import CheckRecord
from clearway.server.call import Caller
from clearway.server.errors import Refusal
from clearway.server.lookup import Lookup, RecordedKeys
from clearway.server.question import item_of, question_of
from clearway.server.recording import facts_in
from clearway.server.revision import token_of
from clearway.server.sources import ScheduledSources
from clearway.server.translate import Translation
from clearway.server.watching.comparing import digest_of, gist_of
from clearway.server.watching.pending import NEVER, PendingCheck, Told, check_key
from clearway.server.watching.progress import Progress
from clearway.subjects.identifiers import InvalidIdentifier, organisation_code_within
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.schemes import orgcode
from clearway.subjects.text import is_masked


class Reconsidered(msgspec.Struct, frozen=True, gc=False):
    """What a pending check's answer would be now, and what that rests on; see `PendingCheck`."""

    decision: decision_pb2.Decision
    digest: bytes
    subjects: tuple[int, ...]
    feeds: tuple[str, ...]
    expires_at: float


class Reconsidering:
    """Decides recorded checks anew, by one catalogue."""

    def __init__(self, catalogue: Catalogue, lookup: Lookup, keys: SubjectKeys, sources: ScheduledSources) -> None:
        self._catalogue = catalogue
        self._lookup = lookup
        self._keys = keys
        self._sources = sources
        self._translations = {language: Translation(catalogue, language) for language in Language}

    def pending(self, record: CheckRecord) -> PendingCheck | None:
        """The check as it is held while its case is pending; None where the record cannot be read or decided anew."""
        try:
            request = check_service_pb2.CheckSubjectRequest.FromString(record.request)
            decision = check_service_pb2.CheckSubjectResponse.FromString(record.response).decision
        except DecodeError:
            return None
        profiles = recorded_profiles(record)
        subject = self._subject_of(record) or request.subject.SerializeToString(deterministic=True)
        return PendingCheck(
            key=check_key(record.authority, record.case_number, record.item_code, subject),
            check_id=record.check_id,
            authority=record.authority,
            case_number=record.case_number,
            item_code=record.item_code,
            officer=record.officer,
            request=only_what_is_asked(request).SerializeToString(),
            language=language_of(decision),
            keys=RecordedKeys.of(record),
            told=Told(digest_of(gist_of(decision))),
            found_by=self._found_by(record, request),
            subjects=tuple(profile.subject_id for profile in profiles or ()),
            feeds=(*feeds_of(profiles or ()), *overdue_in(decision)),
            expires_at=seconds_of(decision),
            is_placed=profiles is not None,
        )

    def is_current(self, record: CheckRecord, compared: Progress) -> bool:
        """Whether the record's answer is what would be answered at the revision `compared`, by this catalogue."""
        token = token_of(compared.database_id, compared.revision)
        return record.revision == token and record.edition_hash == self._catalogue.content_hash

    def touched_keys(self, subject: RegisteredSubject) -> Iterator[bytes]:
        """The keys by which a registered subject is found by checks."""
        for scheme, code in subject.identifiers:
            yield from keys_of(subject, scheme, code, self._keys)
            yield from self._key_inside(scheme, code)
        for name in subject.names:
            yield self._keys.name_key(name)

    def decide(self, check: PendingCheck, snapshot: Snapshot, moment: datetime) -> Reconsidered | None:
        """The check's answer now; None where the catalogue no longer has what it asks about.

        Raises `IndexUnavailable`.
        """
        catalogue = self._catalogue
        request = check_service_pb2.CheckSubjectRequest.FromString(check.request)
        authority = catalogue.find_authority(check.authority)
        if authority is None:
            return None
        day = moment.astimezone(catalogue.zone).date()
        try:
            item = item_of(request, catalogue)
            applicant = self._lookup.recorded(request.subject, check.keys, item)
            caller = Caller("", authority.code, authority.region or "")
            question = question_of(request, item, applicant, caller, catalogue, day)
        except (UnknownItem, InvalidIdentifier, Refusal):
            return None
        evidence = self._lookup.evidence(applicant, snapshot, moment)
        sources = self._sources.of(snapshot)
        decision = decide(evidence, question, catalogue, moment, snapshot.confirmations, sources)
        wire = decision_pb2.Decision()
        self._translations[check.language].fill(wire, decision, question, day)
        profiles = profiles_in(evidence)
        return Reconsidered(
            decision=wire,
            digest=digest_of(gist_of(wire)),
            subjects=tuple(profile.subject_id for profile in profiles),
            feeds=(*feeds_of(profiles), *overdue_in(wire)),
            expires_at=seconds_of(wire),
        )

    def _found_by(self, record: CheckRecord, request: check_service_pb2.CheckSubjectRequest) -> tuple[bytes, ...]:
        keys = dict.fromkeys([record.subject_key] if record.subject_key else [])
        keys |= dict.fromkeys(record.former_keys.values())
        # A natural person's masked number makes a key that finds nobody.
        keys[self._keys.identifier_key(record.scheme, record.subject)] = None
        keys |= dict.fromkeys(self._key_inside(record.scheme, record.subject))
        if request.subject.name:
            keys[self._keys.name_key(request.subject.name)] = None
        return tuple(keys)

    def _subject_of(self, record: CheckRecord) -> bytes:
        """16 bytes for the code that a check is about, the same before and after another key became the current one;
        empty where there is none. A natural person's are those under the oldest key of the record.
        """
        if record.scheme and not is_masked(record.subject):
            return self._keys.identifier_key(record.scheme, record.subject)
        return next(reversed(record.former_keys.values()), record.subject_key) if record.scheme else b""

    def _key_inside(self, scheme: str, code: str) -> Iterator[bytes]:
        """The key of the organisation code inside a code: both name the same subject."""
        inside = organisation_code_within(scheme, code)
        if inside is not None:
            yield self._keys.identifier_key(orgcode.NAME, inside)


def only_what_is_asked(request: check_service_pb2.CheckSubjectRequest) -> check_service_pb2.CheckSubjectRequest:
    """The request without what names the call: its id, case, officer, notes and wish for freshness."""
    return check_service_pb2.CheckSubjectRequest(
        subject=request.subject,
        item_code=request.item_code,
        application_kind=request.application_kind,
        region_code=request.region_code,
        supplied_materials=request.supplied_materials,
    )


def language_of(decision: decision_pb2.Decision) -> Language:
    """The language that a recorded answer was given in."""
    return Language(decision.explanation.language)


def seconds_of(decision: decision_pb2.Decision) -> float:
    """When the answer turns by itself, in seconds since 1970 UTC."""
    if not decision.HasField("expires_at"):
        return NEVER
    return decision.expires_at.seconds + decision.expires_at.nanos / 1e9


def recorded_profiles(record: CheckRecord) -> tuple[SubjectProfile, ...] | None:
    """Every subject that a recorded answer rests on; None where the record's facts are of another version's shape."""
    try:
        return profiles_in(facts_in(record).evidence)
    except msgspec.DecodeError:
        return None


def profiles_in(evidence: Evidence) -> tuple[SubjectProfile, ...]:
    """Every subject that an answer rests on."""
    match evidence:
        case Known(profile=profile, resembling=resembling):
            return profile, *resembling
        case NotKnown(resembling=candidates) | Resembling(candidates=candidates):
            return candidates
        case Stale() | NoData():
            return ()


def overdue_in(decision: decision_pb2.Decision) -> tuple[str, ...]:
    """The sources that the answer says were not read in time: another reading turns it."""
    overdue = decision_pb2.NOTICE_CODE_SOURCE_OVERDUE
    return tuple(notice.details["feed"] for notice in decision.notices if notice.code == overdue)


def feeds_of(profiles: Iterable[SubjectProfile]) -> tuple[str, ...]:
    """The sources of the subjects' listings, each once."""
    return tuple(dict.fromkeys(listing.feed for profile in profiles for listing in profile.listings if listing.feed))
