"""What the service refuses to be, in the order of docs/safeguards.md: each refusal held where it could be broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
import msgspec
import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor
from pydantic import BaseModel

from clearway.catalogue import model
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.editions import edition_names
from clearway.catalogue.loader import load_catalogue
from clearway.catalogue.model import ApplicationKind, BasisRank, MeasureEffect, MeasureKind
from clearway.cli.main import cli
from clearway.decision import answer, facts
from clearway.decision.answer import Decision, NoticeCode, Outcome, Standing
from clearway.decision.decide import decide
from clearway.decision.facts import (
    CheckRequest,
    Evidence,
    Known,
    Listing,
    NoData,
    NotKnown,
    Objection,
    Resembling,
    Stale,
    SubjectProfile,
    Unidentified,
)
from clearway.decision.terms import Instant, Lack, in_force
from clearway.gen.v1 import audit_reports_pb2 as reports_pb
from clearway.gen.v1 import audit_service_pb2, decision_pb2, deferral_service_pb2, error_reason_pb2, subject_pb2
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.index.reader import Snapshot
from clearway.querylog.central import metadata as log_tables
from clearway.querylog.record import CheckRecord
from clearway.registry.case_changes import Selection
from clearway.registry.schema import Base
from clearway.server.errors import Refusal
from clearway.server.lookup import Lookup
from clearway.server.outcomes import Advised, report_of
from clearway.server.recording import as_kept, refused_request
from clearway.server.reports.searches import Searches
from clearway.server.settings import Settings
from clearway.subjects.identifiers import InvalidIdentifier, parse_identifier
from clearway.subjects.keys import SubjectKeys

MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DAY = date(2026, 5, 4)
CODE = "919999990000000353"
CITIZEN = "110108299901010013"
"""A citizen's number of nobody: it states a birth in 2999."""
ITEM = "FOOD-OPERATION"
SERIOUS = Listing("L-1", "SAMR-SERIOUS", "虚构文1号", DAY - timedelta(days=30), "SAMR", DAY - timedelta(days=30))
DEFAULTER = Listing(
    "L-2",
    "JUDGMENT-DEFAULTER",
    "虚构执1号",
    DAY - timedelta(days=30),
    "SPC",
    DAY - timedelta(days=30),
    confirmed_on=DAY,
)
KEYS = SubjectKeys(bytes(range(32)))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue("cn-demo")


def changed(listing: Listing, **fields: Any) -> Listing:
    return msgspec.structs.replace(listing, **fields)


def known(*listings: Listing, known_since: date | None = None) -> Known:
    return Known(SubjectProfile(1, "cn-uscc", CODE, "虚构有限公司", known_since, listings))


def decided(catalogue: Catalogue, evidence: Evidence, moment: datetime = MOMENT, item: str = ITEM) -> Decision:
    materials = catalogue.materials(item)
    request = CheckRequest(item, ApplicationKind.NEW, "DEMO-LICENSING", "110000", materials)
    return decide(evidence, request, catalogue, moment)


def codes(decision: Decision) -> set[NoticeCode]:
    return {notice.code for notice in decision.notices}


# 1. No restriction without its basis, its authorities, its document, its end and its remedies


@pytest.mark.parametrize("listing", [SERIOUS, DEFAULTER], ids=["ends on a date", "ends on an event"])
def test_a_complete_entry_restricts(catalogue: Catalogue, listing: Listing) -> None:
    decision = decided(catalogue, known(listing))
    assert decision.outcome is Outcome.RESTRICTION
    assert all(restriction.measure.basis for restriction in decision.restrictions)


@pytest.mark.parametrize(
    ("listing", "lack"),
    [
        (changed(SERIOUS, document_number=""), Lack.DOCUMENT_NUMBER),
        (changed(SERIOUS, document_date=None), Lack.DOCUMENT_DATE),
        (changed(SERIOUS, document_date=None), Lack.END),
        (changed(DEFAULTER, confirmed_on=None), Lack.CONFIRMATION),
        (changed(DEFAULTER, confirmed_on=DAY - timedelta(days=36)), Lack.CONFIRMATION),
    ],
)
def test_an_entry_that_lacks_something_is_information_only(catalogue: Catalogue, listing: Listing, lack: Lack) -> None:
    decision = decided(catalogue, known(listing))
    assert decision.restrictions == ()
    (notice,) = (notice for notice in decision.notices if notice.code is NoticeCode.INFORMATION_ONLY)
    assert lack in notice.details["missing"].split(",")


@pytest.mark.parametrize(
    ("without", "lack"), [({"objection": None}, Lack.OBJECTION_CHANNEL), ({"repair": None}, Lack.REPAIR_CHANNEL)]
)
def test_a_list_without_its_remedies_restricts_nothing(
    catalogue: Catalogue, without: dict[str, None], lack: Lack
) -> None:
    regime = catalogue.regime("SAMR-SERIOUS")
    assert regime is not None
    standing = in_force(SERIOUS, regime.model_copy(update=without), Instant.at(MOMENT, catalogue.zone), {})
    assert standing is not None
    assert lack in standing.lacks
    assert not standing.effective


@pytest.mark.parametrize("field", ["basis", "designating_authority", "ends"])
def test_a_regime_cannot_be_written_without(field: str) -> None:
    assert model.Regime.model_fields[field].is_required()


@pytest.mark.parametrize("field", ["basis", "implementing_authority", "regimes", "items", "coupling"])
def test_a_measure_cannot_be_written_without(field: str) -> None:
    assert model.Measure.model_fields[field].is_required()


# 2. A measure that reduces rights names its items and rests on sufficient rank


@pytest.mark.parametrize("name", edition_names())
def test_no_shipped_measure_reduces_rights_by_wildcard_or_on_a_lower_rank(name: str) -> None:
    edition = load_catalogue(name)
    enough = {
        BasisRank.LAW,
        BasisRank.ADMINISTRATIVE_REGULATION,
        BasisRank.CENTRAL_POLICY_DOCUMENT,
        BasisRank.LOCAL_REGULATION,
    }
    for measure in edition.edition.measures:
        if measure.effect is MeasureEffect.RIGHTS_REDUCING:
            assert "*" not in measure.items
            assert edition.basis(measure.basis).rank in enough
        if measure.kind is MeasureKind.LICENCE_BAR:
            assert edition.basis(measure.basis).rank in {BasisRank.LAW, BasisRank.ADMINISTRATIVE_REGULATION}


# 3. Status is computed from dates at the moment of the question


def test_a_listing_restricts_to_its_last_day_and_not_a_moment_longer(catalogue: Catalogue) -> None:
    listing = changed(SERIOUS, expires_on=DAY + timedelta(days=10))
    ends = datetime.combine(DAY + timedelta(days=10), datetime.min.time(), catalogue.zone)
    assert decided(catalogue, known(listing), ends - timedelta(seconds=1)).outcome is Outcome.RESTRICTION
    assert decided(catalogue, known(listing), ends).restrictions == ()


@pytest.mark.parametrize(
    "listing",
    [
        changed(SERIOUS, expires_on=DAY),
        changed(SERIOUS, ended_at=MOMENT),
        changed(SERIOUS, effective_from=DAY + timedelta(days=1)),
        changed(
            SERIOUS, document_date=DAY.replace(year=DAY.year - 3), effective_from=None, expires_on=date(2099, 1, 1)
        ),
    ],
    ids=["expired", "repaired or delisted", "not begun", "past its publicity term"],
)
def test_what_is_not_in_force_is_neither_applied_nor_shown(catalogue: Catalogue, listing: Listing) -> None:
    decision = decided(catalogue, known(listing))
    assert (decision.outcome, decision.standing) == (Outcome.ORDINARY, Standing.NOT_LISTED)
    assert decision.notices == ()


def test_no_status_is_stored() -> None:
    stored = {*columns(), *(name for name in struct_fields() if name.startswith("facts."))}
    assert not {name for name in stored if re.search(r"status|in_force|is_active|expired|flag", name)}


# 4. An open objection


def test_an_open_objection_stays_the_measure_by_default(catalogue: Catalogue) -> None:
    decision = decided(catalogue, known(changed(SERIOUS, objections=(Objection("O-1", MOMENT),))))
    assert decision.restrictions == ()
    assert NoticeCode.STAYED_UNDER_OBJECTION in codes(decision)
    assert model.Objection.model_fields["effect"].default is model.ObjectionEffect.SUSPEND


def test_an_objection_that_does_not_stay_is_annotated(catalogue: Catalogue) -> None:
    decision = decided(catalogue, known(changed(DEFAULTER, objections=(Objection("O-1", MOMENT),))))
    assert decision.outcome is Outcome.RESTRICTION
    assert NoticeCode.UNDER_OBJECTION in codes(decision)


def test_a_resolved_objection_no_longer_stays(catalogue: Catalogue) -> None:
    resolved = Objection("O-1", MOMENT - timedelta(days=2), MOMENT)
    assert decided(catalogue, known(changed(SERIOUS, objections=(resolved,)))).outcome is Outcome.RESTRICTION


# 5. Only an exact, valid identifier restricts


@pytest.mark.parametrize("because", list(Unidentified))
def test_a_name_or_a_masked_code_never_restricts(catalogue: Catalogue, because: Unidentified) -> None:
    decision = decided(catalogue, Resembling(because, (known(SERIOUS).profile,)))
    assert (decision.outcome, decision.standing) == (Outcome.UNDETERMINED, Standing.POSSIBLE_MATCH)
    assert (decision.restrictions, decision.incentives) == ((), ())
    assert NoticeCode.POSSIBLE_MATCH in codes(decision)


def test_a_namesake_of_a_listed_subject_is_only_a_possible_match(catalogue: Catalogue) -> None:
    decision = decided(catalogue, NotKnown((known(SERIOUS).profile,)))
    assert (decision.outcome, decision.standing) == (Outcome.ORDINARY, Standing.POSSIBLE_MATCH)
    assert decision.restrictions == ()


# 6. Not listed, invalid, stale and no data are four answers


def test_not_listed_stale_and_no_data_are_told_apart(catalogue: Catalogue) -> None:
    clear = decided(catalogue, NotKnown())
    assert (clear.outcome, clear.standing) == (Outcome.ORDINARY, Standing.NOT_LISTED)
    for evidence, code in ((Stale(301.0, 300.0), NoticeCode.STALE_DATA), (NoData(), NoticeCode.NO_DATA)):
        unclear = decided(catalogue, evidence)
        assert (unclear.outcome, unclear.standing) == (Outcome.UNDETERMINED, Standing.UNKNOWN)
        assert (unclear.restrictions, unclear.incentives) == ((), ())
        assert codes(unclear) == {code}


def test_an_invalid_identifier_is_an_error_and_never_a_miss() -> None:
    with pytest.raises(InvalidIdentifier):
        parse_identifier("cn-uscc", CODE[:-1] + "0")


def test_absence_of_data_is_not_a_clean_record(catalogue: Catalogue) -> None:
    assert decided(catalogue, known()).incentives == ()
    assert decided(catalogue, known(known_since=date(2020, 1, 1))).outcome is Outcome.GREEN_CHANNEL


# 7. The service advises; a named officer decides


def test_no_outcome_refuses() -> None:
    assert [outcome.value for outcome in Outcome] == [
        "RESTRICTION",
        "DEFERRED_ACCEPTANCE",
        "GREEN_CHANNEL",
        "ORDINARY",
        "UNDETERMINED",
    ]
    assert set(decision_pb2.Outcome.keys()) == {"OUTCOME_UNSPECIFIED", *(f"OUTCOME_{outcome}" for outcome in Outcome)}


def test_a_departure_from_a_mandatory_measure_needs_its_reason() -> None:
    advised = {("M-1", "L-1"): Advised(restriction=True, mandatory=True)}
    measure = pb.MeasureOutcome(measure="M-1", listing_id="L-1", result=pb.MEASURE_RESULT_NOT_APPLIED)
    request = pb.ReportOutcomeRequest(report_id="R-1", officer="o-7", measures=[measure])
    with pytest.raises(Refusal) as refused:
        report_of(request, advised)
    assert refused.value.reason == ErrorReason.ERROR_REASON_DEPARTURE_REASON_REQUIRED
    request.measures[0].reason = pb.DEPARTURE_REASON_DISPROPORTIONATE
    request.measures[0].reason_text = "one late filing"
    (kept,) = report_of(request, advised).measures
    assert kept.departs
    assert kept.text == "one late filing"


# 8. Every check has a purpose; nobody enumerates


def asked(**fields: Any) -> pb.CheckSubjectRequest:
    request = pb.CheckSubjectRequest(
        item_code=ITEM, application_kind=pb.APPLICATION_KIND_NEW, case_number="C-1", officer="o-7"
    )
    request.subject.identifier.scheme, request.subject.identifier.value = "cn-uscc", CODE
    for name, value in fields.items():
        setattr(request, name, value)
    return request


def test_a_check_with_its_purpose_is_valid() -> None:
    protovalidate.validate(asked())


@pytest.mark.parametrize("field", ["item_code", "case_number", "officer"])
def test_a_check_without_its_purpose_is_invalid(field: str) -> None:
    with pytest.raises(protovalidate.ValidationError):
        protovalidate.validate(asked(**{field: ""}))


CHECKERS = {
    "CheckService": {"CheckSubject", "BatchCheckSubjects", "GetCheck", "ReportOutcome", "WatchCases"},
    "DeferralService": {
        "Commit",
        "IssueNotice",
        "Supplement",
        "Extend",
        "Withdraw",
        "Lapse",
        "GetDeferral",
        "ListOverdueDeferrals",
    },
}
"""What a licensing system may call. What lists and streams here is of the caller's own cases, never of subjects."""


def test_the_contract_has_no_method_that_enumerates() -> None:
    files = {"CheckService": pb, "DeferralService": deferral_service_pb2}
    streaming = set()
    for service, names in CHECKERS.items():
        methods = files[service].DESCRIPTOR.services_by_name[service].methods
        assert {method.name for method in methods} == names
        streaming |= {method.name for method in methods if method.client_streaming or method.server_streaming}
    assert streaming == {"WatchCases"}


@pytest.mark.parametrize("message", [pb.WatchCasesRequest, deferral_service_pb2.ListOverdueDeferralsRequest])
def test_a_list_of_cases_is_asked_for_without_a_subject(message: Any) -> None:
    assert not {field.name for field in message.DESCRIPTOR.fields} & {"subject", "identifier", "name", "scheme", "code"}


def test_no_overdue_case_names_its_subject() -> None:
    for message in (deferral_service_pb2.Deferral, audit_service_pb2.OverdueOutcome, audit_service_pb2.CoveredCase):
        assert not {field.name for field in message.DESCRIPTOR.fields} & {"subject", "identifier", "name"}


def test_the_one_stream_tells_of_cases_that_the_caller_checked() -> None:
    asked_for = {field.name for field in pb.WatchCasesRequest.DESCRIPTOR.fields}
    assert asked_for == {"after", "since_revision", "case_number"}
    assert set(Selection.__slots__) == {"authority", "case_number", "since_revision"}
    told = {field.name for field in pb.CaseChange.DESCRIPTOR.fields}
    assert not {name for name in told if "subject" in name or "identifier" in name}


def asking(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands that ask a running service, by their whole names."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from asking(found, (*path, name))
    elif any(parameter.name == "server" for parameter in command.params):
        yield " ".join(path)


def test_no_command_against_a_service_enumerates() -> None:
    case_acts = ("commit", "notice", "supplement", "extend", "withdraw", "lapse", "deferral")
    case_lists = ("report", "overdue", "coverage")
    cases = {f"cases {name}" for name in (*case_acts, *case_lists)}
    # An auditor's: they read what was asked, never what is listed.
    audits = {f"audit {name}" for name in ("search", "show", "report", "patterns", "subject")}
    assert set(asking(cli)) == {"check", "batch", "watch", "health", *cases, *audits}


def test_an_auditor_s_search_reads_the_log_and_not_the_lists() -> None:
    assert set(Searches.__init__.__annotations__) == {"log", "catalogue", "keys", "language", "return"}
    asked_for = {field.name for field in reports_pb.CheckFilter.DESCRIPTOR.fields}
    assert not {name for name in asked_for if re.search(r"listing|regime|pattern|prefix|like", name)}


def test_a_masked_code_alone_is_never_searched_for() -> None:
    class Untouched(Snapshot):
        def __init__(self) -> None:
            pass

    lookup = Lookup(KEYS, 300.0)
    subject = subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme="cn-uscc", value="9199**********0353"))
    applicant = lookup.applicant(subject, item_without_persons())
    assert applicant.key == b""
    assert lookup._resembling(applicant, Untouched()) == Resembling(Unidentified.MASKED, ())


# 9. Natural persons only under a statute, and nothing spreads to them


def item_without_persons() -> model.LicenceItem:
    item = load_catalogue("cn-demo").item("CONSTRUCTION-PERMIT")
    assert item is not None
    assert item.natural_persons is None
    return item


def person() -> subject_pb2.Subject:
    return subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme="cn-ric", value=CITIZEN), name="虚构")


def test_a_natural_person_is_refused_where_no_statute_bars_persons() -> None:
    with pytest.raises(Refusal) as refused:
        Lookup(KEYS, 300.0).applicant(person(), item_without_persons())
    assert refused.value.reason == ErrorReason.ERROR_REASON_NATURAL_PERSON_NOT_ACCEPTED
    assert CITIZEN not in str(refused.value)


def test_a_natural_person_is_kept_as_a_hash_and_a_mask_without_a_name(catalogue: Catalogue) -> None:
    item = catalogue.item(ITEM)
    assert item is not None
    applicant = Lookup(KEYS, 300.0).applicant(person(), item)
    kept = as_kept(pb.CheckSubjectRequest(subject=person()), applicant).subject
    assert (kept.name, applicant.name) == ("", "")
    assert kept.identifier.value == applicant.shown
    assert sum(sign != "*" for sign in applicant.shown) <= 6
    assert CITIZEN.encode() not in applicant.key


def test_what_a_refused_check_gave_is_kept_masked_and_nameless() -> None:
    kept = refused_request(pb.CheckSubjectRequest(subject=person(), case_number="C-1"))
    assert kept.subject.name == ""
    assert CITIZEN not in str(kept)


def test_a_profile_points_at_nobody_else() -> None:
    fields = set(SubjectProfile.__struct_fields__)
    assert fields == {
        "subject_id",
        "scheme",
        "code",
        "name",
        "known_since",
        "listings",
        "adverse_records",
        "masked",
        "other_names",
    }


# 10. No scores, no traits


BANNED = re.compile(
    r"scor(e|es|ing)|rating|points|grade|credit_level|"
    r"ethnic\w*|nationality|race|religio(n|us)|faith|residence|domicile|hukou|travel|journey|"
    r"opinion|belief|politic\w*|social|relation(s|ship|ships)?|relatives?|spouse|family|"
    r"gender|sex|age|birth|health|shareholders?|directors?|legal_representative"
)


def messages(*files: Any) -> Iterator[Descriptor]:
    waiting = [message for file in files for message in file.DESCRIPTOR.message_types_by_name.values()]
    while waiting:
        message = waiting.pop()
        waiting += message.nested_types
        yield message


def contract_names() -> Iterator[str]:
    for message in messages(pb, decision_pb2, subject_pb2, deferral_service_pb2, audit_service_pb2):
        yield from (f"{message.name}.{field.name}" for field in message.fields)
    for file in (pb, decision_pb2, error_reason_pb2, deferral_service_pb2, audit_service_pb2):
        for enum in file.DESCRIPTOR.enum_types_by_name.values():
            yield from (f"{enum.name}.{value.name.lower()}" for value in enum.values)


def catalogue_fields() -> Iterator[str]:
    for shape in vars(model).values():
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            yield from (f"{shape.__name__}.{name}" for name in shape.model_fields)


def struct_fields() -> Iterator[str]:
    for module in (facts, answer):
        for shape in vars(module).values():
            if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
                yield from (f"{module.__name__.rpartition('.')[2]}.{name}" for name in shape.__struct_fields__)
    yield from (f"record.{name}" for name in CheckRecord.__struct_fields__)


def columns() -> Iterator[str]:
    for tables in (Base.metadata, log_tables):
        for table in tables.tables.values():
            yield from (f"{table.name}.{column.name}" for column in table.columns)


ALLOWED = {
    "CheckSubjectResponse.index_age",  # how old the index is
    "facts.age",  # the same
    "record.index_age_ms",  # the same
    "check_log.index_age_ms",  # the same
}


@pytest.mark.parametrize("walk", [contract_names, catalogue_fields, struct_fields, columns])
def test_no_field_holds_a_score_or_a_trait_of_a_person(walk: Any) -> None:
    names = set(walk())
    assert names
    found = {
        name
        for name in names - ALLOWED
        if any(BANNED.fullmatch(word) for word in (name.partition(".")[2], *name.partition(".")[2].split("_")))
    }
    assert found == set()


# 11. Figures measure checking, never a number of restrictions to reach


def test_nothing_sets_a_number_of_restrictions_to_reach() -> None:
    names = {*contract_names(), *catalogue_fields(), *struct_fields(), *columns(), *Settings.model_fields}
    assert not {name for name in names if re.search(r"target|quota|goal|ranking|per_officer", name)}
