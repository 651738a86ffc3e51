"""Where an act is done: the desk, and what every act is held to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from clearway.decision.facts import AdverseRecord, Listing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.events import Code, Event
from clearway.registry.fold import SubjectRecord
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
from clearway.registry.tokens import Tokens
from clearway.subjects.identifiers import Identifier, parse_identifier
from clearway.subjects.keys import SubjectKeys

MAX_FACT_ID = 200
"""Signs in a listing or record id, at most."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years in which an act may take effect: any zone's calendar can tell their days."""


class Desk:
    """Where an act is done: the ledger of its revision, and the secrets for natural persons."""

    def __init__(self, ledger: Ledger, keys: SubjectKeys) -> None:
        self.ledger = ledger
        self._keys = keys
        self._named: dict[Code, tuple[Identifier, Tokens]] = {}

    @property
    def moment(self) -> datetime:
        """When the act is recorded."""
        return self.ledger.moment

    def code(self, scheme: str, code: str) -> Code:
        """The code as the record keeps it. Raises `InvalidIdentifier`; KEY_MISSING."""
        identifier = parse_identifier(scheme, code)
        tokens = Tokens(self.ledger.connection, self._keys, [identifier])
        stored = tokens.code(identifier)
        self._named[stored] = identifier, tokens
        return stored

    def enter_number(self, record: SubjectRecord, code: Code) -> None:
        """Enter a natural person's number under every key that is given: it is here now, and is not kept."""
        identifier, tokens = self._named[code]
        entered = tokens.entered(identifier)
        if entered is not None:
            self.ledger.claim_tokens(entered)
            event = entered.event()
            if event is not None:
                self.append(record, event)

    def subject(self, scheme: str, code: str) -> SubjectRecord:
        """The subject the code names now. Raises UNKNOWN_SUBJECT."""
        named = self.code(scheme, code)
        found = subject_named(self.ledger.connection, named)
        if found is None:
            raise RegistryError(RegistryReason.UNKNOWN_SUBJECT, "no subject is recorded under this code")
        self.enter_number(found, named)
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
        if fact is None:
            raise RegistryError(RegistryReason.UNKNOWN_RECORD, "no listing or adverse record has this id")
        return self.listing(fact_id) if fact.kind == LISTING else self.adverse(fact_id)

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
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            detail = f"the moment of effect lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
            raise RegistryError(RegistryReason.INVALID_TIME, detail)
        return moment.astimezone(UTC)

    def at_once(self, at: datetime | None) -> datetime:
        """As `effective`, for what cannot be put off: what was wrong from its beginning is not right until a day."""
        moment = self.effective(at)
        if moment > self.moment:
            raise RegistryError(RegistryReason.INVALID_TIME, "what was wrong from its beginning is withdrawn at once")
        return moment

    def require_live(self, fact: Listing | AdverseRecord, until: datetime | None = None) -> None:
        """Refuse an act on a fact that has ended by now, or by `until`. Raises ALREADY_ENDED."""
        last = self.moment if until is None else max(self.moment, until)
        if fact.annulled or (fact.ended_at is not None and fact.ended_at <= last):
            raise RegistryError(RegistryReason.ALREADY_ENDED, "the listing or record has already ended")

    def _fact(self, fact_id: str) -> Fact | None:
        return facts_known(self.ledger.connection, [fact_id]).get(fact_id)


class Command(Protocol):
    """An act of a registrar."""

    def enact(self, desk: Desk) -> None:
        """Append the act's events, or refuse with a `RegistryError`."""


def require_text(what: str, text: str, most: int) -> None:
    """Refuse an empty, overlong or unprintable text. Raises INVALID_TEXT."""
    if not 1 <= len(text) <= most or not text.isprintable():
        raise RegistryError(RegistryReason.INVALID_TEXT, f"{what}: want 1 to {most} printable signs, have {len(text)}")
