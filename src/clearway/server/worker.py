"""One check worker: an event loop, a gRPC server on the shared port, a journal of its own, a view of the index."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
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
from clearway.decision.explain import Language
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2
from clearway.index.faults import IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.central import open_central
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.request_ids import RequestIds
from clearway.registry.registry import Registry
from clearway.server.audits import SERVICE as AUDIT_SERVICE
from clearway.server.audits import Audits
from clearway.server.batch import Batches
from clearway.server.call import Call, Caller, Gate, Method, Methods, Proceed, Wrapper
from clearway.server.checks import Checks
from clearway.server.clock import SteadyClock
from clearway.server.coverage import CoverageReports
from clearway.server.deferrals import Deferrals
from clearway.server.freshness import Freshness
from clearway.server.interceptors import ORDER, compose
from clearway.server.interceptors.admission import Admission
from clearway.server.interceptors.deadline import deadline
from clearway.server.interceptors.evidence import Evidence
from clearway.server.interceptors.faults import faults
from clearway.server.interceptors.identity import Identity
from clearway.server.interceptors.parsing import parsing
from clearway.server.interceptors.validation import validation
from clearway.server.keys import load_keys
from clearway.server.listener import Fallback, options, unary_handlers
from clearway.server.lookup import Lookup
from clearway.server.memory import settle
from clearway.server.outcomes import Outcomes
from clearway.server.overdue import OverdueOutcomes
from clearway.server.recorded_checks import RecordedChecks
from clearway.server.recording import Recording
from clearway.server.registry_door import RegistryDoor
from clearway.server.registry_service.service import SERVICE as REGISTRY_SERVICE
from clearway.server.registry_service.service import RegistryService
from clearway.server.replays import Replays
from clearway.server.rounds import Rounds
from clearway.server.settings import Settings
from clearway.server.siblings import Siblings
from clearway.server.sources import ScheduledSources, scheduled_feeds
from clearway.server.third_party import health_handlers, reflection_handlers

CHECK_SERVICE = pb.DESCRIPTOR.services_by_name["CheckService"].full_name
DEFERRAL_SERVICE = deferral_service_pb2.DESCRIPTOR.services_by_name["DeferralService"].full_name
SERVICES = (CHECK_SERVICE, REGISTRY_SERVICE, DEFERRAL_SERVICE, AUDIT_SERVICE)
STANDARD_SERVICES = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
TICK = 0.1
REQUEST_IDS_KEPT = 50_000

CHECKS = (pb.CheckSubjectRequest, pb.BatchCheckSubjectsRequest)
"""Requests that are checks: they leave a row on the log even where they are refused."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Servicers:
    """The transport-free parts behind the methods of one worker."""

    checks: Checks
    batches: Batches
    recorded: RecordedChecks
    outcomes: Outcomes
    deferrals: Deferrals
    overdue: OverdueOutcomes
    coverage: CoverageReports
    registry: RegistryService
    audits: Audits


class Worker:
    """Serves until told to stop, then drains: calls in flight finish, their records reach the disk."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._keys = load_keys(settings)
        self._catalogue = load_catalogue(settings.catalogue)
        self._caller = local_caller(settings, self._catalogue)
        self._admission = Admission(settings.max_in_flight)
        self._health = health_aio.HealthServicer()
        self._clock = SteadyClock(lambda: datetime.now(UTC), partial(_log.warning, "clock_went_back", worker=name))
        self._serving: bool | None = None
        self._door = RegistryDoor(
            lambda: Registry.open(settings.registry_url, self._keys, moment=datetime.now(UTC)),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Serve on the configured address until `stop` is set; then drain."""
        settings = self._settings
        incarnation = f"{self._name}-{uuid_utils.uuid7().hex}"
        journal = GroupCommit(Journal(settings.data_dir / "journal", incarnation))
        index = IndexReader(IndexLayout(settings.data_dir), self._keys.fingerprint)
        log = Log(open_central(settings.log_file), settings.data_dir / "journal")
        window = timedelta(seconds=settings.retry_window)
        ids = RequestIds(capacity=REQUEST_IDS_KEPT, seconds=settings.retry_window)
        recalled = await asyncio.to_thread(ids.recall, log, self._clock() - window)
        siblings = Siblings(ids, log.tail(skip=incarnation)) if settings.workers > 1 else None
        replays = Replays(ids, log, window, self._clock, siblings)
        rounds = Rounds(index, journal, lambda: self._admission.in_flight)
        server = self._server(self._servicers(index, journal, log, replays, rounds))
        await self._set_serving(False)
        settle()
        await server.start()
        _log.info("worker_started", worker=self._name, pid=os.getpid(), recalled_request_ids=recalled)
        await self._tick_until(stop, index, journal, rounds, siblings)
        await self._drain(server, journal)
        if siblings is not None:
            siblings.close()
        index.close()
        self._door.close()

    def _servicers(
        self,
        index: IndexReader,
        journal: GroupCommit,
        log: Log,
        replays: Replays,
        rounds: Rounds,
    ) -> Servicers:
        settings, catalogue = self._settings, self._catalogue
        language = Language(settings.language)
        freshness = Freshness(index)
        sources = ScheduledSources(scheduled_feeds(settings))
        checks = Checks(
            catalogue=catalogue,
            lookup=Lookup(self._keys, settings.max_index_age),
            rounds=rounds,
            journal=journal,
            recording=Recording(catalogue, self._name),
            replays=replays,
            freshness=freshness,
            language=language,
            clock=self._clock,
            new_id=new_check_id,
            sources=sources,
        )
        batches = Batches(checks, index, journal, freshness, replays)
        due, open_for = timedelta(days=settings.outcome_due_days), timedelta(days=settings.case_open_days)
        return Servicers(
            checks=checks,
            batches=batches,
            recorded=RecordedChecks(log, catalogue, language),
            outcomes=Outcomes(log, self._door, self._clock),
            deferrals=Deferrals(log, self._door, index, catalogue, language, self._clock, sources),
            overdue=OverdueOutcomes(log, self._door, due, open_for, self._clock),
            coverage=CoverageReports(log),
            registry=RegistryService(self._door, catalogue, language, self._clock),
            audits=Audits(log, catalogue, language),
        )

    def _server(self, servicers: Servicers) -> grpc.aio.Server:
        settings = self._settings
        services = self._services(servicers)
        server = grpc.aio.server(options=options(settings.max_message_bytes, settings.max_connection_age))
        server.add_generic_rpc_handlers(
            (
                *(unary_handlers(name, methods) for name, methods in services.items()),
                health_handlers(self._health),
                reflection_handlers((*services, *STANDARD_SERVICES)),
                Fallback(),
            )
        )
        server.add_insecure_port(settings.listen)
        return server

    def _services(self, servicers: Servicers) -> dict[str, dict[Method, Proceed]]:
        """Service → its unary methods, each behind the interceptors."""
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
        methods: dict[str, Methods] = {
            CHECK_SERVICE: (
                ("CheckSubject", pb.CheckSubjectRequest, servicers.checks.check),
                ("BatchCheckSubjects", pb.BatchCheckSubjectsRequest, servicers.batches.check),
                ("GetCheck", pb.GetCheckRequest, servicers.recorded.get),
                *servicers.outcomes.methods(),
            ),
            REGISTRY_SERVICE: servicers.registry.methods(),
            DEFERRAL_SERVICE: servicers.deferrals.methods(),
            AUDIT_SERVICE: (
                *servicers.audits.methods(),
                *servicers.overdue.methods(),
                *servicers.coverage.methods(),
            ),
        }

        def behind_all(request_type: type[Any], answer: Callable[[Any, Call], Any]) -> Proceed:
            return compose(ORDER, gates, wrappers, answering(request_type, answer))

        return {
            service: {
                Method(f"/{service}/{name}", kind, kind in CHECKS): behind_all(kind, answer)
                for name, kind, answer in offered
            }
            for service, offered in methods.items()
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

    async def _drain(self, server: grpc.aio.Server, journal: GroupCommit) -> None:
        await self._health.enter_graceful_shutdown()
        # New calls on old connections are refused with a reason that clients retry elsewhere; stop() sends GOAWAY.
        self._admission.draining = True
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


def new_check_id() -> str:
    """A fresh id whose order is the order of time (UUIDv7)."""
    return str(uuid_utils.uuid7())
