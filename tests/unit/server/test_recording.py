"""What stands on the log for a check: planted numbers are searched for in the very bytes of the record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from clearway.decision.answer import (
    Decision,
    Materials,
    Notice,
    NoticeCode,
    Outcome,
    Restriction,
    Standing,
    Term,
)
from clearway.decision.facts import Known, Listing, NotKnown, Sources, SourceState, SubjectProfile
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.record import CheckRecord, decode_record
from clearway.server.errors import Refusal, refusal_for
from clearway.server.lookup import Lookup
from clearway.server.recording import Answered, KeptFacts, Recording, digest_of, facts_in, listings_in
from clearway.subjects.faults import InvalidIdentifier
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.masking import without_citizen_numbers
from tests.unit.server.calls import CITIZEN_NUMBER, CODE, KEYS, NOON, a_call, a_request, a_sitting, catalogue

RECORDING = Recording(catalogue(), "worker-1")
LOOKUP = Lookup(KEYS, 300.0)
NAME = "某人某名"
MASKED_NUMBER = CITIZEN_NUMBER[:6] + "*" * 8 + CITIZEN_NUMBER[-4:]


def answered(request: pb.CheckSubjectRequest, evidence: Any = None, sources: Sources = ()) -> bytes:
    """The record of an answered check, as bytes."""
    item = catalogue().item(request.item_code)
    assert item is not None
    decision = Decision(Outcome.ORDINARY, Standing.NOT_LISTED, None, (), (), (), Materials(), None)
    check = Answered(
        check_id="0195a0b0-0000-7000-8000-000000000001",
        request=request,
        digest=digest_of(request),
        applicant=LOOKUP.applicant(request.subject, item),
        evidence=evidence or NotKnown(),
        decision=decision,
        response=b"",
        elapsed_us=7,
    )
    return RECORDING.answered(a_call(request.SerializeToString()).known_caller(), a_sitting(sources), check)


def refused(request: pb.CheckSubjectRequest | None, refusal: Refusal, raw: bytes = b"") -> bytes:
    """The record of a refused check, as bytes."""
    return RECORDING.refused(a_call(raw), request, refusal, "0195a0b0-0000-7000-8000-000000000002", NOON)


def planted(raw: bytes, *texts: str) -> list[str]:
    """Which of the texts, or of their longer parts, stand in these bytes."""
    return [text for text in texts if text.encode() in raw or text[-8:].encode() in raw]


def test_the_facts_of_a_check_hold_what_it_was_decided_from() -> None:
    sources = (SourceState("samr", ("SAMR-SERIOUS",), NOON, NOON),)
    record = decode_record(answered(a_request(), sources=sources))
    assert facts_in(record) == KeptFacts(NotKnown(), {}, sources)


def test_facts_of_a_shape_that_is_not_ours_are_noticed() -> None:
    record = msgspec.structs.replace(decode_record(answered(a_request())), facts=b"\xc1")
    with pytest.raises(msgspec.DecodeError):
        facts_in(record)


def test_an_organisations_check_is_kept_whole() -> None:
    request = a_request(name="样例甲有限公司", annotations={"a": "1"})
    record = decode_record(answered(request))
    assert pb.CheckSubjectRequest.FromString(record.request) == request
    assert (record.scheme, record.subject) == ("cn-uscc", CODE)
    assert record.subject_key == KEYS.identifier_key("cn-uscc", CODE)
    assert (record.outcome, record.standing, record.error_reason) == (
        "OUTCOME_ORDINARY",
        "STANDING_NOT_LISTED",
        "",
    )
    assert record.answered


def test_a_natural_persons_number_and_name_stand_nowhere_in_the_record() -> None:
    number = parse_identifier("cn-ric", CITIZEN_NUMBER)
    profile = SubjectProfile(1, "cn-ric", KEYS.token(number), "", masked="1101************2X")
    for written in (CITIZEN_NUMBER, CITIZEN_NUMBER.lower()):
        raw = answered(a_request("cn-ric", written, NAME), Known(profile))
        assert planted(raw, CITIZEN_NUMBER, written, NAME) == []
        assert decode_record(raw).subject == "1101" + "*" * (len(CITIZEN_NUMBER) - 6) + "2X"


def test_a_masked_natural_persons_name_and_further_signs_stand_nowhere_in_the_record() -> None:
    raw = answered(a_request("cn-ric", MASKED_NUMBER, NAME))
    assert planted(raw, MASKED_NUMBER, NAME) == []
    assert decode_record(raw).subject_key == b""


def test_a_name_only_check_keeps_its_name_and_is_found_by_it() -> None:
    record = decode_record(answered(a_request("", "", "样例甲有限公司")))
    assert pb.CheckSubjectRequest.FromString(record.request).subject.name == "样例甲有限公司"
    assert (record.scheme, record.subject) == ("", "")
    assert record.subject_key == KEYS.name_key("样例甲有限公司")


def test_two_bodies_have_two_digests_and_one_has_one() -> None:
    assert digest_of(a_request()) == digest_of(pb.CheckSubjectRequest.FromString(a_request().SerializeToString()))
    assert digest_of(a_request()) != digest_of(a_request(officer="another"))
    assert len(digest_of(a_request())) == 16


def test_the_order_of_annotations_is_no_difference() -> None:
    one, other = {"a": "1", "b": "2", "c": "3"}, {"c": "3", "b": "2", "a": "1"}
    assert digest_of(a_request(annotations=one)) == digest_of(a_request(annotations=other))


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("cn-ric", CITIZEN_NUMBER),
        ("cn-ric", CITIZEN_NUMBER[:-1] + "1"),
        ("cn-ric", CITIZEN_NUMBER.replace("1", "I", 1)),
        ("cn-uscc", CITIZEN_NUMBER),
        ("cn-nothing", CITIZEN_NUMBER),
        ("", CITIZEN_NUMBER * 3),
    ],
)
def test_a_refused_check_keeps_no_number_as_it_was_given(scheme: str, value: str) -> None:
    request = a_request("cn-ric", value, NAME)
    request.subject.identifier.scheme = scheme
    raw = refused(request, refusal_of(scheme, value), request.SerializeToString())
    assert planted(raw, value, NAME) == []
    record = decode_record(raw)
    assert (record.officer, record.case_number) == ("officer 7", "CASE-1")
    assert record.subject_key == b""
    assert not record.answered


def refusal_of(scheme: str, value: str) -> Refusal:
    """The refusal that the server has for the number, or one for a valid one."""
    try:
        parse_identifier(scheme, value)
    except InvalidIdentifier as invalid:
        refusal = refusal_for(invalid)
        assert refusal is not None
        return refusal
    return Refusal(ErrorReason.ERROR_REASON_NATURAL_PERSON_NOT_ACCEPTED, "words")


def test_bytes_that_are_no_message_leave_a_row_without_them() -> None:
    garbage = b"\xff" + CITIZEN_NUMBER.encode()
    raw = refused(None, Refusal(ErrorReason.ERROR_REASON_MALFORMED_REQUEST, "words"), garbage)
    assert planted(raw, CITIZEN_NUMBER) == []
    assert decode_record(raw).error_reason == "ERROR_REASON_MALFORMED_REQUEST"


def test_a_refused_request_of_any_length_fits_into_a_record() -> None:
    huge = "长" * 300_000
    request = a_request(
        "a" * 300_000, huge, huge, item_code=huge, case_number=huge, officer=huge, region_code=huge, request_id=huge
    )
    record = decode_record(refused(request, Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, "words")))
    assert longest(record) <= 128


def longest(record: CheckRecord) -> int:
    return max(len(text) for text in (record.officer, record.case_number, record.item_code, record.request_id))


def test_case_and_officer_of_an_answered_check_are_kept_as_given_and_a_number_in_annotations_is_masked() -> None:
    """They are the authority's own keys, and many a case number has the shape of a citizen's (docs/security.md)."""
    request = a_request(case_number=CITIZEN_NUMBER, officer=CITIZEN_NUMBER, annotations={"note": CITIZEN_NUMBER})
    record = decode_record(answered(request))
    assert (record.case_number, record.officer) == (CITIZEN_NUMBER, CITIZEN_NUMBER)
    (note,) = pb.CheckSubjectRequest.FromString(record.request).annotations.values()
    assert note != CITIZEN_NUMBER
    assert note == without_citizen_numbers(CITIZEN_NUMBER)


def test_a_record_names_every_listing_that_its_answer_speaks_of_once() -> None:
    listing = Listing("L-1", "SAMR-SERIOUS")
    regime, measure = catalogue().edition.regimes[0], catalogue().edition.measures[0]
    term = Term(None, None)
    decision = Decision(
        Outcome.RESTRICTION,
        Standing.LISTED,
        None,
        (Restriction(measure, regime, listing, term), Restriction(measure, regime, listing, term)),
        (),
        (Notice(NoticeCode.UNDER_OBJECTION, "L-2"), Notice(NoticeCode.NAME_DIFFERS)),
        Materials(),
        None,
    )
    assert listings_in(decision) == ("L-1", "L-2")
