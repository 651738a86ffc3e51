"""How events add up to a subject. Pure: the same events in the same order give the same profile, always.

As of a revision means: the fold over the events up to that revision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from clearway.decision.facts import AdverseRecord, Lifting, Listing, Objection, RegisteredSubject, SubjectProfile
from clearway.registry.crosswalk import OLD_NUMBERS, contained_in
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
    Lifted,
    LiftingEnded,
    Listed,
    ListingFacts,
    ObjectionOpened,
    ObjectionResolved,
    Rehashed,
    Repaired,
    Withdrawn,
)
from clearway.subjects.schemes import uscc

SOURCE_SCHEME = "src."
"""Schemes with this prefix are a feed's own numbers: they keep a subject together, and give way to any real code."""


class EndedBy(StrEnum):
    """What ended a listing or an adverse record."""

    REPAIR = "repair"
    AUTHORITY = "authority"
    OBJECTION_UPHELD = "objection_upheld"
    GONE_FROM_LIST = "gone_from_list"
    REVOKED_IN_ERROR = "revoked_in_error"
    WITHDRAWAL = "withdrawal"


_ENDED_BY = {
    DelistingCause.AUTHORITY: EndedBy.AUTHORITY,
    DelistingCause.OBJECTION_UPHELD: EndedBy.OBJECTION_UPHELD,
    DelistingCause.GONE_FROM_LIST: EndedBy.GONE_FROM_LIST,
    DelistingCause.REVOKED_IN_ERROR: EndedBy.REVOKED_IN_ERROR,
}

WRONG_FROM_THE_BEGINNING = frozenset({EndedBy.OBJECTION_UPHELD, EndedBy.REVOKED_IN_ERROR})
"""What ends a listing or an adverse record as if it had never been."""


def fold(subject_id: int, events: Iterable[Event]) -> RegisteredSubject:
    """The subject that these events, in order, add up to."""
    record = SubjectRecord(subject_id)
    for event in events:
        record.apply(event)
    return record.registered()


class SubjectRecord:
    """A subject while its events are being added up.

    `listings` and `adverse_records` are by fact id, in the order first stated; `ended_by` says what ended those that
    ended; `descriptions` are by the statement they came with, the latest stated last.
    """

    __slots__ = ("_first_stated", "_tokens", "adverse_records", "descriptions", "ended_by", "listings", "subject_id")

    def __init__(self, subject_id: int) -> None:
        self.subject_id = subject_id
        self.descriptions: dict[str, Description] = {}
        self.listings: dict[str, Listing] = {}
        self.adverse_records: dict[str, AdverseRecord] = {}
        self.ended_by: dict[str, EndedBy] = {}
        self._first_stated: dict[Code, None] = {}
        self._tokens: dict[tuple[str, str], dict[str, str]] = {}

    def apply(self, event: Event) -> None:
        """Add the next event."""
        match event:
            case Known() | Listed() | AdverseRecorded():
                self._state(event)
            case Corrected():
                self._correct(event)
            case Confirmed():
                listing = self.listings[event.fact_id]
                self.listings[event.fact_id] = msgspec.structs.replace(listing, confirmed_on=event.on)
            case ObjectionOpened() | ObjectionResolved():
                self._object(event)
            case Lifted() | LiftingEnded():
                self._lift(event)
            case Repaired() | Delisted() | Withdrawn():
                self._end(event)
            case Rehashed():
                self._tokens[event.scheme, event.code] = event.tokens
            case _:
                assert_never(event)

    def _state(self, event: Listed | AdverseRecorded | Known) -> None:
        if isinstance(event, Listed):
            earlier = self.listings.get(event.fact_id)
            self.listings[event.fact_id] = _listing(
                event.fact_id,
                event.listing,
                confirmed_on=event.confirmed_on,
                feed=event.feed,
                ended_at=None,
                objections=earlier.objections if earlier is not None else (),
                liftings=earlier.liftings if earlier is not None else (),
            )
            self.ended_by.pop(event.fact_id, None)
        elif isinstance(event, AdverseRecorded):
            self.adverse_records[event.fact_id] = _adverse(event.fact_id, event.adverse, ended_at=None)
        self._describe(event.fact_id, event.description)

    def _correct(self, event: Corrected) -> None:
        if event.listing is not None:
            was = self.listings[event.fact_id]
            self.listings[event.fact_id] = _listing(
                event.fact_id,
                event.listing,
                confirmed_on=was.confirmed_on,
                feed=was.feed,
                ended_at=was.ended_at,
                objections=was.objections,
                liftings=was.liftings,
                annulled=was.annulled,
            )
        if event.adverse is not None:
            known = self.adverse_records[event.fact_id]
            self.adverse_records[event.fact_id] = _adverse(
                event.fact_id, event.adverse, ended_at=known.ended_at, annulled=known.annulled
            )
        self._describe(event.fact_id, event.description)

    def _describe(self, fact_id: str, description: Description | None) -> None:
        if description is None:
            return
        self.descriptions.pop(fact_id, None)
        self.descriptions[fact_id] = description
        for code in description.codes:
            self._first_stated.setdefault(code)

    def _object(self, event: ObjectionOpened | ObjectionResolved) -> None:
        listing = self.listings[event.fact_id]
        if isinstance(event, ObjectionOpened):
            objections = (*listing.objections, Objection(event.objection_id, event.at))
        else:
            objections = tuple(
                msgspec.structs.replace(known, resolved_at=event.at)
                if known.objection_id == event.objection_id
                else known
                for known in listing.objections
            )
        self.listings[event.fact_id] = msgspec.structs.replace(listing, objections=objections)

    def _lift(self, event: Lifted | LiftingEnded) -> None:
        listing = self.listings[event.fact_id]
        if isinstance(event, Lifted):
            liftings = (*listing.liftings, Lifting(event.lifting_id, event.at, event.until))
        else:
            liftings = tuple(
                msgspec.structs.replace(known, ends_at=event.at) if known.lifting_id == event.lifting_id else known
                for known in listing.liftings
            )
        self.listings[event.fact_id] = msgspec.structs.replace(listing, liftings=liftings)

    def _end(self, event: Repaired | Delisted | Withdrawn) -> None:
        match event:
            case Repaired():
                self.ended_by[event.fact_id] = EndedBy.REPAIR
            case Delisted():
                self.ended_by[event.fact_id] = _ENDED_BY[event.cause]
            case Withdrawn():
                self.ended_by[event.fact_id] = EndedBy.REVOKED_IN_ERROR if event.in_error else EndedBy.WITHDRAWAL
            case _:
                assert_never(event)
        annulled = self.ended_by[event.fact_id] in WRONG_FROM_THE_BEGINNING
        if event.fact_id in self.listings:
            listing = self.listings[event.fact_id]
            self.listings[event.fact_id] = msgspec.structs.replace(listing, ended_at=event.at, annulled=annulled)
        else:
            adverse = self.adverse_records[event.fact_id]
            self.adverse_records[event.fact_id] = msgspec.structs.replace(adverse, ended_at=event.at, annulled=annulled)

    def codes(self) -> tuple[Code, ...]:
        """The codes that name the subject now, the primary one first.

        A code counts as long as any source states it. An organisation's code leads, then the old numbers that the
        unified social credit code replaced, then a natural person's, then the feeds' own numbers; among equals, the one
        stated first.
        """
        if len(self._first_stated) == 1 == len(self.descriptions):
            return tuple(self._first_stated)
        stated = {code for description in self.descriptions.values() for code in description.codes}
        return tuple(sorted((code for code in self._first_stated if code in stated), key=_precedence))

    def answers_to(self, scheme: str, code: str) -> bool:
        """Whether the code names the subject now, by itself or inside another one."""
        codes = self.codes()
        return any(known.scheme == scheme and known.code == code for known in codes) or (
            (scheme, code) in contained_in(codes)
        )

    def has_other_uscc(self, codes: Iterable[Code]) -> bool:
        """Whether the codes hold a unified social credit code, and the subject goes by others."""
        own, given = ({code for code in some if code.scheme == uscc.NAME} for some in (self.codes(), codes))
        return bool(own and given) and own.isdisjoint(given)

    def names(self) -> tuple[str, ...]:
        """The names that the sources give it, the latest stated first. None is kept for a natural person."""
        return self._names(self.codes())

    def _names(self, codes: tuple[Code, ...]) -> tuple[str, ...]:
        if codes and codes[0].personal:
            return ()
        latest_first = tuple(reversed(self.descriptions.values()))
        names = dict.fromkeys([said.name for said in latest_first if said.name])
        for said in latest_first:
            for name in said.other_names:
                names.setdefault(name)
        return tuple(names)

    def profile(self) -> SubjectProfile:
        """Everything known of the subject."""
        return self.registered().profile

    def registered(self) -> RegisteredSubject:
        """The subject with every code and every name it goes by."""
        codes = self.codes()
        names = self._names(codes)
        primary = codes[0] if codes else _NO_CODE
        profile = SubjectProfile(
            subject_id=self.subject_id,
            scheme=primary.scheme,
            code=primary.code,
            name=names[0] if names else "",
            known_since=self._known_since(),
            listings=tuple(self.listings.values()),
            adverse_records=tuple(self.adverse_records.values()),
            masked=primary.masked or self._masked(),
            other_names=names[1:],
        )
        identifiers = tuple([(code.scheme, code.code) for code in codes])
        return RegisteredSubject(profile, identifiers, names, contained_in(codes), self._numbers(codes))

    def _numbers(self, codes: tuple[Code, ...]) -> dict[tuple[str, str], dict[str, str]]:
        """The codes that are natural persons' numbers, and the tokens of each by key, where they were told apart."""
        return {
            pair: self._tokens.get(pair, {}) for code in codes if code.masked and (pair := (code.scheme, code.code))
        }

    def _known_since(self) -> date | None:
        return min([said.known_since for said in self.descriptions.values() if said.known_since], default=None)

    def _masked(self) -> str:
        for said in self.descriptions.values():
            if said.masked:
                return said.masked
        return ""

    def listing_facts(self, fact_id: str) -> ListingFacts:
        """What was last stated of a listing. `KeyError` where there is none."""
        listing = self.listings[fact_id]
        return ListingFacts(
            listing.regime,
            listing.document_number,
            listing.document_date,
            listing.designating_authority,
            listing.effective_from,
            listing.expires_on,
        )

    def adverse_facts(self, fact_id: str) -> AdverseFacts:
        """What was last stated of an adverse record. `KeyError` where there is none."""
        record = self.adverse_records[fact_id]
        return AdverseFacts(
            record.kind, record.severity, record.document_number, record.document_date, record.display_ends_on
        )


_NO_CODE = Code("", "")


def _precedence(code: Code) -> tuple[bool, bool, bool]:
    return code.scheme.startswith(SOURCE_SCHEME), code.personal, code.scheme in OLD_NUMBERS


def _listing(
    listing_id: str,
    facts: ListingFacts,
    *,
    confirmed_on: date | None,
    feed: str,
    ended_at: datetime | None,
    objections: tuple[Objection, ...],
    liftings: tuple[Lifting, ...],
    annulled: bool = False,
) -> Listing:
    return Listing(
        listing_id,
        facts.regime,
        facts.document_number,
        facts.document_date,
        facts.designating_authority,
        facts.effective_from,
        facts.expires_on,
        confirmed_on,
        feed,
        ended_at,
        objections,
        liftings,
        annulled,
    )


def _adverse(
    record_id: str, facts: AdverseFacts, *, ended_at: datetime | None, annulled: bool = False
) -> AdverseRecord:
    return AdverseRecord(
        record_id,
        facts.adverse_kind,
        facts.severity,
        facts.document_number,
        facts.document_date,
        ended_at,
        annulled,
        facts.display_ends_on,
    )
