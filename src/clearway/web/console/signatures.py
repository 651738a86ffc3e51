"""Who signed a tree: the log with one of its keys, and the witnesses that are known here."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from clearway.transparency.checkpoints import Checkpoint
from clearway.transparency.notes import Algorithm, Note, NoteInvalid, Signature, Verifier, cosigned_at, verified
from clearway.web.console.steps import Result, Step

PUBLIC_KEY_BYTES = 32


def signature_step(note: Note, tree: Checkpoint, keys: Sequence[Verifier]) -> Step:
    """Whether one of the log's keys signed the tree."""
    parts = (("origin", tree.origin), ("size", f"{tree.size:,}"))
    text = (("signed_text", note.text.rstrip("\n")),)
    try:
        signers = verified(note, keys)
    except NoteInvalid:
        return Step(Result.FAILED, "signature_false", parts, text)
    if not signers:
        return Step(Result.FAILED, "signature_missing", parts, text)
    raw = tuple(("log_key", signer.vkey) for signer in signers)
    return Step(Result.HOLDS, "signature_holds", parts, text + raw)


def witness_steps(note: Note, witnesses: Sequence[Verifier]) -> tuple[Step, ...]:
    """What each witness that is known here says of the tree."""
    return tuple(witness_step(note, witness) for witness in witnesses)


def witness_step(note: Note, witness: Verifier) -> Step:
    """What one witness says: its signature, and when it was made, where all that name it hold."""
    parts, raw = (("name", witness.name),), (("witness_key", witness.vkey),)
    signatures = [one for one in note.signatures if witness.made(one)]
    if not signatures:
        return Step(Result.OPEN, "witness_silent", parts, raw)
    try:
        for signature in signatures:
            witness.verify(note.text, signature)
    except NoteInvalid:
        return Step(Result.FAILED, "witness_false", parts, raw)
    moment = moment_of(signatures[0], witness)
    if moment is None:
        return Step(Result.HOLDS, "witness_undated", parts, raw)
    return Step(Result.HOLDS, "witness_holds", (*parts, ("moment", f"{moment:%Y-%m-%d %H:%M:%S}")), raw)


def moment_of(signature: Signature, witness: Verifier) -> datetime | None:
    """When a witness says that it signed; None where it says no such thing, or no moment of the calendar."""
    if witness.algorithm is not Algorithm.COSIGNATURE_V1:
        return None
    try:
        return datetime.fromtimestamp(cosigned_at(signature), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def log_keys(keys: str, origin: str) -> tuple[Verifier, ...]:
    """The keys of a JWK set that are of the log of that name: a key's id is made of its name and its bytes."""
    try:
        listed = json.loads(keys)["keys"]
        pairs = [(str(one["kid"]), unpadded(str(one["x"]))) for one in listed]
    except (ValueError, KeyError, TypeError):
        return ()
    of_origin = partial(Verifier, origin, Algorithm.ED25519)
    found = [(kid, of_origin(public)) for kid, public in pairs if len(public) == PUBLIC_KEY_BYTES]
    return tuple(verifier for kid, verifier in found if verifier.key_id.hex() == kid)


def unpadded(text: str) -> bytes:
    """What base64url without its padding says. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
