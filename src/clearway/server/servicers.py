"""What a worker answers with: the transport-free part behind each method, and which service offers what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import uuid_utils

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import (
    access_service_pb2,
    audit_service_pb2,
    card_service_pb2,
    deferral_service_pb2,
    feed_service_pb2,
    operator_service_pb2,
    registry_service_pb2,
)
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.index.reader import IndexReader
from clearway.querylog.group_commit import GroupCommit
from clearway.querylog.reader import Log
from clearway.querylog.transparency.proving import Proving
from clearway.server.access_records import AccessRecords
from clearway.server.audits import Audits
from clearway.server.batch import Batches
from clearway.server.call import Methods
from clearway.server.callers_view import get_caller
from clearway.server.cards import Cards
from clearway.server.checks import Checks, Clock
from clearway.server.console_sessions import ConsoleSessions
from clearway.server.coverage import CoverageReports
from clearway.server.deferrals import Deferrals
from clearway.server.feed_service.service import FeedService
from clearway.server.freshness import Freshness
from clearway.server.keys import load_signer, load_witnesses
from clearway.server.lookup import Lookup
from clearway.server.operators import Operators, Premises
from clearway.server.outcomes import Outcomes
from clearway.server.overdue import OverdueOutcomes
from clearway.server.receipts import Receipts
from clearway.server.recorded_checks import RecordedChecks
from clearway.server.recording import Recording
from clearway.server.registry_door import RegistryDoor
from clearway.server.registry_service.service import RegistryService
from clearway.server.replays import Replays
from clearway.server.reports.figures import Figures
from clearway.server.reports.searches import Searches
from clearway.server.reports.turn import Turn
from clearway.server.reports.unusual import UnusualPatterns
from clearway.server.reports.whole_check import WholeChecks
from clearway.server.rounds import Rounds
from clearway.server.settings import Settings
from clearway.server.sources import ScheduledSources, scheduled_feeds
from clearway.server.transparency import Transparency
from clearway.server.view_tokens import ViewTokens
from clearway.server.watching.case_stream import CaseStream
from clearway.subjects.keys import SubjectKeys

CHECK_SERVICE = pb.DESCRIPTOR.services_by_name["CheckService"].full_name
REGISTRY_SERVICE = registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"].full_name
DEFERRAL_SERVICE = deferral_service_pb2.DESCRIPTOR.services_by_name["DeferralService"].full_name
AUDIT_SERVICE = audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name
CARD_SERVICE = card_service_pb2.DESCRIPTOR.services_by_name["CardService"].full_name
OPERATOR_SERVICE = operator_service_pb2.DESCRIPTOR.services_by_name["OperatorService"].full_name
FEED_SERVICE = feed_service_pb2.DESCRIPTOR.services_by_name["FeedService"].full_name
ACCESS_SERVICE = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"].full_name
SERVICES = (
    CHECK_SERVICE,
    REGISTRY_SERVICE,
    DEFERRAL_SERVICE,
    AUDIT_SERVICE,
    CARD_SERVICE,
    FEED_SERVICE,
    OPERATOR_SERVICE,
    ACCESS_SERVICE,
)

CHECKS = (pb.CheckSubjectRequest, pb.BatchCheckSubjectsRequest)
"""Requests that are checks: they leave a row on the log even where they are refused."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a worker decides by: settings, catalogue, secret, clock, its own name, and who may view."""

    settings: Settings
    catalogue: Catalogue
    keys: SubjectKeys
    clock: Clock
    worker: str
    views: ViewTokens


@dataclass(frozen=True, slots=True)
class Stores:
    """What a worker reads and writes."""

    index: IndexReader
    journal: GroupCommit
    log: Log
    proving: Proving
    receipts: Receipts
    door: RegistryDoor
    registry_reachable: Callable[[], bool]
    replays: Replays
    rounds: Rounds
    cases: CaseStream


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
    cards: Cards
    feeds: FeedService
    operators: Operators
    sessions: ConsoleSessions
    reports: tuple[Searches | WholeChecks | Figures | UnusualPatterns, ...]
    transparency: Transparency
    cases: CaseStream
    records: AccessRecords

    def unary(self) -> dict[str, Methods]:
        """Service → its unary methods."""
        return {
            CHECK_SERVICE: (
                ("CheckSubject", pb.CheckSubjectRequest, self.checks.check),
                ("BatchCheckSubjects", pb.BatchCheckSubjectsRequest, self.batches.check),
                ("GetCheck", pb.GetCheckRequest, self.recorded.get),
                *self.outcomes.methods(),
                ("GetReceiptKeys", pb.GetReceiptKeysRequest, self.transparency.get_receipt_keys),
            ),
            REGISTRY_SERVICE: self.registry.methods(),
            DEFERRAL_SERVICE: self.deferrals.methods(),
            AUDIT_SERVICE: (
                *self.audits.methods(),
                *self.overdue.methods(),
                *self.coverage.methods(),
                *(method for report in self.reports for method in report.methods()),
                *self.transparency.methods(),
            ),
            CARD_SERVICE: self.cards.methods(),
            FEED_SERVICE: self.feeds.methods(),
            OPERATOR_SERVICE: self.operators.methods(),
            ACCESS_SERVICE: (
                ("GetCaller", access_service_pb2.GetCallerRequest, get_caller),
                *self.sessions.methods(),
            ),
        }

    def streams(self) -> dict[str, Methods]:
        """Service → its methods that stream."""
        return {CHECK_SERVICE: (("WatchCases", pb.WatchCasesRequest, self.cases.watch),)}


def servicers_of(rules: Rules, stores: Stores) -> Servicers:
    """The servicers of one worker. Raises `FeedsRejected` and `KeyUnreadable`."""
    settings, catalogue, clock = rules.settings, rules.catalogue, rules.clock
    log, door = stores.log, stores.door
    language = Language(settings.language)
    feeds = scheduled_feeds(settings)
    sources = ScheduledSources(feeds)
    premises = Premises(settings, stores.index, log, door, stores.registry_reachable)
    checks = checks_of(rules, stores, language, sources)
    turn = Turn()
    due, open_for = timedelta(days=settings.outcome_due_days), timedelta(days=settings.case_open_days)
    recorded = RecordedChecks(log, catalogue, language)
    lookup = Lookup(rules.keys, settings.max_index_age)
    deferrals = Deferrals(log, door, stores.index, lookup, catalogue, language, clock, sources)
    return Servicers(
        checks=checks,
        batches=Batches(checks, stores.index, stores.journal, Freshness(stores.index), stores.replays),
        recorded=recorded,
        outcomes=Outcomes(log, door, clock),
        deferrals=deferrals,
        overdue=OverdueOutcomes(log, door, due, open_for, clock),
        coverage=CoverageReports(log),
        registry=RegistryService(door, catalogue, language, clock, rules.keys),
        audits=Audits(log, door, catalogue, language),
        cards=Cards(log, door, catalogue, recorded, deferrals, rules.views),
        feeds=FeedService(door, catalogue, feeds, settings.feeds_dir, clock),
        operators=Operators(premises, feeds, clock),
        sessions=ConsoleSessions(log, clock),
        reports=(
            Searches(log, catalogue, rules.keys, language),
            WholeChecks(log, door, catalogue, language),
            Figures(log, door, catalogue, language, due, clock, turn),
            UnusualPatterns(log, door, catalogue, language, due, clock, turn),
        ),
        transparency=Transparency(
            stores.proving, load_witnesses(settings), load_signer(settings).verifier, settings.verification_file
        ),
        cases=stores.cases,
        records=AccessRecords(stores.journal, Recording(catalogue, rules.worker), new_check_id, clock),
    )


def checks_of(rules: Rules, stores: Stores, language: Language, sources: ScheduledSources) -> Checks:
    """What answers checks."""
    settings = rules.settings
    return Checks(
        catalogue=rules.catalogue,
        lookup=Lookup(rules.keys, settings.max_index_age),
        rounds=stores.rounds,
        journal=stores.journal,
        recording=Recording(rules.catalogue, rules.worker),
        replays=stores.replays,
        freshness=Freshness(stores.index),
        language=language,
        clock=rules.clock,
        new_id=new_check_id,
        sources=sources,
        receipts=stores.receipts,
    )


def new_check_id() -> str:
    """A fresh id whose order is the order of time (UUIDv7)."""
    return str(uuid_utils.uuid7())
