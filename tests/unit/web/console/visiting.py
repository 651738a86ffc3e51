"""The console without a node: workers that answer as a test says, and a browser's cookies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import httpx
from google.protobuf.message import Message
from starlette.applications import Starlette

from clearway.catalogue.loader import load_catalogue
from clearway.gen.v1 import access_service_pb2 as access_pb
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.gen.v1 import operator_service_pb2 as operator_pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal, code_of, status_of
from clearway.server.settings import Settings
from clearway.web.console.console import Console
from clearway.web.json.connect import TRAILER
from clearway.web.workers import Metadata, Workers
from tests.unit.web.console.small_log import SmallLog, shown

KEY = bytes(range(32))
ORIGIN = "https://clearway.example"
CODE = "919999990000000353"
CHECK_ID = "01a212fc-e635-72ed-8078-c2c745e88ac5"

KINDS: Mapping[str, type[Message]] = {
    "GetCaller": access_pb.GetCallerRequest,
    "SearchChecks": pb.SearchChecksRequest,
    "ShowCheck": pb.ShowCheckRequest,
    "ReportFigures": pb.ReportFiguresRequest,
    "ListUnusualPatterns": pb.ListUnusualPatternsRequest,
    "GetCheckpoint": tree_pb.GetCheckpointRequest,
    "GetInclusionProof": tree_pb.GetInclusionProofRequest,
    "GetConsistencyProof": tree_pb.GetConsistencyProofRequest,
    "GetEntry": tree_pb.GetEntryRequest,
    "GetNode": operator_pb.GetNodeRequest,
    "ListNodes": operator_pb.ListNodesRequest,
    "GetReceiptKeys": check_service_pb2.GetReceiptKeysRequest,
}


def ended(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    """A call that ended with a code alone."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata())


def refused_for(reason: ErrorReason.ValueType) -> grpc.aio.AioRpcError:
    """A call that a worker refused."""
    refusal = Refusal(reason, "no")
    trailers = grpc.aio.Metadata((TRAILER, status_of(refusal).SerializeToString()))
    return grpc.aio.AioRpcError(code_of(refusal), grpc.aio.Metadata(), trailers)


class ScriptedWorkers(Workers):
    """Answers each method with what `answers` makes of its request, and keeps what was asked, and with which token."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Any], Message]] = {
            "SearchChecks": lambda _: pb.SearchChecksResponse(),
            "GetCaller": lambda _: access_pb.GetCallerResponse(principal="an-auditor", roles=["auditor"]),
        }
        self.asked: list[Any] = []
        self.tokens: list[str] = []
        self.good_token = ""
        self.ended: set[bytes] = set()
        """Sessions that were ended, as the service remembers them."""
        self.log_away = False

    async def unary(self, method: str, request: bytes, metadata: Metadata, timeout: float) -> bytes:  # noqa: ASYNC109
        said = dict(metadata)
        token = said.get("authorization", "")
        self.tokens.append(token)
        if self.good_token and token != f"Bearer {self.good_token}":
            raise ended(grpc.StatusCode.UNAUTHENTICATED)
        name = method.rpartition("/")[2]
        if name in ("GetSession", "EndSession"):
            return self._session(name, request).SerializeToString()
        self.asked.append(KINDS[name].FromString(request))
        return self.answers[name](self.asked[-1]).SerializeToString()

    def _session(self, name: str, request: bytes) -> Message:
        if self.log_away:
            raise refused_for(ErrorReason.ERROR_REASON_REGISTRY_UNAVAILABLE)
        if name == "GetSession":
            asked = access_pb.GetSessionRequest.FromString(request)
            return access_pb.GetSessionResponse(ended=asked.session_id in self.ended)
        self.ended.add(access_pb.EndSessionRequest.FromString(request).session_id)
        return access_pb.EndSessionResponse()


def give(workers: ScriptedWorkers, log: SmallLog, number: int = 1) -> None:
    """Let workers answer from this log: its newest tree, and the proof of one check."""
    opened = log.given(number)
    workers.answers |= {
        "ShowCheck": lambda _: shown(opened.record),
        "GetInclusionProof": lambda _: tree_pb.GetInclusionProofResponse(proof=log.proof(number).raw),
        "GetEntry": lambda _: tree_pb.GetEntryResponse(record=opened.record, salt=opened.salt),
        "GetReceiptKeys": lambda _: check_service_pb2.GetReceiptKeysResponse(jwks=opened.keys),
        "GetCheckpoint": lambda _: tree_pb.GetCheckpointResponse(
            checkpoint=log.checkpoint(), tree_size=len(log.records)
        ),
        "GetConsistencyProof": lambda asked: tree_pb.GetConsistencyProofResponse(
            hashes=log.consistency(asked.first_size)
        ),
    }


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


class Visitor:
    """A browser that visits, with its cookies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, address: str, **headers: str) -> httpx.Response:
        return await self._client.get(address, headers=headers)

    async def send(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Fill in the form of a page, and follow to where it leads."""
        shown = await self._client.get(page)
        (token, *_) = re.findall(r'name="form" value="(\w+)"', shown.text)
        answer = await self._client.post(action, data={"form": token} | fields)
        return await self.follow(answer)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        while answer.is_redirect:
            answer = await self._client.get(answer.headers["location"])
        return answer

    async def post(self, address: str, **fields: str) -> httpx.Response:
        return await self._client.post(address, data=fields)

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies


@asynccontextmanager
async def visiting(
    workers: Workers, clock: Clock, to_issuer: httpx.AsyncBaseTransport | None = None, **settings: Any
) -> Any:
    """A visitor of a console over these workers."""
    given = Settings(_env_file=None, web_origins=ORIGIN, **settings)
    console = Console(given, workers, load_catalogue("cn-demo"), KEY, clock, to_issuer)
    transport = httpx.ASGITransport(Starlette(routes=console.routes()))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield Visitor(client)


def a_summary(**changes: Any) -> pb.CheckSummary:
    """A check in a list."""
    summary = pb.CheckSummary(
        check_id=CHECK_ID,
        authority=decision_pb2.Authority(code="DEMO-LICENSING", name="Demonstration licensing office"),
        caller="local",
        officer="o-7",
        case_number="C-1",
        item_code="FOOD-OPERATION",
        outcome=decision_pb2.OUTCOME_RESTRICTION,
        standing=decision_pb2.STANDING_LISTED,
        scheme="cn-uscc",
        subject=CODE,
    )
    summary.decided_at.FromDatetime(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
    summary.MergeFrom(pb.CheckSummary(**changes))
    return summary


def pages_of(*pages: list[pb.CheckSummary]) -> Callable[[pb.SearchChecksRequest], pb.SearchChecksResponse]:
    """Answers a search with these pages, one after another."""

    def answer(request: pb.SearchChecksRequest) -> pb.SearchChecksResponse:
        place = int(request.page_token or "0")
        response = pb.SearchChecksResponse(checks=pages[place])
        if place + 1 < len(pages):
            response.next_page_token = str(place + 1)
            response.searched_back_to.FromDatetime(datetime(2026, 2, 1, tzinfo=UTC))
        return response

    return answer


def inline(html: str) -> Iterator[str]:
    """What of a page its policy would not let run: scripts and styles that stand in it, and handlers."""
    yield from re.findall(r"<script(?![^>]* src=)[^>]*>", html)
    yield from re.findall(r"<style[^>]*>", html)
    yield from re.findall(r"<[^>]*\s(?:style|on\w+)=[^>]*>", html)
