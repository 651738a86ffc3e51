"""The audit service as a visitor may use it: calls to the node's workers, with what the visitor signed in with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from clearway.decision.explain import Language
from clearway.gen.v1 import access_service_pb2 as access_pb
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import audit_service_pb2 as audit
from clearway.gen.v1 import check_service_pb2
from clearway.gen.v1 import feed_service_pb2 as feed_pb
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.web.workers import Metadata, Workers

PATIENCE = 60.0
"""Seconds for one answer: a report over a year of a large log takes a while."""

AUDIT, OPERATOR = "AuditService", "OperatorService"
FEED, ACCESS = "FeedService", "AccessService"
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

    def pages(self, wanted: pb.CheckFilter) -> AsyncIterator[pb.SearchChecksResponse]:
        """Every page of a search, the newest first."""
        return every_page(self.search, pb.SearchChecksRequest(filter=wanted, page_size=LARGEST_PAGE))

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

    def subject_access_pages(self, wanted: Identifier) -> AsyncIterator[pb.ReportSubjectAccessResponse]:
        """Every page of the checks about a subject, the newest first."""
        request = pb.ReportSubjectAccessRequest(identifier=wanted, page_size=LARGEST_PAGE)
        return every_page(self.subject_access, request)

    async def checkpoint(self) -> tree_pb.GetCheckpointResponse:
        """The latest signed tree."""
        return await self._ask("GetCheckpoint", tree_pb.GetCheckpointRequest(), tree_pb.GetCheckpointResponse)

    async def proof(self, check_id: str, size: int = 0) -> tree_pb.GetInclusionProofResponse:
        """That a check is in the signed tree of that size, or in the latest."""
        request = tree_pb.GetInclusionProofRequest(check_id=check_id, tree_size=size)
        return await self._ask("GetInclusionProof", request, tree_pb.GetInclusionProofResponse)

    async def entry(self, check_id: str) -> tree_pb.GetEntryResponse:
        """A check's leaf, and what opens it."""
        return await self._ask("GetEntry", tree_pb.GetEntryRequest(check_id=check_id), tree_pb.GetEntryResponse)

    async def consistency(self, first: int, second: int) -> tree_pb.GetConsistencyProofResponse:
        """That one tree begins with another."""
        request = tree_pb.GetConsistencyProofRequest(first_size=first, second_size=second)
        return await self._ask("GetConsistencyProof", request, tree_pb.GetConsistencyProofResponse)

    async def log_keys(self) -> str:
        """The log's public keys, as a JWK set."""
        kind, request = check_service_pb2.GetReceiptKeysResponse, check_service_pb2.GetReceiptKeysRequest()
        return (await self._ask("GetReceiptKeys", request, kind, "CheckService")).jwks

    async def feeds(self) -> operator_pb.ListFeedsResponse:
        """How every feed is; for operators, registrars and auditors."""
        return await self._ask("ListFeeds", operator_pb.ListFeedsRequest(), operator_pb.ListFeedsResponse, OPERATOR)

    async def nodes(self) -> operator_pb.ListNodesResponse:
        """How every node was; for operators."""
        return await self._ask("ListNodes", operator_pb.ListNodesRequest(), operator_pb.ListNodesResponse, OPERATOR)

    async def caller(self) -> access_pb.GetCallerResponse:
        """Whom the service takes the visitor for."""
        return await self._ask("GetCaller", access_pb.GetCallerRequest(), access_pb.GetCallerResponse, ACCESS)

    async def session_has_ended(self, session_id: bytes) -> bool:
        """Whether somebody signed out of the session, on whichever node."""
        request, kind = access_pb.GetSessionRequest(session_id=session_id), access_pb.GetSessionResponse
        return (await self._ask("GetSession", request, kind, ACCESS)).ended

    async def end_session(self, session_id: bytes) -> None:
        """End the session, on every node."""
        request = access_pb.EndSessionRequest(session_id=session_id)
        await self._ask("EndSession", request, access_pb.EndSessionResponse, ACCESS)

    async def rows(self, request: feed_pb.ListQuarantinedRowsRequest) -> feed_pb.ListQuarantinedRowsResponse:
        """A page of rows set aside; for registrars and auditors."""
        return await self._ask("ListQuarantinedRows", request, feed_pb.ListQuarantinedRowsResponse, FEED)

    async def row(self, row_id: int) -> feed_pb.QuarantinedRow:
        """One of them."""
        request, kind = feed_pb.GetQuarantinedRowRequest(row_id=row_id), feed_pb.GetQuarantinedRowResponse
        return (await self._ask("GetQuarantinedRow", request, kind, FEED)).row

    async def correct(self, request: feed_pb.CorrectRowRequest) -> feed_pb.CorrectRowResponse:
        """A row corrected in place; for registrars."""
        return await self._ask("CorrectRow", request, feed_pb.CorrectRowResponse, FEED)

    async def dismiss(self, request: feed_pb.DismissRowRequest) -> feed_pb.DismissRowResponse:
        """A row turned down; for registrars."""
        return await self._ask("DismissRow", request, feed_pb.DismissRowResponse, FEED)

    async def lists(self) -> feed_pb.ListWaitingListsResponse:
        """The lists that wait; for registrars and auditors."""
        request, kind = feed_pb.ListWaitingListsRequest(), feed_pb.ListWaitingListsResponse
        return await self._ask("ListWaitingLists", request, kind, FEED)

    async def confirm(self, request: feed_pb.ConfirmListRequest) -> feed_pb.ConfirmListResponse:
        """A list loaded; for registrars."""
        return await self._ask("ConfirmList", request, feed_pb.ConfirmListResponse, FEED)

    async def discard(self, request: feed_pb.DiscardListRequest) -> feed_pb.DiscardListResponse:
        """A list turned down; for registrars."""
        return await self._ask("DiscardList", request, feed_pb.DiscardListResponse, FEED)

    async def node(self) -> operator_pb.GetNodeResponse:
        """How the node is; for operators."""
        return await self._ask("GetNode", operator_pb.GetNodeRequest(), operator_pb.GetNodeResponse, OPERATOR)

    async def _ask(self, method: str, request: Message, kind: type[Answer], service: str = AUDIT) -> Answer:
        path = f"/clearway.v1.{service}/{method}"
        raw = await self._workers.unary(path, request.SerializeToString(), self._metadata, PATIENCE)
        return kind.FromString(raw)


async def every_page(ask: Callable[[Any], Awaitable[Any]], request: Any) -> AsyncIterator[Any]:
    """The pages that a method gives, from the first; their messages have the contract's two fields of pages."""
    while True:
        page = await ask(request)
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
