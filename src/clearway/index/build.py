"""A whole new index file from everything the source holds.

The file is written beside the current one, without waiting for the disk on the way, and becomes visible only when it
is complete, synced and published; a crash before that leaves a file that no one reads and the next writer removes.

LMDB writes fast, and packs its pages full, where keys arrive in order; hashed keys arrive in none. So the records go
through a temporary file first, sorted by the beginning of their keys, and each part is sorted whole as it is read back.
Memory stays bounded by the part and the chunk, whatever the number of subjects.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import chain, islice, pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

import lmdb
import msgspec

from clearway.decision.facts import RegisteredSubject
from clearway.index.environment import MAX_READERS
from clearway.index.faults import IdentifierClash
from clearway.index.records import (
    CONTAINED,
    HOLDINGS,
    IDENTIFIER,
    META,
    NAME,
    PROFILE,
    Meta,
    encode_entry,
    encode_meta,
    pairs,
)
from clearway.subjects.keys import SubjectKeys

INITIAL_MAP = 256 << 20
"""Bytes of address space a new file is given, doubled whenever it is full. Only what is written takes disk space."""

_CHUNK = 5_000
_TRANSACTION = 200_000
_PARTS = 32
_GARBAGE = 100_000

Record = tuple[bytes, bytes]


def write_build(
    path: Path,
    subjects: Iterable[RegisteredSubject],
    keys: SubjectKeys,
    meta: Meta,
    *,
    initial_map: int = INITIAL_MAP,
    progress: Callable[[int], None] | None = None,
) -> Meta:
    """Write `subjects` to a new file at `path`, on disk when this returns, under `meta` with their number filled in.

    `progress` is told the number of subjects taken in so far. Raises `IdentifierClash`.
    """
    environment = lmdb.open(
        str(path), map_size=initial_map, subdir=False, mode=0o600, sync=False, max_readers=MAX_READERS, lib_version=0
    )
    try:
        with _rarer_collections(), TemporaryFile(dir=path.parent) as file:
            spill = _Spill(file)
            taken = spill.take_in(subjects, keys, progress or _silent)
            records = spill.in_order()
            while batch := list(islice(records, _TRANSACTION)):
                _append(environment, batch)
        complete = msgspec.structs.replace(meta, subjects=taken)
        with environment.begin(write=True) as transaction:
            transaction.put(META, encode_meta(complete))
        environment.sync(True)
    finally:
        environment.close()
    return complete


class _Segment(NamedTuple):
    first: bytes
    last: bytes
    offset: int
    length: int


class _Spill:
    """Records on their way through a temporary file, in segments of msgpack, each sorted and of one part only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._segments: dict[tuple[bytes, int], list[_Segment]] = defaultdict(list)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Record]).decode

    def take_in(self, subjects: Iterable[RegisteredSubject], keys: SubjectKeys, progress: Callable[[int], None]) -> int:
        """Encode `subjects` and set their records aside; returns their number."""
        taken, remaining = 0, iter(subjects)
        while chunk := list(islice(remaining, _CHUNK)):
            parts: dict[tuple[bytes, int], list[Record]] = defaultdict(list)
            for subject in chunk:
                for record in pairs(encode_entry(subject, keys)):
                    parts[_part(record[0])].append(record)
            for part, records in parts.items():
                records.sort()
                segment = self._encode(records)
                place = _Segment(records[0][0], records[-1][0], self._file.tell(), len(segment))
                self._segments[part].append(place)
                self._file.write(segment)
            taken += len(chunk)
            progress(taken)
        return taken

    def in_order(self) -> Iterator[Record]:
        """Every record, by key."""
        for part in sorted(self._segments):
            segments = self._segments[part]
            if part[0] in (IDENTIFIER, NAME, CONTAINED):
                yield from sorted(chain.from_iterable(self._read(segment) for segment in segments))
            else:
                yield from self._by_subject(segments)

    def _by_subject(self, segments: list[_Segment]) -> Iterator[Record]:
        if all(earlier.last < later.first for earlier, later in pairwise(segments)):
            return chain.from_iterable(map(self._read, segments))
        return merge(*map(self._read, segments))

    def _read(self, segment: _Segment) -> list[Record]:
        self._file.seek(segment.offset)
        return self._decode(self._file.read(segment.length))


def _part(key: bytes) -> tuple[bytes, int]:
    """Hashed keys spread evenly over parts by how they begin; subject ids mostly come in order, and are one part."""
    kind = key[:1]
    return kind, 0 if kind in (HOLDINGS, PROFILE) else key[1] * _PARTS >> 8


def _append(environment: lmdb.Environment, records: list[Record]) -> None:
    while True:
        try:
            with environment.begin(write=True) as transaction, transaction.cursor() as cursor:
                consumed, added = cursor.putmulti(records, overwrite=False, append=True)
                if added != consumed:
                    raise IdentifierClash("two subjects share an identifier, or one was handed over twice")
                return
        except lmdb.MapFullError:
            environment.set_mapsize(environment.info()["map_size"] * 2)


@contextmanager
def _rarer_collections() -> Iterator[None]:
    """Millions of small tuples come and go here without a cycle among them: looking for one doubles the time."""
    usual = gc.get_threshold()
    gc.set_threshold(max(usual[0], _GARBAGE), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _silent(_: int) -> None:
    """Tell no one."""
