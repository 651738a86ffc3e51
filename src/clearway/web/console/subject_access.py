"""A subject's access: every check about it, to be read or handed over to it.

The code is sent by POST and stands sealed in the addresses that follow, as a search's does.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import grpc
from google.protobuf.message import DecodeError
from starlette.responses import RedirectResponse, Response, StreamingResponse

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1.subject_pb2 import Identifier
from clearway.server.reports.tables import ACCESS_COLUMNS, access_row
from clearway.subjects.schemes.roster import CITIZEN_NUMBER, OWN_SCHEMES
from clearway.web.console.files import TYPES, batches, csv_lines, json_lines
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import Told, told_of_input
from clearway.web.console.sealing import Seal
from clearway.web.console.visit import Visit
from clearway.web.console.words import word

PATH = "/console/subject"
PAGE = 25
FORMS = ("csv", "ndjson")


class SubjectAccess:
    """Answers the addresses of subjects' access."""

    def __init__(self, pages: Pages, seal: Seal) -> None:
        self._pages = pages
        self._seal = seal

    async def show(self, visit: Visit) -> Response:
        """The form, and the checks about the subject that it named, the newest first."""
        sealed = visit.asked("q")
        wanted = self._opened(sealed) if sealed else Identifier()
        if wanted is None:
            return self._pages.trouble(visit, 400, word("not_opened", visit.language))
        if not sealed:
            return self._page(visit, wanted, None)
        request = pb.ReportSubjectAccessRequest(identifier=wanted, page_size=PAGE, page_token=visit.asked("after"))
        try:
            found = await visit.audit.subject_access(request)
        except grpc.aio.AioRpcError as fault:
            return self._page(visit, wanted, None, told_of_input(fault, visit.language))
        return self._page(visit, wanted, found)

    async def find(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """Takes what was filled in to an address that shows what it finds."""
        wanted = Identifier(scheme=fields.get("scheme", ""), value=fields.get("code", ""))
        return RedirectResponse(self._address(wanted, visit), 303)

    async def export(self, visit: Visit) -> Response:
        """All checks about the subject as a file. A file that could not be made whole ends as a broken download."""
        form, wanted = str(visit.request.path_params["form"]), self._opened(visit.asked("q"))
        if form not in FORMS or wanted is None:
            return self._pages.trouble(visit, 400, word("not_opened", visit.language))
        pages = visit.audit.subject_access_pages(wanted)
        # What is refused is refused before the file begins.
        first = await anext(pages)
        headers = {"content-disposition": f'attachment; filename="subject-{visit.moment:%Y%m%dT%H%M%SZ}.{form}"'}
        found = batches(first, pages, lambda page: page.entries)
        lines = csv_lines(ACCESS_COLUMNS, access_row, found) if form == "csv" else json_lines(found)
        return StreamingResponse(lines, 200, headers, TYPES[form])

    def _page(
        self,
        visit: Visit,
        wanted: Identifier,
        found: pb.ReportSubjectAccessResponse | None,
        problem: Told | None = None,
    ) -> Response:
        older = self._address(wanted, visit, after=found.next_page_token) if found and found.next_page_token else ""
        return self._pages.page(
            visit,
            "subject.html",
            problem.http if problem else 200,
            wanted=wanted,
            schemes=[*OWN_SCHEMES, CITIZEN_NUMBER],
            found=found,
            problem=problem,
            sealed=self._sealed(wanted, visit),
            older=older,
            newest=self._address(wanted, visit) if visit.asked("after") else "",
        )

    def _address(self, wanted: Identifier, visit: Visit, **more: str) -> str:
        return f"{PATH}?{urlencode({'q': self._sealed(wanted, visit)} | more)}"

    def _sealed(self, wanted: Identifier, visit: Visit) -> str:
        return self._seal.close(wanted.SerializeToString(), int(visit.moment.timestamp()))

    def _opened(self, sealed: str) -> Identifier | None:
        """The code of an address; None where the address was not made here."""
        content = self._seal.open(sealed)
        try:
            return None if content is None else Identifier.FromString(content)
        except DecodeError:
            return None
