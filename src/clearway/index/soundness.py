"""Whether an index file may be trusted.

Several depths: `identity` (whose copy is it, cheap, at every opening), `sample` (some records all over the file, cheap,
at every opening), `absence` (the neighbours of what is not found, at every look-up that fails), `structure` (every page
of a small file) and `sweep` (every record, a slice at a time), both by the follower. A record is sound if its check sum
binds it to its key and a look-up of that key arrives at it: damage between the pages would otherwise read as a miss.
"""

from __future__ import annotations

from pathlib import Path

import lmdb
import lmdb.verify

from clearway.index import environment
from clearway.index.faults import IndexDamaged, IndexForeign
from clearway.index.records import (
    CONTAINED,
    FORMAT,
    HOLDINGS,
    IDENTIFIER,
    META,
    NAME,
    PROFILE,
    Meta,
    decode_meta,
    intact,
)

_SAMPLES = 64
_NUMBER = 8


def identity(transaction: lmdb.Transaction[bytes], build: Path, database_id: str | None = None) -> Meta:
    """The file's meta record, if it is of this format, this build and, if given, this database.

    Whose keys it was written with, the caller judges: a reader and a writer ask differently.

    Raises `IndexDamaged` or `IndexForeign`.
    """
    value = transaction.get(META)
    if value is None:
        raise IndexDamaged("the index says nothing of itself")
    meta = decode_meta(value)
    if meta.format != FORMAT:
        raise IndexForeign("the index was written by another release")
    if meta.build_id != build.stem:
        raise IndexForeign("the index's file stands under another build's name")
    if database_id is not None and meta.database_id != database_id:
        raise IndexForeign("the index is a copy of another database")
    return meta


def sample(transaction: lmdb.Transaction[bytes]) -> None:
    """Look at records spread over the key space; raises `IndexDamaged` at the first that is not sound."""
    cursor = transaction.cursor()
    for kind in (IDENTIFIER, HOLDINGS, NAME, CONTAINED, PROFILE):
        for step in range(_SAMPLES):
            if not cursor.set_range(kind + bytes([step * 256 // _SAMPLES])) or cursor.key()[:1] != kind:
                break
            _inspect(transaction, *cursor.item())


def absence(transaction: lmdb.Transaction[bytes], key: bytes) -> None:
    """Look at the two records between which `key` would stand; raises `IndexDamaged` unless both are sound.

    A damaged key is still where it was, so whoever looks for what it was arrives next to it. Without this, damage to a
    key, or a wrong turn higher up, would read as "not recorded": the one answer that must not come from damage.
    """
    with transaction.cursor() as cursor:
        if cursor.set_range(key):
            after, value = cursor.item()
            if after <= key or not intact(after, value):
                raise IndexDamaged("the record after a missing one is not sound")
            found = cursor.prev()
        else:
            found = cursor.last()
        if found:
            before, value = cursor.item()
            if before >= key or not intact(before, value):
                raise IndexDamaged("the record before a missing one is not sound")


def sweep(transaction: lmdb.Transaction[bytes], after: bytes, limit: int) -> bytes:
    """Look at up to `limit` records beyond the key `after`; raises `IndexDamaged` at the first that is not sound.

    Returns the last key seen, to go on from, or an empty one where the end was reached.
    """
    cursor = transaction.cursor()
    more = cursor.set_range(after + b"\0")
    for _ in range(limit):
        if not more:
            return b""
        after, value = cursor.item()
        _inspect(transaction, after, value)
        more = cursor.next()
    return after


def structure(build: Path) -> None:
    """Walk every page of a file that no one is writing, without mapping it; raises `IndexDamaged`.

    About 0.1 s for 10 MB. It finds what would make LMDB itself fall over.
    """
    try:
        complaints = lmdb.verify.verify(str(build), subdir=False)  # type: ignore[no-untyped-call]
    except (lmdb.verify.VerifyError, OSError) as unreadable:
        raise IndexDamaged("the index is not an LMDB file") from unreadable
    if complaints:
        raise IndexDamaged(f"the index's pages do not hang together in {len(complaints)} places")


def _inspect(transaction: lmdb.Transaction[bytes], key: bytes, value: bytes) -> None:
    if not intact(key, value):
        raise IndexDamaged("a record does not match its check sum")
    if transaction.get(key) != value:
        raise IndexDamaged("a record cannot be found under its own key")
    if key[:1] in (IDENTIFIER, CONTAINED):
        profile_key = PROFILE + (value[:_NUMBER] if key[:1] == IDENTIFIER else key[-_NUMBER:])
        profile = transaction.get(profile_key)
        if profile is None or not intact(profile_key, profile):
            raise IndexDamaged("an identifier does not lead to a sound profile")


def whole(build: Path, opened: lmdb.Environment) -> None:
    """Raise `IndexDamaged` where the file was removed or cut since it was opened."""
    if not environment.is_whole(build, opened):
        raise IndexDamaged("the index's file is gone or cut short")
