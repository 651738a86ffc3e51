"""The tree over the log, on every engine: numbered, signed, published, proven, and what an audit finds."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, text
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as SecondCheckpoint
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.audit import Fault, audit_database, audit_files
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary, TreeForked
from clearway.querylog.transparency.proving import NoSuchCheck, Proving, TreeBehind, UnknownTreeSize
from clearway.querylog.transparency.tables import log_leaf
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.entries import entry_of
from clearway.transparency.handovers import handover_to
from clearway.transparency.merkle import leaf_hash
from clearway.transparency.notes import (
    Algorithm,
    Note,
    NoteInvalid,
    Signature,
    Signer,
    Verifier,
    parse_note,
)
from clearway.transparency.proofs import parse_proof
from tests.contract.querylog.trees import (
    SIGNER,
    STRANGER,
    TAMPERINGS,
    Tampering,
    Tree,
    a_byte_in_a_published_file,
    the_tail_cut_off,
)
from tests.unit.querylog.records import a_check_id, a_record

pytestmark = pytest.mark.sockets

PAGE = Path(__file__).parents[3] / "docs" / "audit.md"
KEY = [SIGNER.verifier]


@pytest.fixture
def tree(central: Engine, journals: Path, tmp_path: Path) -> Tree:
    """A log of ten checks, signed at four and at ten."""
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    tree.grow(4)
    tree.grow(6)
    return tree


# A tree that is whole


def test_an_untouched_log_is_sound(tree: Tree) -> None:
    report = audit_database(tree.central, KEY, tree.folder, tree.kept)
    assert report.findings == []
    assert (report.leaves, report.rows, report.signed) == (10, 10, 10)


def test_leaves_stand_in_the_order_of_rows_without_a_gap(tree: Tree) -> None:
    with tree.central.connect() as connection:
        found = connection.execute(select(log_leaf.c.leaf_index, log_leaf.c.check_id).order_by(log_leaf.c.leaf_index))
        assert [tuple(row) for row in found] == [(number, a_check_id(number + 1)) for number in range(10)]


def test_nothing_new_is_not_signed_again(tree: Tree) -> None:
    noted = Notary(tree.central, tree.folder, SIGNER).step()
    assert (noted.numbered, noted.signed) == (0, None)


def test_a_leaf_opens_to_the_rows_exact_bytes(tree: Tree) -> None:
    opened = tree.proving().opened(a_check_id(7))
    assert opened.record == encode_record(a_record(7))
    assert opened.salt is not None
    assert entry_of(a_check_id(7), opened.record, opened.salt).raw == opened.entry


def test_what_is_published_says_nothing_of_a_check_but_its_id(tree: Tree) -> None:
    published = b"".join(file.read_bytes() for file in tree.folder.folder.rglob("*") if file.is_file())
    record = a_record(1)
    for secret in (record.officer, record.subject, record.case_number, record.authority, record.item_code):
        assert secret.encode() not in published


def test_another_node_makes_the_same_files(tree: Tree, tmp_path: Path) -> None:
    other = TileFolder(tmp_path / "other")
    Notary(tree.central, other, None).step()
    assert other.checkpoint() == tree.folder.checkpoint()
    report = audit_files(tree.kept[-1], other.read, KEY, tree.kept)
    assert report.findings == []


def test_another_key_does_not_sign_for_the_log(tree: Tree, tmp_path: Path) -> None:
    node = Tree(tree.central, tree.journals, TileFolder(tmp_path / "other"), STRANGER, last=10)
    node.grow(3)
    assert leaves.signers(tree.central) == KEY
    assert parse_note(node.kept[-1]) == parse_note(tree.kept[-1])


def test_two_notaries_number_each_row_once(tree: Tree, tmp_path: Path) -> None:
    notaries = [Notary(tree.central, tree.folder, SIGNER), Notary(tree.central, TileFolder(tmp_path / "other"), SIGNER)]
    for turn in range(4):
        tree.grow(3)
        notaries[turn % 2].step()
    assert audit_database(tree.central, KEY, tree.folder, tree.kept).findings == []


def test_a_row_that_another_transaction_may_still_precede_waits(where: Path | str, tree: Tree) -> None:
    if isinstance(where, Path):
        pytest.skip("on SQLite, writers follow one another")
    late = Tree(tree.central, tree.journals, tree.folder, last=10)
    with tree.central.connect() as running:
        running.execute(text("SELECT pg_current_xact_id()"))
        late.grow(1)
        assert late.kept == tree.kept[-1:]
        running.rollback()
    Notary(tree.central, tree.folder, SIGNER).step()
    assert audit_database(tree.central, KEY, tree.folder).signed == 11


def test_a_large_tree_is_resumed_where_its_files_end(tree: Tree) -> None:
    tree.grow(700)
    tree.grow(1)
    report = audit_files(tree.kept[-1], tree.folder.read, KEY, tree.kept)
    assert (report.findings, report.leaves) == ([], 711)


def test_damaged_files_are_made_again(tree: Tree) -> None:
    tree.grow(600)
    (tree.folder.folder / "tile/0/000").write_bytes(b"\x00" * 8192)
    (tree.folder.folder / "tile/entries/001").unlink()
    tree.grow(1)
    assert audit_files(tree.kept[-1], tree.folder.read, KEY).findings == []


def test_a_log_that_lost_what_was_signed_is_not_signed_further(tree: Tree) -> None:
    folder = tree.folder.folder
    aside = folder.with_name("aside")
    shutil.copytree(folder, aside)
    the_tail_cut_off(tree)
    shutil.copytree(aside, folder)
    with pytest.raises(TreeForked):
        Notary(tree.central, tree.folder, SIGNER).step()


# Proofs, held against a second implementation


def test_a_second_implementation_reads_the_published_tree(tree: Tree) -> None:
    tree.grow(501)
    reader = TilesReader(LocalBackend(tree.folder.folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string(SIGNER.verifier.vkey))
    assert checkpoint.size == 511
    assert reader.calculate_root_hash() == checkpoint.root_hash
    proving = tree.proving()
    for number in (1, 2, 255, 256, 257, 300, 511):
        proof, entry = proving.inclusion(a_check_id(number))
        assert reader.get_entry(number - 1) == entry
        second = InclusionProof(proof.index, 511, list(proof.hashes))
        second.check(leaf_hash(entry), checkpoint.root_hash)
        assert second == reader.get_inclusion_proof(number - 1, 511)


def test_a_second_implementation_takes_the_consistency_proof(tree: Tree) -> None:
    tree.grow(501)
    before = SecondCheckpoint.from_text(tree.kept[0].decode())
    signed, hashes = tree.proving().consistency(before.size)
    ConsistencyProof(before.size, 511, list(hashes)).check(before.root_hash, signed.checkpoint.root)


def test_a_proof_as_a_file_is_verified_with_the_key_alone(tree: Tree) -> None:
    proof, entry = tree.proving().inclusion(a_check_id(3))
    kept = parse_proof(proof.raw)
    assert (kept, kept.extra) == (proof, entry)
    assert kept.verify(entry, KEY).size == 10


def test_a_check_that_is_not_shipped_yet_is_no_unknown_one(tree: Tree) -> None:
    with closing(Journal(tree.journals, "w-late")) as journal:
        journal.append([encode_record(a_record(50))])
        for ask in (tree.proving().inclusion, tree.proving().opened):
            with pytest.raises(TreeBehind):
                ask(a_check_id(50))


def test_proofs_of_earlier_trees(tree: Tree) -> None:
    proving = tree.proving()
    proof, entry = proving.inclusion(a_check_id(3), 4)
    assert parse_proof(proof.raw).verify(entry, KEY).size == 4


def test_what_has_no_proof_yet_or_never(tree: Tree, tmp_path: Path) -> None:
    proving = tree.proving()
    with pytest.raises(NoSuchCheck):
        proving.inclusion(a_check_id(77))
    with pytest.raises(TreeBehind):
        proving.inclusion(a_check_id(9), 4)
    with pytest.raises(UnknownTreeSize):
        proving.inclusion(a_check_id(1), 5)
    with pytest.raises(UnknownTreeSize):
        proving.consistency(11)
    with pytest.raises(TreeBehind):
        Proving(tree.central, TileFolder(tmp_path / "nothing"), tree.journals).signed()


# Witnesses


WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS = Verifier("witness.example", Algorithm.COSIGNATURE_V1, WITNESS_KEY.public_key().public_bytes_raw())


def cosigned(raw: bytes, seconds: int = 1_772_000_100) -> bytes:
    """The checkpoint with a witness's word under it."""
    note = parse_note(raw)
    signed = WITNESS_KEY.sign(f"cosignature/v1\ntime {seconds}\n".encode() + note.text.encode())
    line = Signature(WITNESS.name, WITNESS.key_id, seconds.to_bytes(8, "big") + signed)
    return Note(note.text, (*note.signatures, line)).raw


def test_a_cosignature_is_kept_with_its_checkpoint_and_published(tree: Tree) -> None:
    assert leaves.cosign(tree.central, cosigned(tree.kept[-1]), (WITNESS,)) == [WITNESS]
    Notary(tree.central, tree.folder, SIGNER).step()
    assert tree.folder.checkpoint() == cosigned(tree.kept[-1])
    second = SecondCheckpoint.from_text(cosigned(tree.kept[-1]).decode())
    second.verify(Vkey.from_string(WITNESS.vkey))
    second.verify(Vkey.from_string(SIGNER.verifier.vkey))


# Another key takes over

NEXT = Signer(SIGNER.name, bytes(range(1, 33)))


def test_the_checkpoint_at_a_change_of_keys_is_signed_by_both(tree: Tree) -> None:
    assert leaves.hand_over(tree.central, NEXT, SIGNER.name) == parse_checkpoint(parse_note(tree.kept[-1]).text)
    assert Notary(tree.central, tree.folder, SIGNER).step().signed is None, "the old key signs no more"
    raw = tree.folder.checkpoint()
    assert raw is not None
    second = SecondCheckpoint.from_text(raw.decode())
    for key in (SIGNER, NEXT):
        second.verify(Vkey.from_string(key.verifier.vkey))
    for trusted in (KEY, [NEXT.verifier]):
        assert audit_files(raw, tree.folder.read, trusted).findings == []


def test_an_outsider_follows_from_the_old_key_to_the_new_one(tree: Tree) -> None:
    at = leaves.hand_over(tree.central, NEXT, SIGNER.name)
    handover = handover_to(NEXT, SIGNER, at).raw
    tree.signer = NEXT
    tree.grow(2)
    raw = tree.kept[-1]
    assert [one.fault for one in audit_files(raw, tree.folder.read, KEY).findings] == [Fault.CHECKPOINT_FALSE]
    followed = audit_files(raw, tree.folder.read, KEY, [*tree.kept[:-1], handover])
    assert followed.findings == []
    assert followed.signed_by == {SIGNER.verifier: range(4, 11), NEXT.verifier: range(10, 13)}
    whole = audit_database(tree.central, KEY, tree.folder, [handover])
    assert (whole.findings, whole.signed) == ([], 12)


def test_a_handover_of_another_tree_is_found(tree: Tree) -> None:
    leaves.hand_over(tree.central, NEXT, SIGNER.name)
    forged = handover_to(NEXT, SIGNER, Checkpoint(SIGNER.name, 10, bytes(32))).raw
    found = audit_database(tree.central, KEY, tree.folder, [forged]).findings
    assert [one.fault for one in found] == [Fault.TREE_FORKED]


def test_a_key_takes_over_a_log_that_nothing_was_signed_of(central: Engine, journals: Path, tmp_path: Path) -> None:
    at = leaves.hand_over(central, NEXT, SIGNER.name)
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"), NEXT)
    tree.grow(3)
    report = audit_files(tree.kept[-1], tree.folder.read, KEY, [handover_to(NEXT, SIGNER, at).raw])
    assert (at.size, report.findings, report.leaves) == (0, [], 3)


def test_a_witness_signs_an_earlier_checkpoint_too_and_once(tree: Tree) -> None:
    for _ in range(2):
        leaves.cosign(tree.central, cosigned(tree.kept[0]), (WITNESS,))
    found = leaves.signed_at_size(tree.central, 4)
    assert found is not None
    assert found.raw == cosigned(tree.kept[0])


@pytest.mark.parametrize("because", ["unknown witness", "another tree", "false signature"])
def test_a_cosignature_that_does_not_hold_is_refused(tree: Tree, because: str) -> None:
    raw = cosigned(tree.kept[-1])
    witnesses = () if because == "unknown witness" else (WITNESS,)
    if because == "another tree":
        raw = cosigned(tree.kept[-1].replace(b"\n10\n", b"\n11\n"))
    if because == "false signature":
        note = parse_note(raw)
        own, line = note.signatures
        false = Signature(line.name, line.key_id, line.raw[:-1] + bytes([line.raw[-1] ^ 1]))
        raw = Note(note.text, (own, false)).raw
    with pytest.raises(NoteInvalid):
        leaves.cosign(tree.central, raw, witnesses)
    found = leaves.signed_at_size(tree.central)
    assert found is not None
    assert found.raw == tree.kept[-1]


# Tampering


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.done)
def test_tampering_is_found_and_the_first_bad_row_named(tree: Tree, tampering: Tampering) -> None:
    tampering.act(tree)
    report = audit_database(tree.central, KEY, tree.folder, tree.kept if tampering.with_kept else ())
    first = report.findings[0]
    assert (first.fault, first.index) == (tampering.fault, tampering.leaf)
    if first.fault.name.startswith(("ROW", "LEAF")):
        slipped = first.fault is Fault.ROW_ADDED
        assert first.check_id == a_check_id(99 if slipped else first.index + 1)


@pytest.mark.parametrize("tampering", [one for one in TAMPERINGS if one.with_kept], ids=lambda one: one.done)
def test_what_only_a_kept_checkpoint_shows(tree: Tree, tampering: Tampering) -> None:
    tampering.act(tree)
    assert audit_database(tree.central, KEY, tree.folder).findings == []


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.done)
def test_the_auditors_guide_has_the_table_of_tamperings(tampering: Tampering) -> None:
    needs = " with `--since`" if tampering.with_kept else ""
    assert f"| {tampering.done} | `{tampering.fault.name}` at leaf {tampering.leaf}{needs} |" in PAGE.read_text("utf-8")


def test_an_outsider_finds_a_changed_file(tree: Tree) -> None:
    a_byte_in_a_published_file(tree)
    report = audit_files(tree.kept[-1], tree.folder.read, KEY)
    assert (report.findings[0].fault, report.findings[0].index) == (Fault.FILE_CHANGED, 8)


def test_an_outsider_finds_a_missing_file(tree: Tree) -> None:
    (tree.folder.folder / "tile/entries/000.p/10").unlink()
    report = audit_files(tree.kept[-1], tree.folder.read, KEY)
    assert [finding.fault for finding in report.findings] == [Fault.FILE_MISSING]


def test_an_outsider_finds_a_fork_by_what_was_kept(tree: Tree, tmp_path: Path) -> None:
    forked = next(one for one in TAMPERINGS if one.done.startswith("the same, and the whole tree"))
    forked.act(tree)
    raw = tree.folder.checkpoint()
    assert raw is not None
    assert audit_files(raw, tree.folder.read, KEY).findings == []
    report = audit_files(raw, tree.folder.read, KEY, tree.kept)
    assert (report.findings[0].fault, report.findings[0].index) == (Fault.TREE_FORKED, 0)


def test_the_database_itself_refuses_changes_to_the_tree(tree: Tree) -> None:
    for table in ("log_leaf", "log_opening", "log_checkpoint", "log_signer"):
        with pytest.raises(Exception, match="append-only"), tree.central.begin() as connection:
            connection.execute(text(f"DELETE FROM {table}"))
