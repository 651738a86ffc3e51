"""Rows that imports set aside: a list, and each row with a form in which it is corrected in place, or turned down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import grpc
from starlette.responses import RedirectResponse, Response

from clearway.gen.v1 import feed_service_pb2 as pb
from clearway.gen.v1.registry_service_pb2 import Act
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import Told, told_of_act, told_of_input
from clearway.web.console.visit import Visit
from clearway.web.console.words import ROW_STATES, word

PATH = "/console/rows"
PAGE = 50


@dataclass(frozen=True, slots=True)
class Filled:
    """What a visitor filled in, as it is shown again where it did not do: cells by column, registrar, reason."""

    cells: Mapping[str, str]
    registrar: str
    reason: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a row: with which column (empty: with the row), and the fault and words for it."""

    column: str
    fault: str
    words: str


class Rows:
    """Answers the addresses of rows set aside. Who may see or correct which is the service's to say."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, visit: Visit) -> Response:
        """The rows, the oldest first; those that wait, unless another state is asked for."""
        feed, chosen = visit.asked("feed"), visit.asked("state")
        state = next((value for value, (name, _) in ROW_STATES.items() if name == chosen), pb.ROW_STATE_WAITING)
        request = pb.ListQuarantinedRowsRequest(
            feed=feed[:64], state=state, page_size=PAGE, page_token=visit.asked("after")
        )
        found, problem = pb.ListQuarantinedRowsResponse(), None
        try:
            found = await visit.audit.rows(request)
        except grpc.aio.AioRpcError as fault:
            problem = told_of_input(fault, visit.language)
        asked = {"feed": feed, "state": ROW_STATES[state][0]}
        return self._pages.page(
            visit,
            "rows.html",
            problem.http if problem else 200,
            rows=found.rows,
            feed=feed,
            state=ROW_STATES[state][0],
            problem=problem,
            first=address(**asked) if visit.asked("after") else "",
            later=address(**asked, after=found.next_page_token) if found.next_page_token else "",
        )

    async def show(self, visit: Visit) -> Response:
        """One row, with a form where it waits."""
        row_id = row_id_in(visit)
        if row_id is None:
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        row = await visit.audit.row(row_id)
        return self._page(visit, row, filled_of(row, visit.session.visitor.principal))

    async def correct(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """The row with the cells that were changed, run through its feed's format again."""
        row_id = row_id_in(visit)
        if row_id is None:
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        row = await visit.audit.row(row_id)
        filled = filled_in(row, fields)
        changed = [
            pb.RowCell(column=cell.column, value=filled.cells[cell.column])
            for cell in row.cells
            if filled.cells[cell.column] != cell.value.strip()
        ]
        request = pb.CorrectRowRequest(act=act_of(filled), row_id=row_id, cells=changed)
        try:
            await visit.audit.correct(request)
        except grpc.aio.AioRpcError as fault:
            return await self._again(visit, row_id, filled, told_of_act(fault, visit.language))
        return RedirectResponse(f"{PATH}/{row_id}", 303)

    async def dismiss(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """The row turned down for good."""
        row_id = row_id_in(visit)
        if row_id is None:
            return self._pages.trouble(visit, 404, word("not_found", visit.language))
        filled = filled_with({}, fields)
        try:
            await visit.audit.dismiss(pb.DismissRowRequest(act=act_of(filled), row_id=row_id))
        except grpc.aio.AioRpcError as fault:
            return await self._again(visit, row_id, filled, told_of_act(fault, visit.language))
        return RedirectResponse(f"{PATH}/{row_id}", 303)

    async def _again(self, visit: Visit, row_id: int, filled: Filled, told: Told) -> Response:
        """The page with what was filled in, and why nothing came of it: the row may be another's work by now."""
        row = await visit.audit.row(row_id)
        shown = filled if filled.cells else Filled(cells_of(row), filled.registrar, filled.reason)
        if told.reason != "ROW_REFUSED":
            return self._page(visit, row, shown, problem=told)
        fault, column = told.parts.get("fault", ""), told.parts.get("column", "")
        return self._page(visit, row, shown, problem=told, complaint=Complaint(column, fault, told.details[0]))

    def _page(
        self,
        visit: Visit,
        row: pb.QuarantinedRow,
        filled: Filled,
        problem: Told | None = None,
        complaint: Complaint | None = None,
    ) -> Response:
        complaint = complaint or Complaint(row.column, row.reason, row.detail)
        return self._pages.page(
            visit,
            "row.html",
            problem.http if problem else 200,
            row=row,
            filled=filled,
            problem=problem,
            complaint=complaint,
            waits=row.state == pb.ROW_STATE_WAITING and not row.masked,
            unresolved=not row.HasField("resolution"),
            dismissible=row.state in (pb.ROW_STATE_WAITING, pb.ROW_STATE_SUPERSEDED),
        )


def row_id_in(visit: Visit) -> int | None:
    """The number in the address."""
    text = str(visit.request.path_params["row_id"])
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,17}", text) else None


def cells_of(row: pb.QuarantinedRow) -> dict[str, str]:
    """Column → cell, as the row came."""
    return {cell.column: cell.value for cell in row.cells}


def filled_of(row: pb.QuarantinedRow, registrar: str) -> Filled:
    """The form before anybody filled it in."""
    return Filled(cells_of(row), registrar, "")


def filled_in(row: pb.QuarantinedRow, fields: Mapping[str, str]) -> Filled:
    """The form as it was filled in: a row's cells go by their places."""
    cells = {cell.column: fields.get(f"cell-{place}", cell.value.strip()) for place, cell in enumerate(row.cells)}
    return filled_with(cells, fields)


def filled_with(cells: Mapping[str, str], fields: Mapping[str, str]) -> Filled:
    """Cells, and who acts and why as the form that was sent says."""
    return Filled(cells, fields.get("registrar", ""), fields.get("reason", ""))


def act_of(filled: Filled) -> Act:
    """Who acts, and why."""
    return Act(registrar=filled.registrar, reason=filled.reason)


def address(**asked: str) -> str:
    """Where the rows asked for are listed."""
    given = {name: value for name, value in asked.items() if value and (name, value) != ("state", "waiting")}
    return f"{PATH}?{urlencode(given)}" if given else PATH
