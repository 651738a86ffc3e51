from __future__ import annotations

from datetime import date, timedelta

import pytest

from clearway.decision.facts import AdverseKind, Lifting, RegisteredSubject, Severity
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
    ObjectionGrounds,
    ObjectionOpened,
    ObjectionResolved,
    Repaired,
    Resolution,
    Withdrawn,
    decode,
    encode,
)
from clearway.registry.fold import EndedBy, SubjectRecord, fold
from tests.unit.registry.making import DAY, MOMENT, code

USCC = Code("cn-uscc", code(1))
NUMBER = Code("src.us-csl", "17")
PERSON = Code("cn-ric", "a" * 32, "1101************18")
FACTS = ListingFacts("SAMR-SERIOUS", "虚构1号", DAY, "虚构局", DAY, date(2029, 1, 1))
LATER = MOMENT + timedelta(days=1)

EVERY_EVENT: tuple[Event, ...] = (
    Known("known:x", Description((USCC,), "甲", ("乙",), DAY)),
    Listed("L", FACTS, "us-csl", Description((USCC, NUMBER), "甲"), DAY),
    AdverseRecorded("A", AdverseFacts(AdverseKind.PENALTY, Severity.MINOR, "罚1号", DAY)),
    Corrected("L", listing=ListingFacts("SAMR-SERIOUS", "虚构2号")),
    Confirmed("L", DAY),
    ObjectionOpened("L", "O", ObjectionGrounds.WRONG, MOMENT),
    ObjectionResolved("L", "O", Resolution.REJECTED, LATER),
    Repaired("A", LATER),
    Lifted("L", "U", MOMENT, LATER),
    LiftingEnded("L", "U", LATER),
    Delisted("L", LATER, DelistingCause.AUTHORITY),
    Withdrawn("A", LATER, in_error=True),
)


def subject(*events: Event) -> RegisteredSubject:
    return fold(7, events)


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: type(event).__name__)
def test_an_event_is_read_back_as_it_was_stored(event: Event) -> None:
    assert decode(encode(event)) == event


def test_the_same_events_give_the_same_subject() -> None:
    assert subject(*EVERY_EVENT) == subject(*(decode(encode(event)) for event in EVERY_EVENT))


def test_a_subject_without_events_has_no_code_and_no_name() -> None:
    profile = subject().profile
    assert (profile.scheme, profile.code, profile.name) == ("", "", "")


def test_a_listing_is_stated_with_its_document_and_term() -> None:
    (listing,) = subject(Listed("L", FACTS, "us-csl", Description((USCC,)))).profile.listings
    assert (listing.listing_id, listing.regime, listing.document_number, listing.expires_on, listing.feed) == (
        "L",
        "SAMR-SERIOUS",
        "虚构1号",
        date(2029, 1, 1),
        "us-csl",
    )


def test_a_correction_replaces_the_statement_and_keeps_objections_and_feed() -> None:
    opened = ObjectionOpened("L", "O", ObjectionGrounds.WRONG, MOMENT)
    (listing,) = subject(
        Listed("L", FACTS, "us-csl"), opened, Corrected("L", listing=ListingFacts("SAMR-SERIOUS", "更正号"))
    ).profile.listings
    assert (listing.document_number, listing.expires_on, listing.feed) == ("更正号", None, "us-csl")
    assert listing.objections[0].open_at(LATER)


def test_a_resolved_objection_was_open_until_then() -> None:
    (listing,) = subject(
        Listed("L", FACTS),
        ObjectionOpened("L", "O", ObjectionGrounds.PAST_ITS_TERM, MOMENT),
        ObjectionResolved("L", "O", Resolution.REJECTED, LATER),
    ).profile.listings
    (objection,) = listing.objections
    assert objection.open_at(MOMENT)
    assert not objection.open_at(LATER)


@pytest.mark.parametrize(
    ("event", "ended_by"),
    [
        (Repaired("L", LATER), EndedBy.REPAIR),
        (Delisted("L", LATER, DelistingCause.AUTHORITY), EndedBy.AUTHORITY),
        (Delisted("L", LATER, DelistingCause.GONE_FROM_LIST), EndedBy.GONE_FROM_LIST),
        (Delisted("L", LATER, DelistingCause.OBJECTION_UPHELD), EndedBy.OBJECTION_UPHELD),
        (Delisted("L", LATER, DelistingCause.REVOKED_IN_ERROR), EndedBy.REVOKED_IN_ERROR),
    ],
)
def test_an_end_is_kept_with_its_moment_and_cause(event: Event, ended_by: EndedBy) -> None:
    record = SubjectRecord(7)
    for happened in (Listed("L", FACTS), event):
        record.apply(happened)
    assert record.listings["L"].ended_at == LATER
    assert record.ended_by["L"] is ended_by


@pytest.mark.parametrize("cause", DelistingCause)
def test_only_what_was_wrong_is_annulled_and_no_correction_brings_it_back(cause: DelistingCause) -> None:
    corrected = Corrected("L", listing=ListingFacts("SAMR-SERIOUS", "更正号"))
    (listing,) = subject(Listed("L", FACTS), Delisted("L", LATER, cause), corrected).profile.listings
    assert listing.annulled is (cause in {DelistingCause.OBJECTION_UPHELD, DelistingCause.REVOKED_IN_ERROR})


@pytest.mark.parametrize("in_error", [False, True])
def test_a_record_withdrawn_in_error_is_annulled(in_error: bool) -> None:
    adverse = AdverseFacts(AdverseKind.PENALTY, Severity.SERIOUS, "罚1号", DAY)
    events = (AdverseRecorded("A", adverse), Withdrawn("A", LATER, in_error), Corrected("A", adverse=adverse))
    (record,) = subject(*events).profile.adverse_records
    assert (record.ended_at, record.annulled) == (LATER, in_error)


def test_a_lifting_ends_when_it_is_ended() -> None:
    (listing,) = subject(Listed("L", FACTS), Lifted("L", "U", MOMENT, LATER)).profile.listings
    assert listing.liftings == (Lifting("U", MOMENT, LATER),)
    sooner = MOMENT + timedelta(hours=1)
    ended = subject(Listed("L", FACTS), Lifted("L", "U", MOMENT, LATER), LiftingEnded("L", "U", sooner))
    assert ended.profile.listings[0].liftings == (Lifting("U", MOMENT, sooner),)


def test_a_listing_back_on_its_list_no_longer_ends() -> None:
    gone = Delisted("L", LATER, DelistingCause.GONE_FROM_LIST)
    (listing,) = subject(Listed("L", FACTS), gone, Listed("L", FACTS)).profile.listings
    assert listing.ended_at is None


def test_a_withdrawn_adverse_record_ends() -> None:
    adverse = AdverseFacts(AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, "罚1号", DAY)
    (record,) = subject(AdverseRecorded("A", adverse), Withdrawn("A", LATER)).profile.adverse_records
    assert (record.kind, record.severity, record.ended_at) == (AdverseKind.BROKEN_COMMITMENT, Severity.SERIOUS, LATER)


def test_the_latest_confirmation_counts() -> None:
    (listing,) = subject(Listed("L", FACTS, confirmed_on=DAY), Confirmed("L", date(2026, 6, 1))).profile.listings
    assert listing.confirmed_on == date(2026, 6, 1)


def test_an_organisations_code_leads_its_feeds_number() -> None:
    found = subject(Known("a", Description((NUMBER,), "甲")), Known("b", Description((NUMBER, USCC), "甲")))
    assert found.identifiers == ((USCC.scheme, USCC.code), (NUMBER.scheme, NUMBER.code))
    assert found.profile.code == USCC.code


def test_a_code_its_only_source_takes_back_no_longer_names_the_subject() -> None:
    mistaken = Code("cn-uscc", code(2))
    found = subject(Known("a", Description((mistaken, NUMBER))), Known("a", Description((USCC, NUMBER))))
    assert (mistaken.scheme, mistaken.code) not in found.identifiers


def test_a_code_stays_while_another_source_states_it() -> None:
    found = subject(
        Known("a", Description((USCC,))), Known("b", Description((USCC, NUMBER))), Known("b", Description((NUMBER,)))
    )
    assert (USCC.scheme, USCC.code) in found.identifiers


def test_the_name_stated_last_leads_and_the_earlier_ones_stay_known() -> None:
    found = subject(
        Known("a", Description((USCC,), "旧名", ("别名",))), Listed("L", FACTS, "", Description((USCC,), "新名"))
    )
    assert found.names == ("新名", "旧名", "别名")
    assert (found.profile.name, found.profile.other_names) == ("新名", ("旧名", "别名"))


def test_no_name_is_given_for_a_natural_person() -> None:
    found = subject(Known("a", Description((PERSON,), "某某")))
    assert found.names == ()
    assert (found.profile.name, found.profile.masked) == ("", PERSON.masked)


def test_known_since_is_the_earliest_day_that_any_source_states_now() -> None:
    found = subject(
        Known("a", Description((USCC,), known_since=date(2019, 1, 1))),
        Known("b", Description((USCC,), known_since=date(2021, 1, 1))),
        Known("a", Description((USCC,), known_since=date(2022, 1, 1))),
    )
    assert found.profile.known_since == date(2021, 1, 1)


def test_a_code_published_masked_is_shown_and_names_nobody_exactly() -> None:
    found = subject(Known("a", Description((NUMBER,), "甲", masked="9111****")))
    assert found.profile.masked == "9111****"
    assert found.identifiers == ((NUMBER.scheme, NUMBER.code),)
