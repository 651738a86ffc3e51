"""Checked cases of the visitor's authority whose outcome was not reported in time."""

from __future__ import annotations

from urllib.parse import urlencode

import grpc
from starlette.responses import Response

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import audit_service_pb2 as pb
from clearway.web.console.forms import DAY, day_in, set_beginning
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of_input
from clearway.web.console.visit import Visit

PATH = "/console/overdue"
PAGE = 50


class Overdue:
    """Answers the address of overdue outcomes."""

    def __init__(self, catalogue: Catalogue, pages: Pages) -> None:
        self._catalogue = catalogue
        self._pages = pages

    async def show(self, visit: Visit) -> Response:
        """The cases, the longest overdue first; checked up to a day, or as long ago as the service's settings say."""
        until, problem = day_in(visit.asked("until")), None
        request = pb.ListOverdueOutcomesRequest(page_size=PAGE, page_token=visit.asked("after"))
        if until is not None:
            set_beginning(request.checked_before, until + DAY, self._catalogue.zone)
        found = pb.ListOverdueOutcomesResponse()
        try:
            found = await visit.audit.overdue(request)
        except grpc.aio.AioRpcError as fault:
            problem = told_of_input(fault, visit.language)
        day = until.isoformat() if until else ""
        return self._pages.page(
            visit,
            "overdue.html",
            problem.http if problem else 200,
            until=day,
            problem=problem,
            cases=found.cases,
            first=address(day) if visit.asked("after") else "",
            later=address(day, after=found.next_page_token) if found.next_page_token else "",
        )


def address(until: str, **more: str) -> str:
    """Where the cases checked up to a day are shown."""
    given = ({"until": until} if until else {}) | more
    return f"{PATH}?{urlencode(given)}" if given else PATH
