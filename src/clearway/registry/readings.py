"""What is known of the readings of feeds: every attempt, the last import, and readings that found nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Engine, func, insert, select

from clearway.registry.database import reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.ledger import Ledger, origin_of
from clearway.registry.schema import FeedRunRow, FetchRow, RevisionRow

MAX_DETAIL = 1024
"""Signs of what went wrong that are kept."""


class FetchOutcome(StrEnum):
    """What came of an attempt to read a feed's source.

    UNCHANGED: the source was read and says what it said; of a whole list this confirms the list. NOTHING_NEW: a folder
    holds no newer file, which says nothing. WAITING: the list was kept for a person to look at. DISCARDED: a person
    turned it down.
    """

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    NOTHING_NEW = "nothing_new"
    WAITING = "waiting"
    DISCARDED = "discarded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One attempt. `detail` says what went wrong, without row content; `revision` is the import it led to, if any.

    `reason` says the same by a code: of a failure a `SourceFault` or a `RegistryReason`, of a list that a person should
    look at a `Doubt`; empty where nothing is wrong, and in rows from before there were codes.

    `actor` and `note`: whose word it was that a list that waited is to be loaded or turned down, and why.
    """

    feed: str
    fetched_at: datetime
    outcome: FetchOutcome
    detail: str = ""
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    revision: int | None = None
    actor: str = ""
    note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest import or confirmation of a feed."""

    revision: int
    recorded_at: datetime
    as_of: date
    file_name: str
    sha256: str
    rows: int


class Readings:
    """The attempts and imports of every feed. Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, fetch: Fetch) -> None:
        """Enter an attempt. Raises `RegistryError` BUSY."""
        row = {
            "feed": fetch.feed,
            "fetched_at": fetch.fetched_at,
            "outcome": fetch.outcome.value,
            "detail": fetch.detail[:MAX_DETAIL],
            "etag": fetch.etag,
            "last_modified": fetch.last_modified,
            "sha256": fetch.sha256,
            "revision": fetch.revision,
            "actor": fetch.actor,
            "note": fetch.note,
            "reason": fetch.reason,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(FetchRow), row)

    def confirm(
        self, feed: str, *, full_list: bool, file_name: str, sha256: str, as_of: date, actor: str, moment: datetime
    ) -> int:
        """Enter that a source was read and says what its last import says; gives the revision.

        Of a whole list, this confirms everything on it as of the day `as_of`. Raises `RegistryError`: INVALID_TIME for
        a day to come, UNKNOWN_FEED where nothing was imported, BUSY.
        """
        if as_of > moment.date():
            raise RegistryError(RegistryReason.INVALID_TIME, "a list cannot be as of a day to come")
        if self.last_run(feed) is None:
            raise RegistryError(RegistryReason.UNKNOWN_FEED, "nothing of this feed was imported")
        counts = ("rows", "accepted", "unchanged", "quarantined", "rejected", "added", "changed", "gone")
        with writing(self._engine) as connection:
            ledger = Ledger(connection, actor=actor, moment=moment, origin=origin_of(feed), note="nothing new")
            connection.execute(
                insert(FeedRunRow),
                {
                    "revision": ledger.revision,
                    "feed": feed,
                    "file_name": file_name[-512:],
                    "sha256": sha256,
                    "as_of": as_of,
                    "full_list": full_list,
                    "reasons": "{}",
                    **dict.fromkeys(counts, 0),
                },
            )
            return ledger.revision

    def last_run(self, feed: str) -> LastRun | None:
        """The latest import or confirmation of a feed, or None."""
        row = FeedRunRow
        query = (
            select(row.revision, RevisionRow.recorded_at, row.as_of, row.file_name, row.sha256, row.rows)
            .join(RevisionRow, RevisionRow.revision == row.revision)
            .where(row.feed == feed)
            .order_by(row.revision.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            found = connection.execute(query).one_or_none()
        return None if found is None else LastRun(*found)

    def rows(self, feed: str) -> int:
        """How many rows the feed's last import had; 0 where there was none."""
        last = self.last_run(feed)
        if last is None or last.rows:
            return 0 if last is None else last.rows
        query = (
            select(FeedRunRow.rows)
            .where(FeedRunRow.feed == feed, FeedRunRow.rows > 0, FeedRunRow.sha256 == last.sha256)
            .order_by(FeedRunRow.revision.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def feeds(self) -> tuple[str, ...]:
        """Every feed of which anything was imported or tried, by name."""
        with reading(self._engine) as connection:
            imported = connection.execute(select(FeedRunRow.feed).distinct()).scalars().all()
            tried = connection.execute(select(FetchRow.feed).distinct()).scalars().all()
        return tuple(sorted({*imported, *tried}))

    def fetches(self, feed: str, *outcomes: FetchOutcome, limit: int = 1) -> tuple[Fetch, ...]:
        """The latest attempts first, at most `limit`; of these outcomes only, if any are given."""
        row = FetchRow
        columns = (
            row.feed,
            row.fetched_at,
            row.outcome,
            row.detail,
            row.etag,
            row.last_modified,
            row.sha256,
            row.revision,
            row.actor,
            row.note,
            row.reason,
        )
        query = select(*columns).where(row.feed == feed).order_by(row.fetch_id.desc()).limit(limit)
        if outcomes:
            query = query.where(row.outcome.in_([outcome.value for outcome in outcomes]))
        with reading(self._engine) as connection:
            found = connection.execute(query).mappings().all()
        return tuple(Fetch(**{**attempt, "outcome": FetchOutcome(attempt["outcome"])}) for attempt in found)

    def failures(self, feed: str) -> int:
        """How many attempts ever failed."""
        query = select(func.count()).where(FetchRow.feed == feed, FetchRow.outcome == FetchOutcome.FAILED.value)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()
