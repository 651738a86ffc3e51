"""One a node: keeps the index in step with the registry, or makes it anew where it cannot be trusted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import Self
from uuid import uuid4

import structlog

from clearway.index.build import INITIAL_MAP
from clearway.index.faults import IndexAbsent, IndexDamaged, IndexForeign, IndexFull, IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.records import Meta
from clearway.index.source import Source
from clearway.index.writer import FeedMoments, IndexWriter
from clearway.subjects.keys import SubjectKeys

_log = structlog.get_logger(__name__)

_LONGEST_PAUSE = 5.0


class Step(StrEnum):
    """What a step did."""

    IDLE = "idle"
    HEARTBEAT = "heartbeat"
    APPLIED = "applied"
    REBUILT = "rebuilt"


class Cause(StrEnum):
    """Why the index was made anew."""

    ABSENT = "absent"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    REGISTRY_BEHIND = "registry_behind"
    MANY_CHANGES = "many_changes"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step did, the revision it ended at, how many subjects it wrote, and the cause of a rebuild."""

    step: Step
    revision: int
    subjects: int = 0
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How a follower goes about it. The defaults suit ten thousand to ten million subjects.

    `rebuild_share` and `rebuild_floor`: changes to more subjects than the floor and than this share of the index are
    slower to apply than a new file is to write. `heartbeat_every`: seconds between heartbeats, each one synced commit.
    `sweep_batch`: records looked at with each heartbeat.
    """

    rebuild_share: float = 0.25
    rebuild_floor: int = 20_000
    heartbeat_every: float = 1.0
    sweep_batch: int = 2_000
    initial_map: int = INITIAL_MAP


_NORMAL = Pace()


class Follower:
    """Follows `source` into the index of `layout`; raises `IndexLocked` where another one does.

    `new_build` names new files (lower-case hexadecimal, never the same twice); `progress` is told how many subjects a
    rebuild has written so far.
    """

    def __init__(
        self,
        source: Source,
        layout: IndexLayout,
        keys: SubjectKeys,
        *,
        pace: Pace = _NORMAL,
        new_build: Callable[[], str] = lambda: uuid4().hex,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._source = source
        self._pace = pace
        self._new_build = new_build
        self._progress = progress
        self._writer = IndexWriter(layout, keys, initial_map=pace.initial_map)

    @property
    def meta(self) -> Meta | None:
        """What the index says of itself; None before the first step."""
        return self._writer.meta

    def step(self, now: float) -> Progress:
        """Bring the index to the registry's latest revision as of `now` (seconds since 1970 UTC).

        Whatever the source raises passes through, and leaves the index as it was: whole, and growing older.
        """
        database, head = self._source.database_id(), self._source.head()
        try:
            meta = self._trusted()
            if meta.database_id != database:
                return self._rebuild(head, now, Cause.FOREIGN)
            if meta.revision > head:
                return self._rebuild(head, now, Cause.REGISTRY_BEHIND)
            if meta.revision < head or self._writer.holds_more_keys:
                return self._catch_up(meta, head, now)
            return self._beat(meta, now)
        except IndexUnavailable as fault:
            return self._rebuild(head, now, _cause(fault))

    def run(
        self,
        stop: Event,
        poll_interval: float,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """Step every `poll_interval` seconds until `stop` is set, pausing longer after each failure in a row.

        `pause`, where the source can tell that something changed, waits about that long, or until it is told.
        """
        wait = stop.wait if pause is None else pause
        failures = 0
        while not stop.is_set():
            try:
                progress = self.step(clock())
            except Exception as error:  # The source's errors are its own; whatever they are, readers see the age grow.
                failures += 1
                _log.warning("index_step_failed", error=type(error).__name__, in_a_row=failures, exc_info=failures == 1)
            else:
                failures = 0
                _report(progress)
            wait(min(poll_interval * 2 ** min(failures, 16), max(_LONGEST_PAUSE, poll_interval)))

    def close(self) -> None:
        """Let the index go, so that another follower can take it up."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _trusted(self) -> Meta:
        if self._writer.meta is None:
            return self._writer.open()
        self._writer.check()
        return self._writer.meta

    def _catch_up(self, meta: Meta, head: int, now: float) -> Progress:
        count = self._source.count_changed(meta.revision, head)
        if count > max(self._pace.rebuild_floor, self._pace.rebuild_share * meta.subjects):
            return self._rebuild(head, now, Cause.MANY_CHANGES)
        feeds = FeedMoments(self._source.confirmations(head), self._source.reads(head))
        written = self._writer.apply(lambda: self._source.changed(meta.revision, head), head, feeds, now)
        return Progress(Step.APPLIED, head, written)

    def _beat(self, meta: Meta, now: float) -> Progress:
        # A clock that was set back counts as time passed, or the age would look small for as long as it was set back.
        if abs(now - meta.synced_at) < self._pace.heartbeat_every:
            return Progress(Step.IDLE, meta.revision)
        self._writer.heartbeat(now)
        self._writer.sweep(self._pace.sweep_batch)
        return Progress(Step.HEARTBEAT, meta.revision)

    def _rebuild(self, head: int, now: float, cause: Cause) -> Progress:
        meta = self._writer.rebuild(self._source, head, now, self._new_build(), self._progress)
        return Progress(Step.REBUILT, meta.revision, meta.subjects, cause)


def _cause(fault: IndexUnavailable) -> Cause:
    match fault:
        case IndexAbsent():
            return Cause.ABSENT
        case IndexForeign():
            return Cause.FOREIGN
        case IndexFull():
            return Cause.FULL
        case IndexDamaged():
            return Cause.DAMAGED
        case _:
            raise fault


def _report(progress: Progress) -> None:
    match progress.step:
        case Step.REBUILT:
            _log.info("index_rebuilt", revision=progress.revision, subjects=progress.subjects, cause=progress.cause)
        case Step.APPLIED:
            _log.debug("index_applied", revision=progress.revision, subjects=progress.subjects)
        case Step.IDLE | Step.HEARTBEAT:
            pass
