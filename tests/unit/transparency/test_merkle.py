"""Laws of the tree, held against a plain reading of RFC 9162 and against a second implementation."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from clearway.transparency.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofInvalid,
    Read,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(str(number).encode()) for number in range(300)]
SIZES = st.integers(1, len(LEAVES))


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def reading(leaves: list[bytes]) -> Read:
    return lambda level, number: root_of(leaves[number << level : (number + 1) << level])


READ = reading(LEAVES)


@given(st.integers(0, len(LEAVES)))
def test_the_root_is_as_defined(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    assert frontier.root() == root_at(size, READ) == by_definition(LEAVES[:size])


@given(st.data(), SIZES)
def test_an_inclusion_proof_holds_here_and_elsewhere(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, READ)
    root = root_at(size, READ)
    verify_inclusion(LEAVES[index], index, size, proof, root)
    InclusionProof(index, size, list(proof)).check(LEAVES[index], root)


@given(st.data(), SIZES)
def test_a_consistency_proof_holds_here_and_elsewhere(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, READ)
    verify_consistency(old, root_at(old, READ), new, root_at(new, READ), proof)
    ConsistencyProof(old, new, list(proof)).check(root_at(old, READ), root_at(new, READ))


@given(st.data(), st.integers(2, len(LEAVES)))
def test_a_proof_with_one_bit_changed_does_not_hold(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = [bytearray(one) for one in inclusion_proof(index, size, READ)]
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at][data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ProofInvalid):
        verify_inclusion(LEAVES[index], index, size, [bytes(one) for one in proof], root_at(size, READ))


@given(st.data(), st.integers(2, len(LEAVES)))
def test_a_tree_with_one_leaf_changed_is_not_consistent(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    changed = [*LEAVES]
    changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"another")
    other = reading(changed)
    with pytest.raises(ProofInvalid):
        verify_consistency(old, root_at(old, READ), new, root_at(new, other), consistency_proof(old, new, other))


@given(st.integers(-2, 400), st.integers(-2, 400), st.lists(st.binary(min_size=32, max_size=32), max_size=12))
def test_proofs_made_up_are_refused_with_a_typed_error(old: int, new: int, proof: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        verify_inclusion(b"l" * 32, old, new, proof, b"r" * 32)
    with pytest.raises(ProofInvalid):
        verify_consistency(old, b"o" * 32, new, b"n" * 32, proof)


def test_an_empty_tree_begins_every_tree() -> None:
    verify_consistency(0, EMPTY_ROOT, 5, root_at(5, READ), ())
