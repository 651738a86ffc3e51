"""Proofs for those who ask: made from this node's files, as far as the tree is published there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, select

from clearway.querylog.central import check_log, reaching
from clearway.querylog.reader import Log
from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.folders import TileFolder, TileMissing
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.merkle import Read, consistency_proof, inclusion_proof
from clearway.transparency.notes import Verifier, parse_note
from clearway.transparency.proofs import LoggedProof
from clearway.transparency.tiles import TileInvalid, subtrees

T = TypeVar("T")


class TreeBehind(Exception):
    """The tree, as published on this node, does not cover what was asked for yet."""


class UnknownTreeSize(Exception):
    """No tree of that size was signed, or it is larger than the one published on this node; `have` is that one's."""

    def __init__(self, have: int) -> None:
        super().__init__("no checkpoint of that size is known here")
        self.have = have


class NoSuchCheck(Exception):
    """No recorded check has this id."""


@dataclass(frozen=True, slots=True)
class SignedTree:
    """A signed tree: the note's bytes, and what it says."""

    raw: bytes
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Opened:
    """A leaf with what it commits to. Record and salt are None where they were erased."""

    index: int
    entry: bytes
    salt: bytes | None
    record: bytes | None


class Proving:
    """Reads the tree. Blocking; safe to share between threads."""

    def __init__(self, central: Engine, folder: TileFolder, journals: Path) -> None:
        self._central = central
        self._folder = folder
        self._log = Log(central, journals)

    def asked(self, question: Callable[[], T]) -> T:
        """What a question to this gives. Raises `LogUnreachable` where the log's database cannot be asked."""
        with reaching(self._central):
            return question()

    def keys(self) -> list[Verifier]:
        """The log's keys, the first one first."""
        return leaves.signers(self._central)

    def signed(self, size: int = 0) -> SignedTree:
        """The signed tree of that size, or the latest published one. Raises `TreeBehind`, `UnknownTreeSize`."""
        raw = self._folder.checkpoint()
        if raw is None:
            raise TreeBehind("no checkpoint is published on this node yet")
        latest = parse_checkpoint(parse_note(raw).text)
        if size in (0, latest.size):
            return SignedTree(raw, latest)
        found = leaves.signed_at_size(self._central, size) if size < latest.size else None
        if found is None:
            raise UnknownTreeSize(latest.size)
        return SignedTree(found.raw, parse_checkpoint(parse_note(found.raw).text))

    def when_signed(self, size: int) -> int | None:
        """When the tree of that size was signed, in seconds since 1970; None where the log signed none."""
        return leaves.when_signed(self._central, size)

    def inclusion(self, check_id: str, size: int = 0) -> tuple[LoggedProof, bytes]:
        """That a check's entry is in the signed tree of that size, and the entry.

        Raises `NoSuchCheck`, `TreeBehind`, `UnknownTreeSize`.
        """
        leaf = leaves.leaf_of(self._central, check_id)
        if leaf is None:
            self._require_row(check_id)
            raise TreeBehind("the check has no leaf yet")
        index, entry = leaf
        tree = self.signed(size)
        if index >= tree.checkpoint.size:
            raise TreeBehind("no checkpoint of that size covers the check")
        hashes = self._proof(tree.checkpoint.size, lambda read: inclusion_proof(index, tree.checkpoint.size, read))
        return LoggedProof(index, hashes, tree.raw, extra=entry), entry

    def consistency(self, first: int, second: int = 0) -> tuple[SignedTree, tuple[bytes, ...]]:
        """That the signed tree of size `second` begins with that of size `first`.

        Raises `TreeBehind`, `UnknownTreeSize`.
        """
        tree = self.signed(second)
        size = tree.checkpoint.size
        if not 0 <= first <= size:
            raise UnknownTreeSize(size)
        return tree, self._proof(size, lambda read: consistency_proof(first, size, read))

    def opened(self, check_id: str) -> Opened:
        """A check's leaf and what it commits to. Raises `NoSuchCheck`, `TreeBehind`."""
        leaf = leaves.leaf_of(self._central, check_id)
        if leaf is None:
            self._require_row(check_id)
            raise TreeBehind("the check has no leaf yet")
        with self._central.connect() as connection:
            query = select(check_log.c.record).where(check_log.c.check_id == check_id)
            record = connection.execute(query).scalar()
        return Opened(*leaf, leaves.salt_of(self._central, leaf[0]), None if record is None else bytes(record))

    def tile(self, path: str) -> bytes | None:
        """A file of the published tree by its name; None where there is none."""
        return self._folder.get(path)

    def cosign(self, raw: bytes, witnesses: tuple[Verifier, ...]) -> list[Verifier]:
        """Keep the witnesses' signatures under the checkpoint they are of. Raises `NoteInvalid`."""
        return leaves.cosign(self._central, raw, witnesses)

    def _proof(self, size: int, make: Callable[[Read], tuple[bytes, ...]]) -> tuple[bytes, ...]:
        try:
            return make(subtrees(size, self._folder.read))
        except (TileMissing, TileInvalid) as fault:
            raise TreeBehind("the tree's files on this node are not whole") from fault

    def _require_row(self, check_id: str) -> None:
        """Raise `NoSuchCheck` where nothing of that id is recorded, shipped or not."""
        if self._log.get(check_id) is None:
            raise NoSuchCheck("no recorded check has this id")
