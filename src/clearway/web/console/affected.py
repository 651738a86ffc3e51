"""Past checks whose answer used a listing: who has to be told where it turns out to be wrong."""

from __future__ import annotations

from urllib.parse import urlencode

import grpc
from starlette.responses import Response

from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of_input
from clearway.web.console.visit import Visit

PATH = "/console/affected"
PAGE = 50


class Affected:
    """Answers the address of affected checks."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def show(self, visit: Visit) -> Response:
        """The form, and the checks that used the listing it names, the oldest first."""
        listing_id, problem = visit.asked("listing_id"), None
        found = pb.ListAffectedChecksResponse()
        if listing_id:
            request = pb.ListAffectedChecksRequest(
                listing_id=listing_id, page_size=PAGE, page_token=visit.asked("after")
            )
            try:
                found = await visit.audit.affected(request)
            except grpc.aio.AioRpcError as fault:
                problem = told_of_input(fault, visit.language)
        return self._pages.page(
            visit,
            "affected.html",
            problem.http if problem else 200,
            listing_id=listing_id,
            problem=problem,
            found=found,
            checks=found.checks,
            first=address(listing_id) if visit.asked("after") else "",
            later=address(listing_id, after=found.next_page_token) if found.next_page_token else "",
        )


def address(listing_id: str, **more: str) -> str:
    """Where the checks that used a listing are shown."""
    return f"{PATH}?{urlencode({'listing_id': listing_id} | more)}"
