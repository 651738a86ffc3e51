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
from clearway.registry import tokens
from clearway.registry.database import reading, writing
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.schema import RegistryIdentity
from clearway.subjects.keys import SubjectKeys


class Life(NamedTuple):
    """A life of the database: its id, its number, the first secret it hashed with, and where it began."""

    database_id: str
    number: int
    key_fingerprint: str
    place: str

    def goes_on_at(self, place: str) -> bool:
        """Whether a connection that leads there leads to this life."""
        return UNKNOWN in (place, self.place) or place == self.place


def identify(engine: Engine, keys: SubjectKeys, moment: datetime) -> None:
    """Give a new database its identity, note keys that are new to an old one, and hold it to them.

    Raises `RegistryError` OTHER_KEY, KEY_MISSING.
    """
    with reading(engine) as connection:
        life, known = _present(connection), tokens.adopted(connection)
    if life is None or not known.keys() >= set(keys.ids):
        with writing(engine) as connection:
            if _present(connection) is None:
                _begin(connection, 1, keys.fingerprint, moment)
            tokens.adopt(connection, keys, moment)
    require_key(engine, keys)
    database_id(engine)


def require_key(engine: Engine, keys: SubjectKeys) -> None:
    """Hold a database to its secrets. Raises `RegistryError` OTHER_KEY, KEY_MISSING."""
    with reading(engine) as connection:
        tokens.require_keys(connection, keys.ids)


def first_key(engine: Engine) -> str:
    """The id of the key that the database was first opened with; empty before that. Raises `RegistryError`."""
    with reading(engine) as connection:
        return next(iter(tokens.adopted(connection)), "")


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
