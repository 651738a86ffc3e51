"""Notes, checkpoints, keys, tiles, bundles, entries and proofs: read as written, and anything else refused by type."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.transparency.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from clearway.transparency.entries import EntryInvalid, entry_of, parse_entry
from clearway.transparency.notes import Note, NoteInvalid, Signer, parse_note, parse_signer, parse_vkey
from clearway.transparency.proofs import LoggedProof, ProofUnreadable, parse_proof
from clearway.transparency.tiles import (
    Tile,
    TileInvalid,
    bundle_of,
    bundles_for,
    entries_in,
    hashes_in,
    parse_path,
    tiles_for,
)

SIGNER = Signer("example.org/log", bytes(range(32)))
CHECKPOINT = Checkpoint("example.org/log", 7, bytes(32))
SIGNED = Note(CHECKPOINT.text, (SIGNER.sign(CHECKPOINT.text),)).raw
HASH = st.binary(min_size=32, max_size=32)

READERS: dict[str, tuple[Callable[[bytes], object], type[ValueError]]] = {
    "note": (parse_note, NoteInvalid),
    "checkpoint": (lambda raw: open_checkpoint(raw, [SIGNER.verifier]), NoteInvalid),
    "tile": (hashes_in, TileInvalid),
    "bundle": (entries_in, TileInvalid),
    "entry": (parse_entry, EntryInvalid),
    "proof": (parse_proof, ProofUnreadable),
}


@pytest.mark.parametrize("kind", READERS)
@given(raw=st.binary(max_size=400) | st.builds(lambda cut, more: SIGNED[:cut] + more, st.integers(0, 200), st.binary()))
def test_bytes_are_read_or_refused_by_type(kind: str, raw: bytes) -> None:
    read, fault = READERS[kind]
    with contextlib.suppress(fault):
        read(raw)


def test_a_checkpoint_is_read_as_signed() -> None:
    assert open_checkpoint(SIGNED, [SIGNER.verifier]) == CHECKPOINT
    assert parse_note(SIGNED).raw == SIGNED


def test_keys_are_read_as_written() -> None:
    assert parse_vkey(SIGNER.verifier.vkey) == SIGNER.verifier
    assert parse_signer(SIGNER.secret) == SIGNER


def test_a_private_key_is_not_shown() -> None:
    assert SIGNER.secret.rpartition("+")[2] not in repr(SIGNER)


@pytest.mark.parametrize(
    "raw",
    [
        SIGNED.replace(b"\n7\n", b"\n8\n"),
        SIGNED.replace(b"\n7\n", b"\n07\n"),
        SIGNED.replace(b"example.org/log\n7", b"example.com/log\n7"),
        Note(CHECKPOINT.text, (Signer("example.org/log", bytes(32)).sign(CHECKPOINT.text),)).raw,
        Note(CHECKPOINT.text, (Signer("example.com/log", bytes(range(32))).sign(CHECKPOINT.text),)).raw,
    ],
    ids=["size", "leading zero", "origin", "another key", "another name"],
)
def test_a_checkpoint_that_is_not_the_logs_is_refused(raw: bytes) -> None:
    with pytest.raises(NoteInvalid):
        open_checkpoint(raw, [SIGNER.verifier])


@pytest.mark.parametrize("text", ["", "a\n", "a\n1\n", "a\n1\nAAAA\n", "a\n-1\n" + "A" * 43 + "=\n", "a\n1\n!\n\n"])
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_checkpoint(text)


@given(st.none() | st.integers(0, 5), st.integers(0, 2**40), st.integers(1, 256))
def test_a_tiles_name_is_read_back(level: int | None, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(("number", "name"), [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")])
def test_a_tiles_number_is_written_by_threes(number: int, name: str) -> None:
    assert Tile(0, number).path == f"tile/0/{name}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/../../keys",
        "tile/6/000",
        "tile/0/000.p/0",
        "tile/0/000.p/257",
        "tile/0/x000/001",
        "/tile/0/000",
    ],
)
def test_a_name_of_no_tile_is_refused(path: str) -> None:
    with pytest.raises(TileInvalid):
        parse_path(path)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert entries_in(bundle_of(entries)) == entries


@given(st.integers(0, 200_000))
def test_the_tiles_of_a_tree_hold_it_all(size: int) -> None:
    assert sum(tile.width for tile in bundles_for(size)) == size
    assert sum(tile.width for tile in tiles_for(size) if tile.level == 0) == size


@given(st.text("0123456789abcdef-", min_size=1, max_size=64), st.binary(), st.binary(min_size=32, max_size=32))
def test_an_entry_is_read_back(check_id: str, record: bytes, salt: bytes) -> None:
    entry = entry_of(check_id, record, salt)
    assert parse_entry(entry.raw) == entry


@given(st.integers(0, 2**62), st.lists(HASH, max_size=20), st.binary())
def test_a_proof_is_read_back(index: int, hashes: list[bytes], extra: bytes) -> None:
    proof = LoggedProof(index, tuple(hashes), SIGNED, extra)
    assert parse_proof(proof.raw) == proof
