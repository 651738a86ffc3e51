"""The log's published tree over HTTP, at the addresses of C2SP tlog-tiles, for whoever verifies it from outside.

Files come from the workers, asked with what the visitor shows: whether somebody without credentials may have them is
the service's to say (`log_public`).
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clearway.gen.v1 import transparency_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.errors import Refusal
from clearway.web.json.connect import status_in
from clearway.web.json.door import PATIENCE, failed, refused
from clearway.web.workers import Metadata, Workers

METHOD = "/clearway.v1.AuditService/GetTile"
CHECKPOINT = "checkpoint"
LONGEST_NAME = 64
"""As the contract has it."""


class TreeDoor:
    """Answers the addresses under /tlog. `is_public`: whatever lies between may keep files for everybody."""

    def __init__(self, workers: Workers, is_public: bool) -> None:
        self._workers = workers
        self._for_good: Mapping[str, str] = {
            "cache-control": f"{'public' if is_public else 'private'}, max-age=31536000, immutable"
        }

    def routes(self) -> list[Route]:
        """The checkpoint and the tiles."""
        return [Route("/tlog/checkpoint", self.checkpoint), Route("/tlog/tile/{rest:path}", self.tile)]

    async def checkpoint(self, request: Request) -> Response:
        """The latest checkpoint: a signed note, asked for anew each time."""
        headers = {"cache-control": "no-cache"}
        return await self._file(request, CHECKPOINT, headers, "text/plain; charset=utf-8")

    async def tile(self, request: Request) -> Response:
        """A tile or a bundle of entries: what it holds never changes, in part tiles neither."""
        name = f"tile/{request.path_params['rest']}"
        return await self._file(request, name, self._for_good, "application/octet-stream")

    async def _file(self, request: Request, name: str, headers: Mapping[str, str], kind: str) -> Response:
        if len(name) > LONGEST_NAME:
            message = "the published tree has no file of that name"
            return refused(Refusal(ErrorReason.ERROR_REASON_TILE_NOT_FOUND, message))
        shown = request.headers.get("authorization")
        metadata: Metadata = (("authorization", shown),) if shown else ()
        asked = pb.GetTileRequest(path=name).SerializeToString()
        try:
            raw = await self._workers.unary(METHOD, asked, metadata, PATIENCE)
        except grpc.aio.AioRpcError as fault:
            return failed(status_in(fault))
        return Response(pb.GetTileResponse.FromString(raw).content, 200, dict(headers), kind)
