"""The tree over the log, for auditors and witnesses: checkpoints, proofs, files, cosignatures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from clearway.gen.v1 import check_service_pb2
from clearway.gen.v1 import transparency_pb2 as pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.querylog.record import decode_record
from clearway.querylog.transparency.proving import Proving
from clearway.querylog.transparency.verification import FullVerification, last_verification
from clearway.server.call import About, Call, Methods
from clearway.server.errors import Refusal
from clearway.server.receipts import key_set_of
from clearway.transparency.notes import NoteInvalid, Verifier

T = TypeVar("T")


class Transparency:
    """Reads the published tree. What it gives is public, but for the record of `GetEntry`."""

    def __init__(
        self, proving: Proving, witnesses: tuple[Verifier, ...], own: Verifier, verification_file: Path
    ) -> None:
        self._verification_file = verification_file
        self._proving = proving
        self._own = own
        self._witnesses = witnesses

    def methods(self) -> Methods:
        """The service's methods, as `clearway.server.call.Methods` has them."""
        return (
            ("GetCheckpoint", pb.GetCheckpointRequest, self.get_checkpoint),
            ("GetInclusionProof", pb.GetInclusionProofRequest, self.get_inclusion_proof),
            ("GetConsistencyProof", pb.GetConsistencyProofRequest, self.get_consistency_proof),
            ("GetEntry", pb.GetEntryRequest, self.get_entry),
            ("GetTile", pb.GetTileRequest, self.get_tile),
            ("AddCosignature", pb.AddCosignatureRequest, self.add_cosignature),
        )

    async def get_receipt_keys(self, _: check_service_pb2.GetReceiptKeysRequest, __: Call) -> bytes:
        """The public keys of receipts: those that sign the log now or did earlier, and this node's own."""
        known = await self._ask(self._proving.keys)
        jwks = key_set_of(list(dict.fromkeys((*known, self._own))))
        return check_service_pb2.GetReceiptKeysResponse(jwks=jwks).SerializeToString()

    async def get_checkpoint(self, request: pb.GetCheckpointRequest, _: Call) -> bytes:
        """A signed tree. Raises `TreeBehind`, `UnknownTreeSize`."""
        tree = await self._ask(self._proving.signed, request.tree_size)
        size = tree.checkpoint.size
        response = pb.GetCheckpointResponse(checkpoint=tree.raw, tree_size=size, root_hash=tree.checkpoint.root)
        signed_at = await self._ask(self._proving.when_signed, size)
        if signed_at is not None:
            response.signed_at.FromSeconds(signed_at)
        last = await asyncio.to_thread(last_verification, self._verification_file)
        if last is not None:
            response.last_full_verification.CopyFrom(on_the_wire(last))
        return response.SerializeToString()

    async def get_inclusion_proof(self, request: pb.GetInclusionProofRequest, _: Call) -> bytes:
        """That a check is in the tree. Raises `NoSuchCheck`, `TreeBehind`, `UnknownTreeSize`."""
        proof, entry = await self._ask(self._proving.inclusion, request.check_id, request.tree_size)
        response = pb.GetInclusionProofResponse(
            leaf_index=proof.index, entry=entry, hashes=proof.hashes, checkpoint=proof.checkpoint, proof=proof.raw
        )
        return response.SerializeToString()

    async def get_consistency_proof(self, request: pb.GetConsistencyProofRequest, _: Call) -> bytes:
        """That one tree begins with another. Raises `TreeBehind`, `UnknownTreeSize`."""
        tree, hashes = await self._ask(self._proving.consistency, request.first_size, request.second_size)
        response = pb.GetConsistencyProofResponse(
            first_size=request.first_size, second_size=tree.checkpoint.size, hashes=hashes, checkpoint=tree.raw
        )
        return response.SerializeToString()

    async def get_entry(self, request: pb.GetEntryRequest, call: Call) -> bytes:
        """A leaf and what it commits to. Raises `NoSuchCheck`, `TreeBehind`."""
        found = await self._ask(self._proving.opened, request.check_id)
        if found.record:
            record = decode_record(found.record)
            call.about = About(record.scheme, record.subject, record.subject_key, record.key_id)
        response = pb.GetEntryResponse(
            leaf_index=found.index, entry=found.entry, salt=found.salt or b"", record=found.record or b""
        )
        return response.SerializeToString()

    async def get_tile(self, request: pb.GetTileRequest, _: Call) -> bytes:
        """A file of the published tree. Raises `Refusal` TILE_NOT_FOUND."""
        content = await self._ask(self._proving.tile, request.path)
        if content is None:
            message = "the published tree has no file of that name"
            raise Refusal(ErrorReason.ERROR_REASON_TILE_NOT_FOUND, message)
        return pb.GetTileResponse(content=content).SerializeToString()

    async def add_cosignature(self, request: pb.AddCosignatureRequest, _: Call) -> bytes:
        """Keep witnesses' cosignatures. Raises `Refusal` COSIGNATURE_REJECTED."""
        try:
            taken = await self._ask(self._proving.cosign, request.checkpoint, self._witnesses)
        except NoteInvalid as fault:
            raise Refusal(ErrorReason.ERROR_REASON_COSIGNATURE_REJECTED, str(fault)) from fault
        return pb.AddCosignatureResponse(witnesses=[witness.name for witness in taken]).SerializeToString()

    async def _ask(self, ask: Callable[..., T], *given: object) -> T:
        return await asyncio.to_thread(self._proving.asked, partial(ask, *given))


def on_the_wire(last: FullVerification) -> pb.FullVerification:
    """What came of a verification of the whole log, as a message."""
    message = pb.FullVerification(
        sound=last.sound, leaves=last.leaves, rows=last.rows, findings=last.findings, run_by=last.run_by
    )
    message.finished_at.FromDatetime(last.finished_at)
    return message
