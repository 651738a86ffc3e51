"""One a worker: what the index holds of a subject, at one revision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Self
from zlib import crc32

import lmdb
import msgspec

from clearway.decision.facts import SubjectProfile
from clearway.index import environment, soundness
from clearway.index.faults import IndexAbsent, IndexDamaged, IndexForeign, IndexUnavailable
from clearway.index.layout import IndexLayout
from clearway.index.records import (
    CONTAINED,
    IDENTIFIER,
    INTACT,
    META,
    NAME,
    PROFILE,
    SEAL,
    Meta,
    decode_meta,
    decode_profile,
    intact,
    unseal,
)

MOST_NAMESAKES = 32
"""How many subjects of one name `Snapshot.named` gives at most."""

_ATTEMPTS = 3
_NUMBER = 8
_PRIMARY = _NUMBER + SEAL


class Hit(msgspec.Struct, frozen=True):
    """A subject found by an identifier.

    `through` is the scheme of that identifier where it is not the subject's primary one, and empty where it is; `raw`
    is `profile` exactly as encoded (msgpack of `SubjectProfile`), to be kept with the answer.
    """

    profile: SubjectProfile
    through: str
    raw: bytes


class IndexReader:
    """Reads the index of `layout`, following it from build to build.

    `key_ids` are those of the keys the caller looks up with (`SubjectKeys.ids`); `database_id`, where known, that of
    the registry. An index that was written with any other key is foreign: who stands under that one would be missed.
    One reader belongs to one process and thread and is opened after any fork. A fault never raises here, only in
    `snapshot`: a worker starts, and reports itself not ready, before there is an index.
    """

    def __init__(self, layout: IndexLayout, key_ids: tuple[str, ...], *, database_id: str | None = None) -> None:
        self._layout = layout
        self._key_ids = frozenset(key_ids)
        self._database_id = database_id
        self._build: Path | None = None
        self._environment: lmdb.Environment | None = None
        self._meta: Meta | None = None
        self._committed = -1
        self._pointer: tuple[int, int, int] | None = None
        self._fault: IndexUnavailable | None = IndexAbsent("no index has been opened yet")
        self.refresh()

    @property
    def fault(self) -> IndexUnavailable | None:
        """Why there is nothing to read, or None."""
        return self._fault

    def refresh(self) -> bool:
        """Go over to a new build if there is one; whether there is an index to read.

        A few `stat` calls where nothing has changed. Call it now and then (every few hundred milliseconds), between
        snapshots and never inside one.
        """
        pointer = self._look()
        if pointer != self._pointer or self._passing() or self._cut():
            self._reopen(pointer)
        return self._fault is None

    def snapshot(self) -> Snapshot:
        """The index at its latest revision, unchanged until the snapshot is closed. A context manager.

        Keep it short: an open snapshot keeps the file from reusing space. Raises `IndexUnavailable` and its kinds.
        """
        if self._fault is not None or self._environment is None:
            raise self._fault or IndexAbsent("the reader is closed")
        try:
            transaction = self._begin(self._environment)
        except lmdb.Error as error:
            raise self._judge(environment.fault_of(error)) from error
        try:
            committed = transaction.id()
            if committed != self._committed or self._meta is None:
                self._meta = self._read_meta(transaction)
                self._committed = committed
        except BaseException:
            transaction.abort()
            raise
        return Snapshot(self, transaction, self._meta)

    def close(self) -> None:
        """Let the file go."""
        self._drop()
        self._fault = IndexAbsent("the reader is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = os.stat(self._layout.pointer)
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _passing(self) -> bool:
        """Whether the present fault may pass by itself."""
        return self._fault is not None and not isinstance(self._fault, IndexDamaged)

    def _cut(self) -> bool:
        """Whether someone cut or removed the file: reading beyond its end would kill this process."""
        if self._fault is not None or self._build is None or self._environment is None:
            return False
        return not environment.is_whole(self._build, self._environment)

    def _reopen(self, pointer: tuple[int, int, int] | None) -> None:
        """Open what the pointer names; again where the pointer moved on, and the file went, in between."""
        for _ in range(_ATTEMPTS):
            self._try_open(pointer)
            moved_to = self._look()
            if moved_to == pointer:
                return
            pointer = moved_to

    def _try_open(self, pointer: tuple[int, int, int] | None) -> None:
        self._drop()
        self._pointer = pointer
        build = self._layout.current()
        try:
            if build is None:
                raise IndexAbsent("no index has been built here yet")
            self._open(build)
        except IndexUnavailable as fault:
            self._drop()
            self._fault = fault
            if isinstance(fault, IndexDamaged) and build is not None:
                self._layout.report_damage(build)
        else:
            self._fault = None

    def _open(self, build: Path) -> None:
        opened = environment.acquire(build, writable=False)
        self._build, self._environment = build, opened
        with environment.faults(), self._begin(opened) as transaction:
            self._meta = soundness.identity(transaction, build, self._database_id)
            if not self._key_ids.issuperset(self._meta.key_ids):
                raise IndexForeign("the index was written under another key")
            self._committed = transaction.id()
            soundness.sample(transaction)

    def _drop(self) -> None:
        if self._build is not None:
            environment.release(self._build)
        self._build = self._environment = self._meta = None
        self._committed = -1

    def _begin(self, opened: lmdb.Environment) -> lmdb.Transaction[bytes]:
        try:
            return opened.begin()
        except lmdb.MapResizedError:
            opened.set_mapsize(0)
            return opened.begin()

    def _read_meta(self, transaction: lmdb.Transaction[bytes]) -> Meta:
        try:
            value = transaction.get(META)
            if value is None:
                raise IndexDamaged("the index says nothing of itself")
            return decode_meta(value)
        except lmdb.Error as error:
            raise self._judge(environment.fault_of(error)) from error
        except IndexUnavailable as fault:
            raise self._judge(fault) from None

    def _judge(self, fault: IndexUnavailable) -> IndexUnavailable:
        """Once damage is seen nothing more is read from this build, and the follower is asked for another."""
        if isinstance(fault, IndexDamaged):
            self._fault = fault
            if self._build is not None:
                self._layout.report_damage(self._build)
        return fault


class Snapshot:
    """The index at one revision. Use it as a context manager, in the thread that made it, and not across awaits."""

    __slots__ = ("_meta", "_reader", "_transaction")

    def __init__(self, reader: IndexReader, transaction: lmdb.Transaction[bytes], meta: Meta) -> None:
        self._reader = reader
        self._transaction = transaction
        self._meta = meta

    @property
    def revision(self) -> int:
        """The registry's revision that this is a copy of; 0 where the registry was empty."""
        return self._meta.revision

    @property
    def database_id(self) -> str:
        """The database that the revision counts in."""
        return self._meta.database_id

    @property
    def key_id(self) -> str:
        """The subject key that codes and names stand under; natural persons may stand under others of the caller's."""
        return self._meta.key_ids[0]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The subject keys that natural persons stand under, all of them the caller's."""
        return self._meta.key_ids

    @property
    def first_key(self) -> str:
        """The id of the subject key that the database was first opened with."""
        return self._meta.first_key

    @property
    def synced_at(self) -> float:
        """The last moment, in seconds since 1970 UTC, at which the registry had nothing newer."""
        return self._meta.synced_at

    @property
    def confirmations(self) -> Mapping[str, date]:
        """Feed name → the day on which its source last confirmed its whole list."""
        return self._meta.confirmations

    @property
    def reads(self) -> Mapping[str, datetime]:
        """Feed name → the moment, in UTC, at which its source was last read."""
        return self._meta.reads

    @property
    def subjects(self) -> int:
        """How many subjects the index holds."""
        return self._meta.subjects

    def find(self, identifier_key: bytes) -> Hit | None:
        """The subject with that identifier (`SubjectKeys.identifier_key`, `person_key`), or None where there is none.

        Raises `IndexDamaged` where what is read is not what was written.
        """
        key = IDENTIFIER + identifier_key
        try:
            value = self._transaction.get(key)
            if value is None:
                soundness.absence(self._transaction, key)
                return None
            # `records.intact`, written out: this is the path of every check.
            if crc32(value, crc32(key)) != INTACT:
                raise IndexDamaged("a record does not match its check sum")
            raw = self._profile(value[:_NUMBER])
            through = "" if len(value) == _PRIMARY else value[_NUMBER:-SEAL].decode()
            return Hit(decode_profile(raw), through, raw)
        except lmdb.Error as error:
            raise self._reader._judge(environment.fault_of(error)) from error
        except IndexDamaged as damage:
            raise self._reader._judge(damage) from None

    def named(self, name_key: bytes, limit: int = MOST_NAMESAKES) -> tuple[SubjectProfile, ...]:
        """Subjects that go by that name (`SubjectKeys.name_key`), by subject id, at most `limit`: possible matches."""
        try:
            return tuple(self._under(NAME + name_key, limit))
        except lmdb.Error as error:
            raise self._reader._judge(environment.fault_of(error)) from error
        except IndexDamaged as damage:
            raise self._reader._judge(damage) from None

    def containing(self, identifier_key: bytes) -> tuple[SubjectProfile, ...]:
        """Subjects with a code that has the one of that key inside, by subject id, at most `MOST_NAMESAKES`.

        In a registry that takes no collisions in, there is one at most. Raises `IndexDamaged`.
        """
        prefix = CONTAINED + identifier_key
        try:
            found = tuple(self._under(prefix, MOST_NAMESAKES))
            if not found:
                soundness.absence(self._transaction, prefix)
        except lmdb.Error as error:
            raise self._reader._judge(environment.fault_of(error)) from error
        except IndexDamaged as damage:
            raise self._reader._judge(damage) from None
        return found

    def close(self) -> None:
        """Let the revision go. Closing twice does nothing."""
        self._transaction.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transaction.abort()

    def _under(self, prefix: bytes, limit: int) -> Iterator[SubjectProfile]:
        """The subjects whose ids stand behind `prefix` in a key."""
        with self._transaction.cursor() as cursor:
            more = cursor.set_range(prefix)
            while more and limit and cursor.key().startswith(prefix):
                key, value = cursor.item()
                if not intact(key, value):
                    raise IndexDamaged("a record does not match its check sum")
                yield decode_profile(self._profile(key[len(prefix) :]))
                more = cursor.next()
                limit -= 1

    def _profile(self, number: bytes) -> bytes:
        key = PROFILE + number
        value = self._transaction.get(key)
        if value is None:
            raise IndexDamaged("an identifier or a name leads to no profile")
        return unseal(key, value)
