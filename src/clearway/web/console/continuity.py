"""Whether the newest signed tree continues one that was seen before: then nothing of that one was changed since."""

from __future__ import annotations

from collections.abc import Sequence

from clearway.transparency.checkpoints import Checkpoint, open_checkpoint
from clearway.transparency.merkle import ProofInvalid, verify_consistency
from clearway.transparency.notes import NoteInvalid, parse_note
from clearway.web.console.signatures import log_keys
from clearway.web.console.steps import Raw, Result, Step


def opened_checkpoint(raw: bytes, keys: str) -> Checkpoint | None:
    """The checkpoint in these bytes, if the log signed it with one of the keys of that JWK set."""
    try:
        origin = parse_note(raw).text.partition("\n")[0]
        return open_checkpoint(raw, log_keys(keys, origin))
    except NoteInvalid:
        return None


def continuity_step(before: Checkpoint, newest: Checkpoint, hashes: Sequence[bytes]) -> Step:
    """Whether the one tree begins with the other, by the proof's hashes; none are needed where sizes are equal."""
    parts = (("before", f"{before.size:,}"), ("size", f"{newest.size:,}"))
    raw: Raw = (
        ("root_before", before.root.hex()),
        ("root", newest.root.hex()),
        ("hashes_beside", "\n".join(one.hex() for one in hashes)),
    )
    if before.origin != newest.origin:
        return Step(Result.FAILED, "another_log", (("origin", before.origin),), raw)
    if before.size > newest.size:
        return Step(Result.OPEN, "tree_smaller", parts, raw)
    try:
        verify_consistency(before.size, before.root, newest.size, newest.root, hashes)
    except ProofInvalid:
        return Step(Result.FAILED, "tree_forked", parts, raw)
    return Step(Result.HOLDS, "tree_same" if before.size == newest.size else "tree_continues", parts, raw)
