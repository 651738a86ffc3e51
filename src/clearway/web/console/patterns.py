"""What in the checks of a period is worth a person's look: counted, drawn, listed, and what each kind of it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import grpc
from starlette.responses import Response

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.kinds import OF_CHECKS
from clearway.server.reports.sheet import FIELDS as PLACES
from clearway.server.reports.tables import PATTERN_FORMS
from clearway.server.reports.thresholds import FIELDS, Thresholds
from clearway.web.console.files import TYPES
from clearway.web.console.forms import DAY, set_beginning
from clearway.web.console.names import Names
from clearway.web.console.narrowing import Narrowing, choices
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of_input
from clearway.web.console.search import SealedFilters
from clearway.web.console.visit import Visit
from clearway.web.console.words import DIMENSIONS, THRESHOLDS, word

PATH = "/console/patterns"
LOOK_BACK = timedelta(days=30)
USUAL = Thresholds()
MOST = 999_999
"""The largest number that a visitor may fill in."""

SPANS = dict.fromkeys(FIELDS.values(), (1, MOST)) | {"work_begins": (0, 23), "work_ends": (1, 24)}
"""Threshold → from what to what it may be."""

BY = {name: dimension for name, (dimension, _) in DIMENSIONS.items() if dimension in OF_CHECKS}
"""A dimension's name in an address → the dimension, of those that patterns are divided by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Patterns as an address asks for them."""

    of: Narrowing
    thresholds: Thresholds

    def query(self) -> str:
        """The same as an address's query."""
        numbers = {name: value for name, value in asdict(self.thresholds).items() if value != getattr(USUAL, name)}
        return urlencode(self.of.parts() | numbers)

    @property
    def narrowed(self) -> bool:
        """Whether it is asked with other numbers than the usual ones."""
        return self.thresholds != USUAL


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table that is drawn: a place, and how many patterns of each kind were found in it."""

    place: str
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Line:
    """A pattern in the list: where it was found besides its authority, and where its checks are shown."""

    pattern: pb.UnusualPattern
    place: str
    checks: str


class Patterns:
    """Answers the addresses of unusual patterns."""

    def __init__(self, catalogue: Catalogue, pages: Pages, filters: SealedFilters) -> None:
        self._catalogue = catalogue
        self._pages = pages
        self._filters = filters

    async def show(self, visit: Visit) -> Response:
        """The page: every pattern, with a way to the checks that it was found in."""
        asked, problem, found = self._asked(visit), None, pb.ListUnusualPatternsResponse()
        try:
            found = await visit.audit.patterns(self._request(asked))
        except grpc.aio.AioRpcError as fault:
            problem = told_of_input(fault, visit.language)
        called = Names(self._catalogue, visit.language, asked.of.until)
        return self._pages.page(
            visit,
            "patterns.html",
            problem.http if problem else 200,
            asked=asked.of,
            query=asked.query(),
            narrowed=asked.narrowed,
            problem=problem,
            found=found,
            kinds={one.kind: one.name for one in found.definitions},
            totals=[(one.name, sum(one.kind == each.kind for each in found.patterns)) for one in found.definitions],
            rows=rows_of(found, asked.of.by, called, visit),
            lines=[self._line(pattern, asked, called, visit) for pattern in found.patterns],
            dimensions=list(BY),
            numbers=[
                (name, say(words, visit.language), getattr(asked.thresholds, name), *SPANS[name])
                for name, words in THRESHOLDS.items()
            ],
            **choices(self._catalogue, visit.language),
        )

    async def table(self, visit: Visit) -> Response:
        """The patterns as a file."""
        form, asked = str(visit.request.path_params["form"]), self._asked(visit)
        if form not in TYPES:
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        found = await visit.audit.patterns(self._request(asked))
        headers = {"content-disposition": f'attachment; filename="patterns-{asked.of.since}-{asked.of.until}.{form}"'}
        return Response(PATTERN_FORMS[f".{form}"](found), 200, headers, TYPES[form])

    def _asked(self, visit: Visit) -> Asked:
        """The patterns of an address; a number that cannot be is the usual one."""
        today = visit.moment.astimezone(self._catalogue.zone).date()
        return Asked(
            Narrowing.of(visit, today, LOOK_BACK, BY, "authority"),
            Thresholds(**{name: number_in(visit.asked(name), name) for name in SPANS}),
        )

    def _request(self, asked: Asked) -> pb.ListUnusualPatternsRequest:
        request = pb.ListUnusualPatternsRequest(
            group_by=[BY[asked.of.by]] if asked.of.by else [],
            authority=asked.of.authority,
            item_code=asked.of.item,
            region_code=asked.of.region,
            **asdict(asked.thresholds),
        )
        self._set_period(request, asked.of.since, asked.of.until)
        return request

    def _line(self, pattern: pb.UnusualPattern, asked: Asked, called: Names, visit: Visit) -> Line:
        fields = ("item_code", "region_code", "month")
        place = " · ".join(called.place(field, getattr(pattern, field)) for field in fields if getattr(pattern, field))
        return Line(pattern, place, self._checks_of(pattern, asked, visit))

    def _checks_of(self, pattern: pb.UnusualPattern, asked: Asked, visit: Visit) -> str:
        """Where the checks that a pattern was found among are shown; of whatever region, which is not searched for."""
        wanted = pb.CheckFilter(
            authority=pattern.authority,
            officer=pattern.officer,
            caller=pattern.caller,
            item_code=pattern.item_code or asked.of.item,
        )
        self._set_period(wanted, *days_of(pattern.month, asked))
        return self._filters.address(wanted, visit)

    def _set_period(self, message: pb.ListUnusualPatternsRequest | pb.CheckFilter, since: date, until: date) -> None:
        """Put a period of whole days, both included, into a message."""
        set_beginning(message.since, since, self._catalogue.zone)
        set_beginning(message.until, until + DAY, self._catalogue.zone)


def number_in(text: str, name: str) -> int:
    """A threshold as a visitor filled it in; the usual one for anything that it cannot be."""
    least, most = SPANS[name]
    usual: int = getattr(USUAL, name)
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) and least <= int(text) <= most else usual


def days_of(month: str, asked: Asked) -> tuple[date, date]:
    """The first and the last day of what was asked for that lie in a month; all of it where no month is told."""
    if not month:
        return asked.of.since, asked.of.until
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return max(first, asked.of.since), min(last, asked.of.until)


def rows_of(found: pb.ListUnusualPatternsResponse, by: str, called: Names, visit: Visit) -> list[Row]:
    """How many patterns of each kind there are in each place, in the order of the places."""
    if not by:
        return []
    field = PLACES[BY[by]]
    counted = Counter((str(getattr(pattern, field)), pattern.kind) for pattern in found.patterns)
    return [
        Row(
            called.place(field, place) or word("nowhere", visit.language),
            [counted[place, one.kind] for one in found.definitions],
        )
        for place in sorted({place for place, _ in counted})
    ]
