"""The full audit: every leaf hashed again, every row compared with its leaf, every signed tree with what is there now.

Two forms: of the database (`audit_database`), which sees rows, leaves, checkpoints and this node's files; and of the
files alone (`audit_files`), for somebody outside who has a folder, or a server that gives files, and a public key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, Engine, Row, and_, func, select

from clearway.querylog.central import check_log, row_of
from clearway.querylog.record import UnreadableRecord, decode_record
from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.folders import TileFolder, TileMissing
from clearway.querylog.transparency.tables import log_checkpoint, log_leaf, log_opening
from clearway.transparency.checkpoints import Checkpoint, open_signed
from clearway.transparency.entries import (
    ERASURE,
    EntryInvalid,
    ErasureEntry,
    commitment_to,
    parse_entry,
    parse_erasure,
)
from clearway.transparency.handovers import followed
from clearway.transparency.merkle import Frontier, leaf_hash, root_of
from clearway.transparency.notes import NoteInvalid, Verifier
from clearway.transparency.tiles import WIDTH, Tile, TileInvalid, bundles_for, entries_in, hashes_in, tiles_for

_CHUNK = 1000
MOST_FINDINGS = 20
"""An audit ends after so many: the first one is what matters."""


class Fault(StrEnum):
    """What an audit finds wrong."""

    ROW_CHANGED = "the row is not the one that its leaf stands for"
    ROW_MISSING = "the row is gone"
    ROW_RETURNED = "the row was erased, and is there"
    SALT_RETAINED = "the row was erased, and its salt is there"
    ERASURE_FALSE = "the leaf is no erasure of rows before it"
    ROW_MISPLACED = "the row is not in its place"
    ROW_ADDED = "a row without a leaf stands among rows that have theirs"
    LEAF_CHANGED = "the leaf is not the one that was published"
    LEAF_MISSING = "the leaf is gone"
    TREE_FORKED = "the tree is not the one that was signed; the first change is at this leaf or after it"
    TREE_TRUNCATED = "the tree ends here, and more was signed"
    CHECKPOINT_FALSE = "the checkpoint is not signed by the log's key"
    FILE_MISSING = "a file of the tree is missing or cut short"
    FILE_CHANGED = "a file of the tree does not fit the leaves under it"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: at which leaf, of which check (empty where it is of none), and how it shows."""

    fault: Fault
    index: int
    check_id: str = ""
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What an audit saw."""

    leaves: int = 0
    rows: int = 0
    checkpoints: int = 0
    signed: int = 0
    """Leaves that the latest checkpoint covers."""
    signed_by: dict[Verifier, range] = field(default_factory=dict)
    """Each key that signed, and the sizes of its first and its last tree, both in the range."""
    erased: dict[int, ErasureEntry] = field(default_factory=dict)
    """Leaves whose rows were erased, each with the erasure that names it."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def find(self, fault: Fault, index: int, check_id: str = "", detail: str = "") -> None:
        """Put down what is wrong."""
        self.findings.append(Finding(fault, index, check_id, detail))

    def put_in_order(self) -> None:
        """The first bad leaf first; a fork says less than what else is found, as it only names a range."""
        self.findings.sort(key=lambda finding: (finding.fault is Fault.TREE_FORKED, finding.index))

    def credit(self, signer: Verifier, size: int) -> None:
        """Put down that this key signed a tree of that size."""
        known = self.signed_by.get(signer, range(size, size + 1))
        self.signed_by[signer] = range(min(known.start, size), max(known.stop, size + 1))

    @property
    def over(self) -> bool:
        """Whether enough is wrong."""
        return len(self.findings) >= MOST_FINDINGS


class _Promises:
    """What was signed of the tree, by size; held against the tree as it is walked."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._at: dict[int, list[Checkpoint]] = {}
        self._kept = 0
        self._first_in_doubt = ""
        self._broken = False

    def add(self, raw: bytes, verifiers: Sequence[Verifier], source: str) -> Checkpoint | None:
        """Hold the tree to this note too."""
        try:
            checkpoint, signers = open_signed(raw, verifiers)
        except NoteInvalid as fault:
            self._report.find(Fault.CHECKPOINT_FALSE, 0, detail=f"{source}: {fault}")
            return None
        for signer in signers:
            self._report.credit(signer, checkpoint.size)
        self._at.setdefault(checkpoint.size, []).append(checkpoint)
        self._report.checkpoints += 1
        self._report.signed = max(self._report.signed, checkpoint.size)
        return checkpoint

    def hold(self, tree: Frontier, check_id: str = "") -> None:
        """Compare the tree, whose last leaf stands for that check, with what was signed at its size."""
        if tree.size == self._kept + 1:
            self._first_in_doubt = check_id
        promised = self._at.pop(tree.size, ())
        if not promised:
            return
        if all(checkpoint.root == tree.root() for checkpoint in promised):
            self._kept = tree.size
        elif not self._broken:
            self._broken = True
            signed = f"signed at {tree.size} leaves with another root"
            self._report.find(Fault.TREE_FORKED, self._kept, self._first_in_doubt, signed)

    def end(self, tree: Frontier) -> None:
        """Find what was signed beyond the tree's end."""
        if self._at:
            self._report.find(Fault.TREE_TRUNCATED, tree.size, detail=f"{max(self._at)} leaves were signed")


def audit_database(
    central: Engine, keys: Sequence[Verifier] = (), folder: TileFolder | None = None, since: Iterable[bytes] = ()
) -> Report:
    """Audit everything. `keys`: those trusted, or else the log's own as the database names them; `since`: notes kept
    from earlier, handovers from one key to the next among them.
    """
    report, kept = Report(), list(since)
    with central.connect() as connection:
        verifiers = followed(list(keys) or leaves.signers_in(connection), kept)
        promises = _Promises(report)
        for note in connection.execute(select(log_checkpoint.c.note).order_by(log_checkpoint.c.tree_size)).scalars():
            promises.add(bytes(note), verifiers, "the database")
        for raw in kept:
            promises.add(raw, verifiers, "the checkpoint given")
        published = _Published(folder, promises, verifiers)
        _walk(connection, report, promises, published)
        _find_added(connection, report)
    report.put_in_order()
    return report


class _Published:
    """The entries that this node's files have, for comparison; none where there are no files."""

    def __init__(self, folder: TileFolder | None, promises: _Promises, verifiers: Sequence[Verifier]) -> None:
        self._folder = folder
        raw = folder.checkpoint() if folder is not None else None
        signed = promises.add(raw, verifiers, "the published checkpoint") if raw is not None else None
        self._size = signed.size if signed is not None else 0
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    def entry(self, index: int) -> bytes | None:
        """What was published as that leaf; None where nothing was, or where the file cannot be read."""
        if index >= self._size or self._folder is None:
            return None
        number, at = divmod(index, WIDTH)
        if self._bundle[0] != number:
            width = min(WIDTH, self._size - number * WIDTH)
            try:
                self._bundle = (number, entries_in(self._folder.read(Tile(None, number, width))))
            except (TileMissing, TileInvalid):
                self._bundle = (number, [])
        entries = self._bundle[1]
        return entries[at] if at < len(entries) else None


def _walk(connection: Connection, report: Report, promises: _Promises, published: _Published) -> None:
    report.erased.update(_erasures(connection))
    tree = Frontier()
    before = 0
    promises.hold(tree)
    for row in _leaves(connection):
        if row.leaf_index != tree.size:
            was = published.entry(tree.size)
            report.find(Fault.LEAF_MISSING, tree.size, _check_in(was), f"the next one is {row.leaf_index}")
            return
        _look_at(row, before, report, published)
        before = row.leaf_seq or before
        tree.append(leaf_hash(bytes(row.entry)))
        report.leaves += 1
        promises.hold(tree, row.leaf_check_id)
        if report.over:
            return
    promises.end(tree)


def _look_at(row: Row[tuple[object, ...]], before: int, report: Report, published: _Published) -> None:
    index, check_id = row.leaf_index, row.leaf_check_id
    entry = bytes(row.entry)
    was = published.entry(index)
    if was is not None and was != entry:
        report.find(Fault.LEAF_CHANGED, index, _check_in(was), f"it stands for {check_id} now")
        return
    if row.leaf_seq is None:
        if _erasure_in(index, check_id, entry) is None:
            report.find(Fault.ERASURE_FALSE, index, check_id)
        return
    if row.leaf_seq <= before:
        report.find(Fault.ROW_MISPLACED, index, check_id, "it is numbered below the one before it")
    if index in report.erased:
        _look_at_erased(row, report)
        return
    if row.seq is None:
        report.find(Fault.ROW_MISSING, index, check_id)
        return
    report.rows += 1
    if row.seq != row.leaf_seq:
        report.find(Fault.ROW_MISPLACED, index, check_id, "it is numbered otherwise than its leaf")
    _compare(row, entry, report)


def _look_at_erased(row: Row[tuple[object, ...]], report: Report) -> None:
    index, check_id, because = row.leaf_index, row.leaf_check_id, report.erased[row.leaf_index].because
    if row.seq is not None:
        report.find(Fault.ROW_RETURNED, index, check_id, because)
    elif row.salt is not None:
        report.find(Fault.SALT_RETAINED, index, check_id, because)


def _erasures(connection: Connection) -> Iterator[tuple[int, ErasureEntry]]:
    """Each leaf that an erasure names, with the erasure."""
    query = select(log_leaf.c.leaf_index, log_leaf.c.check_id, log_leaf.c.entry).where(log_leaf.c.seq.is_(None))
    for index, erasure_id, entry in connection.execute(query.order_by(log_leaf.c.leaf_index)):
        erasure = _erasure_in(index, erasure_id, bytes(entry))
        if erasure is not None:
            yield from ((leaf, erasure) for leaf in erasure.leaves)


def _erasure_in(index: int, erasure_id: str, entry: bytes) -> ErasureEntry | None:
    """The erasure that the leaf at `index` is; None where it is none, or names what is not before it."""
    try:
        erasure = parse_erasure(entry)
    except EntryInvalid:
        return None
    return erasure if erasure.erasure_id == erasure_id and erasure.spans[-1].stop <= index else None


def _compare(row: Row[tuple[object, ...]], entry: bytes, report: Report) -> None:
    """The row with what its leaf commits to, and its columns with the record in it."""
    index, check_id, raw = row.leaf_index, row.leaf_check_id, bytes(row.record)
    try:
        known = parse_entry(entry)
        fits = row.salt is not None and known.commitment == commitment_to(raw, bytes(row.salt))
        if known.check_id != check_id or not fits:
            report.find(Fault.ROW_CHANGED, index, check_id, "its bytes are not those committed to")
            return
        columns = row_of(decode_record(raw), raw)
    except (EntryInvalid, UnreadableRecord) as fault:
        report.find(Fault.ROW_CHANGED, index, check_id, str(fault))
        return
    stored = row._mapping
    differing = [name for name, value in columns.items() if stored[name] != value]
    if differing:
        report.find(Fault.ROW_CHANGED, index, check_id, f"its column {differing[0]} differs from its record")


def _leaves(connection: Connection) -> Iterator[Row[tuple[object, ...]]]:
    """Every leaf with its salt and its row, in the order of leaves."""
    joined = log_leaf.outerjoin(log_opening, log_leaf.c.leaf_index == log_opening.c.leaf_index).outerjoin(
        check_log, log_leaf.c.check_id == check_log.c.check_id
    )
    columns = (
        log_leaf.c.leaf_index,
        log_leaf.c.entry,
        log_leaf.c.seq.label("leaf_seq"),
        log_leaf.c.check_id.label("leaf_check_id"),
        log_opening.c.salt,
        *check_log.c,
    )
    query = select(*columns).select_from(joined).order_by(log_leaf.c.leaf_index).limit(_CHUNK)
    after = -1
    while rows := connection.execute(query.where(log_leaf.c.leaf_index > after)).all():
        yield from rows
        after = rows[-1].leaf_index


def _find_added(connection: Connection, report: Report) -> None:
    """Rows that were slipped in: numbered within the tree, and without a leaf."""
    last = connection.execute(select(func.max(log_leaf.c.seq))).scalar()
    query = (
        select(check_log.c.seq, check_log.c.check_id)
        .outerjoin(log_leaf, and_(log_leaf.c.check_id == check_log.c.check_id, log_leaf.c.seq.is_not(None)))
        .where(check_log.c.seq <= (last or 0), log_leaf.c.leaf_index.is_(None))
        .order_by(check_log.c.seq)
        .limit(MOST_FINDINGS)
    )
    for seq, check_id in connection.execute(query):
        place = select(func.count()).select_from(log_leaf).where(log_leaf.c.seq < seq)
        report.find(Fault.ROW_ADDED, connection.execute(place).scalar_one(), check_id)


def audit_files(
    raw: bytes, read: Callable[[Tile], bytes], keys: Sequence[Verifier], since: Iterable[bytes] = ()
) -> Report:
    """Audit a published tree: its latest checkpoint, and what gives its files.

    `read` raises `TileMissing` where there is no such file. `keys`: those trusted; `since`: notes kept from earlier,
    handovers from one key to the next among them.
    """
    report, kept = Report(), list(since)
    verifiers = followed(keys, kept)
    promises = _Promises(report)
    checkpoint = promises.add(raw, verifiers, "the checkpoint")
    for earlier in kept:
        promises.add(earlier, verifiers, "the checkpoint given")
    if checkpoint is None:
        return report
    levels = _Levels(checkpoint.size, read, report)
    tree = Frontier()
    promises.hold(tree)
    for tile in bundles_for(checkpoint.size):
        entries = _entries(tile, read, report)
        if entries is None:
            return report
        for entry in entries:
            one = leaf_hash(entry)
            check_id = _check_in(entry)
            erasure = _erasure_in(tree.size, check_id, entry)
            if erasure is not None:
                report.erased.update(dict.fromkeys(erasure.leaves, erasure))
            levels.compare(0, tree.size, one, check_id)
            tree.append(one)
            report.leaves += 1
            promises.hold(tree, check_id)
            if report.over:
                return report
    promises.end(tree)
    report.put_in_order()
    return report


class _Levels:
    """The tiles of hashes, each compared with what the level below it comes to."""

    def __init__(self, size: int, read: Callable[[Tile], bytes], report: Report) -> None:
        self._read = read
        self._report = report
        self._widths = {(tile.level, tile.number): tile for tile in tiles_for(size)}
        self._tiles: dict[int, tuple[int, list[bytes]]] = {}
        self._edges: dict[int, list[bytes]] = {}

    def compare(self, level: int, number: int, one: bytes, check_id: str) -> None:
        """Hold the hash of a leaf, or of 256^level of them, against the tile that has it."""
        tile, at = divmod(number, WIDTH)
        hashes = self._hashes(level, tile)
        if at < len(hashes) and hashes[at] != one:
            self._report.find(Fault.FILE_CHANGED, number << 8 * level, check_id if level == 0 else "", f"level {level}")
        edge = self._edges.setdefault(level, [])
        edge.append(one)
        if len(edge) == WIDTH:
            self._edges[level] = []
            self.compare(level + 1, tile, root_of(edge), check_id)

    def _hashes(self, level: int, number: int) -> list[bytes]:
        known = self._tiles.get(level)
        if known is None or known[0] != number:
            known = self._tiles[level] = (number, self._fetch(level, number))
        return known[1]

    def _fetch(self, level: int, number: int) -> list[bytes]:
        tile = self._widths[level, number]
        try:
            hashes = hashes_in(self._read(tile))
        except (TileMissing, TileInvalid) as fault:
            self._report.find(Fault.FILE_MISSING, number * WIDTH << 8 * level, detail=f"{tile.path}: {fault}")
            return []
        if len(hashes) != tile.width:
            self._report.find(Fault.FILE_MISSING, number * WIDTH << 8 * level, detail=f"{tile.path} is cut short")
        return hashes


def _entries(tile: Tile, read: Callable[[Tile], bytes], report: Report) -> list[bytes] | None:
    try:
        entries = entries_in(read(tile))
    except (TileMissing, TileInvalid) as fault:
        report.find(Fault.FILE_MISSING, tile.number * WIDTH, detail=f"{tile.path}: {fault}")
        return None
    if len(entries) != tile.width:
        report.find(Fault.FILE_MISSING, tile.number * WIDTH + len(entries), detail=f"{tile.path} is cut short")
        return None
    return entries


def _check_in(entry: bytes | None) -> str:
    """The check, or the erasure, that an entry stands for; empty where it cannot be told."""
    raw = entry or b""
    try:
        return parse_erasure(raw).erasure_id if raw.startswith(ERASURE.encode()) else parse_entry(raw).check_id
    except EntryInvalid:
        return ""
