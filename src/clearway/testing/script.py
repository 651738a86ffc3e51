"""What the fake answers: the script a test writes, and what came of it. Free of transport."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import protovalidate
import uuid_utils
from google.protobuf.message import Message

from clearway.client import methods
from clearway.client.errors import ErrorReason, Violation
from clearway.client.identifiers import refused as refused_identifier
from clearway.client.methods import Method, RequestT, ResponseT
from clearway.client.terms import MeasureForce, MeasureResult, NoticeCode, written
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.subjects.faults import IdentifierFault, InvalidIdentifier
from clearway.subjects.identifiers import parse_identifier
from clearway.testing import decisions
from clearway.testing.receipts import Receipts
from clearway.testing.refusals import Refused, refused, unreachable

Reply = Message | Refused | Callable[[Any], Message]
Place = tuple[str, str, str]
"""Scheme, code in its canonical writing, item; an empty item stands for any."""

NOT_AS_ADVISED = (written(MeasureResult.NOT_APPLIED), written(MeasureResult.MODIFIED))


@dataclass(frozen=True, slots=True)
class Received:
    """One call, as it came."""

    method: str
    """Its name, such as `CheckSubject`."""

    request: Any
    """Its message."""

    language: str | None
    """The language asked for."""


class Script:
    """Answers every method of the contract from what a test has said. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.received: list[Received] = []
        """Every call, in order, retries and refused ones included."""
        self._clock = clock
        self._lock = threading.RLock()
        self._answers: dict[Place, decision_pb2.Decision | Refused] = {}
        self._replies: dict[str, Reply] = {}
        self._fault: Refused | None = None
        self._recorded: dict[str, pb.GetCheckResponse] = {}
        self._by_request_id: dict[str, pb.GetCheckResponse] = {}
        self._reports: dict[str, tuple[bytes, pb.ReportOutcomeResponse]] = {}
        self._reported: dict[str, set[tuple[str, str]]] = {}
        self._closed_cases: set[str] = set()
        self._told: list[pb.WatchCasesResponse] = []
        self._interruptions = 0
        self._receipts = Receipts()

    # What a test says

    def script(self, scheme: str, code: str, item: str, answer: decision_pb2.Decision | Refused) -> None:
        """Answer checks of this subject for this item so. Raises ValueError where no check could name it."""
        with self._lock:
            self._answers[scheme, parse_identifier(scheme, code).value, item] = answer

    def reply(self, method: str, reply: Reply) -> None:
        """Answer this method so, whatever is asked."""
        with self._lock:
            self._replies[method] = reply

    def fail(self, reason: ErrorReason | None) -> None:
        """Answer nothing at all from now on: for a reason of the contract, or (None) because nobody is there."""
        fault = unreachable() if reason is None else refused(reason, "the test says so")
        with self._lock:
            self._fault = fault

    def recover(self) -> None:
        """Answer again."""
        with self._lock:
            self._fault = None

    def tell(self, change: pb.CaseChange) -> str:
        """Tell every watch of a change; its cursor."""
        with self._lock:
            cursor = str(len(self._told) + 1)
            self._told.append(pb.WatchCasesResponse(change=change, cursor=cursor, revision=f"fake.{cursor}"))
            return cursor

    def interrupt(self) -> None:
        """Break every watch that is open, as a restarting service does."""
        with self._lock:
            self._interruptions += 1

    # What is asked

    def answer(self, method: Method[RequestT, ResponseT], request: RequestT, language: str | None) -> ResponseT:
        """The response to one call. Raises `Refused`."""
        name = self._receive(method, request, language)
        with self._lock:
            reply = self._replies.get(name)
            if isinstance(reply, Refused):
                raise reply
            if reply is not None:
                return cast(ResponseT, reply if isinstance(reply, Message) else reply(request))
            return cast(ResponseT, self._answer(method, request))

    def watch(self, request: pb.WatchCasesRequest, language: str | None) -> Iterator[pb.WatchCasesResponse | None]:
        """What a watch is told, from where it asked to begin; None whenever there is nothing yet. Raises `Refused`."""
        self._receive(methods.WATCH_CASES, request, language)
        with self._lock:
            at, interruptions = self._beginning(request), self._interruptions
        yield pb.WatchCasesResponse(cursor=str(at), revision=f"fake.{at}")
        while True:
            with self._lock:
                if self._interruptions != interruptions:
                    raise unreachable()
                if self._fault is not None:
                    raise self._fault
                waiting = self._told[at:]
            at += len(waiting)
            for told in waiting:
                if request.case_number in ("", told.change.case_number):
                    yield told
            if not waiting:
                yield None

    def _receive(self, method: Method[Any, Any], request: Any, language: str | None) -> str:
        name = method.path.rpartition("/")[2]
        with self._lock:
            self.received.append(Received(name, type(request).FromString(request.SerializeToString()), language))
            if self._fault is not None:
                raise self._fault
        try:
            protovalidate.validate(request)
        except protovalidate.ValidationError as invalid:
            raise refused_request(invalid) from None
        return name

    def _answer(self, method: Method[Any, Any], request: Any) -> Message:
        if method is methods.CHECK_SUBJECT:
            return self._answered(request)
        if method is methods.BATCH_CHECK_SUBJECTS:
            return self._batch(request)
        if method is methods.GET_CHECK:
            return self._found(request.check_id)
        if method is methods.REPORT_OUTCOME:
            return self._report(request)
        if method is methods.GET_RECEIPT_KEYS:
            return pb.GetReceiptKeysResponse(jwks=self._receipts.keys())
        raise refused(ErrorReason.UNKNOWN_METHOD, "the fake has no reply for this method; script one with `replies`")

    def _beginning(self, request: pb.WatchCasesRequest) -> int:
        if request.HasField("since_revision"):
            return 0
        if not request.HasField("after"):
            return len(self._told)
        if not request.after.isdecimal() or int(request.after) > len(self._told):
            raise refused(ErrorReason.INVALID_CURSOR, "the cursor is not one of ours")
        return int(request.after)

    # Checks

    def _batch(self, request: pb.BatchCheckSubjectsRequest) -> pb.BatchCheckSubjectsResponse:
        response = pb.BatchCheckSubjectsResponse(revision="fake.1")
        for check in request.checks:
            result = response.results.add()
            try:
                protovalidate.validate(check)
                result.response.CopyFrom(self._answered(check))
            except protovalidate.ValidationError as invalid:
                result.error.CopyFrom(refused_request(invalid).status)
            except Refused as refusal:
                result.error.CopyFrom(refusal.status)
        return response

    def _answered(self, request: pb.CheckSubjectRequest) -> pb.CheckSubjectResponse:
        """The recorded answer, with its receipt where it was asked for: the record has none."""
        record = self._check(request)
        if not request.receipt:
            return record.response
        answer = pb.CheckSubjectResponse(receipt=self._receipts.of(record))
        answer.MergeFrom(record.response)
        return answer

    def _check(self, request: pb.CheckSubjectRequest) -> pb.GetCheckResponse:
        known = self._by_request_id.get(request.request_id)
        if known is not None and request.request_id:
            if known.request != request:
                raise refused(ErrorReason.REQUEST_ID_REUSED, "the request id was used before with another body")
            return known
        decision = self._decision(request)
        if isinstance(decision, Refused):
            raise decision
        check_id = str(uuid_utils.uuid7())
        response = pb.CheckSubjectResponse(
            decision=decision,
            check_id=check_id,
            revision="fake.1",
            catalogue_edition=pb.CatalogueEdition(id="fake", content_hash="0" * 64),
            request_id=request.request_id or check_id,
        )
        now = self._clock()
        response.decided_at.FromDatetime(now)
        record = pb.GetCheckResponse(request=request, response=response)
        record.authority.code = "FAKE"
        record.recorded_at.FromDatetime(now)
        self._recorded[check_id] = self._by_request_id[response.request_id] = record
        return record

    def _decision(self, request: pb.CheckSubjectRequest) -> decision_pb2.Decision | Refused:
        subject = request.subject
        if not subject.HasField("identifier"):
            if not subject.name:
                message = "a subject has an identifier, a name, or both"
                return refused(ErrorReason.INVALID_REQUEST, message, violations=[Violation("subject", message)])
            return decisions.undetermined(NoticeCode.NAME_ONLY)
        try:
            code = parse_identifier(subject.identifier.scheme, subject.identifier.value).value
        except InvalidIdentifier as invalid:
            if invalid.fault is IdentifierFault.MASKED:
                return decisions.undetermined(NoticeCode.MASKED_IDENTIFIER)
            error = refused_identifier(invalid)
            return refused(ErrorReason(error.reason_name), error.message, error.metadata, error.violations)
        for place in ((subject.identifier.scheme, code, request.item_code), (subject.identifier.scheme, code, "")):
            if place in self._answers:
                return self._answers[place]
        # Nothing was loaded for this subject: that is no clear answer, and the fake does not make it one.
        return decisions.undetermined(NoticeCode.NO_DATA)

    def _found(self, check_id: str) -> pb.GetCheckResponse:
        if check_id not in self._recorded:
            raise refused(ErrorReason.CHECK_NOT_FOUND, "no recorded check has this id")
        return self._recorded[check_id]

    # Reports

    def _report(self, request: pb.ReportOutcomeRequest) -> pb.ReportOutcomeResponse:
        body = request.SerializeToString(deterministic=True)
        before = self._reports.get(request.report_id)
        if before is not None:
            if before[0] != body:
                raise refused(ErrorReason.REQUEST_ID_REUSED, "the report id was used before with another body")
            return before[1]
        record = self._found(request.check_id)
        if record.request.case_number in self._closed_cases:
            raise refused(ErrorReason.CASE_CLOSED, "the case is closed")
        decision = record.response.decision
        advised = {(r.measure, r.listing_id): r for r in (*decision.restrictions, *decision.incentives)}
        departures = sum(departs(outcome, advised) for outcome in request.measures)
        reported = self._reported.setdefault(request.check_id, set())
        reported |= {(outcome.measure, outcome.listing_id) for outcome in request.measures}
        if request.case_result:
            self._closed_cases.add(record.request.case_number)
        response = pb.ReportOutcomeResponse(
            report_id=request.report_id, departures=departures, case_closed=bool(request.case_result)
        )
        response.recorded_at.FromDatetime(self._clock())
        for measure, listing_id in advised.keys() - reported:
            response.unreported.add(measure=measure, listing_id=listing_id)
        self._reports[request.report_id] = (body, response)
        return response


def departs(outcome: pb.MeasureOutcome, advised: dict[tuple[str, str], decision_pb2.Reason]) -> bool:
    """Whether a mandatory measure was departed from, with its reason. Raises `Refused` as the service would."""
    reason = advised.get((outcome.measure, outcome.listing_id))
    if reason is None:
        raise refused(ErrorReason.OUTCOME_MISMATCH, "the answer has no such restriction or incentive")
    if outcome.result not in NOT_AS_ADVISED or reason.force != written(MeasureForce.MANDATORY):
        return False
    if not outcome.reason or not outcome.reason_text:
        message = "departing from a mandatory measure needs a reason, in code and words"
        raise refused(ErrorReason.DEPARTURE_REASON_REQUIRED, message, {"measure": outcome.measure})
    return True


def refused_request(invalid: protovalidate.ValidationError) -> Refused:
    """The refusal of a request that breaks the contract's rules."""
    violations = [
        Violation(path_of(one.proto.field), one.proto.message, one.proto.rule_id) for one in invalid.violations
    ]
    return refused(ErrorReason.INVALID_REQUEST, "the request breaks the contract's rules", violations=violations)


def path_of(field: protovalidate.FieldPathPb | None) -> str:
    """A field's path as text, such as `supplied_materials[2]`."""
    return (
        ""
        if field is None
        else ".".join(
            part.field_name + (f"[{part.subscript.value}]" if part.subscript is not None else "")
            for part in field.elements
        )
    )
