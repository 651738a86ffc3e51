"""The log searched: a form, a page of checks, and all of them as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import grpc
from google.protobuf.message import DecodeError
from starlette.responses import RedirectResponse, Response, StreamingResponse

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import Text
from clearway.decision.explain import OUTCOMES, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.server.reports.tables import CHECK_COLUMNS, FORMS, check_row
from clearway.subjects.schemes.roster import CITIZEN_NUMBER, OWN_SCHEMES
from clearway.web.console.codes import REFUSALS
from clearway.web.console.files import TYPES, batches, csv_lines, json_lines
from clearway.web.console.forms import DAY, day_in, day_of, set_beginning
from clearway.web.console.narrowing import choices
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import Told, told_of_input
from clearway.web.console.sealing import Seal
from clearway.web.console.visit import Visit
from clearway.web.console.words import STANDINGS, word

PATH = "/console/checks"
PAGE = 50
MOST_IN_WORKBOOK = 100_000
"""Checks that a workbook is made of at most: it is made in memory."""

Value = TypeVar("Value", decision_pb2.Outcome.ValueType, decision_pb2.Standing.ValueType)


class TooMany(Exception):
    """More checks than a workbook should hold."""


class SealedFilters:
    """Filters as they stand in addresses: neither a history nor a proxy's log tells whom somebody looked for."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def address(self, wanted: pb.CheckFilter, visit: Visit, **more: str) -> str:
        """Where the checks of a filter are shown."""
        return f"{PATH}?{urlencode({'q': self.sealed(wanted, visit)} | more)}"

    def sealed(self, wanted: pb.CheckFilter, visit: Visit) -> str:
        """A filter, closed."""
        return self._seal.close(wanted.SerializeToString(), int(visit.moment.timestamp()))

    def opened(self, sealed: str) -> pb.CheckFilter | None:
        """The filter of an address; None where the address was not made here."""
        content = self._seal.open(sealed)
        try:
            return None if content is None else pb.CheckFilter.FromString(content)
        except DecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of results shows."""

    checks: Iterable[pb.CheckSummary] = ()
    older: str = ""
    newest: str = ""
    searched_back_to: str = ""
    erased_rows: int = 0


class Search:
    """Answers the addresses of the search."""

    def __init__(self, catalogue: Catalogue, pages: Pages, filters: SealedFilters) -> None:
        self._catalogue = catalogue
        self._pages = pages
        self._filters = filters
        self._one_workbook = asyncio.Lock()

    async def results(self, visit: Visit) -> Response:
        """The form, and the checks that it found: the newest of all where nothing was asked for."""
        sealed = visit.asked("q")
        wanted = self._filters.opened(sealed) if sealed else pb.CheckFilter()
        if wanted is None:
            return self._pages.trouble(visit, 400, word("not_opened", visit.language))
        request = pb.SearchChecksRequest(filter=wanted, page_size=PAGE, page_token=visit.asked("after"))
        try:
            found = await visit.audit.search(request)
        except grpc.aio.AioRpcError as fault:
            return self._page(visit, wanted, Shown(), told_of_input(fault, visit.language))
        return self._page(visit, wanted, self._shown(visit, wanted, found))

    async def find(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """Takes what was filled in to an address that shows what it finds."""
        return RedirectResponse(self._filters.address(self._filter_of(fields), visit), 303)

    async def export(self, visit: Visit) -> Response:
        """All checks of a search as a file. A file that could not be made whole ends as a broken download."""
        form = str(visit.request.path_params["form"])
        wanted = self._filters.opened(visit.asked("q"))
        if form not in TYPES or wanted is None:
            return self._pages.trouble(visit, 400, word("not_opened", visit.language))
        headers = {"content-disposition": f'attachment; filename="checks-{visit.moment:%Y%m%dT%H%M%SZ}.{form}"'}
        pages = visit.audit.pages(wanted)
        # What is refused is refused before the file begins.
        first = await anext(pages)
        if form == "xlsx":
            try:
                return Response(await self._workbook(first, pages), 200, headers, TYPES[form])
            except TooMany:
                words = word("too_many", visit.language, most=f"{MOST_IN_WORKBOOK:,}")
                return self._pages.trouble(visit, 400, words)
        found = batches(first, pages, lambda page: page.checks)
        lines = csv_lines(CHECK_COLUMNS, check_row, found) if form == "csv" else json_lines(found)
        return StreamingResponse(lines, 200, headers, TYPES[form])

    async def _workbook(self, first: pb.SearchChecksResponse, rest: AsyncIterator[pb.SearchChecksResponse]) -> bytes:
        """A workbook, made beside whatever else is asked for, one at a time. Raises `TooMany`."""
        async with self._one_workbook:
            checks = await gathered(first, rest)
            return await asyncio.to_thread(FORMS[".xlsx"], checks)

    def _shown(self, visit: Visit, wanted: pb.CheckFilter, found: pb.SearchChecksResponse) -> Shown:
        older = self._filters.address(wanted, visit, after=found.next_page_token) if found.next_page_token else ""
        newest = self._filters.address(wanted, visit) if visit.asked("after") else ""
        back_to = found.searched_back_to
        reached = f"{back_to.ToDatetime(self._catalogue.zone):%Y-%m-%d %H:%M}" if older else ""
        return Shown(found.checks, older, newest, reached, found.erased_rows)

    def _page(self, visit: Visit, wanted: pb.CheckFilter, shown: Shown, problem: Told | None = None) -> Response:
        language = visit.language
        return self._pages.page(
            visit,
            "checks.html",
            problem.http if problem else 200,
            wanted=wanted,
            narrowed=bool(wanted.ByteSize()),
            since=day_of(wanted.since, self._catalogue.zone).isoformat() if wanted.HasField("since") else "",
            until=(day_of(wanted.until, self._catalogue.zone) - DAY).isoformat() if wanted.HasField("until") else "",
            shown=shown,
            problem=problem,
            sealed=self._filters.sealed(wanted, visit),
            schemes=[*OWN_SCHEMES, CITIZEN_NUMBER],
            **choices(self._catalogue, language),
            outcomes=[(str(value), say(text, language)) for value, text in OUTCOME_WORDS.items()],
            standings=[(str(value), say(text, language)) for value, text in STANDINGS.items()],
            reasons=list(REFUSALS),
        )

    def _filter_of(self, fields: Mapping[str, str]) -> pb.CheckFilter:
        """The filter that a form asks for; a day that is none narrows nothing."""
        wanted = pb.CheckFilter(
            case_number=fields.get("case_number", ""),
            authority=fields.get("authority", ""),
            officer=fields.get("officer", ""),
            item_code=fields.get("item_code", ""),
            refused_reason=fields.get("refused_reason", ""),
            outcome=value_in(fields.get("outcome", ""), OUTCOME_WORDS, decision_pb2.OUTCOME_UNSPECIFIED),
            standing=value_in(fields.get("standing", ""), STANDINGS, decision_pb2.STANDING_UNSPECIFIED),
        )
        if fields.get("code"):
            wanted.subject.identifier.scheme = fields.get("scheme", "")
            wanted.subject.identifier.value = fields["code"]
        elif fields.get("name"):
            wanted.subject.name = fields["name"]
        since, until = (day_in(fields.get(name, "")) for name in ("since", "until"))
        if since is not None:
            set_beginning(wanted.since, since, self._catalogue.zone)
        if until is not None:
            set_beginning(wanted.until, until + DAY, self._catalogue.zone)
        return wanted


OUTCOME_WORDS: Mapping[decision_pb2.Outcome.ValueType, Text] = {
    decision_pb2.Outcome.Value(f"OUTCOME_{outcome}"): text for outcome, text in OUTCOMES.items()
}


def value_in(text: str, known: Iterable[Value], otherwise: Value) -> Value:
    """The value of a choice that a form sent; `otherwise` for anything else."""
    return next((value for value in known if str(value) == text), otherwise)


async def gathered(
    first: pb.SearchChecksResponse, rest: AsyncIterator[pb.SearchChecksResponse]
) -> list[pb.CheckSummary]:
    """All checks of some pages. Raises `TooMany`."""
    checks = list(first.checks)
    async for page in rest:
        checks += page.checks
        if len(checks) > MOST_IN_WORKBOOK:
            raise TooMany
    return checks
