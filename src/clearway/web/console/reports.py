"""Figures of checking: a report's totals, a chart, the table that the chart is drawn from, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import grpc
from starlette.responses import RedirectResponse, Response

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.server.reports.kinds import KINDS
from clearway.server.reports.sheet import FIELDS
from clearway.server.reports.tables import filed_rows, number_of
from clearway.server.spreadsheets import BYTE_ORDER_MARK, csv_of, workbook_of
from clearway.web.console.files import TYPES
from clearway.web.console.forms import DAY, set_beginning
from clearway.web.console.names import Names
from clearway.web.console.narrowing import Narrowing, choices
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import told_of_input
from clearway.web.console.visit import Visit
from clearway.web.console.words import DIMENSIONS, REPORTS, word

PATH = "/console/reports"
LOOK_BACK = timedelta(days=90)
"""How far back a report looks where no period is given."""

PUBLISHABLE = 5
"""Groups smaller than this are taken together for publication: a group of one or two would tell of a case."""

SHARES = (pb.FIGURE_COVERAGE_SHARE, pb.FIGURE_FEEDBACK_SHARE)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which figures of a report are drawn, and whether they add up to one bar."""

    figures: tuple[pb.Figure.ValueType, ...]
    stacked: bool


DRAWINGS: Mapping[pb.ReportKind.ValueType, Drawing] = {
    pb.REPORT_KIND_COVERAGE: Drawing((pb.FIGURE_CHECKED_BEFORE, pb.FIGURE_CHECKED_AFTER), True),
    pb.REPORT_KIND_FEEDBACK: Drawing(
        (pb.FIGURE_REPORTED_IN_TIME, pb.FIGURE_REPORTED_LATE, pb.FIGURE_NOT_DUE, pb.FIGURE_OVERDUE), True
    ),
    pb.REPORT_KIND_DEPARTURES: Drawing((pb.FIGURE_REPORTED_RESTRICTIONS, pb.FIGURE_DEPARTURES), False),
    pb.REPORT_KIND_REFUSALS: Drawing((pb.FIGURE_CHECKS, pb.FIGURE_REFUSED), False),
    pb.REPORT_KIND_OBJECTIONS: Drawing(
        (
            pb.FIGURE_OBJECTIONS_UPHELD,
            pb.FIGURE_OBJECTIONS_CORRECTED,
            pb.FIGURE_OBJECTIONS_REJECTED,
            pb.FIGURE_OBJECTIONS_WITHDRAWN,
            pb.FIGURE_OBJECTIONS_PENDING,
        ),
        True,
    ),
    pb.REPORT_KIND_LATENCY: Drawing((pb.FIGURE_LATENCY_P50_MS, pb.FIGURE_LATENCY_P99_MS), False),
}


NOTHING = {
    (pb.REPORT_KIND_REFUSALS, "reason"): "not_refused",
    (pb.REPORT_KIND_DEPARTURES, "reason"): "not_departed",
    # An objection is placed by an authority, whose powers may end nowhere in the country: that is no field left empty.
    (pb.REPORT_KIND_OBJECTIONS, "region_code"): "no_region",
}
"""A report's kind and dimension → the word for a group without a value there, where that says more than none given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report as an address asks for it."""

    kind: pb.ReportKind.ValueType
    of: Narrowing
    folded: bool

    def query(self) -> str:
        """The same as an address's query."""
        return urlencode(self.of.parts() | ({"fold": "1"} if self.folded else {}))


class Reports:
    """Answers the addresses of the reports."""

    def __init__(self, catalogue: Catalogue, pages: Pages) -> None:
        self._catalogue = catalogue
        self._pages = pages

    async def first(self, visit: Visit) -> Response:
        """Takes to the first report."""
        return RedirectResponse(f"{PATH}/{next(iter(REPORTS))}", 303)

    async def show(self, visit: Visit) -> Response:
        """A report's page."""
        asked = self._asked(visit)
        if asked is None:
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        problem = None
        found = pb.ReportFiguresResponse()
        try:
            found = await visit.audit.figures(self._request(asked))
        except grpc.aio.AioRpcError as fault:
            problem = told_of_input(fault, visit.language)
        kind, drawing = KINDS[asked.kind], DRAWINGS[asked.kind]
        return self._pages.page(
            visit,
            "report.html",
            problem.http if problem else 200,
            asked=asked.of,
            query=asked.query(),
            folded=asked.folded,
            report=visit.request.path_params["kind"],
            problem=problem,
            found=found,
            rows=rows_of(found, asked, Names(self._catalogue, visit.language, asked.of.until), visit),
            totals=[
                (one.name, shown(value)) for one, value in zip(found.definitions, found.total.figures, strict=True)
            ],
            headings=[(one.name, one.figure in drawing.figures) for one in found.definitions],
            drawing=drawing,
            dimensions=[name for name, (dimension, _) in DIMENSIONS.items() if dimension in kind.dimensions],
            **choices(self._catalogue, visit.language),
        )

    async def table(self, visit: Visit) -> Response:
        """A report's table as a file."""
        asked, form = self._asked(visit), str(visit.request.path_params["form"])
        if asked is None or form not in ("csv", "xlsx"):
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        request = self._request(asked)
        headings, *rows = filed_rows(await visit.audit.figures(request), request.group_by)
        name = visit.request.path_params["kind"]
        file = f"{name}-{asked.of.since}-{asked.of.until}.{form}"
        headers = {"content-disposition": f'attachment; filename="{file}"'}
        if form == "csv":
            return Response(BYTE_ORDER_MARK + csv_of([headings, *rows]), 200, headers, TYPES[form])
        return Response(workbook_of(str(name), headings, rows), 200, headers, TYPES[form])

    def _asked(self, visit: Visit) -> Asked | None:
        """The report of an address; None where there is none of that name."""
        known = REPORTS.get(str(visit.request.path_params["kind"]))
        if known is None:
            return None
        today = visit.moment.astimezone(self._catalogue.zone).date()
        divisible = [name for name, (dimension, _) in DIMENSIONS.items() if dimension in KINDS[known[0]].dimensions]
        return Asked(
            known[0], Narrowing.of(visit, today, LOOK_BACK, divisible, "month"), folded=visit.asked("fold") == "1"
        )

    def _request(self, asked: Asked) -> pb.ReportFiguresRequest:
        request = pb.ReportFiguresRequest(
            kind=asked.kind,
            group_by=[DIMENSIONS[asked.of.by][0]] if asked.of.by else [],
            authority=asked.of.authority,
            item_code=asked.of.item,
            region_code=asked.of.region,
            fold_below=PUBLISHABLE if asked.folded else 0,
        )
        set_beginning(request.since, asked.of.since, self._catalogue.zone)
        set_beginning(request.until, asked.of.until + DAY, self._catalogue.zone)
        return request


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a report's table: where it stands, and each figure as it is read and as it is drawn."""

    place: str
    cells: Sequence[tuple[str, str]]


def rows_of(found: pb.ReportFiguresResponse, asked: Asked, called: Names, visit: Visit) -> list[Row]:
    """The groups of a report, named."""
    if not asked.of.by:
        return []
    field = FIELDS[DIMENSIONS[asked.of.by][0]]
    return [Row(place_of(asked.kind, group, field, called, visit), cells_of(group)) for group in found.groups]


def place_of(kind: pb.ReportKind.ValueType, group: pb.ReportGroup, field: str, called: Names, visit: Visit) -> str:
    """Where a group of a report of this kind stands, in words."""
    if group.folded:
        return word("folded", visit.language)
    nothing = word(NOTHING.get((kind, field), "nowhere"), visit.language)
    return called.place(field, str(getattr(group, field))) or nothing


def cells_of(group: pb.ReportGroup) -> list[tuple[str, str]]:
    """Each figure as it is read and as it is drawn."""
    return [(shown(figure), number_of(figure)) for figure in group.figures]


def shown(figure: pb.FigureValue) -> str:
    """A figure as it is read: shares in hundredths, a dash where there is nothing to say."""
    if not figure.HasField("value"):
        return "–"
    if figure.figure in SHARES:
        return f"{figure.value:.1%}"
    return f"{int(figure.value):,}" if figure.value.is_integer() else f"{figure.value:.3g}"
