"""应查必查: which of a licensing system's decided cases were checked before the decision, after it, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.querylog.cases import CaseCheck
from clearway.querylog.reader import Log
from clearway.server.call import Call, Methods
from clearway.server.moments import moment_in


class CoverageReports:
    """Compares decided cases with the log. Only answered checks count: a refused one told the officer nothing."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ReportCoverage", pb.ReportCoverageRequest, self.report),)

    async def report(self, request: pb.ReportCoverageRequest, call: Call) -> bytes:
        """How the authority's cases were covered, in input order."""
        authority = call.known_caller().authority
        moments = [moment_in(case.decided_at, f"cases[{n}].decided_at") for n, case in enumerate(request.cases)]
        numbers = list(dict.fromkeys(case.case_number for case in request.cases))
        checks = await asyncio.to_thread(self._log.of_cases, authority, numbers)
        covered = [
            covered_case(case, decided_at, checks[case.case_number])
            for case, decided_at in zip(request.cases, moments, strict=True)
        ]
        before, after, never = (
            sum(case.coverage == kind for case in covered)
            for kind in (pb.COVERAGE_BEFORE, pb.COVERAGE_AFTER, pb.COVERAGE_NEVER)
        )
        response = pb.ReportCoverageResponse(
            cases=covered,
            before=before,
            after=after,
            never=never,
            coverage=before / len(covered),
            erased_rows=await asyncio.to_thread(self._log.erased, None, max(moments)),
        )
        return response.SerializeToString()


def covered_case(case: pb.DecidedCase, decided_at: datetime, checks: Sequence[CaseCheck]) -> pb.CoveredCase:
    """How one case was covered by its checks, which come in the order of time.

    A check at the very moment of the decision counts as before it: the licensing system that asks and decides in one
    step has asked.
    """
    fitting = [check for check in checks if not case.item_code or check.item_code == case.item_code]
    message = pb.CoveredCase(case_number=case.case_number, coverage=pb.COVERAGE_NEVER)
    before = [check for check in fitting if check.decided_at <= decided_at]
    if not fitting:
        return message
    message.coverage = pb.COVERAGE_BEFORE if before else pb.COVERAGE_AFTER
    named = before[-1] if before else fitting[0]
    message.check_id = named.check_id
    message.checked_at.FromDatetime(named.decided_at)
    return message
