"""The central log: every recorded check, in the order in which it arrived, append-only.

`check_log` holds the exact bytes of each record beside the columns people search by; `journal_cursor` says how far each
journal segment has been copied, and advances in the same transaction as the rows. Cursors are kept after their segment
is gone: a segment that came back from a backup is not copied twice.

It is an SQLite file of one node, or PostgreSQL for several (`clearway.querylog.postgresql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Engine,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    column,
    create_engine,
    event,
    inspect,
    select,
    table,
    text,
    true,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from clearway.postgresql import turns
from clearway.postgresql.engine import BACKEND, POOL_SIZE
from clearway.postgresql.faults import Trouble, trouble_of
from clearway.postgresql.privileges import grant
from clearway.querylog import postgresql
from clearway.querylog.record import CheckRecord, decode_record
from clearway.querylog.retention.tables import TABLES as RETENTION_TABLES
from clearway.querylog.sqlite import BUSY_SECONDS, require_durable, sqlite3
from clearway.querylog.transparency.tables import TABLES as TREE_TABLES

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.types import TypeEngine

LOG_FILE = "log.db"
"""The central log's file in the data directory, where it is embedded."""

REQUEST_CLAIMS = "request_claim"
"""The claims of request ids (`clearway.querylog.request_claims`), where the log is in PostgreSQL."""

JOURNAL_DIRECTORY = "journal"
"""The journals' folder in the data directory."""

VERSION_TABLE = "querylog_version"
"""Where Alembic keeps this schema's version: its own table, so that the log can share a database."""

SCHEMA_HEAD = "0011"
"""The newest migration."""

WRITING = {"querylog_begin": "BEGIN IMMEDIATE"}
"""Execution options of a connection that means to write: it queues for the write lock before it reads."""


class LogUnreachable(Exception):
    """The central log's database cannot be reached, takes too long, or refuses. Of no embedded log."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(_TROUBLES[trouble])
        self.trouble = trouble


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. On SQLite a text of fixed width, so that its order is the order of time."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, a timestamp with time zone elsewhere."""
        chosen: TypeEngine[Any] = String(27) if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """`2026-03-01T08:30:00.000000Z` on SQLite."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


# Ids compare byte for byte on every engine; SQLite does so anyway.
_Exact = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

COUNTED = (
    "authority",
    "caller",
    "officer",
    "case_number",
    "item_code",
    "region",
    "subject_key",
    "outcome",
    "standing",
    "error_reason",
    "elapsed_us",
    "index_age_ms",
    "method",
)
"""Columns that reports count by.

PostgreSQL keeps no index row above 2,704 bytes, and what cannot be indexed could not be shipped: requests are cut so
that these stay below, whatever stands in them.
"""

check_log = Table(
    "check_log",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("check_id", _Exact, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("error_reason", Text, nullable=False),
    Column("authority", _Exact, nullable=False),
    Column("caller", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("case_number", _Exact, nullable=False),
    Column("item_code", _Exact, nullable=False),
    Column("request_id", _Exact, nullable=False),
    Column("scheme", _Exact, nullable=False),
    Column("subject", _Exact, nullable=False),
    Column("subject_key", LargeBinary, nullable=False),
    Column("revision", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("method", _Exact, nullable=False, server_default=text("''")),
    Column("region", _Exact, nullable=False, server_default=""),
    Column("elapsed_us", BigInteger, nullable=False, server_default="0"),
    Column("index_age_ms", BigInteger, nullable=False, server_default="0"),
    Index("check_log_check_id", "check_id", unique=True),
    Index("check_log_request_id", "request_id"),
    Index(
        "check_log_requested_at",
        "decided_at",
        sqlite_where=text("request_id > ''"),
        postgresql_where=text("request_id > ''"),
    ),
    Index(
        "check_log_method",
        "decided_at",
        sqlite_where=text("method > ''"),
        postgresql_where=text("method > ''"),
    ),
    # What a search leads with, and then the order that it gives its rows in.
    Index("check_log_subject", "subject_key", "check_id"),
    Index("check_log_case", "case_number", "check_id"),
    Index("check_log_officer", "officer", "check_id"),
    Index("check_log_authority", "authority", "check_id"),
    Index("check_log_outcome", "outcome", "check_id"),
    Index(
        "check_log_refused",
        "error_reason",
        "check_id",
        sqlite_where=text("error_reason > ''"),
        postgresql_where=text("error_reason > ''"),
    ),
    # All that reports count, so that a period is counted without its records being read.
    Index("check_log_counted", "decided_at", "check_id", *COUNTED),
)

check_listing = Table(
    "check_listing",
    metadata,
    Column("listing_id", _Exact, primary_key=True),
    Column("check_id", _Exact, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which checks' answers speak of a listing; filled with `check_log`, in the same transaction."""


def checks_only(log: FromClause = check_log) -> ColumnElement[bool]:
    """The rows that are checks: not refusals of something else, not looks at what is recorded."""
    return log.c.method == ""


journal_cursor = Table(
    "journal_cursor",
    metadata,
    Column("segment", _Exact, primary_key=True),
    Column("shipped", BigInteger, nullable=False),
)

node_account = Table(
    "node_account",
    metadata,
    Column("name", _Exact, primary_key=True),
    Column("version", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("index_revision", BigInteger, nullable=True),
    Column("index_synced_at", Instant, nullable=True),
    Column("unshipped_rows", BigInteger, nullable=False),
    Column("unshipped_since", Instant, nullable=True),
)
"""How each node was when it last gave account of itself (`clearway.querylog.nodes`). No evidence: it is replaced."""

ended_session = Table(
    "ended_session",
    metadata,
    Column("session_id", LargeBinary, primary_key=True),
    Column("kept_until", Instant, nullable=False),
)
"""Sessions of the console that were ended before their time (`clearway.querylog.ended_sessions`). No evidence: what
need not be remembered any more goes.
"""


for added_table in (*TREE_TABLES, *RETENTION_TABLES):
    added_table.to_metadata(metadata)


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """A recorded check: the record, its exact bytes, and its place in the central log (None: not shipped yet)."""

    record: CheckRecord
    raw: bytes
    seq: int | None = None

    @classmethod
    def of(cls, raw: bytes, seq: int | None = None) -> StoredCheck:
        """From stored bytes. Raises `UnreadableRecord`."""
        return cls(decode_record(raw), raw, seq)


def row_of(record: CheckRecord, raw: bytes) -> Mapping[str, object]:
    """The columns of a record, `raw` being its exact bytes."""
    return {
        "check_id": record.check_id,
        "decided_at": record.decided_at,
        "outcome": record.outcome,
        "standing": record.standing,
        "error_reason": record.error_reason,
        "authority": record.authority,
        "caller": record.caller,
        "officer": record.officer,
        "case_number": record.case_number,
        "item_code": record.item_code,
        "request_id": record.request_id,
        "scheme": record.scheme,
        "subject": record.subject,
        "subject_key": record.subject_key,
        "revision": record.revision,
        "edition": record.edition,
        "record": raw,
        "method": record.method,
        "region": record.region,
        "elapsed_us": record.elapsed_us,
        "index_age_ms": record.index_age_ms,
    }


def open_central(where: Path | str, *, pool_size: int = POOL_SIZE) -> Engine:
    """The central log, created and brought up to date where necessary; safe from several processes at once.

    `where` is the file of an embedded log, or the URL of a PostgreSQL database (`attach` opens one without asking).
    Raises `NotDurable` where the file system cannot hold it, `UnsupportedDatabase` for another database,
    `LogUnreachable`, and what SQLAlchemy raises for a file that is no database.
    """
    engine = attach(where, pool_size=pool_size)
    try:
        with reaching(engine):
            upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def attach(where: Path | str, *, pool_size: int = POOL_SIZE) -> Engine:
    """The central log as it is: nothing is asked of it before it is used. Raises `UnsupportedDatabase`."""
    if isinstance(where, str):
        return postgresql.open_engine(where, pool_size)
    where.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        URL.create("sqlite", database=str(where)), module=sqlite3, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


@contextmanager
def reaching(central: Engine) -> Iterator[None]:
    """Turn what a PostgreSQL database does not do into `LogUnreachable`; other errors pass through."""
    try:
        yield
    except SQLAlchemyError as error:
        trouble = trouble_of(error) if on_postgresql(central) else None
        if trouble is None:
            raise
        raise LogUnreachable(trouble) from error


_TROUBLES = {
    Trouble.BUSY: "the log's database is slow or busy",
    Trouble.UNAVAILABLE: "the log's database cannot be reached, or has no room",
    Trouble.READ_ONLY: "the log's database takes no writes now",
    Trouble.FORBIDDEN: "the log's database refuses this role; its owner has to run `clearway database prepare`",
}


def on_postgresql(central: Engine | Connection) -> bool:
    """Whether the log is in PostgreSQL."""
    return central.dialect.name == BACKEND


@contextmanager
def writing(central: Engine) -> Iterator[Connection]:
    """A write transaction: committed when the block ends, rolled back when it raises."""
    if on_postgresql(central):
        with postgresql.writing(central) as connection:
            yield connection
        return
    with central.connect().execution_options(**WRITING) as connection, connection.begin():
        yield connection


def settled(central: Connection) -> ColumnElement[bool]:
    """Which rows are final: a follower that goes on from the greatest number among them misses none.

    On SQLite all are: there is one writer at a time, and it draws the numbers.
    """
    return check_log.c.seq < postgresql.settled(central) if on_postgresql(central) else true()


def grant_to_service(central: Engine, role: str) -> None:
    """Let the role that nodes connect as read, append, move cursors, forget what is no evidence. PostgreSQL only."""
    with writing(central) as connection:
        grant(
            connection,
            role,
            append=(
                check_log.name,
                check_listing.name,
                postgresql.check_log_life.name,
                ended_session.name,
                *(one.name for one in TREE_TABLES),
            ),
            # Nodes see what is erased and held; only the owner erases.
            read=(VERSION_TABLE, *(one.name for one in RETENTION_TABLES)),
            advance=(journal_cursor.name, REQUEST_CLAIMS, node_account.name),
            forget=(REQUEST_CLAIMS, ended_session.name),
            call=("check_log_make_month(date)",),
        )


def upgrade(engine: Engine) -> None:
    """Brings the schema to `SCHEMA_HEAD`, in one transaction. Does nothing, quickly, where it is there already."""
    if schema_of(engine) == SCHEMA_HEAD:
        return
    from alembic import command  # heavy, and needed only when the schema is behind
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "clearway.querylog:migrations")
    with writing(engine) as connection:
        if on_postgresql(connection):
            turns.take(connection, postgresql.UPGRADING)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_of(engine: Engine) -> str | None:
    """The migration that the log is at; None before the first. Raises as `reaching`."""
    with reaching(engine), engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found: str | None = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
        return found


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
    require_durable(connection)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("querylog_begin", "BEGIN"))
