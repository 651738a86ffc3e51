"""The sequence of leaves in the database: settled rows get a number each, without a gap, and what was signed of them.

Whoever holds the turn writes; on PostgreSQL it is held until a transaction ends, so it passes on by itself when a node
dies. A row that may still be overtaken by one with a lower number is not looked at (`settled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select

from clearway.postgresql import turns
from clearway.postgresql.copying import copy_rows
from clearway.querylog.central import check_log, on_postgresql, settled, writing
from clearway.querylog.transparency.tables import log_checkpoint, log_cosignature, log_leaf, log_opening, log_signer
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.entries import entry_of
from clearway.transparency.merkle import root_of
from clearway.transparency.notes import Note, NoteInvalid, Signer, Verifier, parse_note, parse_vkey

TREE = turns.turn("clearway.querylog.tree")
AT_ONCE = 1000
"""Rows that one transaction gives leaves to."""


class Signed(NamedTuple):
    """A signed checkpoint as it is stored."""

    size: int
    raw: bytes


@contextmanager
def in_turn(central: Engine) -> Iterator[Connection | None]:
    """A write transaction of the one who may grow the tree now; None where that is another node's."""
    with writing(central) as connection:
        if on_postgresql(connection):
            mine = connection.execute(select(func.pg_try_advisory_xact_lock(TREE))).scalar_one()
            yield connection if mine else None
        else:
            yield connection


def sequence(central: Engine, new_salt: Callable[[], bytes], limit: int = AT_ONCE) -> int:
    """Give the next settled rows a leaf each, `limit` at most; how many got one. `new_salt` gives 32 random bytes."""
    with central.connect() as connection:
        if not _next_rows(connection, 1):
            return 0
    with in_turn(central) as turn:
        if turn is None:
            return 0
        rows = _next_rows(turn, limit)
        first = size_of(turn)
        leaves: list[tuple[int, int, str, bytes]] = []
        openings: list[tuple[int, bytes]] = []
        for index, (seq, check_id, record) in enumerate(rows, first):
            salt = new_salt()
            leaves.append((index, seq, check_id, entry_of(check_id, record, salt).raw))
            openings.append((index, salt))
        _add(turn, leaves, openings)
        return len(rows)


def size_of(connection: Connection) -> int:
    """How many leaves there are."""
    last: int | None = connection.execute(select(func.max(log_leaf.c.leaf_index))).scalar()
    return 0 if last is None else last + 1


def entries_from(central: Engine, first: int, limit: int) -> list[bytes]:
    """The entries of the leaves from `first` on, in order, without a gap, `limit` at most."""
    query = select(log_leaf.c.leaf_index, log_leaf.c.entry).where(log_leaf.c.leaf_index >= first)
    with central.connect() as connection:
        rows = connection.execute(query.order_by(log_leaf.c.leaf_index).limit(limit)).all()
    return [bytes(entry) for wanted, (index, entry) in enumerate(rows, first) if index == wanted]


def leaf_of(central: Engine, check_id: str) -> tuple[int, bytes] | None:
    """Index and entry of the leaf that stands for a check; None where it has none yet."""
    query = select(log_leaf.c.leaf_index, log_leaf.c.entry).where(
        log_leaf.c.check_id == check_id, log_leaf.c.seq.is_not(None)
    )
    with central.connect() as connection:
        found = connection.execute(query).first()
    return None if found is None else (found.leaf_index, bytes(found.entry))


def salt_of(central: Engine, index: int) -> bytes | None:
    """The salt of a leaf's commitment."""
    with central.connect() as connection:
        found = connection.execute(select(log_opening.c.salt).where(log_opening.c.leaf_index == index)).scalar()
    return None if found is None else bytes(found)


def last_signed(connection: Connection) -> Signed | None:
    """The latest checkpoint, as the log signed it."""
    query = select(log_checkpoint.c.tree_size, log_checkpoint.c.note).order_by(log_checkpoint.c.tree_size.desc())
    found = connection.execute(query.limit(1)).first()
    return None if found is None else Signed(found.tree_size, bytes(found.note))


def store_signed(connection: Connection, size: int, note: Note, seconds: int) -> None:
    """Keep a checkpoint."""
    connection.execute(insert(log_checkpoint), {"tree_size": size, "signed_at": seconds, "note": note.raw})


def signed_at_size(central: Engine, size: int | None = None) -> Signed | None:
    """The checkpoint of a tree of that size, or the latest, with the witnesses' signatures under the log's own."""
    query = select(log_checkpoint.c.tree_size, log_checkpoint.c.note).order_by(log_checkpoint.c.tree_size.desc())
    if size is not None:
        query = query.where(log_checkpoint.c.tree_size == size)
    with central.connect() as connection:
        found = connection.execute(query.limit(1)).first()
        if found is None:
            return None
        lines = connection.execute(
            select(log_cosignature.c.line)
            .where(log_cosignature.c.tree_size == found.tree_size)
            .order_by(log_cosignature.c.vkey)
        ).scalars()
        return Signed(found.tree_size, bytes(found.note) + "".join(f"{line}\n" for line in lines).encode())


def when_signed(central: Engine, size: int) -> int | None:
    """When the tree of that size was signed, in seconds since 1970; None where the log signed none."""
    with central.connect() as connection:
        query = select(log_checkpoint.c.signed_at).where(log_checkpoint.c.tree_size == size)
        found: int | None = connection.execute(query).scalar()
    return found


def cosign(central: Engine, raw: bytes, witnesses: tuple[Verifier, ...]) -> list[Verifier]:
    """Keep the witnesses' signatures in this note under the checkpoint that it is of; gives whose were new or known.

    Raises `NoteInvalid` where the log signed no such checkpoint, where a signature does not hold, or where none is by a
    known witness.
    """
    note = parse_note(raw)
    size = parse_checkpoint(note.text).size
    with writing(central) as connection:
        query = select(log_checkpoint.c.note).where(log_checkpoint.c.tree_size == size)
        stored = connection.execute(query).scalar()
        if stored is None or parse_note(bytes(stored)).text != note.text:
            raise NoteInvalid("the log signed no such checkpoint")
        taken: list[Verifier] = []
        for signature in note.signatures:
            for witness in witnesses:
                if witness.made(signature):
                    witness.verify(note.text, signature)
                    _keep_cosignature(connection, size, witness, signature.line.rstrip("\n"))
                    taken.append(witness)
        if not taken:
            raise NoteInvalid("no signature in it is by a witness that is known here")
        return taken


def signers(central: Engine) -> list[Verifier]:
    """The log's keys, the first one first."""
    with central.connect() as connection:
        return signers_in(connection)


def signers_in(connection: Connection) -> list[Verifier]:
    """The log's keys, the first one first, as of this transaction."""
    query = select(log_signer.c.vkey).order_by(log_signer.c.number)
    return [parse_vkey(vkey) for vkey in connection.execute(query).scalars()]


def enter_signer(connection: Connection, verifier: Verifier) -> None:
    """Make this key the log's, where it is not already: from now on it signs."""
    known = signers_in(connection)
    if known and known[-1] == verifier:
        return
    last: int | None = connection.execute(select(func.max(log_signer.c.number))).scalar()
    connection.execute(insert(log_signer), {"number": (last or 0) + 1, "vkey": verifier.vkey})


def hand_over(central: Engine, new: Signer, origin: str) -> Checkpoint:
    """Make this key the log's; the last signed checkpoint gets its signature too, under the old key's.

    Gives the tree at which it takes over: that checkpoint, or where nothing was signed yet the empty tree of `origin`.
    """
    with writing(central) as connection:
        if on_postgresql(connection):
            turns.take(connection, TREE)  # Whoever signs with the old key is done, and will find the new one.
        enter_signer(connection, new.verifier)
        last = last_signed(connection)
        if last is None:
            return Checkpoint(origin, 0, root_of(()))
        note = parse_note(last.raw)
        if not any(new.verifier.made(signature) for signature in note.signatures):
            _keep_cosignature(connection, last.size, new.verifier, new.sign(note.text).line.rstrip("\n"))
        return parse_checkpoint(note.text)


def _next_rows(connection: Connection, limit: int) -> list[tuple[int, str, bytes]]:
    last: int | None = connection.execute(select(func.max(log_leaf.c.seq))).scalar()
    query = (
        select(check_log.c.seq, check_log.c.check_id, check_log.c.record)
        .where(check_log.c.seq > (last or 0), settled(connection))
        .order_by(check_log.c.seq)
        .limit(limit)
    )
    return [(seq, check_id, bytes(record)) for seq, check_id, record in connection.execute(query)]


def _add(connection: Connection, leaves: list[tuple[int, int, str, bytes]], openings: list[tuple[int, bytes]]) -> None:
    if not leaves:
        return
    for table, rows in ((log_leaf, leaves), (log_opening, openings)):
        names = table.c.keys()
        if on_postgresql(connection):
            copy_rows(connection, table, names, rows)
        else:
            connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _keep_cosignature(connection: Connection, size: int, witness: Verifier, line: str) -> None:
    known = select(log_cosignature.c.vkey).where(
        log_cosignature.c.tree_size == size, log_cosignature.c.vkey == witness.vkey
    )
    if connection.execute(known).first() is None:
        connection.execute(insert(log_cosignature), {"tree_size": size, "vkey": witness.vkey, "line": line})
