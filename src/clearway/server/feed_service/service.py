"""The methods of FeedService. Each reads the request, lets the registry act or answer, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from clearway.access.grants import Reach
from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import feed_service_pb2 as pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.registry.errors import RegistryError, RegistryReason, UnreadableFeed
from clearway.registry.feeds.adapters import adapter_of
from clearway.registry.feeds.rows import Adapter, Fault, field_in
from clearway.registry.fetching.fetcher import Fetched, Fetcher
from clearway.registry.fetching.waiting import WaitingRoom
from clearway.registry.quarantine import Reread, RowState, SetAside
from clearway.registry.registry import Registry
from clearway.registry.schedule import ScheduledFeed
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.errors import Refusal, Violation
from clearway.server.feed_service.messages import STATES, for_decision, set_aside
from clearway.server.feed_service.scope import is_within, of_list, of_row, of_statement
from clearway.server.paging import page_size, page_token, parse_page_token
from clearway.server.reaches import extends, reach_in
from clearway.server.registry_door import RegistryDoor
from clearway.server.registry_service.acts import ActParts, act_by_its_own_dates
from clearway.server.revision import token_of

LOOKED_AT = 1000
"""Rows looked at for one page, at most: those out of the caller's reach are passed over."""

STILL_WRONG = "the row as corrected is still wrong"


class FeedService:
    """What feeds leave to a person. Raises `Refusal` and the errors of the table."""

    def __init__(
        self,
        door: RegistryDoor,
        catalogue: Catalogue,
        feeds: Sequence[ScheduledFeed],
        feeds_dir: Path,
        clock: Clock,
    ) -> None:
        self._door = door
        self._catalogue = catalogue
        self._feeds = {feed.name: feed for feed in feeds}
        self._feeds_dir = feeds_dir
        self._room = WaitingRoom.of(feeds_dir)
        self._clock = clock

    def methods(self) -> Methods:
        """What the service offers."""
        return (
            ("ListQuarantinedRows", pb.ListQuarantinedRowsRequest, self.list_rows),
            ("GetQuarantinedRow", pb.GetQuarantinedRowRequest, self.get_row),
            ("CorrectRow", pb.CorrectRowRequest, self.correct),
            ("DismissRow", pb.DismissRowRequest, self.dismiss),
            ("ListWaitingLists", pb.ListWaitingListsRequest, self.list_waiting),
            ("ConfirmList", pb.ConfirmListRequest, self.confirm),
            ("DiscardList", pb.DiscardListRequest, self.discard),
        )

    # Rows set aside

    async def list_rows(self, request: pb.ListQuarantinedRowsRequest, call: Call) -> bytes:
        """Rows within the caller's reach, the oldest first."""
        question = f"rows set aside {request.feed} {request.reason} {request.state}"
        after = parse_page_token(request.page_token, question, int) or 0
        size = page_size(request.page_size)

        def look(registry: Registry) -> tuple[tuple[SetAside, ...], str]:
            rows = registry.quarantine.list(
                feed=request.feed or None,
                reason=request.reason or None,
                state=STATES.get(request.state, RowState.WAITING),
                limit=LOOKED_AT,
                after=after,
            )
            return rows, registry.database_id()

        looked_at, database_id = await self._door.read(look)
        reached = [row for row in looked_at if is_within(call, self._reach(row))]
        shown = reached[:size]
        response = pb.ListQuarantinedRowsResponse(rows=[set_aside(row, database_id) for row in shown])
        if len(reached) > size:
            response.next_page_token = page_token(question, shown[-1].row_id)
        elif len(looked_at) == LOOKED_AT:
            response.next_page_token = page_token(question, looked_at[-1].row_id)
        return response.SerializeToString()

    async def get_row(self, request: pb.GetQuarantinedRowRequest, call: Call) -> bytes:
        """One row, and the column that its reason is about."""
        row, database_id = await self._row(call, request.row_id)
        adapter = self._adapter(row.feed)
        column = "" if adapter is None else column_of(adapter, row)
        return pb.GetQuarantinedRowResponse(row=set_aside(row, database_id, column)).SerializeToString()

    async def correct(self, request: pb.CorrectRowRequest, call: Call) -> bytes:
        """Run the row through its feed's format again. Raises `Refusal` ROW_REFUSED where it is still wrong."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        row, _ = await self._row(call, request.row_id)
        adapter = self._adapter(row.feed)
        if adapter is None:
            raise unknown_feed()
        changes = changes_in(request, row)
        moment = self._clock()

        def execute(registry: Registry) -> tuple[Reread, Fault | None]:
            again = registry.quarantine.reread(adapter, row, changes)
            if not isinstance(again.content, Fault):
                reach = replace(of_statement(again.content), officer=request.act.registrar)
                call.known_caller().rights.reaching(call.method.name, call.grants, reach)
            done = registry.quarantine.correct(
                adapter,
                {row.row_id: changes},
                actor=act.actor,
                moment=moment,
                note=act.note,
                document=act.document,
            )
            return again, done.refused.get(row.row_id)

        try:
            again, fault = await self._door.act(execute)
        except UnreadableFeed as unreadable:
            raise still_wrong(unreadable.reason.value, unreadable.detail, "", request) from None
        if fault is not None:
            raise still_wrong(fault.reason.value, fault.detail, again.column(fault), request)
        return pb.CorrectRowResponse(recorded=await self._resolved(row.row_id)).SerializeToString()

    async def dismiss(self, request: pb.DismissRowRequest, call: Call) -> bytes:
        """Turn the row down for good."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        row, _ = await self._row(call, request.row_id)
        moment = self._clock()
        await self._door.act(
            lambda registry: registry.quarantine.dismiss(
                [row.row_id], actor=act.actor, moment=moment, note=act.note, document=act.document
            )
        )
        return pb.DismissRowResponse(recorded=await self._resolved(row.row_id)).SerializeToString()

    async def _row(self, call: Call, row_id: int) -> tuple[SetAside, str]:
        """A row within the caller's reach, and the database's id. Raises `RegistryError` UNKNOWN_ROW for any other."""
        row, database_id = await self._read(row_id)
        if not extends(call, replace(self._reach(row), officer=reach_in(call).officer)):
            raise RegistryError(RegistryReason.UNKNOWN_ROW, "no row that was set aside has this id")
        return row, database_id

    async def _resolved(self, row_id: int) -> registry_pb.RecordedAct:
        """The act that resolved a row, now or before."""
        row, database_id = await self._read(row_id)
        if row.resolution is None:
            raise RuntimeError("a row that was resolved is not")
        recorded = registry_pb.RecordedAct(revision=token_of(database_id, row.resolution.revision))
        recorded.recorded_at.FromDatetime(row.resolution.recorded_at)
        return recorded

    async def _read(self, row_id: int) -> tuple[SetAside, str]:
        """A row, whoever asks, and the database's id. Raises `RegistryError` UNKNOWN_ROW."""
        return await self._door.read(lambda registry: (registry.quarantine.get(row_id), registry.database_id()))

    def _reach(self, row: SetAside) -> Reach:
        return of_row(row, self._adapter(row.feed), self._feeds.get(row.feed), self._catalogue)

    def _adapter(self, feed: str) -> Adapter | None:
        """The adapter of a feed; None where nothing says any more how its rows are read."""
        try:
            return adapter_of(feed, self._feeds.values())
        except RegistryError:
            return None

    # Lists that wait

    async def list_waiting(self, request: pb.ListWaitingListsRequest, call: Call) -> bytes:
        """Lists within the caller's reach that wait on this node."""
        within = [feed.name for feed in self._feeds.values() if is_within(call, of_list(feed))]
        found = (self._room.get(name) for name in sorted(within))
        lists = [for_decision(waiting) for waiting in found if waiting is not None]
        return pb.ListWaitingListsResponse(lists=lists).SerializeToString()

    async def confirm(self, request: pb.ConfirmListRequest, call: Call) -> bytes:
        """Load the list."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        feed, moment = self._feed(call, request.feed), self._clock()

        def execute(fetcher: Fetcher) -> Fetched:
            return fetcher.confirm(feed, moment, sha256=request.sha256, note=act.note, document=act.document)

        fetched, database_id = await self._decided(act, execute)
        if fetched.fetch.revision is None:
            raise RuntimeError("a list that was loaded has no revision")
        recorded = registry_pb.RecordedAct(revision=token_of(database_id, fetched.fetch.revision))
        recorded.recorded_at.FromDatetime(fetched.fetch.fetched_at)
        return pb.ConfirmListResponse(recorded=recorded).SerializeToString()

    async def discard(self, request: pb.DiscardListRequest, call: Call) -> bytes:
        """Turn the list down."""
        act = act_by_its_own_dates(request.act, call.known_caller())
        feed, moment = self._feed(call, request.feed), self._clock()
        fetched, _ = await self._decided(
            act, lambda fetcher: fetcher.discard(feed.name, moment, sha256=request.sha256, note=act.note)
        )
        response = pb.DiscardListResponse()
        response.discarded_at.FromDatetime(fetched.fetch.fetched_at)
        return response.SerializeToString()

    def _feed(self, call: Call, name: str) -> ScheduledFeed:
        """A configured feed within the caller's reach. Raises `RegistryError` UNKNOWN_FEED for any other."""
        feed = self._feeds.get(name)
        if feed is None or not extends(call, replace(of_list(feed), officer=reach_in(call).officer)):
            raise unknown_feed()
        return feed

    async def _decided(self, act: ActParts, word: Callable[[Fetcher], Fetched]) -> tuple[Fetched, str]:
        """What came of a person's word, and the database's id."""

        def execute(registry: Registry) -> tuple[Fetched, str]:
            return word(Fetcher(registry, self._feeds_dir, actor=act.actor)), registry.database_id()

        return await self._door.act(execute)


def column_of(adapter: Adapter, row: SetAside) -> str:
    """The column that the reason of a row is about; empty where that cannot be told."""
    field = field_in(row.detail)
    if not field:
        return ""
    try:
        return adapter.open(iter([(0, list(row.original))])).column(field)
    except UnreadableFeed:
        return ""


def changes_in(request: pb.CorrectRowRequest, row: SetAside) -> dict[str, str]:
    """Column → its corrected cell. Raises `Refusal` for a column that the row has not, or that is given twice."""
    changes: dict[str, str] = {}
    for number, cell in enumerate(request.cells):
        if cell.column not in row.original or cell.column in changes:
            message = "the row has no such column, or it is given twice"
            violations = [Violation(f"cells[{number}].column", message)]
            raise Refusal(ErrorReason.ERROR_REASON_INVALID_REQUEST, "invalid: cells", violations=violations)
        changes[cell.column] = cell.value
    return changes


def still_wrong(fault: str, detail: str, column: str, request: pb.CorrectRowRequest) -> Refusal:
    """A correction that does not help: what is wrong now, and in which column."""
    places = {cell.column: f"cells[{number}].value" for number, cell in enumerate(request.cells)}
    violations = [Violation(places.get(column, "cells"), detail, fault)]
    metadata = {"fault": fault, "column": column}
    return Refusal(ErrorReason.ERROR_REASON_ROW_REFUSED, STILL_WRONG, metadata, violations)


def unknown_feed() -> RegistryError:
    """No feed of the name given that the caller may know of."""
    return RegistryError(RegistryReason.UNKNOWN_FEED, "no feed of this name is configured")
