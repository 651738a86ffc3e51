"""What stands in the tree for a record: its id and a commitment to its bytes, never the bytes themselves.

So the tree can be handed to anybody, and a record can be erased under a retention rule without breaking it: once the
salt is gone too, nobody can find out from the commitment what it was made of.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

CHECK = "clearway/check/v1"
SALT_BYTES = 32
_COMMITMENT_BYTES = 32
_ID = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)


class EntryInvalid(ValueError):
    """The bytes are no entry that is known here."""


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
