"""The Merkle tree of RFC 9162, section 2.1: roots, inclusion and consistency proofs, and their verification.

Hashes are SHA-256, 32 bytes. `Read` gives the hash of a complete subtree: `read(level, number)` covers the leaves from
`number << level` on, 2^level of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

Read = Callable[[int, int], bytes]


class ProofInvalid(ValueError):
    """The proof does not show what it claims to."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (or over the hashes of equal, complete subtrees)."""
    frontier = Frontier()
    for one in hashes:
        frontier.append(one)
    return frontier.root()


class Frontier:
    """A growing tree of which only the roots of its complete subtrees are kept: enough for the root, at any size."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        size, roots = self.size, self._roots
        while size & 1:
            leaf = node_hash(roots.pop(), leaf)
            size >>= 1
        roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root as of now."""
        if not self._roots:
            return EMPTY_ROOT
        *rest, root = self._roots
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def root_at(size: int, read: Read) -> bytes:
    """The root of the tree's first `size` leaves."""
    return _over(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """That leaf `index` is in the tree of `size` leaves: RFC 9162, section 2.1.3.1. Needs `index < size`."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of that size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_over(middle, end, read))
            end = middle
        else:
            path.append(_over(start, middle, read))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: Read) -> tuple[bytes, ...]:
    """That the tree of `new` leaves begins with the one of `old`: RFC 9162, section 2.1.4.1."""
    if not 0 <= old <= new:
        raise ValueError("a tree begins with none that is larger")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_over(middle, end, read))
            end = middle
        else:
            path.append(_over(start, middle, read))
            start, whole = middle, False
    if not whole:
        path.append(_over(start, end, read))
    return tuple(reversed(path))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that the proof leads to: RFC 9162, section 2.1.3.2. Raises `ProofInvalid` where it leads nowhere."""
    if not 0 <= index < size:
        raise ProofInvalid("the leaf is not in a tree of that size")
    return _climb(leaf, index, size - 1, proof)[1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofInvalid` unless the proof shows the leaf hash at `index` under this root."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofInvalid("the proof leads to another root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `ProofInvalid` unless the proof shows that one tree begins with the other: RFC 9162, section 2.1.4.2."""
    if not 0 <= old <= new:
        raise ProofInvalid("the later tree is the smaller one")
    if old in (0, new):
        if proof or old_root != (new_root if old == new else EMPTY_ROOT):
            raise ProofInvalid("trees of one size have different roots, or the proof is one too many")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ProofInvalid("the proof is empty")
    number, last = old - 1, new - 1
    while number & 1:
        number >>= 1
        last >>= 1
    if _climb(path[0], number, last, path[1:]) != (old_root, new_root):
        raise ProofInvalid("the later tree does not begin with the earlier one")


def _climb(start: bytes, number: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots that a path leads to: of the tree that ends with this node, and of the whole one."""
    before = after = start
    for sibling in path:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        if number & 1 or number == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            after = node_hash(after, sibling)
        number >>= 1
        last >>= 1
    if last:
        raise ProofInvalid("the proof is too short")
    return before, after


def _over(start: int, end: int, read: Read) -> bytes:
    """The hash over the leaves from `start` to before `end`, a range that the RFC's recursion makes."""
    count = end - start
    level = count.bit_length() - 1
    if count == 1 << level:
        return read(level, start >> level)
    middle = start + _split(count)
    return node_hash(_over(start, middle, read), _over(middle, end, read))


def _split(count: int) -> int:
    """The greatest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
