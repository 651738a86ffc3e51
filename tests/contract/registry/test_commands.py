"""What a registrar can do, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from clearway.decision.facts import AdverseKind, AdverseRecord, Listing, Severity, SubjectProfile
from clearway.registry.commands import (
    Command,
    Confirm,
    CorrectListing,
    Delist,
    EndLifting,
    LiftProvisionally,
    ListSubject,
    OpenObjection,
    RecordAdverse,
    RegisterSubject,
    Repair,
    ResolveObjection,
    RevokeInError,
    WithdrawAdverse,
)
from clearway.registry.errors import RegistryError, RegistryReason, RepairTooEarly
from clearway.registry.events import ListingFacts, ObjectionGrounds, Resolution
from clearway.registry.fold import EndedBy
from clearway.registry.history import ObjectionCourse, Provenance
from clearway.registry.ledger import Document
from clearway.registry.registry import RPC_ORIGIN, Registry
from clearway.subjects.identifiers import InvalidIdentifier
from tests.unit.registry.making import CITIZEN, DAY, MOMENT, code, known_row, listing_row, write_csv

LATER = MOMENT + timedelta(days=3)
REGISTERED = RegisterSubject("cn-uscc", code(1), "虚构1有限公司", known_since=date(2020, 1, 1))
LISTED = ListSubject("cn-uscc", code(1), "L-1", "SAMR-SERIOUS", "虚构1号", DAY, "虚构局", DAY, date(2029, 1, 1))
ADVERSE = RecordAdverse("cn-uscc", code(1), "A-1", AdverseKind.PENALTY, Severity.MINOR, "罚1号", DAY)
OBJECTED = OpenObjection("L-1", "O-1", ObjectionGrounds.WRONG)


def act(registry: Registry, *commands: Command) -> int:
    return registry.execute(*commands, actor="registrar", moment=MOMENT, note="by the book")


def profile(registry: Registry, number: int = 1, at_revision: int | None = None) -> SubjectProfile:
    found = registry.profile("cn-uscc", code(number), at_revision)
    assert found is not None
    return found


def listing(registry: Registry) -> Listing:
    (found,) = profile(registry).listings
    return found


def refused(registry: Registry, *commands: Command) -> RegistryReason:
    with pytest.raises(RegistryError) as error:
        act(registry, *commands)
    return error.value.reason


def test_a_registered_subject_is_known_by_its_code_name_and_first_day(registry: Registry) -> None:
    act(registry, REGISTERED)
    found = profile(registry)
    assert (found.scheme, found.code, found.name, found.known_since) == (
        "cn-uscc",
        code(1),
        "虚构1有限公司",
        date(2020, 1, 1),
    )


def test_each_act_is_a_revision_of_its_own(registry: Registry) -> None:
    assert [act(registry, REGISTERED), act(registry, LISTED)] == [1, 2]
    assert registry.head() == 2


def test_several_acts_are_one_revision_or_none(registry: Registry) -> None:
    assert act(registry, REGISTERED, LISTED, ADVERSE, OBJECTED) == 1
    assert refused(registry, Repair("A-1"), Delist("L-404")) is RegistryReason.UNKNOWN_LISTING
    assert registry.head() == 1
    assert profile(registry).adverse_records[0].ended_at is None


def test_an_alias_leads_to_the_same_subject(registry: Registry) -> None:
    act(registry, RegisterSubject("cn-uscc", code(1), aliases=(("src.tax", "77"),)))
    assert registry.profile("src.tax", "77") == profile(registry)


def test_an_alias_of_another_subject_is_a_collision(registry: Registry) -> None:
    act(registry, REGISTERED)
    act(registry, RegisterSubject("cn-uscc", code(2)))
    merging = RegisterSubject("cn-uscc", code(2), aliases=(("cn-uscc", code(1)),))
    assert refused(registry, merging) is RegistryReason.IDENTIFIER_COLLISION


def test_a_code_taken_back_is_not_silently_given_to_another(registry: Registry) -> None:
    act(registry, RegisterSubject("cn-uscc", code(1), aliases=(("cn-uscc", code(2)),)))
    act(registry, REGISTERED)
    assert registry.profile("cn-uscc", code(2)) is None
    assert refused(registry, RegisterSubject("cn-uscc", code(2))) is RegistryReason.IDENTIFIER_COLLISION
    assert refused(registry, ListSubject("cn-uscc", code(2), "L-2", "R")) is RegistryReason.UNKNOWN_SUBJECT


def test_a_natural_person_is_stored_as_a_hash_and_a_mask_without_a_name(registry: Registry) -> None:
    act(registry, RegisterSubject("cn-ric", CITIZEN, "虚构某人"))
    found = registry.profile("cn-ric", CITIZEN)
    assert found is not None
    assert CITIZEN not in (found.code, found.masked)
    assert (found.name, found.other_names) == ("", ())
    assert found.masked.count("*") >= 12
    (entry,) = registry.history("cn-ric", CITIZEN)
    assert CITIZEN not in repr(entry)
    assert "虚构某人" not in repr(entry)


def test_a_listing_is_entered_as_stated(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED)
    assert listing(registry) == Listing(
        "L-1", "SAMR-SERIOUS", "虚构1号", DAY, "虚构局", DAY, date(2029, 1, 1), None, "", None, ()
    )


def test_a_corrected_listing_is_restated_whole(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED)
    act(registry, CorrectListing("L-1", "SAMR-SERIOUS", "更正号", DAY))
    assert (listing(registry).document_number, listing(registry).expires_on) == ("更正号", None)


@pytest.mark.parametrize("end", [Delist("L-1"), Repair("L-1")], ids=["delisted", "repaired"])
def test_a_listing_ends_with_the_act_unless_another_moment_is_given(registry: Registry, end: Command) -> None:
    act(registry, REGISTERED, LISTED, end)
    assert listing(registry).ended_at == MOMENT


def test_an_end_may_take_effect_at_another_moment(registry: Registry) -> None:
    zone_moment = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
    act(registry, REGISTERED, LISTED, Delist("L-1", zone_moment))
    assert listing(registry).ended_at == zone_moment


@pytest.mark.parametrize("end", [Repair("A-1"), WithdrawAdverse("A-1")], ids=["repaired", "withdrawn"])
def test_an_adverse_record_ends(registry: Registry, end: Command) -> None:
    act(registry, REGISTERED, ADVERSE, end)
    (record,) = profile(registry).adverse_records
    assert record.ended_at == MOMENT


def test_an_objection_is_open_until_it_is_resolved(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, OBJECTED)
    act(registry, ResolveObjection("L-1", "O-1", Resolution.REJECTED, LATER))
    (objection,) = listing(registry).objections
    assert (objection.opened_at, objection.resolved_at) == (MOMENT, LATER)
    assert listing(registry).ended_at is None


def test_an_objection_upheld_withdraws_the_listing_from_its_beginning(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, OBJECTED, ResolveObjection("L-1", "O-1", Resolution.UPHELD))
    assert (listing(registry).ended_at, listing(registry).annulled) == (MOMENT, True)


def test_an_objection_upheld_after_the_listing_ended_withdraws_it_all_the_same(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, OBJECTED, Repair("L-1"))
    act(registry, ResolveObjection("L-1", "O-1", Resolution.UPHELD))
    assert listing(registry).annulled


def test_a_correction_may_come_with_the_resolution_that_asks_for_it(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, OBJECTED)
    corrected = ListingFacts("SAMR-SERIOUS", "更正号", DAY)
    act(registry, ResolveObjection("L-1", "O-1", Resolution.CORRECTED, corrected=corrected))
    assert (listing(registry).document_number, listing(registry).ended_at) == ("更正号", None)
    assert not listing(registry).objections[0].open_at(LATER)
    assert [entry.kind for entry in registry.history("cn-uscc", code(1))[-2:]] == ["objection_resolved", "corrected"]


@pytest.mark.parametrize("fact", ["L-1", "A-1"])
@pytest.mark.parametrize("before", [(), (Repair("L-1"), Repair("A-1"))], ids=["live", "repaired since"])
def test_what_was_wrong_is_annulled_even_where_it_has_ended(
    registry: Registry, fact: str, before: tuple[Command, ...]
) -> None:
    act(registry, REGISTERED, LISTED, ADVERSE, *before, RevokeInError(fact))
    annulled = {listing(registry).listing_id: listing(registry).annulled}
    annulled |= {found.record_id: found.annulled for found in profile(registry).adverse_records}
    assert annulled == {"L-1": fact == "L-1", "A-1": fact == "A-1"}


def test_the_measures_are_lifted_until_a_moment_or_until_the_lifting_is_ended(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, LiftProvisionally("L-1", "U-1", LATER))
    (lifting,) = listing(registry).liftings
    assert (lifting.begins_at, lifting.ends_at) == (MOMENT, LATER)
    assert (lifting.holds_at(MOMENT), lifting.holds_at(LATER)) == (True, False)
    act(registry, EndLifting("L-1", "U-1"))
    assert not listing(registry).liftings[0].holds_at(MOMENT)


def first_repair(fact: Listing | AdverseRecord) -> datetime | None:
    """A year after the document."""
    assert fact.document_date is not None
    return datetime(fact.document_date.year + 1, 5, 4, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("fact", ["L-1", "A-1"])
def test_a_repair_before_the_shortest_publicity_is_over_is_refused(registry: Registry, fact: str) -> None:
    act(registry, REGISTERED, LISTED, ADVERSE)
    with pytest.raises(RepairTooEarly) as early:
        act(registry, Repair(fact, first_repair=first_repair))
    assert early.value.reason is RegistryReason.REPAIR_TOO_EARLY
    assert early.value.earliest.date() == date(2027, 5, 4)
    a_moment_before = early.value.earliest - timedelta(microseconds=1)
    assert refused(registry, Repair(fact, a_moment_before, first_repair)) is RegistryReason.REPAIR_TOO_EARLY
    act(registry, Repair(fact, early.value.earliest, first_repair))


def test_the_term_of_publicity_is_asked_of_the_fact_as_it_is_recorded_then(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, CorrectListing("L-1", "SAMR-SERIOUS", "更正号", date(2020, 1, 1)))
    act(registry, Repair("L-1", first_repair=first_repair))
    assert listing(registry).ended_at == MOMENT


def test_an_act_rests_on_its_document(registry: Registry) -> None:
    document = Document("虚构决定1号", DAY)
    registry.execute(REGISTERED, actor="registrar", moment=MOMENT, document=document, origin=RPC_ORIGIN)
    (entry,) = registry.history("cn-uscc", code(1))
    assert (entry.document_number, entry.document_date, entry.origin) == ("虚构决定1号", DAY, "rpc")
    (revision,) = registry.revisions()
    assert (revision.document_number, revision.document_date) == ("虚构决定1号", DAY)


def test_a_listing_may_be_objected_to_until_a_delisting_to_come(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, Delist("L-1", LATER), OBJECTED)
    assert listing(registry).objections


def test_the_record_is_as_it_was_recorded_at_a_moment(registry: Registry) -> None:
    commands: tuple[Command, ...] = (REGISTERED, LISTED, Delist("L-1"))
    for days, command in enumerate(commands):
        registry.execute(command, actor="registrar", moment=MOMENT + timedelta(days=days))
    a_tick = timedelta(microseconds=1)
    second = MOMENT + timedelta(days=1)
    assert [registry.revision_at(at) for at in (MOMENT - a_tick, MOMENT, second - a_tick, second)] == [0, 1, 1, 2]
    assert registry.profile("cn-uscc", code(1), recorded_at=MOMENT - a_tick) is None
    found = registry.profile("cn-uscc", code(1), recorded_at=second)
    assert found is not None
    assert [known.ended_at for known in found.listings] == [None]
    assert len(registry.history("cn-uscc", code(1), recorded_at=second)) == 2
    assert len(registry.history("cn-uscc", code(1), at_revision=1)) == 1


def test_the_whole_record_is_read_as_of_one_revision(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, OBJECTED)
    act(registry, ResolveObjection("L-1", "O-1", Resolution.REJECTED), Repair("L-1"))
    before, now = (registry.record("cn-uscc", code(1), at) for at in (1, None))
    assert before is not None
    assert now is not None
    assert (before.revision, now.revision) == (1, 2)
    assert (before.ended_by, now.ended_by) == ({}, {"L-1": EndedBy.REPAIR})
    assert before.objections["L-1", "O-1"] == ObjectionCourse(ObjectionGrounds.WRONG)
    assert now.objections["L-1", "O-1"] == ObjectionCourse(ObjectionGrounds.WRONG, Resolution.REJECTED)
    assert now.provenance == {"L-1": Provenance("", "", "", 0, 1)}
    assert [entry.revision for entry in before.history] == [1, 1, 1]


def test_a_fact_of_a_feed_says_which_file_it_comes_from(registry: Registry, tmp_path: Path) -> None:
    rows = [known_row(1), listing_row(1)]
    path = write_csv(tmp_path / "list.csv", [*listing_row(1), "known_since"], rows)
    registry.import_feed("flat-csv", path, actor="operator", moment=MOMENT)
    found = registry.record("cn-uscc", code(1))
    assert found is not None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert replace(found.provenance["L-1"], row=0) == Provenance("flat-csv", "list.csv", digest, 0, 1)
    act(registry, CorrectListing("L-1", "SAMR-SERIOUS", "更正号", DAY))
    corrected = registry.record("cn-uscc", code(1))
    assert corrected is not None
    assert corrected.provenance["L-1"] == Provenance("", "", "", 0, 2)


def test_a_confirmation_is_noted(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED, Confirm("L-1", DAY))
    assert listing(registry).confirmed_on == DAY


ENDED = (REGISTERED, LISTED, ADVERSE, OBJECTED, Delist("L-1"), Repair("A-1"))
LIVE = (REGISTERED, LISTED, ADVERSE, OBJECTED)
LIFTED = (*LIVE, LiftProvisionally("L-1", "U-1", LATER))
RESOLVED = (*LIVE, ResolveObjection("L-1", "O-1", Resolution.WITHDRAWN))


@pytest.mark.parametrize(
    ("before", "command", "reason"),
    [
        ((), LISTED, RegistryReason.UNKNOWN_SUBJECT),
        ((), ADVERSE, RegistryReason.UNKNOWN_SUBJECT),
        (LIVE, LISTED, RegistryReason.FACT_EXISTS),
        (LIVE, ADVERSE, RegistryReason.FACT_EXISTS),
        (LIVE, Delist("L-404"), RegistryReason.UNKNOWN_LISTING),
        (LIVE, Delist("A-1"), RegistryReason.UNKNOWN_LISTING),
        (LIVE, WithdrawAdverse("L-1"), RegistryReason.UNKNOWN_RECORD),
        (LIVE, Repair("nothing"), RegistryReason.UNKNOWN_RECORD),
        (LIVE, OpenObjection("A-1", "O-2", ObjectionGrounds.MISSING), RegistryReason.UNKNOWN_LISTING),
        (LIVE, OBJECTED, RegistryReason.OBJECTION_EXISTS),
        (LIVE, ResolveObjection("L-1", "O-404", Resolution.REJECTED), RegistryReason.UNKNOWN_OBJECTION),
        (RESOLVED, ResolveObjection("L-1", "O-1", Resolution.REJECTED), RegistryReason.ALREADY_RESOLVED),
        (ENDED, Delist("L-1"), RegistryReason.ALREADY_ENDED),
        (ENDED, Repair("L-1"), RegistryReason.ALREADY_ENDED),
        (ENDED, Repair("A-1"), RegistryReason.ALREADY_ENDED),
        (ENDED, WithdrawAdverse("A-1"), RegistryReason.ALREADY_ENDED),
        (ENDED, CorrectListing("L-1", "SAMR-SERIOUS"), RegistryReason.ALREADY_ENDED),
        (ENDED, Confirm("L-1", DAY), RegistryReason.ALREADY_ENDED),
        (
            LIVE,
            ResolveObjection("L-1", "O-1", Resolution.REJECTED, MOMENT - timedelta(seconds=1)),
            RegistryReason.INVALID_TIME,
        ),
        (LIVE, Delist("L-1", datetime(2026, 1, 1)), RegistryReason.INVALID_TIME),  # noqa: DTZ001
        (LIVE, Delist("L-1", datetime(1, 1, 1, tzinfo=UTC)), RegistryReason.INVALID_TIME),
        (LIVE, Delist("L-1", datetime(9999, 12, 31, tzinfo=UTC)), RegistryReason.INVALID_TIME),
        (LIVE, ResolveObjection("L-1", "O-1", Resolution.UPHELD, LATER), RegistryReason.INVALID_TIME),
        (LIVE, RevokeInError("L-1", LATER), RegistryReason.INVALID_TIME),
        (LIVE, RevokeInError("nothing"), RegistryReason.UNKNOWN_RECORD),
        ((*LIVE, RevokeInError("L-1")), RevokeInError("L-1"), RegistryReason.ALREADY_ENDED),
        ((*LIVE, RevokeInError("A-1")), RevokeInError("A-1"), RegistryReason.ALREADY_ENDED),
        ((*LIVE, RevokeInError("L-1")), Delist("L-1"), RegistryReason.ALREADY_ENDED),
        ((*LIVE, Delist("L-1", LATER)), Repair("L-1", LATER), RegistryReason.ALREADY_ENDED),
        (LIVE, LiftProvisionally("L-1", "U-1", MOMENT), RegistryReason.INVALID_TIME),
        (LIVE, LiftProvisionally("L-1", "U-1", LATER, LATER), RegistryReason.INVALID_TIME),
        (LIVE, LiftProvisionally("A-1", "U-1", LATER), RegistryReason.UNKNOWN_LISTING),
        (LIVE, LiftProvisionally("L-1", "", LATER), RegistryReason.INVALID_TEXT),
        (ENDED, LiftProvisionally("L-1", "U-1", LATER), RegistryReason.ALREADY_ENDED),
        (LIFTED, LiftProvisionally("L-1", "U-1", LATER), RegistryReason.LIFTING_EXISTS),
        (LIFTED, EndLifting("L-1", "U-404"), RegistryReason.UNKNOWN_LIFTING),
        (LIFTED, EndLifting("L-1", "U-1", LATER), RegistryReason.LIFTING_OVER),
        ((*LIFTED, EndLifting("L-1", "U-1")), EndLifting("L-1", "U-1"), RegistryReason.LIFTING_OVER),
        (
            LIVE,
            ResolveObjection("L-1", "O-1", Resolution.REJECTED, corrected=ListingFacts("R")),
            RegistryReason.INVALID_RESOLUTION,
        ),
        (
            LIVE,
            ResolveObjection("L-1", "O-1", Resolution.CORRECTED, corrected=ListingFacts("")),
            RegistryReason.INVALID_TEXT,
        ),
        (
            (*LIVE, Repair("L-1")),
            ResolveObjection("L-1", "O-1", Resolution.CORRECTED, corrected=ListingFacts("R")),
            RegistryReason.ALREADY_ENDED,
        ),
        (LIVE, ListSubject("cn-uscc", code(1), "L-2", "R", "a\x1bnumber"), RegistryReason.INVALID_TEXT),
        (LIVE, ListSubject("cn-uscc", code(1), "L-2", "R", "9" * 513), RegistryReason.INVALID_TEXT),
        (LIVE, ListSubject("cn-uscc", code(1), "L-2", "R", "1", DAY, "x" * 257), RegistryReason.INVALID_TEXT),
        (
            LIVE,
            CorrectListing("L-1", "R", effective_from=DAY, expires_on=DAY),
            RegistryReason.INVALID_TERM,
        ),
        (LIVE, ListSubject("cn-uscc", code(1), "", "R"), RegistryReason.INVALID_TEXT),
        (LIVE, ListSubject("cn-uscc", code(1), "L\n2", "R"), RegistryReason.INVALID_TEXT),
        (LIVE, ListSubject("cn-uscc", code(1), "L-2", ""), RegistryReason.INVALID_TEXT),
        (LIVE, RegisterSubject("cn-uscc", code(1), "名" * 600), RegistryReason.INVALID_TEXT),
    ],
)
def test_an_act_that_cannot_be_is_refused_and_leaves_nothing(
    registry: Registry, before: tuple[Command, ...], command: Command, reason: RegistryReason
) -> None:
    if before:
        act(registry, *before)
    head = registry.head()
    assert refused(registry, command) is reason
    assert registry.head() == head


def test_an_act_needs_somebody_who_acts(registry: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        registry.execute(REGISTERED, actor="", moment=MOMENT)
    assert error.value.reason is RegistryReason.INVALID_TEXT


def test_a_code_that_is_none_is_refused_with_its_fault(registry: Registry) -> None:
    with pytest.raises(InvalidIdentifier):
        act(registry, RegisterSubject("cn-uscc", "not a code"))
    assert registry.head() == 0


def test_a_refusal_never_repeats_the_code(registry: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        act(registry, LISTED)
    assert code(1) not in str(error.value)


def test_the_registry_answers_as_of_any_revision(registry: Registry) -> None:
    act(registry, REGISTERED)
    act(registry, LISTED)
    act(registry, Delist("L-1"))
    assert profile(registry, at_revision=1).listings == ()
    assert profile(registry, at_revision=2).listings[0].ended_at is None
    assert profile(registry, at_revision=3).listings[0].ended_at == MOMENT


def test_a_subject_is_not_known_before_its_first_revision(registry: Registry) -> None:
    act(registry, RegisterSubject("cn-uscc", code(2)))
    act(registry, REGISTERED)
    assert registry.profile("cn-uscc", code(1), at_revision=1) is None


@pytest.mark.parametrize("revision", [-1, 2])
def test_a_revision_that_is_not_there_is_refused(registry: Registry, revision: int) -> None:
    act(registry, REGISTERED)
    with pytest.raises(RegistryError) as error:
        registry.profile("cn-uscc", code(1), at_revision=revision)
    assert error.value.reason is RegistryReason.UNKNOWN_REVISION


def test_the_history_says_what_happened_when_and_by_whom(registry: Registry) -> None:
    act(registry, REGISTERED)
    act(registry, LISTED, OBJECTED)
    told = [(entry.revision, entry.kind) for entry in registry.history("cn-uscc", code(1))]
    assert told == [(1, "known"), (2, "listed"), (2, "objection_opened")]
    entry = registry.history("cn-uscc", code(1))[-1]
    assert (entry.recorded_at, entry.actor, entry.origin, entry.note) == (
        MOMENT,
        "registrar",
        "command",
        "by the book",
    )


def test_the_history_of_nobody_is_empty(registry: Registry) -> None:
    assert registry.history("cn-uscc", code(9)) == ()


def test_subjects_are_listed_by_regime_page_by_page(registry: Registry) -> None:
    for number in range(1, 6):
        act(registry, RegisterSubject("cn-uscc", code(number)))
        act(registry, ListSubject("cn-uscc", code(number), f"L-{number}", "ODD" if number % 2 else "EVEN"))
    odd = registry.list_subjects(regime="ODD", limit=2)
    assert [found.code for found in odd] == [code(1), code(3)]
    assert [found.code for found in registry.list_subjects(regime="ODD", after=odd[-1].subject_id)] == [code(5)]
    assert len(registry.list_subjects()) == 5


def test_the_subject_of_a_listing_is_found(registry: Registry) -> None:
    act(registry, REGISTERED, LISTED)
    assert registry.profile_of_fact("L-1") == profile(registry)
    assert registry.profile_of_fact("L-2") is None


def test_revisions_are_told_the_latest_first(registry: Registry) -> None:
    act(registry, REGISTERED)
    act(registry, LISTED)
    assert [entry.revision for entry in registry.revisions()] == [2, 1]
    assert [entry.revision for entry in registry.revisions(before=2)] == [1]
