"""A whole new index file from everything the source holds.

The file is written beside the current one, without waiting for the disk on the way, and becomes visible only when it
is complete, synced and published; a crash before that leaves a file that no one reads and the next writer removes.

LMDB writes fast, and packs its pages full, where keys arrive in order; hashed keys arrive in none. So the records go
through a temporary file first, sorted by the beginning of their keys, and each part is sorted whole as it is read back.
Memory stays bounded by the part and the chunk, whatever the number of subjects.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import chain, islice, pairwise
from operator import itemgetter
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
    KEY_LENGTHS,
    META,
    NAME,
    PROFILE,
    Meta,
    encode_entry,
    encode_meta,
)
from clearway.index.records import records as entry_records
from clearway.subjects.keys import SubjectKeys

INITIAL_MAP = 256 << 20
"""Bytes of address space a new file is given, doubled whenever it is full. Only what is written takes disk space."""

_CHUNK = 5_000
_TRANSACTION = 20_000
_PARTS = 32
_GARBAGE = 100_000


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
            for kind, records in spill.in_order():
                while batch := list(islice(records, _TRANSACTION)):
                    _append(environment, batch, KEY_LENGTHS[kind])
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
    """Records on their way through a temporary file, in segments of msgpack, each sorted and of one part only.

    Hashed keys spread evenly over parts by how they begin; subject ids mostly come in order, and are one part.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._segments: dict[bytes, list[_Segment]] = defaultdict(list)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[bytes]).decode

    def take_in(self, subjects: Iterable[RegisteredSubject], keys: SubjectKeys, progress: Callable[[int], None]) -> int:
        """Encode `subjects` and set their records aside; returns their number."""
        taken, remaining = 0, iter(subjects)
        while chunk := list(islice(remaining, _CHUNK)):
            by_kind: dict[bytes, list[bytes]] = {kind: [] for kind in KEY_LENGTHS}
            for subject in chunk:
                for record in entry_records(encode_entry(subject, keys)):
                    by_kind[record[:1]].append(record)
            for kind, records in by_kind.items():
                records.sort()
                self._set_aside(kind, records)
            taken += len(chunk)
            progress(taken)
        return taken

    def in_order(self) -> Iterator[tuple[bytes, Iterator[bytes]]]:
        """Every record, by key, in pieces of one kind."""
        for part in sorted(self._segments):
            segments = self._segments[part]
            if part in _IN_ONE_PART:
                yield part, self._by_subject(segments)
            else:
                yield part[:1], iter(sorted(chain.from_iterable(map(self._read, segments))))

    def _set_aside(self, kind: bytes, records: list[bytes]) -> None:
        begins = (kind,) if kind in _IN_ONE_PART else _PART_BEGINS[kind]
        places = [*(bisect_left(records, begin) for begin in begins), len(records)]
        for part, (start, end) in zip(begins, pairwise(places), strict=True):
            if start < end:
                segment = self._encode(records[start:end])
                place = _Segment(records[start], records[end - 1], self._file.tell(), len(segment))
                self._segments[part].append(place)
                self._file.write(segment)

    def _by_subject(self, segments: list[_Segment]) -> Iterator[bytes]:
        if all(earlier.last < later.first for earlier, later in pairwise(segments)):
            return chain.from_iterable(map(self._read, segments))
        return merge(*map(self._read, segments))

    def _read(self, segment: _Segment) -> list[bytes]:
        self._file.seek(segment.offset)
        return self._decode(self._file.read(segment.length))


_IN_ONE_PART = (HOLDINGS, PROFILE)
_PART_BEGINS = {
    kind: tuple(kind + bytes([part * 256 // _PARTS]) for part in range(_PARTS))
    for kind in (IDENTIFIER, NAME, CONTAINED)
}


def _append(environment: lmdb.Environment, records: list[bytes], key_length: int) -> None:
    key, value = itemgetter(slice(0, key_length)), itemgetter(slice(key_length, None))
    while True:
        try:
            with environment.begin(write=True) as transaction, transaction.cursor() as cursor:
                parted = zip(map(key, records), map(value, records), strict=True)
                consumed, added = cursor.putmulti(parted, overwrite=False, append=True)
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
