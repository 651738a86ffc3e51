"""An old number finds the subject of the code that replaced it, from the file that listed it to the look-up of a check.

A miss here would be a false clear, so every way in is tried: which code the list has, and which one is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearway.catalogue.model import LicenceItem
from clearway.decision.facts import Evidence, Known, NotKnown
from clearway.gen.v1 import subject_pb2
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.registry.commands import Command, ListSubject, RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.importer import ImportReport
from clearway.registry.registry import Registry
from clearway.server.lookup import Lookup
from clearway.subjects.schemes.orgcode import make_orgcode
from clearway.subjects.schemes.uscc import make_uscc
from tests.unit.registry.making import KEYS, MOMENT, code, known_row, listing_row, write_csv
from tests.unit.server.calls import catalogue

USCC = code(1)
ORGANISATION = USCC[8:17]
TAX_NUMBER = "999999" + ORGANISATION
OTHER_TAX_NUMBER = "999998" + ORGANISATION
OTHER_USCC = make_uscc("52999999" + ORGANISATION)
"""Another department's code with the same organisation code inside."""

FORMS = {"cn-uscc": USCC, "cn-orgcode": ORGANISATION, "cn-taxno": TAX_NUMBER}


class Office:
    """A registry, and a node that looks applicants up in its index."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry = registry
        self.folder = folder

    def take_in(self, *rows: dict[str, str]) -> ImportReport:
        path = write_csv(self.folder / "list.csv", COLUMNS, rows)
        return self.registry.import_feed("flat-csv", path, actor="operator", moment=MOMENT)

    def act(self, *commands: Command) -> None:
        self.registry.execute(*commands, actor="registrar", moment=MOMENT)

    def look_up(self, scheme: str, value: str) -> Evidence:
        layout = IndexLayout(self.folder)
        with Follower(self.registry.changes, layout, KEYS) as follower:
            follower.step(MOMENT.timestamp())
        lookup = Lookup(KEYS, max_index_age=300.0)
        asked = subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme=scheme, value=value))
        with IndexReader(layout, KEYS.ids) as reader, reader.snapshot() as snapshot:
            return lookup.evidence(lookup.applicant(asked, item()), snapshot, MOMENT)

    def found(self, scheme: str, value: str) -> tuple[list[str], str]:
        """The listings of whom a check would find, and through which code."""
        evidence = self.look_up(scheme, value)
        assert isinstance(evidence, Known)
        return [listing.listing_id for listing in evidence.profile.listings], evidence.through


def item() -> LicenceItem:
    found = catalogue().item("FOOD-OPERATION")
    assert found is not None
    return found


@pytest.fixture
def office(registry: Registry, tmp_path: Path) -> Office:
    return Office(registry, tmp_path)


def listed_by(scheme: str, **cells: str) -> dict[str, str]:
    return listing_row(1, **{"scheme": scheme, "code": FORMS[scheme], **cells})


@pytest.mark.parametrize("asked", FORMS)
@pytest.mark.parametrize("listed", FORMS)
def test_whichever_code_is_listed_whichever_is_asked_for(office: Office, listed: str, asked: str) -> None:
    office.take_in(listed_by(listed))
    assert office.found(asked, FORMS[asked]) == (["L-1"], "" if asked == listed else "cn-orgcode")


def test_a_tax_number_of_another_region_holds_the_same_organisation(office: Office) -> None:
    office.take_in(listed_by("cn-taxno"))
    assert office.found("cn-taxno", OTHER_TAX_NUMBER) == (["L-1"], "cn-orgcode")


@pytest.mark.parametrize("second", FORMS)
@pytest.mark.parametrize("first", FORMS)
def test_rows_under_different_codes_of_one_organisation_are_of_one_subject(
    office: Office, first: str, second: str
) -> None:
    office.take_in(listed_by(first))
    report = office.take_in(listed_by(second, listing_id="L-2"))
    assert report.quarantined == 0
    for asked, value in FORMS.items():
        assert office.found(asked, value)[0] == ["L-1", "L-2"]


def test_rows_of_one_file_meet_as_well(office: Office) -> None:
    office.take_in(listed_by("cn-orgcode"), listed_by("cn-uscc", listing_id="L-2"))
    (subject,) = office.registry.changes.everything(1)
    assert (subject.profile.scheme, subject.profile.code) == ("cn-uscc", USCC)
    assert subject.identifiers == (("cn-uscc", USCC), ("cn-orgcode", ORGANISATION))


def test_an_old_registration_number_is_known_where_a_source_gives_both(office: Office) -> None:
    office.take_in(listing_row(1, aliases="cn-regno:110108000000016"))
    assert office.found("cn-regno", "110108000000016") == (["L-1"], "cn-regno")
    assert office.found("cn-orgcode", ORGANISATION) == (["L-1"], "cn-orgcode")


def test_an_organisation_code_whose_check_fails_is_not_taken_out(office: Office) -> None:
    inner = ORGANISATION[:-1] + ("0" if ORGANISATION[-1] != "0" else "1")
    odd = make_uscc("91999999" + inner)
    office.take_in(listing_row(1, code=odd))
    (subject,) = office.registry.changes.everything(1)
    assert subject.contained == ()
    assert isinstance(office.look_up("cn-orgcode", ORGANISATION), NotKnown)


def test_nobody_is_found_by_the_organisation_code_of_another(office: Office) -> None:
    office.take_in(listed_by("cn-uscc"))
    assert office.look_up("cn-orgcode", make_orgcode("00000002")) == NotKnown()
    assert office.look_up("cn-uscc", code(2)) == NotKnown()


# Collisions


def collides(office: Office, *rows: dict[str, str]) -> bool:
    return office.take_in(*rows).reasons == {"identifier_collision": len(rows)}


def test_two_unified_codes_with_one_organisation_code_collide(office: Office) -> None:
    office.take_in(listed_by("cn-uscc"))
    assert collides(office, listing_row(1, code=OTHER_USCC, listing_id="L-2"))
    assert office.found("cn-orgcode", ORGANISATION) == (["L-1"], "cn-orgcode")
    # Who asks by the code that was set aside is shown the other: never a clear answer, never a restriction.
    evidence = office.look_up("cn-uscc", OTHER_USCC)
    assert isinstance(evidence, NotKnown)
    assert [profile.code for profile in evidence.resembling] == [USCC]


def test_two_unified_codes_in_one_file_collide(office: Office) -> None:
    report = office.take_in(listed_by("cn-uscc"), listing_row(1, code=OTHER_USCC, listing_id="L-2"))
    assert (report.accepted, report.reasons) == (1, {"identifier_collision": 1})


def test_an_organisation_code_given_to_another_subject_collides(office: Office) -> None:
    office.take_in(known_row(1), known_row(2))
    assert collides(office, listing_row(2, aliases=f"cn-orgcode:{ORGANISATION}"))


def test_a_unified_code_whose_organisation_code_is_another_subjects_collides(office: Office) -> None:
    office.take_in(listing_row(2, aliases=f"cn-orgcode:{ORGANISATION}"))
    assert collides(office, known_row(1))
    assert office.found("cn-orgcode", ORGANISATION) == (["L-2"], "cn-orgcode")


def test_a_source_that_says_so_joins_two_unified_codes(office: Office) -> None:
    office.take_in(listed_by("cn-uscc"))
    report = office.take_in(listing_row(1, code=OTHER_USCC, listing_id="L-2", aliases=f"cn-uscc:{USCC}"))
    assert report.quarantined == 0
    for asked, value in (*FORMS.items(), ("cn-uscc", OTHER_USCC)):
        assert office.found(asked, value)[0] == ["L-1", "L-2"]


def test_a_code_taken_back_takes_the_one_inside_with_it(office: Office) -> None:
    office.take_in(listing_row(1, aliases="cn-regno:110108000000016"))
    office.take_in(listing_row(1, scheme="cn-regno", code="110108000000016"))
    assert office.look_up("cn-orgcode", ORGANISATION) == NotKnown()
    assert office.registry.profile("cn-orgcode", ORGANISATION) is None
    assert office.registry.profile("cn-orgcode", ORGANISATION, at_revision=1) is not None


# Acts of a registrar


@pytest.mark.parametrize("asked", FORMS)
@pytest.mark.parametrize("registered", FORMS)
def test_a_registrar_may_name_a_subject_by_any_of_its_codes(office: Office, registered: str, asked: str) -> None:
    office.act(RegisterSubject(registered, FORMS[registered]), ListSubject(asked, FORMS[asked], "L-9", "SAMR-SERIOUS"))
    profile = office.registry.profile(asked, FORMS[asked])
    assert profile is not None
    assert [listing.listing_id for listing in profile.listings] == ["L-9"]
    assert len(office.registry.history(asked, FORMS[asked])) == 2


def test_a_registrar_is_refused_a_second_subject_of_one_organisation(office: Office) -> None:
    office.act(RegisterSubject("cn-uscc", USCC))
    with pytest.raises(RegistryError) as refused:
        office.act(RegisterSubject("cn-uscc", OTHER_USCC))
    assert refused.value.reason is RegistryReason.IDENTIFIER_COLLISION
    assert office.registry.profile("cn-uscc", OTHER_USCC) is None


def test_the_second_code_of_an_organisation_names_its_subject_from_then_on(office: Office) -> None:
    office.act(RegisterSubject("cn-orgcode", ORGANISATION), RegisterSubject("cn-uscc", USCC))
    found: Any = office.registry.profile("cn-orgcode", ORGANISATION)
    assert (found.scheme, found.code) == ("cn-uscc", USCC)
