"""A check's proof, verified here from raw bytes: record, entry, place in the tree, the log's signature, witnesses.

Nothing a worker says is taken for true but the log's public keys, which the page shows for comparison. A step holds
where it was gone through and held; whatever could not be gone through is open, and no proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.entries import EntryInvalid, commitment_to, parse_entry
from clearway.transparency.merkle import ProofInvalid, leaf_hash, root_from_inclusion
from clearway.transparency.notes import NoteInvalid, Verifier, parse_note
from clearway.transparency.proofs import LoggedProof, ProofUnreadable, parse_proof
from clearway.web.console.signatures import log_keys, signature_step, witness_steps
from clearway.web.console.steps import Raw, Result, Step


@dataclass(frozen=True, slots=True)
class Given:
    """What a service gave for a check: the proof's file, what opens the entry, and the log's public keys (a JWK set).

    `record` and `salt` are empty where they were erased.
    """

    proof: bytes
    record: bytes
    salt: bytes
    keys: str


@dataclass(frozen=True, slots=True)
class CheckProof:
    """A proof that was gone through, step by step. `tree` is what it is under, where that can be read."""

    steps: tuple[Step, ...]
    witnesses: tuple[Step, ...]
    tree: Checkpoint | None

    @property
    def result(self) -> Result:
        """What it comes to: it holds where every step does, and no witness's signature is false."""
        found = {step.result for step in self.steps}
        if Result.FAILED in found or Result.FAILED in {step.result for step in self.witnesses}:
            return Result.FAILED
        return Result.HOLDS if found == {Result.HOLDS} else Result.OPEN


Shown = Callable[[bytes], pb.ShowCheckResponse]
"""Makes from a record's bytes what a page shows of it. Raises ValueError and DecodeError for what is no record."""


def check_proof(given: Given, found: pb.ShowCheckResponse, shown: Shown, witnesses: Sequence[Verifier]) -> CheckProof:
    """Go through the proof of the check that a page shows as `found`."""
    try:
        proof = parse_proof(given.proof)
    except ProofUnreadable:
        return CheckProof((Step(Result.FAILED, "proof_unreadable"),), (), None)
    try:
        note = parse_note(proof.checkpoint)
        tree = parse_checkpoint(note.text)
    except NoteInvalid:
        return CheckProof((Step(Result.FAILED, "checkpoint_unreadable"),), (), None)
    steps = (
        answer_step(given.record, found, shown),
        entry_step(given, proof.extra, found.check.check_id),
        place_step(proof, tree),
        signature_step(note, tree, log_keys(given.keys, tree.origin)),
    )
    return CheckProof(steps, witness_steps(note, witnesses), tree)


def answer_step(record: bytes, found: pb.ShowCheckResponse, shown: Shown) -> Step:
    """Whether the record says what the page shows."""
    if not record:
        return Step(Result.OPEN, "record_erased")
    try:
        differing = differences(found, shown(record))
    except (ValueError, DecodeError):
        return Step(Result.FAILED, "record_unreadable")
    raw = (("record_bytes", f"{len(record):,}"),)
    if differing:
        return Step(Result.FAILED, "record_differs", (("fields", ", ".join(differing)),), raw)
    return Step(Result.HOLDS, "record_agrees", raw=raw)


def entry_step(given: Given, entry: bytes, check_id: str) -> Step:
    """Whether the log's entry is this check's, and made of the record's bytes."""
    raw: Raw = (("entry", entry.decode("ascii", "replace").rstrip("\n")),)
    try:
        committed = parse_entry(entry)
    except EntryInvalid:
        return Step(Result.FAILED, "entry_unreadable", raw=raw)
    if committed.check_id != check_id:
        return Step(Result.FAILED, "entry_of_another", (("check_id", committed.check_id),), raw)
    if not given.record or not given.salt:
        return Step(Result.OPEN, "entry_not_opened", raw=raw)
    made = commitment_to(given.record, given.salt)
    raw += (("salt", given.salt.hex()), ("made_of_record", made.hex()), ("committed_to", committed.commitment.hex()))
    if made != committed.commitment:
        return Step(Result.FAILED, "entry_differs", raw=raw)
    return Step(Result.HOLDS, "entry_agrees", raw=raw)


def place_step(proof: LoggedProof, tree: Checkpoint) -> Step:
    """Whether the entry stands in the tree, at its place."""
    leaf = leaf_hash(proof.extra)
    beside = "\n".join(one.hex() for one in proof.hashes)
    raw: Raw = (("leaf_hash", leaf.hex()), ("hashes_beside", beside), ("root", tree.root.hex()))
    parts = (("row", f"{proof.index + 1:,}"), ("size", f"{tree.size:,}"))
    try:
        leads_to = root_from_inclusion(leaf, proof.index, tree.size, proof.hashes)
    except ProofInvalid:
        return Step(Result.FAILED, "place_leads_nowhere", parts, raw)
    if leads_to != tree.root:
        return Step(Result.FAILED, "place_differs", parts, (*raw, ("leads_to", leads_to.hex())))
    return Step(Result.HOLDS, "place_holds", parts, raw)


def differences(found: pb.ShowCheckResponse, made: pb.ShowCheckResponse) -> list[str]:
    """The fields in which a page and the record differ."""
    fields = [field.name for field in pb.ShowCheckResponse.DESCRIPTOR.fields]
    found, made = of_the_record(found), of_the_record(made)
    return [field for field in fields if getattr(found, field) != getattr(made, field)]


def of_the_record(shown: pb.ShowCheckResponse) -> pb.ShowCheckResponse:
    """Without what no record has: what happened afterwards, and what today's catalogue calls the authority."""
    kept = pb.ShowCheckResponse()
    kept.CopyFrom(shown)
    kept.ClearField("later")
    kept.check.authority.ClearField("name")
    return kept
