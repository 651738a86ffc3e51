"""From a check to its proof, over the wire and by the command: receipt, checkpoint, proof, audit, replay."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import grpc
import pytest

from clearway.cli.exits import Exit
from clearway.client import verify_receipt
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import transparency_pb2 as tree_pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.querylog.record import decode_record
from clearway.querylog.transparency.verification import VERIFICATION_FILE, last_verification
from clearway.transparency.checkpoints import open_checkpoint
from clearway.transparency.entries import entry_of
from clearway.transparency.merkle import verify_consistency
from clearway.transparency.notes import parse_vkey
from clearway.transparency.proofs import parse_proof
from tests.contract.loaded import a_check, load
from tests.node import RunningNode
from tests.unit.cli.running import document, run

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("evidence")]

PATIENCE = 20.0
T = TypeVar("T")


def audits(node: RunningNode) -> AuditServiceStub:
    return AuditServiceStub(node.channel())


def eventually(ask: Callable[[], T]) -> T:
    """What a call gives once the tree covers it."""
    last = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > last:
                raise
        time.sleep(0.05)


def test_a_check_is_proven_with_the_public_key_alone(node: RunningNode) -> None:
    check_id = node.checks().CheckSubject(a_check(), timeout=PATIENCE).check_id
    stub = audits(node)
    proven = eventually(lambda: stub.GetInclusionProof(tree_pb.GetInclusionProofRequest(check_id=check_id)))
    vkey = parse_vkey(run("log", "key", "--data-dir", node.data_dir).stdout)
    proof = parse_proof(proven.proof)
    checkpoint = proof.verify(proven.entry, [vkey])
    assert (proof.index, tuple(proof.hashes)) == (proven.leaf_index, tuple(proven.hashes))
    opened = stub.GetEntry(tree_pb.GetEntryRequest(check_id=check_id))
    assert entry_of(check_id, opened.record, opened.salt).raw == proven.entry
    assert decode_record(opened.record).check_id == check_id
    node.checks().CheckSubject(a_check(), timeout=PATIENCE)
    later = eventually(lambda: larger_than(stub, checkpoint.size))
    grown = stub.GetConsistencyProof(
        tree_pb.GetConsistencyProofRequest(first_size=checkpoint.size, second_size=later.tree_size)
    )
    root = open_checkpoint(grown.checkpoint, [vkey]).root
    assert root == later.root_hash
    verify_consistency(checkpoint.size, checkpoint.root, later.tree_size, root, tuple(grown.hashes))


def larger_than(stub: AuditServiceStub, size: int) -> tree_pb.GetCheckpointResponse:
    last = time.monotonic() + PATIENCE
    while (found := stub.GetCheckpoint(tree_pb.GetCheckpointRequest())).tree_size <= size:
        assert time.monotonic() < last
        time.sleep(0.05)
    return found


def test_a_checkpoint_says_when_it_was_signed_and_when_all_of_the_log_was_last_verified(tmp_path: Path) -> None:
    data_dir = tmp_path / "node"
    with load(data_dir), RunningNode(data_dir) as node:
        began = int(time.time())
        checked_and_signed(node, 1)
        before = audits(node).GetCheckpoint(tree_pb.GetCheckpointRequest())
        assert began <= before.signed_at.seconds <= time.time()
        assert not before.HasField("last_full_verification")
        assert run("log", "verify", "--data-dir", data_dir).exit_code == Exit.DONE
        last = audits(node).GetCheckpoint(tree_pb.GetCheckpointRequest()).last_full_verification
        assert (last.sound, last.findings) == (True, 0)
        assert last.leaves == last.rows >= 1
        assert last.finished_at.seconds >= before.signed_at.seconds


def test_a_receipt_comes_with_the_answer_and_with_every_retry(node: RunningNode) -> None:
    keys = json.loads(node.checks().GetReceiptKeys(pb.GetReceiptKeysRequest(), timeout=PATIENCE).jwks)
    request = a_check(request_id=uuid4().hex, receipt=True)
    first = node.checks().CheckSubject(request, timeout=PATIENCE)
    again = node.checks().CheckSubject(request, timeout=PATIENCE)
    assert first.receipt
    assert again == first
    receipt = verify_receipt(first.receipt, keys, now=datetime.now(UTC), case=request.case_number)
    assert receipt.check_id == first.check_id
    opened = eventually(lambda: audits(node).GetEntry(tree_pb.GetEntryRequest(check_id=first.check_id)))
    assert receipt.record_sha256 == sha256(opened.record).hexdigest()
    assert not node.checks().GetCheck(pb.GetCheckRequest(check_id=first.check_id)).response.receipt


def test_no_receipt_comes_unasked(node: RunningNode) -> None:
    assert not node.checks().CheckSubject(a_check(), timeout=PATIENCE).receipt


def test_a_batch_has_a_receipt_for_each_that_asks(node: RunningNode) -> None:
    checks = [a_check(receipt=True), a_check()]
    results = node.checks().BatchCheckSubjects(pb.BatchCheckSubjectsRequest(checks=checks), timeout=PATIENCE).results
    assert [bool(result.response.receipt) for result in results] == [True, False]


def test_the_command_verifies_publishes_and_replays(tmp_path: Path) -> None:
    data_dir, folder, kept = tmp_path / "node", tmp_path / "published", tmp_path / "checkpoint"
    with load(data_dir), RunningNode(data_dir) as node:
        answers = [node.checks().CheckSubject(a_check(receipt=True), timeout=PATIENCE) for _ in range(5)]
        # A checkpoint is nobody's look: asking for a proof would be a row, and a leaf, more.
        eventually(lambda: larger_than(audits(node), 4))
        vkey = run("log", "key", "--data-dir", data_dir).stdout.strip()
        served = document(run("log", "verify", "--server", node.address, "--key", vkey, "--json"))
        assert (served["sound"], served["leaves"]) == (True, 5)
        keys = tmp_path / "keys.json"
        keys.write_text(run("receipt", "keys", "--server", node.address).stdout)
    token = tmp_path / "receipt"
    token.write_text(answers[0].receipt)
    valid = run("receipt", "verify", token, "--keys", keys, "--case", a_check().case_number, "--json")
    assert document(valid)["check_id"] == answers[0].check_id
    assert run("receipt", "verify", token, "--keys", keys, "--case", "OTHER").exit_code == Exit.FAILED
    assert last_verification(data_dir / VERIFICATION_FILE) is None
    whole = run("log", "verify", "--data-dir", data_dir, "--remember", kept, "--json")
    assert (document(whole)["rows"], whole.exit_code) == (5, Exit.DONE)
    last = last_verification(data_dir / VERIFICATION_FILE)
    assert last is not None
    assert (last.sound, last.leaves, last.rows, last.findings) == (True, 5, 5, 0)
    assert run("log", "publish", folder, "--data-dir", data_dir).exit_code == Exit.DONE
    outside = run("log", "verify", "--folder", folder, "--key", vkey, "--since", kept)
    assert outside.exit_code == Exit.DONE, outside.stderr
    proof = run("log", "prove", answers[2].check_id, "--data-dir", data_dir).stdout
    assert parse_proof(proof.encode()).verify(parse_proof(proof.encode()).extra, [parse_vkey(vkey)]).size == 5
    file = tmp_path / "check.tlog-proof"
    file.write_text(proof)
    proven = document(run("log", "verify", "--proof", file, "--key", vkey, "--json"))
    assert (proven["check_id"], proven["leaf_index"], proven["leaves"]) == (answers[2].check_id, 2, 5)
    assert run("log", "verify", "--proof", file).exit_code == Exit.INVALID
    file.write_text(proof.replace("index 2", "index 3"))
    forged = run("log", "verify", "--proof", file, "--key", vkey)
    assert (forged.exit_code, "not proven" in forged.stderr) == (Exit.FAILED, True)
    replayed = document(run("replay", "--data-dir", data_dir, "--json"))
    assert replayed["verdicts"]["AGREES"] == 5
    assert sum(replayed["verdicts"].values()) == 5
    (folder / "tile/0/000.p/5").write_bytes(bytes(160))
    broken = run("log", "verify", "--folder", folder, "--key", vkey)
    assert (broken.exit_code, "FILE_CHANGED at leaf 0" in broken.stderr) == (Exit.FAILED, True)


def checked_and_signed(node: RunningNode, size: int) -> None:
    node.checks().CheckSubject(a_check(), timeout=PATIENCE)
    eventually(lambda: larger_than(audits(node), size - 1))


def test_another_key_takes_over_and_earlier_checkpoints_stay_valid(tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    data_dir = tmp_path / "node"
    with load(data_dir):
        with RunningNode(data_dir) as node:
            checked_and_signed(node, 1)
        assert run("log", "verify", "--data-dir", data_dir, "--remember", kept).exit_code == Exit.DONE
        old = run("log", "key", "--data-dir", data_dir).stdout
        assert run("log", "rotate", "--data-dir", data_dir).exit_code == Exit.DONE
        new = run("log", "key", "--data-dir", data_dir).stdout
        assert new != old
        hint = parse_vkey(old).key_id.hex()
        handover = data_dir / "keys" / f"log.key.{hint}.handover"
        with RunningNode(data_dir) as node:
            checked_and_signed(node, 2)
    found = run("log", "verify", "--data-dir", data_dir, "--since", kept, "--json")
    assert (document(found)["sound"], document(found)["signed"]) == (True, 2)
    assert [(one["vkey"], one["first"], one["last"]) for one in document(found)["signed_by"]] == [
        (old.strip(), 1, 1),
        (new.strip(), 2, 2),
    ]
    open_checkpoint((data_dir / "tlog" / "checkpoint").read_bytes(), [parse_vkey(new)])
    outside = ("log", "verify", "--folder", data_dir / "tlog", "--key", old.strip())
    assert run(*outside).exit_code == Exit.FAILED
    followed = run(*outside, "--since", handover)
    assert followed.exit_code == Exit.DONE
    assert f"signed by {new.strip()}: trees of 1 to 2 leaves" in followed.stdout
