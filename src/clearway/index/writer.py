"""The one writer of an index: changes to the current file a whole revision at a time, and new files in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Self

import lmdb
import msgspec

from clearway.decision.facts import RegisteredSubject
from clearway.index import environment, soundness
from clearway.index.build import INITIAL_MAP, write_build
from clearway.index.faults import IdentifierClash, IndexAbsent, IndexDamaged, IndexForeign, IndexFull
from clearway.index.layout import IndexLayout
from clearway.index.records import (
    CONTAINED,
    FORMAT,
    HOLDINGS,
    IDENTIFIER,
    META,
    NAME,
    PROFILE,
    Entry,
    Holdings,
    Meta,
    decode_holdings,
    encode_entry,
    encode_meta,
    reference,
    seal,
    unseal,
)
from clearway.index.source import Source
from clearway.subjects.keys import SubjectKeys

_STRUCTURE_LIMIT = 64 << 20
_NUMBER = 8


class FeedMoments(msgspec.Struct, frozen=True):
    """What is known of the feeds as a whole, by name: see `Source.confirmations` and `Source.reads`."""

    confirmations: dict[str, date]
    reads: dict[str, datetime]


class IndexWriter:
    """Holds the writer's lock of `layout` for as long as it lives.

    Starts without an index: `open` takes up the current file if it may be trusted, `rebuild` makes a new one.
    Raises `IndexLocked` where another writer lives.
    """

    def __init__(self, layout: IndexLayout, keys: SubjectKeys, *, initial_map: int = INITIAL_MAP) -> None:
        self._layout = layout
        self._keys = keys
        self._initial_map = initial_map
        self._lock = layout.lock()
        self._build: Path | None = None
        self._environment: lmdb.Environment | None = None
        self._meta: Meta | None = None
        self._swept = b""
        layout.sweep(keep=layout.current())

    @property
    def meta(self) -> Meta | None:
        """What the index says of itself, or None while there is none that may be trusted."""
        return self._meta

    @property
    def holds_more_keys(self) -> bool:
        """Whether the index was written with keys besides the present ones: readers without them do not trust it.

        Everybody in it who has a present key stands under that as well, so what is applied next says so.
        """
        return self._meta is not None and self._meta.key_ids != self._keys.ids

    def open(self) -> Meta:
        """Take up the current file. Raises `IndexAbsent`, `IndexDamaged` or `IndexForeign`."""
        self._drop()
        build = self._layout.current()
        if build is None:
            raise IndexAbsent("no index has been built here yet")
        if self._layout.damage_reported(build):
            raise IndexDamaged("a reader found the index damaged")
        if build.is_file() and build.stat().st_size <= _STRUCTURE_LIMIT:
            soundness.structure(build)
        return self._take(build)

    def check(self) -> None:
        """Raise where the index can no longer be trusted: reported damaged, removed, cut, or no longer the current."""
        build, opened = self._current()
        if self._layout.damage_reported(build):
            raise IndexDamaged("a reader found the index damaged")
        if self._layout.current() != build:
            raise IndexAbsent("the pointer no longer names the index")
        soundness.whole(build, opened)

    def rebuild(
        self,
        source: Source,
        revision: int,
        synced_at: float,
        build_id: str,
        progress: Callable[[int], None] | None = None,
    ) -> Meta:
        """Make the index anew as of `revision` and switch to it; readers keep the old one until they look again."""
        build = self._layout.build_path(build_id)
        meta = Meta(
            format=FORMAT,
            database_id=source.database_id(),
            key_ids=self._keys.ids,
            first_key=source.first_key(),
            build_id=build_id,
            revision=revision,
            synced_at=synced_at,
            subjects=0,
            confirmations=source.confirmations(revision),
            reads=source.reads(revision),
        )
        subjects = source.everything(revision)
        write_build(build, subjects, self._keys, meta, initial_map=self._initial_map, progress=progress)
        self._layout.publish(build)
        self._drop()
        meta = self._take(build)
        self._layout.clear_damage()
        self._layout.sweep(keep=build)
        return meta

    def apply(
        self,
        changes: Callable[[], Iterable[RegisteredSubject]],
        revision: int,
        feeds: FeedMoments,
        synced_at: float,
    ) -> int:
        """Bring the index to `revision` in one transaction; returns how many subjects were handed over.

        `changes` gives the changed subjects, and is asked again where the file has to grow first. Raises
        `IdentifierClash`, `IndexDamaged`, and `IndexFull` where the file cannot grow where it is.
        """
        _, opened = self._current()
        while True:
            try:
                return self._apply(opened, changes(), revision, feeds, synced_at)
            except lmdb.MapFullError:
                self._grow()
            except lmdb.TxnFullError as full:
                raise IndexFull("the changes are too many for one transaction") from full
            except lmdb.Error as error:
                raise environment.fault_of(error) from error

    def heartbeat(self, synced_at: float) -> None:
        """Record that the index was in step at `synced_at`, and free the read slots of workers that died."""
        _, opened = self._current()
        opened.reader_check()
        known = self._known()
        self.apply(tuple, known.revision, FeedMoments(known.confirmations, known.reads), synced_at)

    def sweep(self, limit: int) -> None:
        """Look at the next `limit` records, from the start again after the last. Raises `IndexDamaged`."""
        _, opened = self._current()
        with environment.faults(), opened.begin() as transaction:
            self._swept = soundness.sweep(transaction, self._swept, limit)

    def close(self) -> None:
        """Let the file and the lock go."""
        self._drop()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, build: Path) -> Meta:
        opened = environment.acquire(build, writable=True)
        try:
            with environment.faults(), opened.begin() as transaction:
                meta = soundness.identity(transaction, build)
                if meta.key_ids[:1] != self._keys.ids[:1] or not set(self._keys.ids).issubset(meta.key_ids):
                    raise IndexForeign("the index was written under another key")
                soundness.sample(transaction)
        except BaseException:
            environment.release(build)
            raise
        self._build, self._environment, self._meta, self._swept = build, opened, meta, b""
        return meta

    def _drop(self) -> None:
        if self._build is not None:
            environment.release(self._build)
        self._build = self._environment = self._meta = None

    def _current(self) -> tuple[Path, lmdb.Environment]:
        if self._build is None or self._environment is None:
            raise IndexAbsent("no index is open")
        return self._build, self._environment

    def _known(self) -> Meta:
        if self._meta is None:
            raise IndexAbsent("no index is open")
        return self._meta

    def _apply(
        self,
        opened: lmdb.Environment,
        changes: Iterable[RegisteredSubject],
        revision: int,
        feeds: FeedMoments,
        synced_at: float,
    ) -> int:
        known = self._known()
        with opened.begin(write=True) as transaction:
            change = _Change(transaction)
            for subject in changes:
                change.store(encode_entry(subject, self._keys))
            change.refuse_clashes()
            meta = msgspec.structs.replace(
                known,
                key_ids=self._keys.ids,
                revision=revision,
                synced_at=synced_at,
                subjects=known.subjects + change.added,
                confirmations=feeds.confirmations,
                reads=feeds.reads,
            )
            transaction.put(META, encode_meta(meta))
        self._meta = meta
        return change.seen

    def _grow(self) -> None:
        build, opened = self._current()
        if environment.is_shared(build):
            # Growing replaces the map under the snapshots of readers in this very process; a new file does not.
            raise IndexFull("the file is full and is being read in this process")
        opened.set_mapsize(opened.info()["map_size"] * 2)


class _Change:
    """The records of one write transaction, and what it did to them. The order of the subjects does not matter."""

    def __init__(self, transaction: lmdb.Transaction[bytes]) -> None:
        self._transaction = transaction
        self._taken: set[tuple[bytes, bytes]] = set()
        self.seen = 0
        self.added = 0

    def store(self, entry: Entry) -> None:
        """Put one subject in place of what was held of it."""
        self.seen += 1
        self._put(PROFILE + entry.number, entry.profile)
        before = self._held(entry.number)
        if before is None:
            self.added += 1
            before = Holdings()
        elif before == entry.holdings:
            return
        self._take_back(entry.number, before, entry.holdings)
        for key, through in entry.holdings.identifiers:
            self._claim(entry.number, IDENTIFIER + key, through)
        for key in entry.holdings.names:
            self._put(NAME + key + entry.number, b"")
        for key in entry.holdings.contained:
            self._put(CONTAINED + key + entry.number, b"")
        self._put(HOLDINGS + entry.number, entry.holdings_bytes)

    def refuse_clashes(self) -> None:
        """Raise `IdentifierClash` where an identifier was taken from a subject that has not given it up."""
        for key, former in self._taken:
            held = self._held(former)
            if held is not None and any(IDENTIFIER + identifier == key for identifier, _ in held.identifiers):
                raise IdentifierClash("two subjects share an identifier")

    def _held(self, number: bytes) -> Holdings | None:
        key = HOLDINGS + number
        value = self._transaction.get(key)
        return None if value is None else decode_holdings(unseal(key, value))

    def _take_back(self, number: bytes, before: Holdings, after: Holdings) -> None:
        kept = {key for key, _ in after.identifiers}
        for identifier, _ in before.identifiers:
            key = IDENTIFIER + identifier
            if identifier not in kept and self._owner(key) == number:
                self._transaction.delete(key)
        for name in set(before.names) - set(after.names):
            self._transaction.delete(NAME + name + number)
        for inside in set(before.contained) - set(after.contained):
            self._transaction.delete(CONTAINED + inside + number)

    def _claim(self, number: bytes, key: bytes, through: str) -> None:
        owner = self._owner(key)
        if owner is not None and owner != number:
            self._taken.add((key, owner))
        self._put(key, reference(number, through))

    def _owner(self, key: bytes) -> bytes | None:
        value = self._transaction.get(key)
        return None if value is None else unseal(key, value)[:_NUMBER]

    def _put(self, key: bytes, payload: bytes) -> None:
        self._transaction.put(key, seal(key, payload))
