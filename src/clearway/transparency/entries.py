"""What stands in the tree for a record: its id and a commitment to its bytes, never the bytes themselves.

So the tree can be handed to anybody, and a record can be erased under a retention rule without breaking it: once the
salt is gone too, nobody can find out from the commitment what it was made of.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

CHECK = "clearway/check/v1"
ERASURE = "clearway/erasure/v1"
SALT_BYTES = 32
MOST_ERASED = 1000
"""Leaves that one erasure names, at most: so that its own leaf stays below what a tile's entry may hold."""

_COMMITMENT_BYTES = 32
_ID = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)


class EntryInvalid(ValueError):
    """The bytes are no entry that is known here."""


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """Rows that were erased: by whom, when (UTC, whole seconds), by which rule or order, and the leaves they had.

    It holds no secret and no person's data: it stands in the published tree as it is, for everybody to read.
    """

    erasure_id: str
    erased_at: datetime
    erased_by: str
    rule: str
    """The rule's id; empty where an order was followed."""
    order: str
    """The order's own number; empty where a rule was followed."""
    reason: str
    spans: tuple[range, ...]
    """The leaves, in order, as spans without overlap."""

    @property
    def raw(self) -> bytes:
        """The leaf's bytes: three lines."""
        return f"{ERASURE}\n{self.erasure_id}\n{json.dumps(self._document(), separators=(',', ':'))}\n".encode()

    @property
    def leaves(self) -> Iterator[int]:
        """The leaves, one by one."""
        for span in self.spans:
            yield from span

    @property
    def because(self) -> str:
        """What it was done by, in words."""
        return f"rule {self.rule}" if self.rule else f"order {self.order}"

    def _document(self) -> dict[str, Any]:
        return {
            "at": int(self.erased_at.timestamp()),
            "by": self.erased_by,
            "rule": self.rule,
            "order": self.order,
            "reason": self.reason,
            "leaves": [[span.start, len(span)] for span in self.spans],
        }


@dataclass(frozen=True, slots=True)
class CheckEntry:
    """A recorded check: its id, and SHA-256 over a salt and the record's exact bytes."""

    check_id: str
    commitment: bytes

    @property
    def raw(self) -> bytes:
        """The leaf's bytes: three lines."""
        return f"{CHECK}\n{self.check_id}\n{base64.b64encode(self.commitment).decode()}\n".encode()


def commitment_to(record: bytes, salt: bytes) -> bytes:
    """What the entry of a record holds; `salt` is 32 random bytes, drawn once for each record."""
    return sha256(salt + record).digest()


def entry_of(check_id: str, record: bytes, salt: bytes) -> CheckEntry:
    """The entry that stands for a record."""
    return CheckEntry(check_id, commitment_to(record, salt))


def spans_of(leaves: Iterable[int]) -> tuple[range, ...]:
    """Leaves in ascending order, as spans."""
    found: list[range] = []
    for leaf in leaves:
        if found and found[-1].stop == leaf:
            found[-1] = range(found[-1].start, leaf + 1)
        else:
            found.append(range(leaf, leaf + 1))
    return tuple(found)


def parse_erasure(raw: bytes) -> ErasureEntry:
    """The erasure in a leaf's bytes. Raises `EntryInvalid`."""
    try:
        kind, erasure_id, document, end = raw.decode("ascii").split("\n")
        given = json.loads(document)
        spans = tuple(range(start, start + count) for start, count in given["leaves"])
        parsed = ErasureEntry(
            erasure_id,
            datetime.fromtimestamp(given["at"], UTC),
            given["by"],
            given["rule"],
            given["order"],
            given["reason"],
            spans,
        )
        # What was parsed says the same, byte for byte: so there is one way to write an erasure.
        sound = kind == ERASURE and not end and _ID.fullmatch(erasure_id) and parsed.raw == raw
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        raise EntryInvalid("an erasure is a kind, an id and a document, a line each") from None
    if not sound or not _plausible(parsed):
        raise EntryInvalid("an erasure is a kind, an id and a document, a line each")
    return parsed


def _plausible(erasure: ErasureEntry) -> bool:
    """Whether its words are words, and its spans ascend, apart, and not beyond what one erasure may name."""
    words = (erasure.erased_by, erasure.rule, erasure.order, erasure.reason)
    ends = [-1, *(span.stop for span in erasure.spans)]
    ascending = all(span.stop > span.start > before for span, before in zip(erasure.spans, ends, strict=False))
    return (
        all(isinstance(word, str) for word in words)
        and bool(erasure.rule) is not bool(erasure.order)
        and ascending
        and 0 < sum(span.stop - span.start for span in erasure.spans) <= MOST_ERASED
    )


def parse_entry(raw: bytes) -> CheckEntry:
    """The entry in a leaf's bytes. Raises `EntryInvalid`."""
    try:
        kind, check_id, encoded, end = raw.decode("ascii").split("\n")
        commitment = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise EntryInvalid("an entry is a kind, an id and a commitment, a line each") from None
    if kind != CHECK or end or not _ID.fullmatch(check_id) or len(commitment) != _COMMITMENT_BYTES:
        raise EntryInvalid("an entry is a kind, an id and a commitment, a line each")
    return CheckEntry(check_id, commitment)
