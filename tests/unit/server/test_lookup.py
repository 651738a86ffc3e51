from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from clearway.decision.facts import Known, NoData, NotKnown, Resembling, Stale, SubjectProfile, Unidentified
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Hit, Snapshot
from clearway.server.errors import Refusal
from clearway.server.lookup import Applicant, Lookup
from clearway.subjects.faults import IdentifierFault, InvalidIdentifier
from clearway.subjects.identifiers import organisation_code_within
from clearway.subjects.schemes.uscc import make_uscc
from tests.unit.server.calls import CITIZEN_NUMBER, CODE, KEYS, NOON, a_request, catalogue

NAME = "样例甲有限公司"
LOOKUP = Lookup(KEYS, max_index_age=300.0)
PROFILE = SubjectProfile(1, "cn-uscc", CODE, NAME)
BY_NAME = SubjectProfile(2, "", "", NAME)


class Held:
    """A snapshot that holds these subjects, by code and by name."""

    def __init__(self, *profiles: SubjectProfile, revision: int = 1, age: float = 0.0) -> None:
        self.profiles = profiles
        self.revision = revision
        self.synced_at = NOON.timestamp() - age

    def find(self, key: bytes) -> Hit | None:
        found = [p for p in self.profiles if KEYS.identifier_key(p.scheme, p.code) == key]
        return Hit(found[0], "", b"") if found else None

    def containing(self, key: bytes) -> tuple[SubjectProfile, ...]:
        inside = {p.subject_id: organisation_code_within(p.scheme, p.code) for p in self.profiles}
        return tuple(p for p in self.profiles if KEYS.identifier_key("cn-orgcode", inside[p.subject_id] or "") == key)

    def named(self, key: bytes) -> tuple[SubjectProfile, ...]:
        return tuple(p for p in self.profiles if KEYS.name_key(p.name) == key)


def applicant(scheme: str = "cn-uscc", value: str = CODE, name: str = "", item: str = "FOOD-OPERATION") -> Applicant:
    found = catalogue().item(item)
    assert found is not None
    return LOOKUP.applicant(a_request(scheme, value, name).subject, found)


def evidence(who: Applicant, held: Held) -> Any:
    return LOOKUP.evidence(who, cast("Snapshot", held), NOON)


def test_a_code_is_found_however_it_is_written() -> None:
    for written in (CODE, CODE.lower(), f" {CODE[:8]}-{CODE[8:]} "):
        assert evidence(applicant(value=written), Held(PROFILE)) == Known(PROFILE)


def test_a_code_nobody_has_is_not_known() -> None:
    assert evidence(applicant(), Held()) == NotKnown()


def test_entries_without_a_code_resemble_by_name_beside_an_exact_code() -> None:
    assert evidence(applicant(name=NAME), Held(PROFILE, BY_NAME)) == Known(PROFILE, "", (BY_NAME,))
    assert evidence(applicant(name=NAME), Held(BY_NAME)) == NotKnown((BY_NAME,))


def test_an_entry_of_the_same_name_with_another_code_is_another_subject() -> None:
    other = SubjectProfile(3, "cn-orgcode", "000000000", NAME)
    assert evidence(applicant(name=NAME), Held(other)) == NotKnown()


def test_a_name_alone_only_resembles() -> None:
    assert evidence(applicant("", "", NAME), Held(PROFILE)) == Resembling(Unidentified.NAME_ONLY, (PROFILE,))


def test_a_masked_code_resembles_those_of_that_name_whom_the_mask_fits() -> None:
    fits, does_not = CODE[:6] + "*" * 10 + CODE[-2:], "92" + "*" * 16
    held = Held(PROFILE, SubjectProfile(4, "cn-uscc", "92350100M000100Y4X", "另一家"))
    assert evidence(applicant(value=fits, name=NAME), held) == Resembling(Unidentified.MASKED, (PROFILE,))
    assert evidence(applicant(value=does_not, name=NAME), held) == Resembling(Unidentified.MASKED)


def test_a_masked_code_alone_is_never_searched_for() -> None:
    assert evidence(applicant(value=CODE[:17] + "*"), Held(PROFILE)) == Resembling(Unidentified.MASKED)


def test_an_invalid_code_names_nobody() -> None:
    with pytest.raises(InvalidIdentifier):
        applicant(value=CODE[:-1] + "0")


def test_a_masked_code_of_no_scheme_is_refused() -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        applicant("cn-nothing", "9135**********0Y43")
    assert refused.value.fault is IdentifierFault.UNKNOWN_SCHEME


@pytest.mark.parametrize("age", [300.5, 10_000.0, -300.5])
def test_an_index_out_of_step_is_stale_whichever_way_the_clock_went(age: float) -> None:
    assert isinstance(evidence(applicant(), Held(PROFILE, age=age)), Stale)


@pytest.mark.parametrize("age", [0.0, 300.0, -1.0])
def test_an_index_in_step_is_not_stale(age: float) -> None:
    assert evidence(applicant(), Held(PROFILE, age=age)) == Known(PROFILE)


def test_nothing_loaded_is_no_data_and_not_stale() -> None:
    assert evidence(applicant(), Held(revision=0, age=1e6)) == NoData()


# The crosswalk: an organisation code names whoever has it, or has it inside

ORGANISATION = CODE[8:17]
TAX_NUMBER = "110105" + ORGANISATION
OTHER_DEPARTMENT = make_uscc("52" + CODE[2:17])
BY_ORGANISATION = SubjectProfile(6, "cn-orgcode", ORGANISATION, NAME)


@pytest.mark.parametrize(("scheme", "value"), [("cn-orgcode", ORGANISATION), ("cn-taxno", TAX_NUMBER)])
def test_an_old_number_finds_the_subject_of_the_code_that_replaced_it(scheme: str, value: str) -> None:
    assert evidence(applicant(scheme, value), Held(PROFILE)) == Known(PROFILE, "cn-orgcode")


@pytest.mark.parametrize(("scheme", "value"), [("cn-uscc", CODE), ("cn-taxno", TAX_NUMBER)])
def test_a_subject_known_by_its_organisation_code_alone_is_found_by_what_holds_it(scheme: str, value: str) -> None:
    assert evidence(applicant(scheme, value), Held(BY_ORGANISATION)) == Known(BY_ORGANISATION, "cn-orgcode")


def test_whoever_has_a_code_for_his_own_is_meant_by_it() -> None:
    assert evidence(applicant("cn-orgcode", ORGANISATION), Held(PROFILE, BY_ORGANISATION)) == Known(BY_ORGANISATION)


def test_an_organisation_code_that_several_have_inside_is_a_possible_match() -> None:
    other = SubjectProfile(7, "cn-uscc", OTHER_DEPARTMENT, "另一家")
    found = evidence(applicant("cn-orgcode", ORGANISATION), Held(PROFILE, other))
    assert found == NotKnown((PROFILE, other))


def test_another_unified_code_of_the_same_organisation_is_a_possible_match() -> None:
    assert evidence(applicant(value=OTHER_DEPARTMENT), Held(PROFILE)) == NotKnown((PROFILE,))


def test_an_entry_found_by_the_code_inside_does_not_resemble_itself() -> None:
    found = evidence(applicant("cn-orgcode", ORGANISATION, NAME), Held(PROFILE, BY_NAME))
    assert found == Known(PROFILE, "cn-orgcode", (BY_NAME,))


# Natural persons


@pytest.mark.parametrize("value", [CITIZEN_NUMBER, CITIZEN_NUMBER[:6] + "*" * 8 + CITIZEN_NUMBER[-4:]])
def test_a_natural_person_is_refused_where_no_statute_bars(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        applicant("cn-ric", value, item="TRAVEL-AGENCY")
    assert refused.value.reason == ErrorReason.ERROR_REASON_NATURAL_PERSON_NOT_ACCEPTED
    assert value not in refused.value.message


def test_a_natural_person_is_looked_up_by_hash_and_shown_masked() -> None:
    who = applicant("cn-ric", CITIZEN_NUMBER, "某人")
    assert who.identifier is not None
    assert who.key == KEYS.identifier_key("cn-ric", KEYS.token(who.identifier))
    assert CITIZEN_NUMBER not in (who.name, who.shown, who.masked)
    assert who.shown.count("*") >= 12


@pytest.mark.parametrize("value", [CITIZEN_NUMBER, CITIZEN_NUMBER[:6] + "*" * 8 + CITIZEN_NUMBER[-4:]])
def test_a_natural_person_is_never_looked_up_by_name(value: str) -> None:
    person = SubjectProfile(5, "", "", "某人")
    found = evidence(applicant("cn-ric", value, "某人"), Held(person))
    assert found in (NotKnown(), Resembling(Unidentified.MASKED))


def test_the_clock_of_the_answer_tells_the_age() -> None:
    later = LOOKUP.evidence(applicant(), cast("Snapshot", Held(PROFILE)), NOON + timedelta(seconds=301))
    assert later == Stale(301.0, 300.0)
