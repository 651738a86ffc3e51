"""One check worker: an event loop, a gRPC server on the shared port, a journal of its own, a view of the index."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import grpc
import structlog
import uuid_utils

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.index.faults import IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.id_locks import IdLocks
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.proving import Proving
from clearway.registry.registry import Registry
from clearway.server.call import Call, Gate, Method, Proceed, Wrapper
from clearway.server.checks import Clock
from clearway.server.claiming import Claiming
from clearway.server.clock import SteadyClock
from clearway.server.databases import attach_log, bounds_of, claims_of, journal_of, open_registry
from clearway.server.health import Health, truths
from clearway.server.identity.access_file import AccessFile
from clearway.server.identity.callers import Callers, KnownCallers, LocalCallers
from clearway.server.interceptors import ORDER, TRACED, compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.evidence import Evidence
from clearway.server.interceptors.faults import Faults
from clearway.server.interceptors.identity import Identity, anybody_of, require_known
from clearway.server.interceptors.parsing import parsing
from clearway.server.interceptors.permission import Permission
from clearway.server.interceptors.scope import scope
from clearway.server.interceptors.validation import validation
from clearway.server.keys import load_keys, load_signer, load_view_key
from clearway.server.listener import Fallback, handlers_of, options
from clearway.server.memory import settle
from clearway.server.reach import Reach
from clearway.server.recall import Recall
from clearway.server.receipts import Receipts
from clearway.server.registry_door import RegistryDoor
from clearway.server.replays import Neighbours, Replays
from clearway.server.rights import within_by
from clearway.server.servicers import CHECKS, Rules, Servicers, Stores, servicers_of
from clearway.server.settings import Settings
from clearway.server.siblings import Siblings
from clearway.server.side_door import side_door
from clearway.server.third_party import health_handlers, reflection_handlers
from clearway.server.tls import ServerTLS
from clearway.server.tracing import rounds_of, traces_of, tracing_with
from clearway.server.view_tokens import ViewTokens, view_gate
from clearway.server.vitals import INTERVAL, VitalsFolder, WorkerVitals
from clearway.server.watching.case_stream import SHARE_OF_CONNECTION, CaseStream
from clearway.server.watching.lookout import Lookout
from clearway.server.watching.progress import ProgressFile

STANDARD_SERVICES = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
TICK = 0.1
FIRST_LOOK = 1.0
"""Seconds that a worker waits at first to learn whether a database answers: health is to begin with the truth."""
REQUEST_IDS_KEPT = 50_000

_log = structlog.get_logger(__name__)


class Worker:
    """Serves until told to stop, then drains: calls in flight finish, their records reach the disk."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._keys = load_keys(settings)
        self._catalogue = load_catalogue(settings.catalogue)
        self._admission = Admission(settings.max_in_flight)
        # Streams last: counted among the calls, they would take the place of checks.
        self._streams = Admission(settings.max_streams)
        self._faults = Faults()
        self._health = Health()
        self._clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", worker=name))
        self._callers = callers_of(settings, self._catalogue, self._clock)
        self._door = RegistryDoor(self._open_registry)
        self._registry_reach = Reach(lambda: self._door.ask(Registry.head))
        lasting = timedelta(minutes=settings.view_minutes)
        self._views = ViewTokens(load_view_key(settings), lasting, self._clock)
        self._anybody = anybody_of(settings.authority) if settings.log_public else None
        self._traces = traces_of(settings, name)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve on the configured address until `stop` is set; then drain."""
        settings = self._settings
        incarnation = f"{self._name}-{uuid_utils.uuid7().hex}"
        journal = GroupCommit(journal_of(settings, incarnation), bounds_of(settings))
        index = IndexReader(IndexLayout(settings.data_dir), self._keys.ids)
        central = attach_log(settings)
        log = Log(central, settings.data_dir / "journal")
        log_reach = Reach(log.reach)
        for reach in (self._registry_reach, log_reach):
            reach.start()
        window = timedelta(seconds=settings.retry_window)
        ids = RequestIds(capacity=REQUEST_IDS_KEPT, seconds=settings.retry_window)
        recall = Recall(ids, log, window, self._clock)
        await recall.begin()
        neighbours = self._neighbours(ids, log, incarnation)
        receipts = Receipts(load_signer(settings))
        replays = Replays(ids, log, window, self._clock, neighbours, receipts.attached)
        rounds = rounds_of(index, journal, self._traces)
        lookout = Lookout(self._open_registry, ProgressFile(settings.data_dir))
        cases = CaseStream(lookout, settings.max_connection_age * SHARE_OF_CONNECTION)
        rules = Rules(settings, self._catalogue, self._keys, self._clock, self._name, self._views)
        proving = Proving(central, TileFolder(settings.tree_dir), settings.data_dir / "journal")
        stores = Stores(
            index,
            journal,
            log,
            proving,
            receipts,
            self._door,
            lambda: self._registry_reach.good,
            replays,
            rounds,
            cases,
        )
        server = self._server(servicers_of(rules, stores))
        await self._callers.begin()
        await self._health.say(truths(checks=False, registry=False, log=False))
        settle()
        await server.start()
        _log.info("worker_started", worker=self._name, pid=os.getpid(), recalled_request_ids=len(ids))
        await asyncio.gather(
            self._tick_until(stop, index, journal, neighbours.siblings, log_reach),
            self._account_until(stop, journal),
        )
        await self._drain(server, journal, cases)
        for reach in (self._registry_reach, log_reach):
            reach.close()
        lookout.close()
        recall.close()
        neighbours.close()
        index.close()
        self._door.close()
        central.dispose()
        if self._traces is not None:
            await asyncio.to_thread(self._traces.close)

    def _neighbours(self, ids: RequestIds, log: Log, incarnation: str) -> Neighbours:
        """The node's other workers, where there are any, and other nodes, where they share a database."""
        several = self._settings.workers > 1
        claims = claims_of(self._settings, incarnation)
        return Neighbours(
            locks=IdLocks(self._settings.data_dir / "journal") if several else None,
            siblings=Siblings(ids, log.tail(skip=incarnation)) if several else None,
            claiming=Claiming(claims, self._clock) if claims is not None else None,
        )

    def _open_registry(self) -> Registry:
        return open_registry(self._settings, self._keys, self._clock())

    def _server(self, servicers: Servicers) -> grpc.aio.Server:
        settings = self._settings
        services = self._services(servicers)
        server = grpc.aio.server(
            options=options(settings.max_message_bytes, settings.max_connection_age, settings.max_in_flight)
        )
        server.add_generic_rpc_handlers(
            (
                *(handlers_of(name, methods) for name, methods in services.items()),
                health_handlers(self._health.servicer),
                reflection_handlers((*services, *STANDARD_SERVICES), partial(require_known, self._callers)),
                Fallback(),
            )
        )
        if settings.tls_certificate is None:
            server.add_insecure_port(settings.listen)
        else:
            server.add_secure_port(settings.listen, ServerTLS(settings).credentials())
        if settings.web_listen:
            server.add_insecure_port(f"unix:{side_door(settings, self._name)}")
        return server

    def _services(self, servicers: Servicers) -> dict[str, dict[Method, Proceed]]:
        """Service → its methods, each behind the interceptors."""
        gates: dict[str, Gate] = {
            "deadline": deadline,
            "permission": Permission(),
            "view": view_gate,
            "parsing": parsing,
            "validation": validation,
            "scope": scope,
        }
        wrappers: dict[str, Wrapper] = {
            "faults": self._faults,
            "admission": self._admission,
            "evidence": Evidence(servicers.checks, servicers.records),
            "identity": Identity(self._callers, self._views, self._anybody),
        }
        order = ORDER
        if self._traces is not None:
            order, wrappers["tracing"] = TRACED, tracing_with(self._traces)
        streams = servicers.streams()

        def behind_all(request_type: type[Any], answer: Callable[[Any, Call], Any], admission: Wrapper) -> Proceed:
            around = dict(wrappers, admission=admission)
            return compose(order, gates, around, answering(request_type, answer))

        return {
            service: {
                Method(f"/{service}/{name}", kind, kind in CHECKS): behind_all(kind, answer, self._admission)
                for name, kind, answer in offered
            }
            | {
                Method(f"/{service}/{name}", kind, False, streams=True): behind_all(kind, answer, self._streams)
                for name, kind, answer in streams.get(service, ())
            }
            for service, offered in servicers.unary().items()
        }

    async def _tick_until(
        self,
        stop: asyncio.Event,
        index: IndexReader,
        journal: GroupCommit,
        siblings: Siblings | None,
        log_reach: Reach,
    ) -> None:
        """Follow index switches, and say by health what would be answered, until `stop` is set."""
        for reach in (self._registry_reach, log_reach):
            await asyncio.to_thread(reach.wait, FIRST_LOOK)
        while not stop.is_set():
            index.refresh()
            await self._callers.tick()
            checks = journal.available and answers(index)
            await self._health.say(truths(checks, self._registry_reach.good, log_reach.good))
            if siblings is not None:
                # Segments are begun, shipped and deleted meanwhile: none may be missed.
                await siblings.learn()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)

    async def _account_until(self, stop: asyncio.Event, journal: GroupCommit) -> None:
        """Write down once a second how the worker is, until `stop` is set."""
        folder = VitalsFolder(self._settings.data_dir)
        while not stop.is_set():
            folder.write(self._name, self._vitals(journal))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL)

    def _vitals(self, journal: GroupCommit) -> WorkerVitals:
        commits = journal.commits
        return WorkerVitals(
            in_flight=self._admission.in_flight,
            waiting=journal.waiting,
            refused=self._faults.refused,
            commits=commits.batches,
            records=commits.rows,
            commit_seconds=commits.seconds,
        )

    async def _drain(self, server: grpc.aio.Server, journal: GroupCommit, cases: CaseStream) -> None:
        await self._health.drain()
        # New calls on old connections are refused with a reason that clients retry elsewhere; stop() sends GOAWAY.
        self._admission.draining = self._streams.draining = True
        cases.close()
        await server.stop(self._settings.drain_seconds)
        await journal.close()
        _log.info("worker_stopped", worker=self._name)


def answers(index: IndexReader) -> bool:
    """Whether the index can be read now."""
    try:
        with index.snapshot():
            return True
    except IndexUnavailable:
        return False


def callers_of(settings: Settings, catalogue: Catalogue, clock: Clock) -> Callers:
    """Who may call: those of the access file or, on loopback without one, the one local caller.

    Raises `AccessRejected`.
    """
    within = within_by(catalogue, clock)
    if settings.access is None:
        return LocalCallers(settings.authority, catalogue, within)
    return KnownCallers(AccessFile(settings.access, catalogue), catalogue, within)


def answering(request_type: type[Any], answer: Callable[[Any, Call], Any]) -> Proceed:
    """The innermost step: the parsed request to its servicer."""

    async def proceed(call: Call) -> bytes:
        if not isinstance(call.message, request_type):
            raise TypeError(f"expected {request_type.__name__}")
        return bytes(await answer(call.message, call))

    return proceed
