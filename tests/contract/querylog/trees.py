"""A log with its tree, and what somebody who owns the machine may do to both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from clearway.querylog.central import check_log, on_postgresql, writing
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.shipper import Shipper
from clearway.querylog.transparency.audit import Fault
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary
from clearway.querylog.transparency.proving import Proving
from clearway.transparency.entries import entry_of
from clearway.transparency.notes import Signer
from clearway.transparency.tiles import CHECKPOINT_FILE
from tests.unit.querylog.records import a_check_id, a_record

SIGNER = Signer("example.org/log", bytes(range(32)))
STRANGER = Signer("example.org/log", bytes(32))


@dataclass
class Tree:
    """A log, its journal, and this node's files of its tree."""

    central: Engine
    journals: Path
    folder: TileFolder
    signer: Signer = SIGNER
    last: int = 0
    kept: list[bytes] = field(default_factory=list)
    """Checkpoints that somebody outside has kept."""

    def grow(self, count: int) -> None:
        """Record, ship, number, sign and publish that many checks more; the checkpoint is kept."""
        numbers = range(self.last + 1, self.last + count + 1)
        journal = Journal(self.journals, f"w{self.last}")
        journal.append([encode_record(a_record(number)) for number in numbers])
        with Shipper(self.central, self.journals) as shipper:
            shipper.step()
        journal.close()
        Notary(self.central, self.folder, self.signer, clock=lambda: 1_772_000_000.0).step()
        self.last += count
        raw = self.folder.checkpoint()
        assert raw is not None
        self.kept.append(raw)

    def proving(self) -> Proving:
        return Proving(self.central, self.folder, self.journals)

    def forget_files(self) -> None:
        shutil.rmtree(self.folder.folder)


@contextmanager
def as_owner(central: Engine) -> Iterator[Connection]:
    """A connection for which nothing is append-only: the owner of the machine has that too."""
    with writing(central) as connection:
        if on_postgresql(connection):
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection


def run(tree: Tree, *statements: str, **values: Any) -> None:
    with as_owner(tree.central) as connection:
        for statement in statements:
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), named)


def one_byte(tree: Tree) -> None:
    raw = bytearray(encode_record(a_record(4)))
    raw[-1] ^= 1
    run(tree, "UPDATE check_log SET record = :raw WHERE check_id = :id", raw=bytes(raw), id=a_check_id(4))


def one_column(tree: Tree) -> None:
    run(tree, "UPDATE check_log SET officer = 'officer 8' WHERE check_id = :id", id=a_check_id(5))


def a_row_deleted(tree: Tree) -> None:
    run(tree, "DELETE FROM check_log WHERE check_id = :id", id=a_check_id(6))


def a_row_and_its_leaf_deleted(tree: Tree) -> None:
    run(
        tree,
        "DELETE FROM check_log WHERE check_id = :id",
        "DELETE FROM log_leaf WHERE leaf_index = 5",
        "DELETE FROM log_opening WHERE leaf_index = 5",
        id=a_check_id(6),
    )


def two_rows_exchanged(tree: Tree) -> None:
    with as_owner(tree.central) as connection:
        seqs = connection.execute(text("SELECT seq FROM log_leaf WHERE leaf_index IN (2, 3) ORDER BY 1")).scalars()
        third, fourth = seqs
        move = text("UPDATE check_log SET seq = :seq WHERE check_id = :id")
        for seq, number in ((-1, 3), (third, 4), (fourth, 3)):
            connection.execute(move, {"seq": seq, "id": a_check_id(number)})


def two_leaves_exchanged(tree: Tree) -> None:
    move = "UPDATE {} SET leaf_index = {} WHERE leaf_index = {}"
    tables = ("log_leaf", "log_opening")
    run(tree, *(move.format(table, to, at) for table in tables for to, at in ((-1, 2), (2, 3), (3, -1))))


def a_row_changed_with_its_leaf(tree: Tree) -> None:
    record = encode_record(a_record(4, officer="officer 8"))
    run(
        tree,
        "UPDATE check_log SET record = :raw, officer = 'officer 8' WHERE check_id = :id",
        "UPDATE log_leaf SET entry = :entry WHERE check_id = :id",
        "UPDATE log_opening SET salt = :salt WHERE leaf_index = 3",
        raw=record,
        id=a_check_id(4),
        entry=entry_of(a_check_id(4), record, bytes(32)).raw,
        salt=bytes(32),
    )


def a_row_changed_with_its_leaf_and_the_files(tree: Tree) -> None:
    a_row_changed_with_its_leaf(tree)
    tree.forget_files()


def another_tree_signed_by_the_log(tree: Tree) -> None:
    a_row_changed_with_its_leaf_and_the_files(tree)
    run(tree, "DELETE FROM log_checkpoint")
    Notary(tree.central, tree.folder, tree.signer).step()


def the_tail_cut_off(tree: Tree) -> None:
    tree.forget_files()
    run(
        tree,
        "DELETE FROM check_log WHERE check_id > :id",
        "DELETE FROM log_leaf WHERE leaf_index >= 7",
        "DELETE FROM log_opening WHERE leaf_index >= 7",
        "DELETE FROM log_checkpoint WHERE tree_size > 7",
        id=a_check_id(7),
    )


def a_row_slipped_in(tree: Tree) -> None:
    with as_owner(tree.central) as connection:
        columns = check_log.c.keys()
        first = connection.execute(text("SELECT min(seq) FROM check_log")).scalar_one()
        chosen = ", ".join({"seq": ":seq", "check_id": ":id"}.get(name, name) for name in columns)
        connection.execute(
            text(f"INSERT INTO check_log SELECT {chosen} FROM check_log WHERE check_id = :like"),
            {"seq": first - 1, "id": a_check_id(99), "like": a_check_id(1)},
        )


def a_byte_in_a_published_file(tree: Tree) -> None:
    path = tree.folder.folder / "tile/entries/000.p/10"
    before, name, after = path.read_bytes().partition(a_check_id(9).encode() + b"\n")
    path.write_bytes(before + name + (b"A" if after[:1] != b"A" else b"B") + after[1:])


def a_checkpoint_by_another_key(tree: Tree) -> None:
    path = tree.folder.folder / CHECKPOINT_FILE
    text_of = path.read_text().partition("\n\n")[0] + "\n"
    path.write_text(f"{text_of}\n{STRANGER.sign(text_of).line}")


class Tampering(NamedTuple):
    """What was done to a log of ten checks, signed at four and at ten, and what an audit says of it."""

    done: str
    act: Callable[[Tree], None]
    fault: Fault
    leaf: int
    with_kept: bool = False
    """Whether it takes a checkpoint kept from earlier (`--since`) to see it."""


TAMPERINGS = (
    Tampering("one byte of a stored row changed", one_byte, Fault.ROW_CHANGED, 3),
    Tampering("one column of a row changed, its record left alone", one_column, Fault.ROW_CHANGED, 4),
    Tampering("a row deleted", a_row_deleted, Fault.ROW_MISSING, 5),
    Tampering("a row and its leaf deleted", a_row_and_its_leaf_deleted, Fault.LEAF_MISSING, 5),
    Tampering("two rows exchanged", two_rows_exchanged, Fault.ROW_MISPLACED, 2),
    Tampering("two leaves exchanged", two_leaves_exchanged, Fault.LEAF_CHANGED, 2),
    Tampering("a row slipped in among older ones", a_row_slipped_in, Fault.ROW_ADDED, 0),
    Tampering("a row and its leaf changed to fit each other", a_row_changed_with_its_leaf, Fault.LEAF_CHANGED, 3),
    Tampering(
        "the same, and the published files deleted",
        a_row_changed_with_its_leaf_and_the_files,
        Fault.TREE_FORKED,
        0,
    ),
    Tampering(
        "the same, and the whole tree signed again with the log's own key",
        another_tree_signed_by_the_log,
        Fault.TREE_FORKED,
        0,
        with_kept=True,
    ),
    Tampering(
        "the last three rows deleted with leaves, checkpoints and files",
        the_tail_cut_off,
        Fault.TREE_TRUNCATED,
        7,
        with_kept=True,
    ),
    Tampering("a published file changed", a_byte_in_a_published_file, Fault.LEAF_CHANGED, 8),
    Tampering("a checkpoint signed by another key", a_checkpoint_by_another_key, Fault.CHECKPOINT_FALSE, 0),
)
