"""Checkpoints, by C2SP tlog-checkpoint: what a log says of its tree, to be signed as a note."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from clearway.transparency.merkle import HASH_BYTES
from clearway.transparency.notes import NoteInvalid, Verifier, parse_note, verified

_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree: whose, how many leaves, and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is; further lines are passed over. Raises `NoteInvalid`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
        raise NoteInvalid("a checkpoint is an origin, a size and a root, a line each")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        raise NoteInvalid("the checkpoint's root is not base64") from None
    if len(root) != HASH_BYTES:
        raise NoteInvalid("the checkpoint's root is not 32 bytes long")
    return Checkpoint(lines[0], int(lines[1]), root)


def open_checkpoint(raw: bytes, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint in a note that one of these keys signed, under its own name. Raises `NoteInvalid`."""
    return open_signed(raw, verifiers)[0]


def open_signed(raw: bytes, verifiers: Sequence[Verifier]) -> tuple[Checkpoint, tuple[Verifier, ...]]:
    """The same, and which of the keys signed it: at a change of keys there are two."""
    note = parse_note(raw)
    checkpoint = parse_checkpoint(note.text)
    signers = verified(note, verifiers)
    if not any(one.name == checkpoint.origin for one in signers):
        raise NoteInvalid("the checkpoint is not signed by the log's key")
    return checkpoint, signers
