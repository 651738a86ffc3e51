"""One attempt to read a feed, from its source to its outcome; and a person's word on a list that waits.

Every attempt leaves a row, whatever came of it. Nothing but a finished import or a confirmation changes the record.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.adapters import adapter_for
from clearway.registry.fetching.folder import FolderReader
from clearway.registry.fetching.http import HttpReader
from clearway.registry.fetching.source import (
    Got,
    NothingNew,
    NotModified,
    Seen,
    SourceFault,
    SourceReader,
    SourceUnavailable,
)
from clearway.registry.fetching.waiting import Waiting, WaitingRoom
from clearway.registry.importer import ImportReport, Progress, SuspiciousList
from clearway.registry.ledger import NO_DOCUMENT, Document
from clearway.registry.readings import Fetch, FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import FolderSource, ScheduledFeed, UrlSource

ACTOR = "feeds"
"""Who reads feeds on schedule, in the history."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of an attempt: the row that was kept of it (none of a dry run), and the import's report, if any."""

    fetch: Fetch
    report: ImportReport | None = None


def reader_of(source: FolderSource | UrlSource, stop: threading.Event) -> SourceReader:
    """What reads a source of this kind."""
    match source:
        case FolderSource():
            return FolderReader(source)
        case UrlSource():
            return HttpReader(source, stop)
        case _:
            assert_never(source)


class Fetcher:
    """Reads feeds into one registry, with its files in `folder` (`waiting`, and what is being read now).

    `readers` makes the reader of a feed's source; `stop` ends waits and imports under way, which then leave nothing.
    """

    def __init__(
        self,
        registry: Registry,
        folder: Path,
        *,
        stop: threading.Event | None = None,
        actor: str = ACTOR,
        readers: Callable[[FolderSource | UrlSource, threading.Event], SourceReader] = reader_of,
    ) -> None:
        self._registry = registry
        self._folder = folder
        self._stop = stop or threading.Event()
        self._actor = actor
        self._readers = readers
        self.waiting = WaitingRoom.of(folder)

    def fetch(
        self, feed: ScheduledFeed, moment: datetime, *, dry_run: bool = False, progress: Progress | None = None
    ) -> Fetched:
        """Read the feed's source at `moment` and do what follows. Raises `RegistryError` BUSY only."""
        with self._under_way() as into:
            try:
                fetched = self._read(feed, into, moment, dry_run=dry_run, progress=progress)
            except SourceUnavailable as error:
                fetched = Fetched(_failed(feed, moment, error.fault.value, error.detail))
            except RegistryError as error:
                detail = f"{error.reason.value}: {error.detail}"
                fetched = Fetched(_failed(feed, moment, error.reason.value, detail))
        if not dry_run:
            self._registry.readings.note(fetched.fetch)
        return fetched

    def confirm(
        self,
        feed: ScheduledFeed,
        moment: datetime,
        progress: Progress | None = None,
        *,
        sha256: str = "",
        note: str = "",
        document: Document = NO_DOCUMENT,
    ) -> Fetched:
        """Load exactly the list that waits, which must be the one of that checksum, where one is given.

        Said again by the same person for the same reason, it gives what came of the first time. Raises
        `RegistryError`: NOTHING_WAITING, WAITING_CHANGED, WAITING_DECIDED, BUSY, an import's.
        """
        with self.waiting.turn(feed.name):
            before = self._said_before(feed.name, sha256, FetchOutcome.LOADED, note)
            if before is not None:
                return before
            waiting = self._require_waiting(feed.name, sha256)
            with self._under_way() as into:
                file = into / (waiting.name if _is_plain(waiting.name) else "download")
                os.link(self.waiting.file(waiting), file)
                report = self._registry.import_feed(
                    feed,
                    file,
                    actor=self._actor,
                    moment=moment,
                    as_of=waiting.as_of,
                    confirm=True,
                    note=f"confirmed: {waiting.suspicion}" + (f"; {note}" if note else ""),
                    document=document,
                    progress=progress,
                )
            return self._decide(waiting, moment, FetchOutcome.LOADED, note, report)

    def discard(self, name: str, moment: datetime, *, sha256: str = "", note: str = "") -> Fetched:
        """Turn down the list that waits, as `confirm` loads it; the same file is not taken again.

        Raises `RegistryError`: NOTHING_WAITING, WAITING_CHANGED, WAITING_DECIDED, BUSY.
        """
        with self.waiting.turn(name):
            before = self._said_before(name, sha256, FetchOutcome.DISCARDED, note)
            if before is not None:
                return before
            return self._decide(self._require_waiting(name, sha256), moment, FetchOutcome.DISCARDED, note, None)

    def _decide(
        self, waiting: Waiting, moment: datetime, outcome: FetchOutcome, note: str, report: ImportReport | None
    ) -> Fetched:
        revision = None if report is None else report.revision
        fetch = replace(_of_waiting(waiting, moment, outcome, revision), actor=self._actor, note=note)
        self._registry.readings.note(fetch)
        self.waiting.clear_of(waiting)
        return Fetched(fetch, report or waiting.report)

    def _said_before(self, name: str, sha256: str, outcome: FetchOutcome, note: str) -> Fetched | None:
        """What came of the same word on the same list; None where none was given. Raises WAITING_DECIDED."""
        waiting = self.waiting.get(name)
        if not sha256 or (waiting is not None and waiting.sha256 == sha256):
            return None
        words = self._registry.readings.fetches(name, FetchOutcome.LOADED, FetchOutcome.DISCARDED)
        last = next((word for word in words if word.actor and word.sha256 == sha256), None)
        if last is None:
            return None
        if (last.outcome, last.actor, last.note) != (outcome, self._actor, note):
            detail = f"somebody's word on this list was given before: {last.outcome.value}"
            raise RegistryError(RegistryReason.WAITING_DECIDED, detail)
        return Fetched(last)

    def _require_waiting(self, name: str, sha256: str) -> Waiting:
        waiting = self.waiting.get(name)
        if waiting is None:
            raise RegistryError(RegistryReason.NOTHING_WAITING, "no list of this feed waits for a person")
        if sha256 and waiting.sha256 != sha256:
            detail = "another list of this feed waits than the one that was looked at"
            raise RegistryError(RegistryReason.WAITING_CHANGED, detail)
        return waiting

    @contextmanager
    def _under_way(self) -> Iterator[Path]:
        """A folder for what is being read, gone afterwards; on the same file system as the lists that wait."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(dir=self._folder, prefix="reading-", ignore_cleanup_errors=True) as into:
            yield Path(into)

    def _read(
        self, feed: ScheduledFeed, into: Path, moment: datetime, *, dry_run: bool, progress: Progress | None
    ) -> Fetched:
        seen = self._seen(feed.name)
        found = self._readers(feed.source, self._stop).read(seen, into, moment)
        match found:
            case NothingNew():
                fetch = Fetch(feed.name, moment, FetchOutcome.NOTHING_NEW, "no newer file has come", sha256=seen.sha256)
                return Fetched(fetch)
            case NotModified():
                return self._unchanged(feed, moment, found.stated_at, seen, dry_run=dry_run)
            case Got():
                if found.sha256 == seen.sha256:
                    now_seen = Seen(found.etag, found.last_modified, found.sha256)
                    return self._unchanged(feed, moment, found.stated_at, now_seen, dry_run=dry_run)
                self._require_not_discarded(feed.name, found)
                waiting = self.waiting.get(feed.name)
                if waiting is not None and waiting.sha256 == found.sha256 and not dry_run:
                    return Fetched(_of_waiting(waiting, moment, FetchOutcome.WAITING, None), waiting.report)
                return self._load(feed, found, moment, dry_run=dry_run, progress=progress)
            case _:
                assert_never(found)

    def _seen(self, name: str) -> Seen:
        """What is remembered of the list that is loaded: validators only where they are that very file's.

        Nothing, where it was loaded before there was the current subject key and natural persons wait to be entered
        under it: then it is loaded once more, changed or not.
        """
        run = self._registry.readings.last_run(name)
        if run is None:
            return Seen()
        awaited_since = self._registry.numbers_awaited_since()
        if awaited_since is not None and run.recorded_at < awaited_since:
            return Seen()
        stated_at = min(run.recorded_at, datetime.combine(run.as_of, datetime.max.time(), UTC))
        (last,) = self._registry.readings.fetches(name, FetchOutcome.LOADED, FetchOutcome.UNCHANGED) or (None,)
        if last is None or last.sha256 != run.sha256:
            return Seen(sha256=run.sha256, stated_at=stated_at)
        return Seen(last.etag, last.last_modified, run.sha256, stated_at)

    def _unchanged(
        self, feed: ScheduledFeed, moment: datetime, stated_at: datetime, seen: Seen, *, dry_run: bool
    ) -> Fetched:
        """The source says what it said: a whole list is confirmed by that, without importing it again."""
        revision = None
        if not dry_run:
            revision = self._registry.readings.confirm(
                feed.name,
                full_list=adapter_for(feed).full_list,
                file_name="",
                sha256=seen.sha256,
                as_of=stated_at.date(),
                actor=self._actor,
                moment=moment,
            )
            # What waited is not what the source says now.
            self.waiting.clear(feed.name)
        outcome = FetchOutcome.UNCHANGED
        return Fetched(Fetch(feed.name, moment, outcome, "", seen.etag, seen.last_modified, seen.sha256, revision))

    def _require_not_discarded(self, name: str, found: Got) -> None:
        (last,) = self._registry.readings.fetches(name, FetchOutcome.DISCARDED) or (None,)
        if last is not None and last.sha256 == found.sha256:
            raise SourceUnavailable(SourceFault.DISCARDED_LIST, "the source still gives the list that was discarded")

    def _load(
        self, feed: ScheduledFeed, found: Got, moment: datetime, *, dry_run: bool, progress: Progress | None
    ) -> Fetched:
        def step(rows: int, share: float) -> None:
            if self._stop.is_set():
                raise SourceUnavailable(SourceFault.NODE_STOPPING, "the node is stopping; nothing of the list was kept")
            if progress is not None:
                progress(rows, share)

        day = found.stated_at.date()
        named = found.path.rename(found.path.with_name(found.name)) if _is_plain(found.name) else found.path
        kept = Fetch(feed.name, moment, FetchOutcome.LOADED, "", found.etag, found.last_modified, found.sha256)
        try:
            report = self._registry.import_feed(
                feed, named, actor=self._actor, moment=moment, as_of=day, dry_run=dry_run, progress=step
            )
        except SuspiciousList as suspicious:
            report = suspicious.report
            self.waiting.keep(
                Waiting(
                    feed.name,
                    found.name,
                    found.sha256,
                    moment,
                    day,
                    report.suspicion,
                    report,
                    found.etag,
                    found.last_modified,
                ),
                named,
            )
            return Fetched(replace(_suspected(kept, report), outcome=FetchOutcome.WAITING), report)
        if dry_run:
            outcome = FetchOutcome.WAITING if report.suspicion else FetchOutcome.LOADED
            return Fetched(replace(_suspected(kept, report), outcome=outcome), report)
        self.waiting.clear(feed.name)
        return Fetched(replace(kept, revision=report.revision), report)


def _failed(feed: ScheduledFeed, moment: datetime, reason: str, detail: str) -> Fetch:
    return Fetch(feed.name, moment, FetchOutcome.FAILED, detail, reason=reason)


def _suspected(fetch: Fetch, report: ImportReport) -> Fetch:
    """The attempt, and why a person should look at what it gave, if anything is odd."""
    suspected = report.suspected
    return fetch if suspected is None else replace(fetch, reason=suspected.doubt.value, detail=suspected.words)


def _of_waiting(waiting: Waiting, moment: datetime, outcome: FetchOutcome, revision: int | None) -> Fetch:
    suspected = waiting.report.suspected
    return Fetch(
        waiting.feed,
        moment,
        outcome,
        waiting.suspicion,
        waiting.etag,
        waiting.last_modified,
        waiting.sha256,
        revision,
        reason="" if suspected is None else suspected.doubt.value,
    )


def _is_plain(name: str) -> bool:
    """Whether a name that a source gave may be a file's here."""
    return 0 < len(name.encode()) <= 200 and name.isprintable() and "/" not in name and not name.startswith(".")
