"""A proof of inclusion as a file, by C2SP tlog-proof: index, hashes and checkpoint; the entry is its extra data."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from clearway.transparency.checkpoints import Checkpoint, open_checkpoint
from clearway.transparency.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from clearway.transparency.notes import Verifier

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PROOF = 1_000_000
MOST_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9]\d{0,18})", re.ASCII)


class ProofUnreadable(ValueError):
    """The bytes are no proof of that format."""


@dataclass(frozen=True, slots=True)
class LoggedProof:
    """That an entry is in a log: where, the hashes beside its way up, and the signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    @property
    def raw(self) -> bytes:
        """As a file."""
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(one).decode() for one in self.hashes]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint

    def verify(self, entry: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
        """The checkpoint under which the entry is proven. Raises `NoteInvalid` and `ProofInvalid`."""
        checkpoint = open_checkpoint(self.checkpoint, verifiers)
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def parse_proof(raw: bytes) -> LoggedProof:
    """The proof in these bytes; nothing is verified. Raises `ProofUnreadable`."""
    head, found, checkpoint = raw.partition(b"\n\n")
    if not found or len(raw) > LONGEST_PROOF:
        raise ProofUnreadable("a proof ends with a checkpoint, after an empty line")
    try:
        header, *lines = head.decode("ascii").split("\n")
        extra = _decoded(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        hashes = tuple(_decoded(line) for line in lines)
    except (ValueError, binascii.Error):
        raise ProofUnreadable("a proof is lines of base64") from None
    if header != HEADER or index is None or len(hashes) > MOST_HASHES or {*map(len, hashes)} - {HASH_BYTES}:
        raise ProofUnreadable(f"this is no {HEADER}")
    return LoggedProof(int(index[1]), hashes, checkpoint, extra)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
