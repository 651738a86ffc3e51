"""One check, refusal or look as it is recorded. Encoded once.

The exact bytes travel on and are what any later proof is about.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

RECORD_VERSION = 1
"""The format's version, first in every record. New fields are added at the end, with a default."""

MAX_RECORD_BYTES = 65_535
"""A record is at most this long: what one entry of a tile-based transparency log can hold."""


class RecordTooLarge(ValueError):
    """The encoded record exceeds `MAX_RECORD_BYTES`; `size` is what it would take, in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the record takes {size} bytes; at most {MAX_RECORD_BYTES} are kept")
        self.size = size


class UnreadableRecord(ValueError):
    """Stored bytes are not a record of a version known here."""


class CheckRecord(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Who asked what, when, and what was answered: all that a replay needs. Refused checks are recorded too.

    So is whatever else was refused for want of a right, and every look of an auditor or a registrar: see `method`.
    """

    v: int = RECORD_VERSION
    check_id: str
    """UUIDv7, canonical lower case; its order is the order of time."""
    decided_at: datetime
    """When the decision (or refusal) was made; aware, UTC."""
    authority: str
    caller: str
    officer: str
    case_number: str
    item_code: str
    request_id: str
    request_digest: bytes
    """Digest of the request's body, 16 bytes: tells a retry from a reused id."""
    scheme: str
    subject: str
    """The identifier as it may be shown: an organisation's code; the masked form of anything else."""
    subject_key: bytes
    """Keyed hash of the identifier, or of the name where a name alone was given, for finding a subject's checks.

    Empty where the code is masked, and in records of refused checks.
    """
    outcome: str
    """Wire name such as `OUTCOME_RESTRICTION`; empty where the check was refused."""
    standing: str
    """Wire name such as `STANDING_LISTED`; empty where the check was refused."""
    error_reason: str
    """Wire name such as `ERROR_REASON_UNKNOWN_ITEM`; empty where the check was answered."""
    revision: str
    edition: str
    edition_hash: str
    request: bytes
    """The serialized request message, natural persons' identifiers masked."""
    facts: bytes
    """The facts the decision was made from, as the index holds them."""
    response: bytes
    """The serialized response message, or the serialized Status of a refusal."""
    worker: str
    listings: tuple[str, ...] = ()
    """Ids of the listings that the answer speaks of, so that every check that relied on one can be found."""
    method: str = ""
    """Empty for a check. Else the method, such as `RegistryService/GetSubject`, that somebody was refused
    (`error_reason`), or by which an auditor or a registrar looked at a subject or at others' checks."""
    region: str = ""
    """Where the licence would apply: as asked, or the caller's own region."""
    elapsed_us: int = 0
    """Microseconds from admission to this record; 0 where it was not measured."""
    index_age_ms: int = 0
    """Milliseconds since the index was known to be in step with the registry; 0 where the check was refused."""
    key_id: str = ""
    """The subject key behind `subject_key`, where the subject is a natural person, whose number is not kept.

    Empty in records from before there could be several: then it is the first that the registry was opened with.
    """
    former_keys: dict[str, bytes] = {}
    """What `subject_key` would be under each former key, by its id, where the subject is a natural person: so the check
    belongs to whoever is recorded under one of those."""

    @property
    def is_check(self) -> bool:
        """Whether this is a check, answered or refused; otherwise it is a refusal of something else, or a look."""
        return not self.method

    @property
    def answered(self) -> bool:
        """Whether this is a check that got an answer, not a refusal."""
        return self.is_check and not self.error_reason


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CheckRecord)


def encode_record(record: CheckRecord) -> bytes:
    """The bytes to store. Raises `RecordTooLarge`, and `ValueError` for a `decided_at` that is not in UTC."""
    if record.decided_at.tzinfo is not UTC:
        raise ValueError("decided_at must be an aware datetime in UTC")
    raw = _encoder.encode(record)
    if len(raw) > MAX_RECORD_BYTES:
        raise RecordTooLarge(len(raw))
    return raw


def decode_record(raw: bytes) -> CheckRecord:
    """The record in these bytes. Raises `UnreadableRecord`."""
    try:
        record = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise UnreadableRecord(f"not a record: {fault}") from fault
    if record.v != RECORD_VERSION:
        raise UnreadableRecord(f"record version {record.v} is not known here")
    return record
