"""What proves the log: that all of it was verified, and lately; its key; and its tree, as signed and as published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import Connection, Engine, func, select

from clearway.cli.doctor.configuration import privacy
from clearway.cli.doctor.faults import Unusable
from clearway.cli.doctor.findings import Finding, attention, sound, wrong
from clearway.cli.doctor.reaching import NotThere, central_log
from clearway.cli.output import ago
from clearway.querylog.central import check_log
from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.tables import log_checkpoint, log_leaf
from clearway.querylog.transparency.verification import FullVerification, last_verification
from clearway.server.keys import KeyUnreadable, load_signer, log_key_file
from clearway.server.settings import Settings
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.notes import NoteInvalid, Verifier, parse_note

VERIFIED_WITHIN = timedelta(days=7)
"""A log should be verified whole so often; one that is younger need not have been yet."""

UNSIGNED_FOR = timedelta(minutes=1)
"""A row should be under a signed checkpoint within seconds: one that is not after so long never comes to be."""

PROOF = "docs/audit.md, “Proof against the operator”"
ANOTHER_KEY = "docs/audit.md, “Another key”"
KEEP = "change nothing, and keep `log.db` (or the database), `journal/`, `tlog/` and `keys/` as they are"
NAMES_IT = f"`clearway log verify --since` a checkpoint that somebody kept names the first bad row: {PROOF}"


@dataclass(frozen=True, slots=True)
class Tree:
    """What the database has of the tree: how many leaves, the last signed checkpoint, who signs."""

    leaves: int
    signed: Checkpoint | None
    begun_at: datetime | None
    """When the first checkpoint was signed."""
    unsigned_since: datetime | None
    """When the oldest row that no checkpoint covers was recorded; None where all are covered."""
    signer: Verifier | None

    @classmethod
    def of(cls, central: Engine) -> Self:
        """As of now. Raises `NoteInvalid` for a checkpoint that is none, and what SQLAlchemy raises."""
        with central.connect() as connection:
            size = leaves.size_of(connection)
            last = leaves.last_signed(connection)
            signed = None if last is None else parse_checkpoint(parse_note(last.raw).text)
            begun: int | None = connection.execute(select(func.min(log_checkpoint.c.signed_at))).scalar()
            unsigned_since = _first_after(connection, 0 if last is None else last.size)
            known = leaves.signers_in(connection)
        begun_at = None if begun is None else datetime.fromtimestamp(begun, UTC)
        return cls(size, signed, begun_at, unsigned_since, known[-1] if known else None)

    @property
    def begun(self) -> bool:
        """Whether there is anything to prove."""
        return self.leaves > 0 or self.signed is not None or self.unsigned_since is not None


def _first_after(connection: Connection, size: int) -> datetime | None:
    covered = select(func.coalesce(func.max(log_leaf.c.seq), 0)).where(log_leaf.c.leaf_index < size)
    query = select(check_log.c.decided_at).where(check_log.c.seq > covered.scalar_subquery())
    found: datetime | None = connection.execute(query.order_by(check_log.c.seq).limit(1)).scalar()
    return found


def proof(settings: Settings) -> Iterator[Finding]:
    """Whether the log was found sound when all of it was verified, and can be proven to outsiders now."""
    now = datetime.now(UTC)
    last = last_verification(settings.verification_file)
    try:
        with central_log(settings) as engine:
            tree = Tree.of(engine)
            published = list(_of_files(settings, engine, tree, now))
    except (NotThere, Unusable, NoteInvalid) as fault:
        # What was found when it could be read still holds.
        yield from _of_verification(settings, last, None, now)
        if isinstance(fault, NoteInvalid):
            yield wrong(f"the last checkpoint in the log is none: {fault}", f"{KEEP}; {NAMES_IT}")
        return
    if not tree.begun and last is None and not published:
        yield sound("there is nothing to prove yet: the log has no row")
        return
    yield from _of_verification(settings, last, tree, now)
    yield from _of_key(settings, tree)
    yield from published


def _of_verification(
    settings: Settings, last: FullVerification | None, tree: Tree | None, now: datetime
) -> Iterator[Finding]:
    if last is None:
        yield from _never_verified(settings, tree, now)
        return
    when = f"{last.finished_at:%Y-%m-%d %H:%M} UTC, {ago(now - last.finished_at)} ago"
    if not last.sound:
        faults = "1 fault was" if last.findings == 1 else f"{last.findings:,} faults were"
        yield wrong(
            f"the log is not what was recorded: {faults} found when all of it was verified at {when}",
            f"{KEEP}; {NAMES_IT}",
        )
    elif tree is not None and tree.leaves < last.leaves:
        yield wrong(
            f"the log has {tree.leaves:,} leaves, and had {last.leaves:,} when all of it was verified at {when}",
            f"{KEEP}; {NAMES_IT}; after a restore see docs/operations.md, “Backup”",
        )
    elif now - last.finished_at > VERIFIED_WITHIN:
        yield attention(f"all of the log was last verified at {when}", _verify_it())
    else:
        yield sound(f"all of the log was verified at {when}: {last.rows:,} rows, and sound")


def _never_verified(settings: Settings, tree: Tree | None, now: datetime) -> Iterator[Finding]:
    if settings.verification_file.exists():
        yield attention(f"{settings.verification_file} cannot be read", _verify_it())
    elif tree is not None and tree.begun_at is not None and now - tree.begun_at > VERIFIED_WITHIN:
        yield attention(
            f"the log was begun {ago(now - tree.begun_at)} ago, and all of it was never verified on this node",
            _verify_it(),
        )


def _verify_it() -> str:
    return f"run `clearway log verify`, and let a timer run it every {VERIFIED_WITHIN.days} days or more often: {PROOF}"


def _of_key(settings: Settings, tree: Tree) -> Iterator[Finding]:
    path = log_key_file(settings)
    if not settings.log_key and not path.exists():
        yield wrong(
            f"{path} is missing: after the next start nothing more is signed as this log",
            "put it back from its backup before that, as the start would make another key; if it is lost, run "
            f"`clearway log rotate`: {ANOTHER_KEY}",
        )
        return
    try:
        own = load_signer(settings).verifier
    except (KeyUnreadable, NoteInvalid) as fault:
        yield wrong(
            str(fault), f"put the key back from its backup; if it is lost, `clearway log rotate`: {ANOTHER_KEY}"
        )
        return
    if not settings.log_key:
        yield from privacy(path, 0o600)
    if tree.signer is not None and tree.signer != own:
        yield wrong(
            f"the log is signed by another key than this node's, {own.vkey}: this node signs nothing",
            f"give it the log's key (`keys/log.key` or CLEARWAY_LOG_KEY), and restart it: {ANOTHER_KEY}",
        )


def _of_files(settings: Settings, engine: Engine, tree: Tree, now: datetime) -> Iterator[Finding]:
    """What is published, against what was signed. Nothing is said of a log that has nothing yet."""
    folder = settings.tree_dir
    raw = TileFolder(folder).checkpoint()
    if raw is None and tree.signed is None:
        yield from _of_unsigned(tree, now)
        return
    if raw is None:
        yield wrong(
            f"{folder} is missing, or has no checkpoint: outsiders can verify nothing, and what was published is not "
            "held against the log any more",
            f"who removed it? {NAMES_IT}; after that, restart the node: its notary makes the files anew",
        )
        return
    try:
        published = parse_checkpoint(parse_note(raw).text)
    except NoteInvalid as fault:
        yield wrong(f"{folder / 'checkpoint'} is none: {fault}", f"keep it; {NAMES_IT}")
        return
    if not _is_signed(engine, published, tree.signed):
        yield wrong(
            f"a tree of {published.size:,} leaves is published that the log did not sign: rows were lost or changed",
            f"{KEEP}; {NAMES_IT}; after a restore see docs/operations.md, “Backup”",
        )
        return
    yield from _of_unsigned(tree, now)
    if tree.signed is not None:
        yield sound(f"{tree.signed.size:,} leaves are signed, {published.size:,} published")


def _is_signed(engine: Engine, published: Checkpoint, last: Checkpoint | None) -> bool:
    """Whether the log signed what is published; of a log that goes on under another name, what was before is let be."""
    if last is not None and last.origin != published.origin:
        return True
    stored = leaves.signed_at_size(engine, published.size)
    return stored is not None and parse_checkpoint(parse_note(stored.raw).text) == published


def _of_unsigned(tree: Tree, now: datetime) -> Iterator[Finding]:
    since = tree.unsigned_since
    if since is not None and now - since > UNSIGNED_FOR:
        yield wrong(
            f"rows of the log are signed by nobody, the oldest recorded {ago(now - since)} ago",
            "is the node running? If so, its log says why its notary does not sign: `tree_forked`, `not_the_logs_key`, "
            "`notary_step_failed`; docs/operations.md, “When things fail”",
        )
