"""A log that fits into a test: some entries, their tree, and who signs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearway.catalogue.loader import load_catalogue
from clearway.decision.explain import Language
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import check_service_pb2, decision_pb2
from clearway.querylog.record import encode_record
from clearway.server.receipts import key_set_of
from clearway.server.reports.shown import shown_in
from clearway.transparency.checkpoints import Checkpoint
from clearway.transparency.entries import entry_of
from clearway.transparency.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from clearway.transparency.notes import Algorithm, Note, Signature, Signer, Verifier
from clearway.transparency.proofs import LoggedProof
from clearway.web.console.proof import Given
from tests.unit.querylog.records import a_check_id, a_record

LOG = Signer("example.org/log", bytes(range(32)))
STRANGER = Signer("example.org/log", bytes(32))
OTHER_LOG = Signer("example.org/other", bytes(range(32)))
SALT = bytes(range(32, 64))
SIGNED_AT = 1_772_000_000
CATALOGUE = load_catalogue("cn-demo")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness's private key."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Verifier(self.name, Algorithm.COSIGNATURE_V1, public)

    def sign(self, text: str, seconds: int = SIGNED_AT) -> Signature:
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        raw = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return Signature(self.name, self.verifier.key_id, seconds.to_bytes(8, "big") + raw)


WITNESS = Witness("witness.example", bytes([7] * 32))


@dataclass
class SmallLog:
    """Records, each with its entry; check N is the record at index N - 1."""

    records: list[bytes] = field(default_factory=list)

    def grow(self, count: int) -> None:
        """Log that many checks more."""
        for number in range(len(self.records) + 1, len(self.records) + count + 1):
            self.records.append(a_raw_record(number))

    def entry(self, number: int) -> bytes:
        return entry_of(a_check_id(number), self.records[number - 1], SALT).raw

    def read(self, level: int, place: int) -> bytes:
        numbers = range((place << level) + 1, (place + 1 << level) + 1)
        return root_of([leaf_hash(self.entry(number)) for number in numbers])

    def tree(self, size: int | None = None, signer: Signer = LOG) -> Checkpoint:
        size = len(self.records) if size is None else size
        return Checkpoint(signer.name, size, root_of([leaf_hash(self.entry(number)) for number in range(1, size + 1)]))

    def checkpoint(self, size: int | None = None, signer: Signer = LOG, witnesses: Sequence[Witness] = ()) -> bytes:
        text = self.tree(size, signer).text
        return Note(text, (signer.sign(text), *(witness.sign(text) for witness in witnesses))).raw

    def proof(self, number: int, signer: Signer = LOG, witnesses: Sequence[Witness] = ()) -> LoggedProof:
        hashes = inclusion_proof(number - 1, len(self.records), self.read)
        checkpoint = self.checkpoint(signer=signer, witnesses=witnesses)
        return LoggedProof(number - 1, hashes, checkpoint, extra=self.entry(number))

    def consistency(self, first: int) -> tuple[bytes, ...]:
        return consistency_proof(first, len(self.records), self.read)

    def given(self, number: int, signer: Signer = LOG, witnesses: Sequence[Witness] = ()) -> Given:
        """What the service gives for a check's proof."""
        return Given(self.proof(number, signer, witnesses).raw, self.records[number - 1], SALT, keys_of(LOG))


def keys_of(*signers: Signer) -> str:
    """A log's public keys as the service gives them."""
    return key_set_of([signer.verifier for signer in signers])


def a_raw_record(number: int, explanation: str = "Restricted.") -> bytes:
    """A recorded check whose request and answer are messages."""
    response = check_service_pb2.CheckSubjectResponse(check_id=a_check_id(number))
    response.decision.outcome = decision_pb2.OUTCOME_RESTRICTION
    response.decision.explanation.text = explanation
    request = check_service_pb2.CheckSubjectRequest(case_number=f"C-{number}")
    return encode_record(
        a_record(number, request=request.SerializeToString(), response=response.SerializeToString(), facts=b"")
    )


def shown(raw: bytes) -> pb.ShowCheckResponse:
    """What a page shows of a record, in English."""
    return shown_in(raw, CATALOGUE, Language.EN)


def a_log(size: int = 7) -> SmallLog:
    """A log of that many checks."""
    found = SmallLog()
    found.grow(size)
    return found
