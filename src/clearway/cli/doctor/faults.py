"""What a store's failure means to whoever runs the node, and what to do: damaged, full, not ours to read, away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pysqlite3
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from clearway.cli.doctor.findings import Finding, wrong
from clearway.postgresql.engine import UnsupportedDatabase
from clearway.postgresql.faults import Trouble
from clearway.querylog.central import LogUnreachable
from clearway.querylog.sqlite import NotDurable
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.server.settings import Settings

RESTORE = "put the last good one back and run `clearway database restored`: docs/operations.md, “Backup”"
"""What to do where a database's file is lost."""

REPLACE = f"stop the node, keep the file as it is, {RESTORE}"
"""What to do where it is damaged."""

FAILS = "docs/operations.md, “When the database fails”"

_DAMAGED = frozenset({pysqlite3.SQLITE_CORRUPT, pysqlite3.SQLITE_NOTADB})
_NO_ROOM = frozenset({pysqlite3.SQLITE_FULL, pysqlite3.SQLITE_IOERR})
_NOT_OURS = frozenset({pysqlite3.SQLITE_CANTOPEN, pysqlite3.SQLITE_READONLY, pysqlite3.SQLITE_PERM})
_HELD = frozenset({pysqlite3.SQLITE_BUSY, pysqlite3.SQLITE_LOCKED})

_TROUBLES = {
    RegistryReason.UNAVAILABLE: Trouble.UNAVAILABLE,
    RegistryReason.BUSY: Trouble.BUSY,
    RegistryReason.READ_ONLY: Trouble.READ_ONLY,
    RegistryReason.FORBIDDEN: Trouble.FORBIDDEN,
}


class Unusable(Exception):
    """A store cannot be used as it stands. `finding` says why, and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.says)
        self.finding = finding


@contextmanager
def told(what: str, settings: Settings) -> Iterator[None]:
    """Turn how the store `what` fails into `Unusable`. What the record says of its keys passes through."""
    try:
        yield
    except (RegistryError, LogUnreachable, UnsupportedDatabase, NotDurable, SQLAlchemyError) as fault:
        finding = finding_of(what, fault, settings)
        if finding is None:
            raise
        raise Unusable(finding) from fault


def finding_of(what: str, fault: Exception, settings: Settings) -> Finding | None:
    """What the failure of the store `what` means; None for a refusal that is of no store's state."""
    match fault:
        case LogUnreachable():
            return _of_trouble(what, fault.trouble, settings)
        case RegistryError(reason=reason) if reason in _TROUBLES:
            return _of_trouble(what, _TROUBLES[reason], settings)
        case RegistryError(reason=RegistryReason.UNSUPPORTED_DATABASE):
            return _unsupported(what, fault.detail, settings)
        case UnsupportedDatabase() | NotDurable():
            return _unsupported(what, str(fault), settings)
        case SQLAlchemyError():
            return _of_statement(what, fault)
        case _:
            return None


def _of_trouble(what: str, trouble: Trouble, settings: Settings) -> Finding:
    match trouble:
        case Trouble.UNAVAILABLE:
            return wrong(
                f"{what} cannot be reached, or has no room",
                "see that PostgreSQL runs and has room, that the network lets this machine to it, and that "
                f"CLEARWAY_DATABASE has its address, user and password; {_meanwhile(settings)}: {FAILS}",
            )
        case Trouble.BUSY:
            return wrong(
                f"{what} is slow, or others hold it",
                f"see in pg_stat_activity what takes so long; {_meanwhile(settings)}: {FAILS}",
            )
        case Trouble.READ_ONLY:
            return wrong(
                f"{what} takes no writes now", f"let CLEARWAY_DATABASE name the server that takes writes: {FAILS}"
            )
        case Trouble.FORBIDDEN:
            return wrong(
                f"{what} refuses this role, or lacks the tables",
                "see user and password in CLEARWAY_DATABASE; as its owner, run "
                "`clearway database prepare --service-role ROLE`",
            )


def _meanwhile(settings: Settings) -> str:
    if settings.log_durability == "central":
        return "no check is answered until then"
    return f"checks go on from the index, {settings.max_index_age:,.0f} s at most, and wait in the journal"


def _unsupported(what: str, detail: str, settings: Settings) -> Finding:
    if settings.database:
        return wrong(f"{what} will not do: {detail}", "docs/operations.md, “What the database must be”")
    return wrong(f"{what} will not do: {detail}", "put the data folder on a local file system, not a network share")


def _of_statement(what: str, fault: SQLAlchemyError) -> Finding:
    cause = fault.orig if isinstance(fault, DBAPIError) else None
    # The low byte is the kind; what stands above it says which of its kind.
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return damaged(what, str(cause))
    if code in _NO_ROOM:
        return wrong(
            f"{what} cannot be read now: {cause}",
            "see `disk`: make room; where there is room, see the system's log for a failing disk",
        )
    if code in _NOT_OURS:
        return wrong(
            f"{what} cannot be opened: {cause}",
            "give the data folder and all in it to the user that the node runs as, and run `clearway doctor` as that",
        )
    if code in _HELD:
        return wrong(f"{what} is held by another process: {cause}", "look again; `fuser` names who has the file open")
    return wrong(f"{what} is not as this version made it: {type(cause or fault).__name__}", REPLACE)


def damaged(what: str, how: str) -> Finding:
    """A database's file is not what was written."""
    return wrong(f"{what} is damaged: {how}", REPLACE)
