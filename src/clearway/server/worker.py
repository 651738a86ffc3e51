"""One check worker: an event loop, a gRPC server on the shared port, a journal of its own, a view of the index."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import grpc
import structlog
import uuid_utils
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.index.faults import IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.proving import Proving
from clearway.registry.registry import Registry
from clearway.server.call import Call, Caller, Gate, Method, Proceed, Wrapper
from clearway.server.clock import SteadyClock
from clearway.server.databases import attach_log, open_registry
from clearway.server.interceptors import ORDER, compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.evidence import Evidence
from clearway.server.interceptors.faults import faults
from clearway.server.interceptors.identity import Identity
from clearway.server.interceptors.parsing import parsing
from clearway.server.interceptors.validation import validation
from clearway.server.keys import load_keys, load_signer
from clearway.server.listener import Fallback, handlers_of, options
from clearway.server.memory import settle
from clearway.server.recall import Recall
from clearway.server.receipts import Receipts
from clearway.server.registry_door import RegistryDoor
from clearway.server.replays import Replays
from clearway.server.rounds import Rounds
from clearway.server.servicers import CHECKS, SERVICES, Rules, Servicers, Stores, servicers_of
from clearway.server.settings import Settings
from clearway.server.siblings import Siblings
from clearway.server.third_party import health_handlers, reflection_handlers
from clearway.server.watching.case_stream import SHARE_OF_CONNECTION, CaseStream
from clearway.server.watching.lookout import Lookout
from clearway.server.watching.progress import ProgressFile

STANDARD_SERVICES = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
TICK = 0.1
REQUEST_IDS_KEPT = 50_000

_log = structlog.get_logger(__name__)


class Worker:
    """Serves until told to stop, then drains: calls in flight finish, their records reach the disk."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._keys = load_keys(settings)
        self._catalogue = load_catalogue(settings.catalogue)
        self._caller = local_caller(settings, self._catalogue)
        self._admission = Admission(settings.max_in_flight)
        # Streams last: counted among the calls, they would take the place of checks.
        self._streams = Admission(settings.max_streams)
        self._health = health_aio.HealthServicer()
        self._clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", worker=name))
        self._serving: bool | None = None
        self._door = RegistryDoor(self._open_registry)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve on the configured address until `stop` is set; then drain."""
        settings = self._settings
        incarnation = f"{self._name}-{uuid_utils.uuid7().hex}"
        journal = GroupCommit(Journal(settings.data_dir / "journal", incarnation))
        index = IndexReader(IndexLayout(settings.data_dir), self._keys.fingerprint)
        central = attach_log(settings)
        log = Log(central, settings.data_dir / "journal")
        window = timedelta(seconds=settings.retry_window)
        ids = RequestIds(capacity=REQUEST_IDS_KEPT, seconds=settings.retry_window)
        recall = Recall(ids, log, window, self._clock)
        await recall.begin()
        siblings = Siblings(ids, log.tail(skip=incarnation)) if settings.workers > 1 else None
        receipts = Receipts(load_signer(settings))
        replays = Replays(ids, log, window, self._clock, siblings, receipts.attached)
        rounds = Rounds(index, journal, lambda: self._admission.in_flight)
        lookout = Lookout(self._open_registry, ProgressFile(settings.data_dir))
        cases = CaseStream(lookout, settings.max_connection_age * SHARE_OF_CONNECTION)
        rules = Rules(settings, self._catalogue, self._keys, self._clock, self._name)
        proving = Proving(central, TileFolder(settings.tree_dir), settings.data_dir / "journal")
        stores = Stores(index, journal, log, proving, receipts, self._door, replays, rounds, cases)
        server = self._server(servicers_of(rules, stores))
        await self._set_serving(False)
        settle()
        await server.start()
        _log.info("worker_started", worker=self._name, pid=os.getpid(), recalled_request_ids=len(ids))
        await self._tick_until(stop, index, journal, rounds, siblings)
        await self._drain(server, journal, cases)
        lookout.close()
        recall.close()
        if siblings is not None:
            siblings.close()
        index.close()
        self._door.close()

    def _open_registry(self) -> Registry:
        return open_registry(self._settings, self._keys, self._clock())

    def _server(self, servicers: Servicers) -> grpc.aio.Server:
        settings = self._settings
        services = self._services(servicers)
        server = grpc.aio.server(options=options(settings.max_message_bytes, settings.max_connection_age))
        server.add_generic_rpc_handlers(
            (
                *(handlers_of(name, methods) for name, methods in services.items()),
                health_handlers(self._health),
                reflection_handlers((*services, *STANDARD_SERVICES)),
                Fallback(),
            )
        )
        server.add_insecure_port(settings.listen)
        return server

    def _services(self, servicers: Servicers) -> dict[str, dict[Method, Proceed]]:
        """Service → its methods, each behind the interceptors."""
        gates: dict[str, Gate] = {
            "deadline": deadline,
            "identity": Identity(self._caller),
            "parsing": parsing,
            "validation": validation,
        }
        wrappers: dict[str, Wrapper] = {
            "faults": faults,
            "admission": self._admission,
            "evidence": Evidence(servicers.checks),
        }
        streams = servicers.streams()

        def behind_all(request_type: type[Any], answer: Callable[[Any, Call], Any], admission: Wrapper) -> Proceed:
            around = dict(wrappers, admission=admission)
            return compose(ORDER, gates, around, answering(request_type, answer))

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
        rounds: Rounds,
        siblings: Siblings | None,
    ) -> None:
        """Follow index switches, and say by health whether a check would be answered, until `stop` is set."""
        while not stop.is_set():
            index.refresh()
            rounds.gauge(monotonic())
            await self._set_serving(journal.available and answers(index))
            if siblings is not None:
                # Segments are begun, shipped and deleted meanwhile: none may be missed.
                await siblings.learn()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)

    async def _set_serving(self, serving: bool) -> None:
        if serving is self._serving:
            return
        self._serving = serving
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", *SERVICES):
            await self._health.set(service, status)

    async def _drain(self, server: grpc.aio.Server, journal: GroupCommit, cases: CaseStream) -> None:
        await self._health.enter_graceful_shutdown()
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


def local_caller(settings: Settings, catalogue: Catalogue) -> Caller:
    """The one caller of a loopback server: the configured authority, and the region its powers end in."""
    authority = catalogue.authority(settings.authority)
    return Caller(principal="local", authority=authority.code, region=authority.region or "")


def answering(request_type: type[Any], answer: Callable[[Any, Call], Any]) -> Proceed:
    """The innermost step: the parsed request to its servicer."""

    async def proceed(call: Call) -> bytes:
        if not isinstance(call.message, request_type):
            raise TypeError(f"expected {request_type.__name__}")
        return bytes(await answer(call.message, call))

    return proceed
