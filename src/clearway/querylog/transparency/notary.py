"""The notary: numbers settled rows, signs the tree, and keeps this node's files of it up to date.

Every node may run one. Whoever has the turn numbers and signs, so that there is one sequence and one checkpoint of each
size; the others follow. A tree that does not begin with what was signed before is never signed and never published.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from clearway.querylog.transparency import leaves
from clearway.querylog.transparency.folders import TileFolder, TileMissing
from clearway.querylog.transparency.mirror import Mirror
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.entries import SALT_BYTES
from clearway.transparency.notes import Note, Signer, Verifier, parse_note
from clearway.transparency.tiles import TileInvalid

_log = structlog.get_logger(__name__)

READ_AT_ONCE = 4096


class TreeForked(Exception):
    """The leaves are not those that were signed: the log was changed, or another copy of it was restored."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What one step did."""

    numbered: int
    signed: int | None
    """The size of the tree that was signed."""


class Notary:
    """Blocking; one thread's. `signer` may be None: then this node only numbers and follows."""

    def __init__(
        self,
        central: Engine,
        folder: TileFolder,
        signer: Signer | None,
        *,
        new_salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._central = central
        self._folder = folder
        self._signer = signer
        self._new_salt = new_salt
        self._clock = clock
        self._mirror = Mirror(folder)
        self._published: bytes | None = None
        self._told = False

    def step(self) -> Noted:
        """Number what is settled, sign, publish. Raises `TreeForked` and SQLAlchemy's `DBAPIError`; nothing is lost."""
        numbered = 0
        while some := leaves.sequence(self._central, self._new_salt):
            numbered += some
        self._catch_up()
        signed = self._sign()
        self._publish()
        return Noted(numbered, signed)

    def run(self, stop: threading.Event, interval: float) -> None:
        """Step until `stop` is set, then once more. What fails is tried again, ever more slowly."""
        attempts = Retrying(
            retry=retry_if_exception_type((DBAPIError, OSError, TreeForked)),
            wait=wait_random_exponential(multiplier=0.2, max=10.0),
            stop=stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            before_sleep=_warn,
            reraise=True,
        )
        while not stop.is_set():
            attempts(self.step)
            stop.wait(interval)
        self.step()

    def _catch_up(self) -> None:
        while some := leaves.entries_from(self._central, self._mirror.size, READ_AT_ONCE):
            for entry in some:
                self._mirror.append(entry)

    def _sign(self) -> int | None:
        if self._signer is None:
            return None
        with self._central.connect() as connection:
            last = leaves.last_signed(connection)
        size = self._mirror.size
        if size == 0 or (last is not None and last.size >= size):
            return None
        # All hashing is done before the turn is asked for: others write to the log meanwhile.
        if last is not None:
            self._agree(parse_checkpoint(parse_note(last.raw).text))
        text = Checkpoint(self._signer.name, size, self._mirror.root(size)).text
        note = Note(text, (self._signer.sign(text),))
        with leaves.in_turn(self._central) as turn:
            if turn is None or leaves.last_signed(turn) != last or not self._may_sign(turn, self._signer.verifier):
                return None
            leaves.store_signed(turn, size, note, int(self._clock()))
            return size

    def _may_sign(self, turn: Connection, own: Verifier) -> bool:
        """Whether this node's key is the log's; the first one becomes it."""
        known = leaves.signers_in(turn)
        if not known:
            leaves.enter_signer(turn, own)
        elif known[-1] != own:
            if not self._told:
                _log.warning("not_the_logs_key", key=own.vkey)
            self._told = True
            return False
        return True

    def _publish(self) -> None:
        signed = leaves.signed_at_size(self._central)
        if signed is None or signed.size > self._mirror.size or signed.raw == self._published:
            return
        checkpoint = parse_checkpoint(parse_note(signed.raw).text)
        self._keep_promise(checkpoint)
        self._agree(checkpoint)
        self._mirror.publish(checkpoint, signed.raw)
        self._published = signed.raw

    def _keep_promise(self, checkpoint: Checkpoint) -> None:
        """Raise `TreeForked` where the files say that more was signed once, or something else."""
        raw = self._folder.checkpoint()
        if raw is None or self._published is not None:
            return
        before = parse_checkpoint(parse_note(raw).text)
        if before.origin != checkpoint.origin:
            return
        if before.size > checkpoint.size:
            raise TreeForked(f"{before.size} leaves were signed, and the database has {checkpoint.size}")
        self._agree(before)

    def _agree(self, checkpoint: Checkpoint) -> None:
        """Raise `TreeForked` unless the leaves begin with what that checkpoint is of."""
        try:
            if self._mirror.root(checkpoint.size) == checkpoint.root:
                return
        except (TileMissing, TileInvalid):
            _log.warning("tree_files_damaged", size=checkpoint.size)
        self._mirror.begin_anew()
        self._catch_up()
        if self._mirror.root(checkpoint.size) != checkpoint.root:
            raise TreeForked(f"the first {checkpoint.size} leaves are not those that were signed")


def _warn(state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome else None
    if isinstance(fault, TreeForked):
        _log.error("tree_forked", why=str(fault))
    else:
        _log.warning("notary_step_failed", error=type(fault).__name__)
