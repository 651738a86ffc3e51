"""The nodes that share a log: each gives account of itself there every few seconds, and any tells of all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from clearway.querylog.central import node_account, on_postgresql, reaching, writing


@dataclass(frozen=True, slots=True)
class NodeAccount:
    """A node at the moment `seen_at`, by its own clock. All moments are aware.

    `index_revision` and `index_synced_at` (when nothing newer was in the registry) are None where it had no index to
    read, `unshipped_since` where no row waited.
    """

    name: str
    version: str
    started_at: datetime
    seen_at: datetime
    index_revision: int | None
    index_synced_at: datetime | None
    unshipped_rows: int
    unshipped_since: datetime | None


def give_account(central: Engine, account: NodeAccount) -> None:
    """Put the node's account in the place of its last one. Raises `LogUnreachable`, and SQLAlchemy's errors."""
    row = asdict(account)
    insert = postgresql.insert if on_postgresql(central) else sqlite.insert
    statement = insert(node_account).values(row)
    rest = {name: value for name, value in row.items() if name != "name"}
    with reaching(central), writing(central) as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=[node_account.c.name], set_=rest))


def accounts(central: Engine) -> tuple[NodeAccount, ...]:
    """Every node that ever gave account, by name. Raises `LogUnreachable`."""
    with reaching(central), central.connect() as connection:
        found = connection.execute(select(node_account).order_by(node_account.c.name)).mappings().all()
    return tuple(NodeAccount(**one) for one in found)
