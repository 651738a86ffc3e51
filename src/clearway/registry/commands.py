"""What a registrar can do, one frozen dataclass an act. Each says what it asks for; `enact` holds the act's rules.

Moments are aware; one left out means: with the recording. Every act may refuse with a `RegistryError`, and then nothing
of it is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from clearway.decision.facts import AdverseKind, AdverseRecord, Listing, Objection, Severity
from clearway.registry.crosswalk import owners_of
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import (
    AdverseFacts,
    AdverseRecorded,
    Code,
    Confirmed,
    Corrected,
    Delisted,
    DelistingCause,
    Description,
    Event,
    Known,
    Listed,
    ListingFacts,
    ObjectionGrounds,
    ObjectionOpened,
    ObjectionResolved,
    Repaired,
    Resolution,
    Withdrawn,
)
from clearway.registry.fold import SOURCE_SCHEME, SubjectRecord
from clearway.registry.ledger import (
    ADVERSE,
    LISTING,
    Fact,
    Ledger,
    facts_known,
    records,
    subject_named,
    subjects_named,
)
from clearway.subjects.identifiers import Identifier, parse_identifier
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.masking import mask
from clearway.subjects.schemes import orgcode

MAX_FACT_ID = 200
"""Signs in a listing or record id, at most."""

MAX_NAME = 512
"""Signs in a name, at most: published lists hold names of close to 400."""


def stored_code(identifier: Identifier, keys: SubjectKeys) -> Code:
    """An identifier as the record keeps it: a natural person's only as its keyed hash and its masked display."""
    if identifier.personal:
        return Code(identifier.scheme, keys.token(identifier), mask(identifier.value))
    return Code(identifier.scheme, identifier.value)


def known_fact(feed: str, code: Code) -> str:
    """The name of the statement "`feed` knows the subject of this code"; a registrar's feed is empty."""
    return f"known:{feed}:{code.scheme}:{code.code}"


class Desk:
    """Where an act is done: the ledger of its revision, and the secret for natural persons."""

    def __init__(self, ledger: Ledger, keys: SubjectKeys) -> None:
        self.ledger = ledger
        self.keys = keys

    @property
    def moment(self) -> datetime:
        """When the act is recorded."""
        return self.ledger.moment

    def code(self, scheme: str, code: str) -> Code:
        """The code as the record keeps it. Raises `InvalidIdentifier`."""
        return stored_code(parse_identifier(scheme, code), self.keys)

    def subject(self, scheme: str, code: str) -> SubjectRecord:
        """The subject the code names now. Raises UNKNOWN_SUBJECT."""
        found = subject_named(self.ledger.connection, self.code(scheme, code))
        if found is None:
            raise RegistryError(RegistryReason.UNKNOWN_SUBJECT, "no subject is recorded under this code")
        return found

    def owner(self, code: Code) -> SubjectRecord | None:
        """The subject the code was first given to, whether or not it still names it."""
        key = (code.scheme, code.code)
        subject_id = subjects_named(self.ledger.connection, [key]).get(key)
        if subject_id is None:
            return None
        return records(self.ledger.connection, [subject_id]).get(subject_id)

    def listing(self, listing_id: str) -> tuple[SubjectRecord, Listing]:
        """A recorded listing and its subject. Raises UNKNOWN_LISTING."""
        fact = self._fact(listing_id)
        if fact is None or fact.kind != LISTING:
            raise RegistryError(RegistryReason.UNKNOWN_LISTING, "no listing has this id")
        record = records(self.ledger.connection, [fact.subject_id])[fact.subject_id]
        return record, record.listings[listing_id]

    def adverse(self, record_id: str) -> tuple[SubjectRecord, AdverseRecord]:
        """A recorded adverse record and its subject. Raises UNKNOWN_RECORD."""
        fact = self._fact(record_id)
        if fact is None or fact.kind != ADVERSE:
            raise RegistryError(RegistryReason.UNKNOWN_RECORD, "no adverse record has this id")
        record = records(self.ledger.connection, [fact.subject_id])[fact.subject_id]
        return record, record.adverse_records[record_id]

    def either(self, fact_id: str) -> tuple[SubjectRecord, Listing | AdverseRecord]:
        """A listing or adverse record, whichever has the id. Raises UNKNOWN_RECORD."""
        fact = self._fact(fact_id)
        return self.listing(fact_id) if fact is not None and fact.kind == LISTING else self.adverse(fact_id)

    def enter(self, record: SubjectRecord, fact_id: str, kind: str) -> None:
        """Take a new fact id for the subject. Raises FACT_EXISTS."""
        require_text("fact id", fact_id, MAX_FACT_ID)
        if self._fact(fact_id) is not None:
            raise RegistryError(RegistryReason.FACT_EXISTS, "a listing or adverse record already has this id")
        self.ledger.claim_fact(Fact(fact_id, record.subject_id, kind, feed=""))

    def append(self, record: SubjectRecord, event: Event) -> None:
        """Let the event happen to the subject."""
        self.ledger.append(record, event)

    def effective(self, at: datetime | None) -> datetime:
        """When an act takes effect, in UTC: `at`, or the moment of recording. Raises INVALID_TIME."""
        moment = at if at is not None else self.moment
        if moment.tzinfo is None:
            raise RegistryError(RegistryReason.INVALID_TIME, "the moment of effect needs its zone")
        return moment.astimezone(UTC)

    def _fact(self, fact_id: str) -> Fact | None:
        return facts_known(self.ledger.connection, [fact_id]).get(fact_id)


class Command(Protocol):
    """An act of a registrar."""

    def enact(self, desk: Desk) -> None:
        """Append the act's events, or refuse with a `RegistryError`."""


@dataclass(frozen=True, slots=True)
class RegisterSubject:
    """Make a subject known, or restate how it is known: codes, names, and the first day there is evidence of it.

    `aliases` are further (scheme, code) pairs of the same subject. A code of another subject is refused as a collision.
    """

    scheme: str
    code: str
    name: str = ""
    other_names: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    known_since: date | None = None

    def enact(self, desk: Desk) -> None:
        """Find or make the subject, give it the codes that are new, and state the description."""
        for name in filter(None, (self.name, *self.other_names)):
            require_text("name", name, MAX_NAME)
        codes = tuple(dict.fromkeys(desk.code(*pair) for pair in ((self.scheme, self.code), *self.aliases)))
        owners = owners_of(codes, desk.owner)
        record = settle_owner(owners)
        if record is None:
            record = desk.ledger.new_subject()
        for code, owner in owners.items():
            if owner is None:
                desk.ledger.claim_code(record.subject_id, code.scheme, code.code)
        description = describe(codes, self.name, self.other_names, self.known_since)
        desk.append(record, Known(known_fact("", codes[0]), description))


@dataclass(frozen=True, slots=True)
class ListSubject:
    """列入: put a registered subject on a list. `expires_on` is the first day on which the listing no longer binds."""

    scheme: str
    code: str
    listing_id: str
    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None
    confirmed_on: date | None = None

    def enact(self, desk: Desk) -> None:
        """Enter the listing under its own id."""
        record = desk.subject(self.scheme, self.code)
        facts = _listing_facts(self)
        desk.enter(record, self.listing_id, LISTING)
        desk.append(record, Listed(self.listing_id, facts, confirmed_on=self.confirmed_on))


@dataclass(frozen=True, slots=True)
class CorrectListing:
    """更正: restate a listing whole. One that has ended is no longer corrected."""

    listing_id: str
    regime: str
    document_number: str = ""
    document_date: date | None = None
    designating_authority: str = ""
    effective_from: date | None = None
    expires_on: date | None = None

    def enact(self, desk: Desk) -> None:
        """Replace what is stated of the listing."""
        record, listing = desk.listing(self.listing_id)
        _require_live(listing)
        desk.append(record, Corrected(self.listing_id, listing=_listing_facts(self)))


@dataclass(frozen=True, slots=True)
class Delist:
    """移出: end a listing, from `effective_at` on."""

    listing_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the listing."""
        record, listing = desk.listing(self.listing_id)
        _require_live(listing)
        desk.append(record, Delisted(self.listing_id, desk.effective(self.effective_at), DelistingCause.AUTHORITY))


@dataclass(frozen=True, slots=True)
class RecordAdverse:
    """Enter an adverse record (不良信用记录) of a registered subject."""

    scheme: str
    code: str
    record_id: str
    kind: AdverseKind
    severity: Severity
    document_number: str
    document_date: date

    def enact(self, desk: Desk) -> None:
        """Enter the record under its own id."""
        record = desk.subject(self.scheme, self.code)
        desk.enter(record, self.record_id, ADVERSE)
        facts = AdverseFacts(self.kind, self.severity, self.document_number, self.document_date)
        desk.append(record, AdverseRecorded(self.record_id, facts))


@dataclass(frozen=True, slots=True)
class WithdrawAdverse:
    """撤销: take an adverse record back, from `effective_at` on."""

    record_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the record."""
        record, adverse = desk.adverse(self.record_id)
        _require_live(adverse)
        desk.append(record, Withdrawn(self.record_id, desk.effective(self.effective_at)))


@dataclass(frozen=True, slots=True)
class Repair:
    """信用修复: end the display, sharing and effect of a listing or adverse record, from `effective_at` on."""

    fact_id: str
    effective_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """End the listing or record."""
        record, fact = desk.either(self.fact_id)
        _require_live(fact)
        desk.append(record, Repaired(self.fact_id, desk.effective(self.effective_at)))


@dataclass(frozen=True, slots=True)
class OpenObjection:
    """异议: note that the subject objects to a listing. What that does to its measures is the regime's to say."""

    listing_id: str
    objection_id: str
    grounds: ObjectionGrounds
    opened_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """Open the objection."""
        require_text("objection id", self.objection_id, MAX_FACT_ID)
        record, listing = desk.listing(self.listing_id)
        _require_live(listing)
        if any(known.objection_id == self.objection_id for known in listing.objections):
            raise RegistryError(RegistryReason.OBJECTION_EXISTS, "the listing already has an objection of this id")
        at = desk.effective(self.opened_at)
        desk.append(record, ObjectionOpened(self.listing_id, self.objection_id, self.grounds, at))


@dataclass(frozen=True, slots=True)
class ResolveObjection:
    """End an objection. If it is upheld, the listing ends at the same moment, so that no measure comes back."""

    listing_id: str
    objection_id: str
    resolution: Resolution
    resolved_at: datetime | None = None

    def enact(self, desk: Desk) -> None:
        """Resolve the objection, and delist where it was upheld."""
        record, listing = desk.listing(self.listing_id)
        objection = _open_objection(listing, self.objection_id)
        at = desk.effective(self.resolved_at)
        if at < objection.opened_at:
            raise RegistryError(RegistryReason.INVALID_TIME, "an objection is resolved after it was opened")
        desk.append(record, ObjectionResolved(self.listing_id, self.objection_id, self.resolution, at))
        if self.resolution is Resolution.UPHELD and listing.ended_at is None:
            desk.append(record, Delisted(self.listing_id, at, DelistingCause.OBJECTION_UPHELD))


@dataclass(frozen=True, slots=True)
class Confirm:
    """Note that the source confirmed, on a day, that a listing still stands."""

    listing_id: str
    on: date

    def enact(self, desk: Desk) -> None:
        """Note the confirmation."""
        record, listing = desk.listing(self.listing_id)
        _require_live(listing)
        desk.append(record, Confirmed(self.listing_id, self.on))


def describe(
    codes: tuple[Code, ...],
    name: str,
    other_names: tuple[str, ...],
    known_since: date | None,
    masked: str = "",
) -> Description:
    """How a subject is described; a natural person's names are not kept."""
    if names_a_person(codes):
        return Description(codes, known_since=known_since, masked=masked)
    return Description(codes, name, other_names, known_since, masked)


def names_a_person(codes: tuple[Code, ...]) -> bool:
    """Whether the codes, apart from feeds' own numbers, are all those of a natural person."""
    persons = [code for code in codes if code.personal]
    return bool(persons) and all(code.personal or code.scheme.startswith(SOURCE_SCHEME) for code in codes)


def settle_owner(owners: dict[Code, SubjectRecord | None]) -> SubjectRecord | None:
    """The one subject that all these codes belong to, or None where all are new. Raises IDENTIFIER_COLLISION.

    A code its subject's sources have taken back does not lead to that subject: on its own it is a collision. So is an
    organisation code alone that leads to a subject with another unified social credit code.
    """
    known = {record.subject_id: record for record in owners.values() if record is not None}
    if not known:
        return None
    record = next(iter(known.values()))
    if len(known) > 1 or not any(record.answers_to(code.scheme, code.code) for code in owners):
        raise RegistryError(RegistryReason.IDENTIFIER_COLLISION, "a code given here belongs to another subject")
    linked_by = (code for code, owner in owners.items() if owner is not None)
    if record.has_other_uscc(owners) and all(code.scheme == orgcode.NAME for code in linked_by):
        raise RegistryError(RegistryReason.IDENTIFIER_COLLISION, "the organisation code belongs to another subject")
    return record


def check_term(effective_from: date | None, expires_on: date | None) -> None:
    """Refuse a listing that would end before it begins. Raises INVALID_TERM."""
    if effective_from is not None and expires_on is not None and expires_on <= effective_from:
        raise RegistryError(RegistryReason.INVALID_TERM, "the listing would end before it begins")


def require_text(what: str, text: str, most: int) -> None:
    """Refuse an empty, overlong or unprintable text. Raises INVALID_TEXT."""
    if not 1 <= len(text) <= most or not text.isprintable():
        raise RegistryError(RegistryReason.INVALID_TEXT, f"{what}: want 1 to {most} printable signs, have {len(text)}")


def _listing_facts(stated: ListSubject | CorrectListing) -> ListingFacts:
    require_text("regime", stated.regime, 64)
    check_term(stated.effective_from, stated.expires_on)
    return ListingFacts(
        stated.regime,
        stated.document_number,
        stated.document_date,
        stated.designating_authority,
        stated.effective_from,
        stated.expires_on,
    )


def _require_live(fact: Listing | AdverseRecord) -> None:
    if fact.ended_at is not None:
        raise RegistryError(RegistryReason.ALREADY_ENDED, "the listing or record has already ended")


def _open_objection(listing: Listing, objection_id: str) -> Objection:
    for objection in listing.objections:
        if objection.objection_id == objection_id:
            if objection.resolved_at is not None:
                raise RegistryError(RegistryReason.ALREADY_RESOLVED, "the objection has already been resolved")
            return objection
    raise RegistryError(RegistryReason.UNKNOWN_OBJECTION, "the listing has no objection of this id")
