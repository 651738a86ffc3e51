"""The audit service as a visitor may use it: calls to the node's workers, with what the visitor signed in with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

from google.protobuf.message import Message

from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2 as audit
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.web.workers import Metadata, Workers

PATIENCE = 60.0
"""Seconds for one answer: a report over a year of a large log takes a while."""

LARGEST_PAGE = 1000

Answer = TypeVar("Answer", bound=Message)


class Auditing:
    """Asks for one visitor. Every method raises `grpc.aio.AioRpcError`."""

    def __init__(self, workers: Workers, token: str, language: Language) -> None:
        self._workers = workers
        said: Metadata = (("accept-language", language.value),)
        self._metadata = (*said, ("authorization", f"Bearer {token}")) if token else said

    async def search(self, request: pb.SearchChecksRequest) -> pb.SearchChecksResponse:
        """A page of checks."""
        return await self._ask("SearchChecks", request, pb.SearchChecksResponse)

    async def pages(self, wanted: pb.CheckFilter) -> AsyncIterator[pb.SearchChecksResponse]:
        """Every page of a search, the newest first."""
        request = pb.SearchChecksRequest(filter=wanted, page_size=LARGEST_PAGE)
        while True:
            page = await self.search(request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def show(self, check_id: str) -> pb.ShowCheckResponse:
        """One check whole."""
        return await self._ask("ShowCheck", pb.ShowCheckRequest(check_id=check_id), pb.ShowCheckResponse)

    async def figures(self, request: pb.ReportFiguresRequest) -> pb.ReportFiguresResponse:
        """A report's figures."""
        return await self._ask("ReportFigures", request, pb.ReportFiguresResponse)

    async def patterns(self, request: pb.ListUnusualPatternsRequest) -> pb.ListUnusualPatternsResponse:
        """What is worth a person's look."""
        return await self._ask("ListUnusualPatterns", request, pb.ListUnusualPatternsResponse)

    async def affected(self, request: audit.ListAffectedChecksRequest) -> audit.ListAffectedChecksResponse:
        """A page of the checks that used a listing."""
        return await self._ask("ListAffectedChecks", request, audit.ListAffectedChecksResponse)

    async def overdue(self, request: audit.ListOverdueOutcomesRequest) -> audit.ListOverdueOutcomesResponse:
        """A page of the cases whose outcome is overdue."""
        return await self._ask("ListOverdueOutcomes", request, audit.ListOverdueOutcomesResponse)

    async def subject_access(self, request: pb.ReportSubjectAccessRequest) -> pb.ReportSubjectAccessResponse:
        """A page of the checks about a subject."""
        return await self._ask("ReportSubjectAccess", request, pb.ReportSubjectAccessResponse)

    async def subject_access_pages(self, wanted: Identifier) -> AsyncIterator[pb.ReportSubjectAccessResponse]:
        """Every page of the checks about a subject, the newest first."""
        request = pb.ReportSubjectAccessRequest(identifier=wanted, page_size=LARGEST_PAGE)
        while True:
            page = await self.subject_access(request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def _ask(self, method: str, request: Message, kind: type[Answer]) -> Answer:
        path = f"/clearway.v1.AuditService/{method}"
        raw = await self._workers.unary(path, request.SerializeToString(), self._metadata, PATIENCE)
        return kind.FromString(raw)
