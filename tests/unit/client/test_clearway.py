"""The clients, over a script instead of a channel: one check, many, reports, deferrals, and when no answer comes.

Every test runs with the sync and with the async client: `Both` drives either through the same words.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, assert_never

import pytest

from clearway.client import (
    Answer,
    AsyncClearway,
    CaseResult,
    Check,
    Clearway,
    DeferralState,
    DepartureReason,
    ErrorReason,
    GoOnByHand,
    InvalidIdentifier,
    InvalidRequest,
    MeasureOutcome,
    MeasureResult,
    NoAnswer,
    NotAnswered,
    NotFound,
    Outcome,
    OutcomeReport,
    Overloaded,
    Raise,
    RequestIdReused,
    StateForbids,
    Unavailable,
    methods,
    verify_receipt,
)
from clearway.client.batches import MOST_BYTES, batches
from clearway.gen.v1 import card_service_pb2, check_service_pb2, deferral_service_pb2, registry_service_pb2
from clearway.registry.synthetic import code_of
from clearway.testing import FakeClearway, decisions

CODE, OTHER = code_of(3), code_of(4)
CHECK = Check(scheme="cn-uscc", code=CODE, item="FOOD-OPERATION", case="C-1", officer="o-7")


class Both:
    """Calls a sync or an async client alike, and gives what it gives."""

    def __init__(self, client: Clearway[Any] | AsyncClearway[Any]) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found: Any = self._client
        for part in name.split("__"):
            found = getattr(found, part)

        def call(*arguments: Any, **named: Any) -> Any:
            given = found(*arguments, **named)
            if isinstance(given, AsyncIterator):
                return self._loop.run_until_complete(collected(given))
            if isinstance(given, Awaitable):
                return self._loop.run_until_complete(given)
            return list(given) if isinstance(given, Iterator) else given

        return call

    def __enter__(self) -> Both:
        self._loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()
        self._loop.close()


async def collected(given: AsyncIterator[Any]) -> list[Any]:
    return [one async for one in given]


@pytest.fixture
def fake() -> FakeClearway:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CODE)
    return fake


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client_of(fake: FakeClearway, kind: str, on_unavailable: Any = None, language: Any = None) -> Both:
    on_unavailable = on_unavailable or Raise()
    make = fake.client if kind == "sync" else fake.async_client
    return Both(make(on_unavailable=on_unavailable, language=language))


@pytest.fixture
def clearway(fake: FakeClearway, kind: str) -> Iterator[Both]:
    with client_of(fake, kind) as client:
        yield client


def test_a_check_gets_its_answer(fake: FakeClearway, clearway: Both) -> None:
    answer = clearway.check(replace(CHECK, name="虚构", materials=["A"], region="110000", annotations={"k": "v"}))
    assert answer.outcome is Outcome.RESTRICTION
    (sent,) = fake.checks
    assert (sent.subject.identifier.scheme, sent.subject.identifier.value, sent.subject.name) == (
        "cn-uscc",
        CODE,
        "虚构",
    )
    assert (sent.item_code, sent.case_number, sent.officer) == ("FOOD-OPERATION", "C-1", "o-7")
    assert (list(sent.supplied_materials), sent.region_code, dict(sent.annotations)) == (["A"], "110000", {"k": "v"})


def test_an_outcome_can_be_matched_to_the_last_one(fake: FakeClearway) -> None:
    def words(answer: Answer) -> str:
        match answer.outcome:
            case Outcome.RESTRICTION | Outcome.UNDETERMINED:
                return "ask"
            case Outcome.DEFERRED_ACCEPTANCE | Outcome.GREEN_CHANNEL | Outcome.ORDINARY:
                return "go"
            case _:
                assert_never(answer.outcome)

    with fake.client(on_unavailable=Raise()) as clearway:
        assert words(clearway.check(CHECK)) == "ask"


def test_a_name_alone_names_no_identifier(fake: FakeClearway, clearway: Both) -> None:
    answer = clearway.check(Check(name="虚构", item="FOOD-OPERATION", case="C-1", officer="o-7"))
    assert not fake.checks[0].subject.HasField("identifier")
    assert answer.outcome is Outcome.UNDETERMINED


def test_every_check_has_an_id_of_its_own_unless_it_is_given_one(fake: FakeClearway, clearway: Both) -> None:
    first, second = clearway.check(CHECK), clearway.check(CHECK)
    assert len({first.request_id, second.request_id, first.check_id, second.check_id}) == 4
    given = replace(CHECK, request_id="C-1/1")
    assert clearway.check(given).check_id == clearway.check(given).check_id
    with pytest.raises(RequestIdReused) as reused:
        clearway.check(replace(given, case="C-2"))
    assert reused.value.request_id == "C-1/1"


def test_a_language_is_the_clients_or_the_calls(fake: FakeClearway, kind: str) -> None:
    with client_of(fake, kind, language="zh-CN") as clearway:
        clearway.check(CHECK)
        clearway.check(CHECK, language="en")
    assert [received.language for received in fake.received] == ["zh-CN", "en"]


def test_an_invalid_code_is_an_error_with_its_suggestion(clearway: Both) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        clearway.check(replace(CHECK, code=CODE.replace("0", "O", 1)))
    assert refused.value.suggestion == CODE


def test_a_check_without_its_purpose_is_refused_with_the_field(clearway: Both) -> None:
    with pytest.raises(InvalidRequest) as refused:
        clearway.check(replace(CHECK, officer=""))
    assert {violation.field for violation in refused.value.violations} == {"officer"}


def test_no_deadline_at_all_is_no_deadline(clearway: Both) -> None:
    with pytest.raises(ValueError, match="timeout"):
        clearway.check(CHECK, timeout=0)


# When no answer comes


@pytest.mark.parametrize("reason", [None, ErrorReason.AUDIT_UNAVAILABLE, ErrorReason.SHUTTING_DOWN])
def test_raise_raises(fake: FakeClearway, clearway: Both, reason: ErrorReason | None) -> None:
    with fake.unavailable(reason), pytest.raises(Unavailable) as failed:
        clearway.check(CHECK)
    assert failed.value.reason is reason
    assert failed.value.request_id == fake.checks[0].request_id


def test_going_on_by_hand_is_told_logged_and_told_apart(
    fake: FakeClearway, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[NoAnswer] = []
    with client_of(fake, kind, GoOnByHand(told.append), "zh-CN") as clearway:
        assert isinstance(clearway.check(CHECK), Answer)
        assert told == []
        with fake.unavailable(ErrorReason.OVERLOADED), caplog.at_level(logging.WARNING, "clearway.client"):
            missing = clearway.check(CHECK)
    assert isinstance(missing, NoAnswer)
    assert told == [missing]
    assert isinstance(missing.error, Overloaded)
    assert missing.check.request_id == fake.checks[-1].request_id
    assert missing.explanation.startswith("未取得核查结果")
    (line,) = caplog.messages
    assert "OVERLOADED" in line
    assert CODE not in line


def test_a_check_that_went_on_by_hand_can_be_asked_again_as_the_same_check(fake: FakeClearway, kind: str) -> None:
    with client_of(fake, kind, GoOnByHand(lambda missing: None)) as clearway:
        with fake.unavailable():
            missing = clearway.check(CHECK)
        clearway.check(missing.check)
    first, second = fake.checks
    assert first == second


def test_what_the_handler_raises_is_not_swallowed(fake: FakeClearway, kind: str) -> None:
    def alarm(missing: NoAnswer) -> None:
        raise RuntimeError("the alarm is broken")

    with client_of(fake, kind, GoOnByHand(alarm)) as clearway, fake.unavailable(), pytest.raises(RuntimeError):
        clearway.check(CHECK)


def test_a_request_that_must_be_changed_does_not_go_on_by_hand(fake: FakeClearway, kind: str) -> None:
    told: list[NoAnswer] = []
    with client_of(fake, kind, GoOnByHand(told.append)) as clearway, pytest.raises(InvalidIdentifier):
        clearway.check(replace(CHECK, code="1"))
    assert told == []


def test_a_handler_that_nobody_would_await_is_refused() -> None:
    async def handler(missing: NoAnswer) -> None: ...

    with pytest.raises(TypeError, match="plain function"):
        GoOnByHand(handler)  # type: ignore[arg-type]


# Batches


def test_a_batch_of_any_size_comes_back_in_order(fake: FakeClearway, clearway: Both) -> None:
    results = clearway.check_batch(replace(CHECK, case=f"C-{n}") for n in range(250))
    sent = [len(received.request.checks) for received in fake.received]
    assert sent == [100, 100, 50]
    by_request = {check.request_id: check.case_number for check in fake.checks}
    assert [by_request[answer.request_id] for answer in results] == [f"C-{n}" for n in range(250)]


def test_one_bad_check_of_a_batch_leaves_the_others_alone(clearway: Both) -> None:
    first, refused, nameless, last = clearway.check_batch(
        [CHECK, replace(CHECK, code="1"), replace(CHECK, code="", scheme=""), CHECK]
    )
    assert isinstance(first, Answer)
    assert isinstance(refused, InvalidIdentifier)
    assert isinstance(nameless, InvalidRequest)
    assert isinstance(last, Answer)


def test_a_batch_that_nothing_answers_goes_on_by_hand_check_by_check(fake: FakeClearway, kind: str) -> None:
    told: list[NoAnswer] = []
    with client_of(fake, kind, GoOnByHand(told.append)) as clearway, fake.unavailable():
        results = clearway.check_batch([CHECK, replace(CHECK, case="C-2")])
    assert results == told
    assert [missing.check.case for missing in told] == ["C-1", "C-2"]
    assert [missing.error.request_id for missing in told] == [check.request_id for check in fake.checks]


def test_one_check_of_a_batch_that_nothing_answers_is_met_like_a_single_one(fake: FakeClearway, kind: str) -> None:
    fake.refuses(ErrorReason.AUDIT_UNAVAILABLE, scheme="cn-uscc", code=OTHER)
    checks = [CHECK, replace(CHECK, code=OTHER)]
    with client_of(fake, kind, GoOnByHand(lambda missing: None)) as clearway:
        answered, missing = clearway.check_batch(checks)
    assert isinstance(answered, Answer)
    assert isinstance(missing, NoAnswer)
    with client_of(fake, kind) as clearway, pytest.raises(Unavailable):
        clearway.check_batch(checks)


def test_answers_that_came_before_a_batch_failed_are_not_lost(fake: FakeClearway) -> None:
    with fake.client(on_unavailable=Raise()) as clearway:
        results = clearway.check_batch(CHECK for _ in range(101))
        answered = [next(results) for _ in range(100)]
        with fake.unavailable(), pytest.raises(Unavailable):
            next(results)
    assert all(isinstance(result, Answer) for result in answered)


def test_freshness_is_the_batchs_to_ask(fake: FakeClearway, clearway: Both) -> None:
    clearway.check_batch([CHECK], at_least_as_fresh="r-1")
    assert fake.received[0].request.consistency.at_least_as_fresh == "r-1"
    with pytest.raises(ValueError, match="freshness"):
        clearway.check_batch([replace(CHECK, at_least_as_fresh="r-1")])


def test_heavy_checks_go_in_smaller_batches() -> None:
    heavy = replace(CHECK, annotations={f"k{n}": "v" * 512 for n in range(16)})
    sizes = [sum(message.ByteSize() for message in sent) for _, sent in batches([heavy] * 200, lambda: "R")]
    assert max(sizes) <= MOST_BYTES
    assert len(sizes) > 2


# Afterwards


def test_a_recorded_check_can_be_read_back(clearway: Both) -> None:
    answer = clearway.check(CHECK)
    recorded = clearway.get_check(answer.check_id)
    assert recorded.answer == answer
    assert recorded.request.case_number == "C-1"
    with pytest.raises(NotFound):
        clearway.get_check("00000000-0000-7000-8000-000000000000")


def test_an_outcome_is_reported_reason_by_reason(fake: FakeClearway, clearway: Both) -> None:
    answer = clearway.check(CHECK)
    open_report = clearway.report_outcome(OutcomeReport(check_id=answer.check_id, officer="o-7"))
    (reason,) = answer.restrictions
    assert open_report.unreported == ((reason.measure, reason.listing_id),)
    assert not open_report.case_closed
    why = (DepartureReason.DISPROPORTIONATE, "The premises were sold since.")
    final = OutcomeReport(
        check_id=answer.check_id,
        officer="o-7",
        measures=[MeasureOutcome.of(reason, MeasureResult.NOT_APPLIED, *why)],
        case_result=CaseResult.GRANTED,
        decided_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    reported = clearway.report_outcome(final)
    assert (reported.departures, reported.unreported, reported.case_closed) == (1, (), True)
    sent = fake.received[-1].request
    assert (sent.measures[0].reason_text, sent.decided_at.ToDatetime()) == (why[1], datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(StateForbids):
        clearway.report_outcome(replace(final, report_id="another"))


def test_a_departure_from_a_mandatory_measure_needs_its_reason(clearway: Both) -> None:
    answer = clearway.check(CHECK)
    measures = [MeasureOutcome.of(answer.restrictions[0], MeasureResult.NOT_APPLIED)]
    with pytest.raises(InvalidRequest) as refused:
        clearway.report_outcome(OutcomeReport(check_id=answer.check_id, officer="o-7", measures=measures))
    assert refused.value.reason is ErrorReason.DEPARTURE_REASON_REQUIRED


def test_a_report_is_recorded_once_under_its_id(clearway: Both) -> None:
    answer = clearway.check(CHECK)
    report = OutcomeReport(check_id=answer.check_id, officer="o-7", report_id="P-1", case_result=CaseResult.WITHDRAWN)
    assert clearway.report_outcome(report) == clearway.report_outcome(report)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        OutcomeReport(check_id="C", officer="o", decided_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_receipt_is_verified_by_the_keys_that_the_client_gives(clearway: Both) -> None:
    checks = [replace(CHECK, receipt=True), replace(CHECK, case="C-2", receipt=True)]
    answers = [clearway.check(checks[0]), *clearway.check_batch(checks[1:])]
    keys = clearway.receipt_keys()
    for check, answer in zip(checks, answers, strict=True):
        receipt = verify_receipt(answer.receipt, keys, now=datetime.now(UTC), case=check.case, item=check.item)
        assert (receipt.check_id, receipt.outcome, receipt.subject) == (answer.check_id, Outcome.RESTRICTION, CODE)


@pytest.mark.parametrize("jwks", ["", "no JSON", "[]", "{}", '{"keys": 1}'])
def test_what_is_no_set_of_keys_is_no_answer(fake: FakeClearway, clearway: Both, jwks: str) -> None:
    fake.replies(methods.GET_RECEIPT_KEYS, check_service_pb2.GetReceiptKeysResponse(jwks=jwks))
    with pytest.raises(NotAnswered, match="no set of keys"):
        clearway.receipt_keys()


def a_deferral(state: str, **fields: Any) -> deferral_service_pb2.Deferral:
    deferral = deferral_service_pb2.Deferral(
        check_id=CHECK_ID, state=deferral_service_pb2.DeferralState.Value(f"DEFERRAL_STATE_{state}"), **fields
    )
    deferral.materials.add(code="A", name="a", deadline="2026-12-31")
    return deferral


CHECK_ID = "00000000-0000-7000-8000-000000000000"


def test_a_page_is_given_a_view_whose_token_is_not_printed(fake: FakeClearway, clearway: Both) -> None:
    granted = card_service_pb2.GrantViewResponse(token="eyJ.secret", path=f"/card/{CHECK_ID}?view=eyJ.secret")
    granted.expires_at.FromDatetime(datetime(2026, 3, 2, tzinfo=UTC))
    fake.replies(methods.GRANT_VIEW, granted)
    view = clearway.grant_view(CHECK_ID, officer="o-7")
    assert (view.token, view.expires_at) == ("eyJ.secret", datetime(2026, 3, 2, tzinfo=UTC))
    assert "secret" not in repr(view)


def test_a_deferral_goes_through_its_acts(fake: FakeClearway, clearway: Both) -> None:
    pb = deferral_service_pb2
    fake.replies(methods.COMMIT, pb.CommitResponse(deferral=a_deferral("COMMITTED")))
    issued = a_deferral("NOTICE_ISSUED")
    issued.notice.text_en = "Supply."
    fake.replies(methods.ISSUE_NOTICE, pb.IssueNoticeResponse(deferral=issued))
    fake.replies(methods.EXTEND, pb.ExtendResponse(deferral=a_deferral("EXTENDED", deadline="2027-01-31")))
    fake.replies(methods.SUPPLEMENT, pb.SupplementResponse(deferral=a_deferral("COMPLETED")))
    fake.replies(methods.WITHDRAW, ErrorReason.DEFERRAL_STATE)
    fake.replies(methods.LAPSE, pb.LapseResponse(deferral=a_deferral("LAPSED"), record_id="A-1", revision="r-1"))
    fake.replies(methods.GET_DEFERRAL, lambda request: pb.GetDeferralResponse(deferral=a_deferral("OFFERED")))

    committed = clearway.deferrals__commit(
        CHECK_ID, officer="o-7", signatory="法定代表人", commitment_reference="file 1"
    )
    assert committed.state is DeferralState.COMMITTED
    assert [material.deadline for material in committed.missing] == [date(2026, 12, 31)]
    assert committed.notice is None
    notice = clearway.deferrals__issue_notice(CHECK_ID, officer="o-7").notice
    assert notice is not None
    assert notice.text_en == "Supply."
    extended = clearway.deferrals__extend(CHECK_ID, officer="o-7", reason="flood", deadline=date(2027, 1, 31))
    assert extended.deadline == date(2027, 1, 31)
    assert clearway.deferrals__supplement(CHECK_ID, officer="o-7", materials=["A"]).state is DeferralState.COMPLETED
    with pytest.raises(StateForbids):
        clearway.deferrals__withdraw(CHECK_ID, officer="o-7")
    lapsed = clearway.deferrals__lapse(CHECK_ID, officer="o-7", reason="not supplied")
    assert (lapsed.deferral.state, lapsed.record_id, lapsed.revision) == (DeferralState.LAPSED, "A-1", "r-1")
    assert clearway.deferrals__get(CHECK_ID).state is DeferralState.OFFERED


def test_overdue_deferrals_come_from_every_page(fake: FakeClearway, clearway: Both) -> None:
    def page(request: deferral_service_pb2.ListOverdueDeferralsRequest) -> Any:
        last = request.page_token == "2"
        return deferral_service_pb2.ListOverdueDeferralsResponse(
            deferrals=[a_deferral("NOTICE_ISSUED", case_number=request.page_token or "1")],
            next_page_token="" if last else "2",
        )

    fake.replies(methods.LIST_OVERDUE_DEFERRALS, page)
    assert [deferral.case for deferral in clearway.deferrals__overdue()] == ["1", "2"]


def test_any_other_method_takes_and_gives_its_messages(fake: FakeClearway, clearway: Both) -> None:
    request = registry_service_pb2.GetSubjectRequest()
    request.identifier.scheme, request.identifier.value = "cn-uscc", CODE
    fake.replies(methods.GET_SUBJECT, registry_service_pb2.GetSubjectResponse(revision="r-1"))
    assert clearway.call(methods.GET_SUBJECT, request).revision == "r-1"
    fake.replies(methods.GET_SUBJECT, ErrorReason.SUBJECT_NOT_FOUND)
    with pytest.raises(NotFound):
        clearway.call(methods.GET_SUBJECT, request)


def test_a_closed_client_says_so(fake: FakeClearway, kind: str) -> None:
    with client_of(fake, kind) as clearway:
        clearway.close()
        with pytest.raises(RuntimeError, match="closed"):
            clearway.check(CHECK)
