"""The watcher against a registry, a log and an index of its own: what is written down, and that it is once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uuid_utils
from sqlalchemy import Engine, delete, insert

from clearway.decision.facts import NotKnown
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.arrivals import Arrivals
from clearway.querylog.central import check_log, open_central, row_of
from clearway.querylog.record import encode_record
from clearway.querylog.retention.tables import log_erased
from clearway.registry import commands
from clearway.registry.case_changes import CASE_CLOSED, CaseChange, Selection
from clearway.registry.database import writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.registry import Registry
from clearway.registry.schema import CaseEventRow
from clearway.registry.synthetic import code_of
from clearway.server.lookup import Lookup
from clearway.server.recording import KeptFacts, as_kept
from clearway.server.revision import token_of
from clearway.server.sources import ScheduledSources
from clearway.server.watching.pending import PendingCheck
from clearway.server.watching.progress import Progress, ProgressFile
from clearway.server.watching.reconsidering import Reconsidered, Reconsidering
from clearway.server.watching.watcher import Sources, Watcher
from tests.unit.querylog.records import a_record
from tests.unit.server.calls import KEYS, a_request, catalogue

LOOKUP = Lookup(KEYS, max_index_age=300.0)
AUTHORITY = "DEMO-LICENSING"


@dataclass
class World:
    """A registry, its index, a central log and a clock."""

    folder: Path
    registry: Registry
    engine: Engine
    log: Engine
    follower: Follower
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def watcher(self) -> Watcher:
        """A watcher that begins now."""
        sources = Sources(
            arrivals=Arrivals(self.log),
            changes=self.registry.case_changes,
            subjects=self.registry.changes,
            index=IndexReader(IndexLayout(self.folder), KEYS.ids),
            progress=ProgressFile(self.folder),
        )
        reconsidering = Reconsidering(catalogue(), LOOKUP, KEYS, ScheduledSources(()))
        watcher = Watcher(sources, reconsidering, timedelta(days=365), 300.0, lambda: self.now)
        watcher.load()
        return watcher

    def check(
        self, number: int, case: str = "C-1", outcome: int = decision_pb2.OUTCOME_ORDINARY, **recorded: Any
    ) -> str:
        """Record an answered check of a subject that nobody knows; gives its id."""
        request = a_request(value=code_of(number), case_number=case)
        item = catalogue().item(request.item_code)
        assert item is not None
        applicant = LOOKUP.applicant(request.subject, item)
        response = pb.CheckSubjectResponse()
        response.decision.outcome = outcome  # type: ignore[assignment]
        response.decision.standing = decision_pb2.STANDING_NOT_LISTED
        response.decision.explanation.language = "en"
        for code in ("APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF"):
            response.decision.materials.missing_essential.add(code=code)
        for code in ("LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES"):
            response.decision.materials.deferrable.add(code=code)
        record = a_record(
            check_id=str(uuid_utils.uuid7()),
            decided_at=self.now,
            case_number=case,
            scheme=applicant.scheme,
            subject=applicant.shown,
            subject_key=applicant.key,
            key_id=applicant.key_id,
            former_keys=applicant.former_keys,
            request=as_kept(request, applicant).SerializeToString(),
            response=response.SerializeToString(),
            **recorded,
        )
        with self.log.connect().execution_options(querylog_begin="BEGIN IMMEDIATE") as central, central.begin():
            central.execute(insert(check_log), row_of(record, encode_record(record)))
        return record.check_id

    def list(self, number: int) -> None:
        """Put the subject on a list, and let the index follow."""
        day = self.now.date() - timedelta(days=2)
        entry = commands.ListSubject(
            "cn-uscc",
            code_of(number),
            f"L-{number}",
            "SAMR-SERIOUS",
            document_number="虚构文1号",
            document_date=day,
            effective_from=day,
        )
        self.act(commands.RegisterSubject("cn-uscc", code_of(number)), entry)

    def act(self, *acts: commands.Command) -> None:
        """Let a registrar act, and the index follow."""
        self.registry.execute(*acts, actor="test", moment=self.now)
        self.follow()

    def follow(self) -> None:
        """Let the index follow."""
        self.follower.step(self.now.timestamp())

    def close_case(self, case: str) -> None:
        """Close a case."""
        row = {
            "event_key": f"closed:{case}",
            "authority": AUTHORITY,
            "case_number": case,
            "check_id": "",
            "kind": CASE_CLOSED,
            "recorded_at": self.now,
            "actor": "test",
            "body": "{}",
        }
        with writing(self.engine) as connection:
            connection.execute(insert(CaseEventRow), row)

    def changes(self) -> tuple[CaseChange, ...]:
        """Everything written down."""
        return self.registry.case_changes.page(Selection(AUTHORITY), 0, 1000, 1000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    moment = datetime.now(UTC)
    log = open_central(tmp_path / "log.db")
    with (
        Registry.open(f"sqlite:///{tmp_path / 'registry.db'}", KEYS, moment=moment) as registry,
        Follower(registry.changes, IndexLayout(tmp_path), KEYS) as follower,
    ):
        world = World(tmp_path, registry, registry.changes._engine, log, follower)
        world.act(commands.RegisterSubject("cn-uscc", code_of(1)))
        yield world
    log.dispose()


def test_a_change_is_written_down_once_however_often_it_is_looked_at(world: World) -> None:
    check_id = world.check(7)
    watcher = world.watcher()
    assert watcher.step() == 0
    world.list(7)
    assert [watcher.step() for _ in range(3)] == [1, 0, 0]
    (change,) = world.changes()
    assert (change.check_id, change.case_number, change.revision) == (check_id, "C-1", 2)
    assert decision_pb2.Decision.FromString(change.after).outcome == decision_pb2.OUTCOME_RESTRICTION


def erase(world: World, check_id: str, leaf: int = 0) -> None:
    """Let the row be gone, named by an erasure."""
    row = {"leaf_index": leaf, "check_id": check_id, "erasure_index": 1}
    with world.log.connect().execution_options(querylog_begin="BEGIN IMMEDIATE") as central, central.begin():
        central.execute(insert(log_erased), row)
        central.execute(delete(check_log).where(check_log.c.check_id == check_id))


def test_nothing_is_told_of_a_check_that_was_erased_while_its_case_was_pending(world: World) -> None:
    erase(world, world.check(7))
    kept = world.check(7, "C-2")
    watcher = world.watcher()
    gone = world.check(7, "C-3")
    watcher.step()
    erase(world, gone, 1)
    world.list(7)
    assert [watcher.step() for _ in range(2)] == [1, 0]
    assert [change.check_id for change in world.changes()] == [kept]
    assert watcher.pending == 1


def test_of_two_watchers_of_one_record_one_writes_a_change_down(world: World) -> None:
    world.check(7)
    one, other = world.watcher(), world.watcher()
    one.step(), other.step()
    world.list(7)
    assert (one.step(), other.step(), one.step(), other.step()) == (1, 0, 0, 0)
    world.act(commands.Delist("L-7"))
    assert (other.step(), one.step(), other.step()) == (1, 0, 0)
    outcomes = [decision_pb2.Decision.FromString(change.after).outcome for change in world.changes()]
    assert outcomes == [decision_pb2.OUTCOME_RESTRICTION, decision_pb2.OUTCOME_ORDINARY]


def test_a_watcher_that_begins_later_finds_what_nobody_wrote_down_and_nothing_else(world: World) -> None:
    world.check(7, "C-7")
    world.check(8, "C-8")
    watcher = world.watcher()
    watcher.step()
    world.list(7)
    watcher.step()
    world.list(8)
    assert world.watcher().step() == 1
    assert [change.case_number for change in world.changes()] == ["C-7", "C-8"]
    assert world.watcher().step() == 0


def test_a_change_between_a_check_and_its_arrival_is_noticed(world: World) -> None:
    watcher = world.watcher()
    watcher.step()
    world.list(7)
    watcher.step()
    world.check(7)
    assert watcher.step() == 1


def test_a_busy_registry_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.check(7)
    watcher = world.watcher()
    watcher.step()
    world.list(7)

    def busy(changes: object) -> set[str]:
        raise RegistryError(RegistryReason.BUSY, "another writer holds the registry")

    with monkeypatch.context() as patched:
        patched.setattr(world.registry.case_changes, "append", busy)
        with pytest.raises(RegistryError):
            watcher.step()
    assert ProgressFile(world.folder).read().revision == 1
    assert watcher.step() == 1
    assert ProgressFile(world.folder).read() == Progress(world.registry.database_id(), 2)


def test_a_case_that_was_closed_is_not_taken_in_again(world: World) -> None:
    world.check(7)
    watcher = world.watcher()
    world.close_case("C-1")
    watcher.step()
    assert watcher.pending == 0
    world.check(7)
    watcher.step()
    assert (watcher.pending, world.watcher().pending) == (0, 0)


def test_a_case_that_has_been_open_for_too_long_is_let_go(world: World) -> None:
    world.check(7)
    watcher = world.watcher()
    world.now += timedelta(days=366)
    world.follow()
    watcher.step()
    assert (watcher.pending, world.watcher().pending) == (0, 0)


def test_nothing_is_told_from_an_index_that_fell_behind(world: World) -> None:
    world.check(7)
    watcher = world.watcher()
    watcher.step()
    world.list(7)
    world.now += timedelta(seconds=301)
    assert watcher.step() == 0
    world.follow()
    assert watcher.step() == 1


def test_what_was_undetermined_for_want_of_data_is_told_once_there_is_an_answer(world: World) -> None:
    world.check(7, outcome=decision_pb2.OUTCOME_UNDETERMINED)
    assert world.watcher().step() == 1
    assert world.changes()[0].differs == ("outcome",)


def test_a_great_many_subjects_touched_make_every_check_be_looked_at(world: World) -> None:
    world.check(7)
    watcher = world.watcher()
    watcher.step()
    day = world.now.date() - timedelta(days=2)
    listed = [commands.ListSubject("cn-uscc", code_of(7), "L-7", "SAMR-SERIOUS", "虚构文1号", day, effective_from=day)]
    others = [commands.RegisterSubject("cn-uscc", code_of(number)) for number in range(10, 20)]
    world.act(commands.RegisterSubject("cn-uscc", code_of(7)), *listed, *others)
    assert watcher.step() == 1


def test_a_check_that_arrives_as_it_would_be_answered_is_not_decided_anew_and_still_hears(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = world.watcher()
    watcher.step()
    decided: list[str] = []
    reconsidering = watcher._reconsidering
    decide = reconsidering.decide

    def counting(check: PendingCheck, *rest: Any) -> Reconsidered | None:
        decided.append(check.case_number)
        return decide(check, *rest)

    monkeypatch.setattr(reconsidering, "decide", counting)
    token = token_of(world.registry.database_id(), world.registry.head())
    facts = msgspec.msgpack.encode(KeptFacts(NotKnown()))
    world.check(2, "C-2", revision=token, edition_hash=catalogue().content_hash, facts=facts)
    world.check(3, "C-3", revision=token_of("0" * 32, 1), edition_hash=catalogue().content_hash, facts=facts)
    world.check(4, "C-4", revision=token, edition_hash="another", facts=facts)
    world.check(5, "C-5", revision=token, edition_hash=catalogue().content_hash, facts=b"?")
    watcher.step()
    assert sorted(decided) == ["C-3", "C-4", "C-5"]
    world.list(2)
    assert watcher.step() == 1
    assert [change.case_number for change in world.changes()] == ["C-2"]
