"""Which life of which database this is: what a revision token carries, and an index is made from.

A database begins another life where it was restored: what followed the state it was restored to is gone, and its
revision numbers will be given again. On PostgreSQL most restores are noticed (see `clearway.postgresql.place`); of the
others, and of an embedded database's, the operator tells.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Engine, func, insert, select

from clearway.postgresql.place import UNKNOWN, place_of
from clearway.registry.database import reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.schema import RegistryIdentity


class Life(NamedTuple):
    """A life of the database: its id, its number, the secret it hashes with, and where it began."""

    database_id: str
    number: int
    key_fingerprint: str
    place: str

    def goes_on_at(self, place: str) -> bool:
        """Whether a connection that leads there leads to this life."""
        return UNKNOWN in (place, self.place) or place == self.place


def identify(engine: Engine, key_fingerprint: str, moment: datetime) -> None:
    """Give a new database its identity, and hold an old one to its secret. Raises `RegistryError` OTHER_KEY."""
    with reading(engine) as connection:
        life = _present(connection)
    if life is None:
        with writing(engine) as connection:
            life = _present(connection) or _begin(connection, 1, key_fingerprint, moment)
    _require_key(life, key_fingerprint)
    database_id(engine)


def require_key(engine: Engine, key_fingerprint: str) -> None:
    """Hold a database, where it has an identity, to its secret. Raises `RegistryError` OTHER_KEY."""
    with reading(engine) as connection:
        life = _present(connection)
    if life is not None:
        _require_key(life, key_fingerprint)


def _require_key(life: Life, key_fingerprint: str) -> None:
    if life.key_fingerprint != key_fingerprint:
        raise RegistryError(RegistryReason.OTHER_KEY, "natural persons here are hashed with another secret")


def database_id(engine: Engine) -> str:
    """The id of the present life; the first to ask after a restore that can be noticed begins it.

    Raises `RegistryError`.
    """
    with reading(engine) as connection:
        life = _present(connection)
        if life is not None and life.goes_on_at(place_of(connection)):
            return life.database_id
    return _begin_another(engine, unless_it_goes_on=True)


def restored(engine: Engine) -> str:
    """Begin another life, because an operator says that the database was restored; gives its id."""
    return _begin_another(engine, unless_it_goes_on=False)


def _begin_another(engine: Engine, *, unless_it_goes_on: bool) -> str:
    with writing(engine) as connection:
        life = _present(connection)
        if life is None:
            raise RegistryError(RegistryReason.UNSUPPORTED_DATABASE, "the database has no identity")
        if unless_it_goes_on and life.goes_on_at(place_of(connection)):
            return life.database_id
        return _begin(connection, life.number + 1, life.key_fingerprint, None).database_id


def _present(connection: Connection) -> Life | None:
    row = RegistryIdentity
    query = select(row.database_id, row.number, row.key_fingerprint, row.place).order_by(row.number.desc()).limit(1)
    found = connection.execute(query).first()
    return None if found is None else Life(*found)


def _begin(connection: Connection, number: int, key_fingerprint: str, moment: datetime | None) -> Life:
    life = Life(uuid4().hex, number, key_fingerprint, place_of(connection))
    # A restore is noticed in passing, where nobody brings the time: the database has it.
    row = {"created_at": func.current_timestamp() if moment is None else moment, **life._asdict()}
    connection.execute(insert(RegistryIdentity).values(row))
    return life
