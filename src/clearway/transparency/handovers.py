"""From one key of a log to the next: a checkpoint that both have signed, and in which the old one names the new one.

It is a checkpoint as any other (C2SP tlog-checkpoint) with a line of its own under the root, `next-key VKEY`. So
whoever trusts the old key learns the new one from the old one's own signature, and at which tree it took over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clearway.transparency.checkpoints import Checkpoint, open_checkpoint
from clearway.transparency.notes import Note, NoteInvalid, Signer, Verifier, parse_note, parse_vkey, verified

NEXT_KEY = "next-key "


def handover_to(new: Signer, old: Signer, tree: Checkpoint) -> Note:
    """What the old key says of the new one, as of the last tree that was signed before it takes over."""
    text = f"{tree.text}{NEXT_KEY}{new.verifier.vkey}\n"
    return Note(text, (old.sign(text), new.sign(text)))


def next_key(raw: bytes, trusted: Sequence[Verifier]) -> Verifier | None:
    """The key that a note hands the log over to; None where it is a checkpoint that names none.

    Raises `NoteInvalid` where none of the trusted keys signed it, or where the new one did not.
    """
    note = parse_note(raw)
    named = [line.removeprefix(NEXT_KEY) for line in note.text.split("\n")[3:] if line.startswith(NEXT_KEY)]
    if not named:
        return None
    open_checkpoint(raw, trusted)
    found = parse_vkey(named[0])
    if len(named) > 1 or found not in verified(note, [found]):
        raise NoteInvalid("the next key has not signed the checkpoint that names it")
    return found


def followed(trusted: Sequence[Verifier], kept: Iterable[bytes]) -> list[Verifier]:
    """The keys trusted, and those that they hand the log over to in these notes, one after the other."""
    found, left = list(trusted), list(kept)
    while True:
        new = [key for raw in left if (key := _named(raw, found)) is not None and key not in found]
        if not new:
            return found
        found += dict.fromkeys(new)


def _named(raw: bytes, trusted: Sequence[Verifier]) -> Verifier | None:
    try:
        return next_key(raw, trusted)
    except NoteInvalid:  # Whoever holds the tree to this note says so.
        return None
