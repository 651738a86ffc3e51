"""The records inside an index file.

One LMDB database, six kinds of key told apart by their first byte:

==== =============================== ============================================================
key  then                            value
==== =============================== ============================================================
 i   16 bytes, an identifier's key   a reference: subject id (8 bytes), then the scheme of the
                                     identifier in UTF-8, or nothing where it is the primary one
 k   subject id (8 bytes)            the subject's holdings: the keys of the first, fourth and
                                     fifth kind under which it stands, to be taken back later
 m                                   `Meta`
 n   16 bytes, a name's key, then    nothing
     a subject id (8 bytes)
 o   16 bytes, the key of a code     nothing
     that stands inside one of the
     subject's, then a subject id
     (8 bytes)
 p   subject id (8 bytes)            the subject's profile in msgpack
==== =============================== ============================================================

Every value ends with a CRC-32 over key and value together, so that neither a changed value nor a value that stands
under another's key passes. Every subject's profile stands once, whatever number of identifiers and names it has.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from zlib import crc32

import msgspec

from clearway.decision.facts import AdverseRecord, Lifting, Listing, Objection, RegisteredSubject, SubjectProfile
from clearway.index.faults import IndexDamaged, IndexForeign
from clearway.subjects.keys import SubjectKeys

IDENTIFIER = b"i"
HOLDINGS = b"k"
META = b"m"
NAME = b"n"
CONTAINED = b"o"
PROFILE = b"p"

SEAL = 4
"""Bytes of check sum at the end of a value."""

KEY_LENGTHS = {IDENTIFIER: 17, HOLDINGS: 9, NAME: 25, CONTAINED: 25, PROFILE: 9}
"""Bytes of a key, by its kind."""

INTACT = 0x2144DF1C
"""What CRC-32 gives for any message followed by its own CRC-32, low byte first."""


def _shape() -> str:
    """A digest of the stored structs' fields, so that a release that changes them rebuilds instead of misreading."""
    structs = (SubjectProfile, Listing, Objection, Lifting, AdverseRecord, Meta, Holdings)
    fields = ";".join(f"{struct.__name__}:{','.join(struct.__struct_fields__)}" for struct in structs)
    return hashlib.blake2b(fields.encode(), digest_size=6).hexdigest()


class Meta(msgspec.Struct, frozen=True, array_like=True):
    """What an index file is a copy of, and as of when; written in the transaction that made it so.

    `synced_at` is the last moment, in seconds since 1970 UTC, at which `revision` was the registry's latest.
    `reads` and `confirmations` say, feed by feed, when the source was last read and last confirmed its whole list.
    `key_ids` are the subject keys it was written with: whoever looks up needs them all to find every natural person.
    Codes and names stand under the first of them. `first_key` is the one that the database was first opened with.
    """

    format: str
    database_id: str
    key_ids: tuple[str, ...]
    first_key: str
    build_id: str
    revision: int
    synced_at: float
    subjects: int
    confirmations: dict[str, date]
    reads: dict[str, datetime]


class Holdings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The keys one subject stands under: (identifier key, scheme or empty if primary) pairs, name keys, and the keys of
    the codes inside its own.
    """

    identifiers: tuple[tuple[bytes, str], ...] = ()
    names: tuple[bytes, ...] = ()
    contained: tuple[bytes, ...] = ()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One subject, encoded. `holdings_bytes` is `holdings` as stored, so that sameness is seen without decoding."""

    number: bytes
    profile: bytes
    holdings: Holdings
    holdings_bytes: bytes


FORMAT = f"1-{_shape()}"
"""The format this release reads and writes."""

_encode = msgspec.msgpack.Encoder().encode
_decode_profile = msgspec.msgpack.Decoder(SubjectProfile).decode
_decode_meta = msgspec.msgpack.Decoder(Meta).decode
_decode_holdings = msgspec.msgpack.Decoder(Holdings).decode


def seal(key: bytes, payload: bytes) -> bytes:
    """`payload` with the check sum that binds it to `key`."""
    return payload + crc32(payload, crc32(key)).to_bytes(SEAL, "little")


def intact(key: bytes, value: bytes) -> bool:
    """Whether `value` is what was written under `key`."""
    return len(value) >= SEAL and crc32(value, crc32(key)) == INTACT


def unseal(key: bytes, value: bytes) -> bytes:
    """The payload that was sealed under `key`; raises `IndexDamaged`."""
    if not intact(key, value):
        raise IndexDamaged("a record does not match its check sum")
    return value[:-SEAL]


def encode_entry(subject: RegisteredSubject, keys: SubjectKeys) -> Entry:
    """A subject as the index stores it. Its primary identifier is the one its profile names."""
    profile = subject.profile
    identifiers = {
        key: "" if (scheme, code) == (profile.scheme, profile.code) else scheme
        for scheme, code in subject.identifiers
        for key in keys_of(subject, scheme, code, keys)
    }
    # Lists, not generators: a rebuild comes by here for every subject.
    names = dict.fromkeys([keys.name_key(name) for name in subject.names if name])
    contained = [keys.identifier_key(scheme, code) for scheme, code in subject.contained]
    holdings = Holdings(tuple(identifiers.items()), tuple(names), tuple(contained))
    return Entry(profile.subject_id.to_bytes(8, "big"), _encode(profile), holdings, _encode(holdings))


def keys_of(subject: RegisteredSubject, scheme: str, code: str, keys: SubjectKeys) -> tuple[bytes, ...]:
    """The keys under which one of the subject's identifiers is found.

    A natural person is found under each key that the number was hashed with, by what that key makes of its own hash
    (`SubjectKeys.person_key`): so a recorded check finds the person again without the number. Where only one key was
    ever used, it is one of these, and which one is not said.
    """
    tokens = subject.numbers.get((scheme, code))
    if tokens is None:
        return (keys.identifier_key(scheme, code),)
    if not tokens:
        return tuple([one.identifier_key(scheme, code) for one in keys.every])
    return tuple(
        [one.identifier_key(scheme, tokens[one.fingerprint]) for one in keys.every if one.fingerprint in tokens]
    )


def reference(number: bytes, through: str) -> bytes:
    """The payload under an identifier's key."""
    return number + through.encode()


def records(entry: Entry) -> list[bytes]:
    """Everything that makes up `entry`: each key with its sealed value behind it, in no order."""
    number, holdings = entry.number, entry.holdings
    made = [PROFILE + number + entry.profile, HOLDINGS + number + entry.holdings_bytes]
    made += [IDENTIFIER + key + reference(number, through) for key, through in holdings.identifiers]
    made += [NAME + key + number for key in holdings.names]
    made += [CONTAINED + key + number for key in holdings.contained]
    # `seal`, before key and value are parted.
    return [record + crc32(record).to_bytes(SEAL, "little") for record in made]


def encode_meta(meta: Meta) -> bytes:
    """`meta`, sealed, as it stands under its key."""
    return seal(META, _encode(meta))


def decode_meta(value: bytes) -> Meta:
    """The meta record; raises `IndexDamaged`, or `IndexForeign` where it is intact but of another shape."""
    payload = unseal(META, value)
    try:
        return _decode_meta(payload)
    except msgspec.MsgspecError as unreadable:
        raise IndexForeign("the index was written by another release") from unreadable


def decode_holdings(payload: bytes) -> Holdings:
    """A subject's holdings; raises `IndexDamaged`."""
    try:
        return _decode_holdings(payload)
    except msgspec.MsgspecError as unreadable:
        raise IndexDamaged("a subject's holdings cannot be decoded") from unreadable


def decode_profile(payload: bytes) -> SubjectProfile:
    """A subject's profile; raises `IndexDamaged`."""
    try:
        return _decode_profile(payload)
    except msgspec.MsgspecError as unreadable:
        raise IndexDamaged("a profile cannot be decoded") from unreadable
