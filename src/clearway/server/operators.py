"""What operators are told: how every feed is, the node that answers, and the others. Nobody's data is in it.

How feeds are is told to registrars and auditors as well.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clearway.access.methods import Role
from clearway.gen.v1 import operator_service_pb2 as pb
from clearway.index.faults import IndexUnavailable
from clearway.index.reader import IndexReader
from clearway.querylog.nodes import NodeAccount
from clearway.querylog.reader import Backlog, Log
from clearway.registry.errors import RegistryError
from clearway.registry.feeds.adapters import adapter_of
from clearway.registry.feeds.rows import Adapter
from clearway.registry.fetching.status import FeedStatus, status_of_all
from clearway.registry.fetching.waiting import Waiting, WaitingRoom
from clearway.registry.readings import Fetch
from clearway.registry.registry import Registry
from clearway.registry.schedule import FolderSource, ScheduledFeed
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.feed_service.scope import deals_with, may_see_list
from clearway.server.giving_account import MISSING
from clearway.server.installed import installed_version
from clearway.server.registry_door import RegistryDoor
from clearway.server.settings import Settings
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder


@dataclass(frozen=True, slots=True)
class Premises:
    """What of a node is looked at. `registry_reachable` says so without waiting for the database."""

    settings: Settings
    index: IndexReader
    log: Log
    door: RegistryDoor
    registry_reachable: Callable[[], bool]


class Operators:
    """Shows feeds and node to whoever runs the service, and feeds to whoever deals with what they leave to a person."""

    def __init__(self, premises: Premises, feeds: Sequence[ScheduledFeed], clock: Clock) -> None:
        self._premises = premises
        self._feeds = {feed.name: feed for feed in feeds}
        self._room = WaitingRoom.of(premises.settings.feeds_dir)
        self._vitals = VitalsFolder(premises.settings.data_dir)
        self._clock = clock

    def methods(self) -> Methods:
        """What the service offers."""
        return (
            ("ListFeeds", pb.ListFeedsRequest, self.list_feeds),
            ("GetNode", pb.GetNodeRequest, self.get_node),
            ("ListNodes", pb.ListNodesRequest, self.list_nodes),
        )

    async def list_feeds(self, request: pb.ListFeedsRequest, call: Call) -> bytes:
        """How every feed is that the caller deals with."""
        moment = self._clock()
        feeds = tuple(self._feeds.values())
        found = await self._premises.door.read(lambda registry: status_of_all(registry, feeds, self._room, moment))
        told = [self._told(call, status, moment) for status in found]
        return pb.ListFeedsResponse(feeds=filter(None, told)).SerializeToString()

    def _told(self, call: Call, status: FeedStatus, moment: datetime) -> pb.FeedStatus | None:
        """How a feed is, as far as the caller may know; None where that is nothing."""
        feed = self._feeds.get(status.feed)
        if not deals_with(call, self._adapter(status.feed), feed):
            return None
        wire = self._wire(status, moment)
        wire.list_within_reach = feed is not None and may_see_list(call, feed)
        if not wire.list_within_reach and not any(grant.role is Role.OPERATOR for grant in call.grants):
            wire.ClearField("waiting")
        return wire

    def _adapter(self, feed: str) -> Adapter | None:
        """The adapter of a feed; None where nothing says any more how its rows are read."""
        try:
            return adapter_of(feed, self._feeds.values())
        except RegistryError:
            return None

    async def get_node(self, request: pb.GetNodeRequest, call: Call) -> bytes:
        """How the node is. What cannot be read is left out, so that an outage is told of and not an error."""
        settings, moment = self._premises.settings, self._clock()
        response = pb.GetNodeResponse(name=settings.node_name, version=installed_version())
        response.processes.extend(self._processes(moment))
        self._tell_index(response, moment)
        backlog = await asyncio.to_thread(self._premises.log.backlog)
        tell_backlog(response, backlog, moment)
        response.disk_free_bytes = shutil.disk_usage(settings.data_dir).free
        await self._tell_registry(response)
        return response.SerializeToString()

    async def list_nodes(self, request: pb.ListNodesRequest, call: Call) -> bytes:
        """How every node was that shares the log. Raises `LogUnreachable`."""
        moment = self._clock()
        found = await asyncio.to_thread(self._premises.log.nodes)
        response = pb.ListNodesResponse(nodes=[node_account(one, moment) for one in found])
        head = await self._registry_head()
        if head is not None:
            response.registry_revision = head
        return response.SerializeToString()

    def _wire(self, status: FeedStatus, moment: datetime) -> pb.FeedStatus:
        wire = pb.FeedStatus(
            feed=status.feed,
            scheduled=status.scheduled,
            overdue=bool(status.overdue),
            rows=status.rows,
            quarantined=status.quarantined,
            failures=status.failures,
        )
        feed = self._feeds.get(status.feed)
        if feed is not None:
            wire.format = feed.format
            wire.source_kind = "folder" if isinstance(feed.source, FolderSource) else "http"
            wire.overdue_after.FromTimedelta(feed.overdue_after)
        if status.read_at is not None:
            wire.read_at.FromDatetime(status.read_at)
            wire.age.FromTimedelta(moment - status.read_at)
        if status.next_due is not None:
            wire.next_due.FromDatetime(status.next_due)
        if status.last_attempt is not None:
            wire.last_attempt.CopyFrom(attempt(status.last_attempt))
        if status.last_failure is not None:
            wire.last_failure.CopyFrom(attempt(status.last_failure))
        if status.waiting is not None:
            wire.waiting.CopyFrom(waiting_list(status.waiting))
        return wire

    def _processes(self, moment: datetime) -> list[pb.NodeProcess]:
        restarts = (self._vitals.read(SUPERVISOR, SupervisorVitals) or SupervisorVitals()).restarts
        workers = self._premises.settings.worker_names
        found = []
        for name in (*workers, *sorted(set(restarts) - set(workers))):
            process = pb.NodeProcess(name=name, restarts=restarts.get(name, 0))
            written_at = self._vitals.written_at(name)
            if written_at is not None:
                process.silent.FromMilliseconds(max(0, round((moment.timestamp() - written_at) * 1000)))
            found.append(process)
        return found

    def _tell_index(self, response: pb.GetNodeResponse, moment: datetime) -> None:
        try:
            with self._premises.index.snapshot() as snapshot:
                response.index_revision = snapshot.revision
                response.index_age.FromMilliseconds(max(0, round((moment.timestamp() - snapshot.synced_at) * 1000)))
        except IndexUnavailable:
            return

    async def _tell_registry(self, response: pb.GetNodeResponse) -> None:
        head = await self._registry_head()
        if head is not None:
            response.registry_revision, response.registry_reachable = head, True

    async def _registry_head(self) -> int | None:
        """The registry's newest revision; None where its database does not answer."""
        if not self._premises.registry_reachable():
            return None
        try:
            return await self._premises.door.read(Registry.head)
        except RegistryError:
            return None


def node_account(account: NodeAccount, moment: datetime) -> pb.NodeAccount:
    """A node's account, as the contract has it. Ages are as of the account: what came of them since is not known."""
    silent = max(timedelta(), moment - account.seen_at)
    wire = pb.NodeAccount(
        name=account.name,
        version=account.version,
        missing=silent >= MISSING,
        unshipped_rows=account.unshipped_rows,
    )
    wire.started_at.FromDatetime(account.started_at)
    wire.seen_at.FromDatetime(account.seen_at)
    wire.silent.FromTimedelta(silent)
    if account.index_revision is not None:
        wire.index_revision = account.index_revision
    if account.index_synced_at is not None:
        wire.index_age.FromTimedelta(max(timedelta(), account.seen_at - account.index_synced_at))
    if account.unshipped_since is not None:
        wire.unshipped_age.FromTimedelta(max(timedelta(), account.seen_at - account.unshipped_since))
    return wire


def attempt(fetch: Fetch) -> pb.FeedAttempt:
    """An attempt, as the contract has it."""
    wire = pb.FeedAttempt(outcome=fetch.outcome.value, detail=fetch.detail, reason=fetch.reason)
    wire.made_at.FromDatetime(fetch.fetched_at)
    return wire


def waiting_list(waiting: Waiting) -> pb.WaitingList:
    """A list that waits, as the contract has it."""
    report = waiting.report
    wire = pb.WaitingList(
        file_name=waiting.name,
        sha256=waiting.sha256,
        as_of=waiting.as_of.isoformat(),
        suspicion=waiting.suspicion,
        rows=report.rows,
        added=report.added,
        changed=report.changed,
        gone=report.gone,
        quarantined=report.quarantined,
    )
    wire.fetched_at.FromDatetime(waiting.fetched_at)
    suspected = report.suspected
    if suspected is not None:
        wire.reason = suspected.doubt.value
        wire.held_before, wire.holds_now = suspected.held_before, suspected.holds_now
        wire.loaded_as_of = "" if suspected.loaded_as_of is None else suspected.loaded_as_of.isoformat()
    return wire


def tell_backlog(response: pb.GetNodeResponse, backlog: Backlog, moment: datetime) -> None:
    """Enter what waits to be shipped."""
    response.unshipped_rows = backlog.rows
    if backlog.oldest is not None:
        response.unshipped_age.FromTimedelta(moment - backlog.oldest)
