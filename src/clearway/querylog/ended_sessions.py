"""Sessions of the console that were ended before their time, told to every node that shares the log.

A session is in a cookie, so that no node has to remember it; that somebody ended it has to be remembered, until it
would have been over anyway.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from clearway.querylog.central import ended_session, on_postgresql, reaching, writing


def end_session(central: Engine, session_id: bytes, kept_until: datetime, moment: datetime) -> None:
    """Remember until then that a session has ended; once is enough. What need not be remembered at `moment` goes.

    Raises `LogUnreachable`, and SQLAlchemy's errors.
    """
    insert = postgresql.insert if on_postgresql(central) else sqlite.insert
    statement = insert(ended_session).values(session_id=session_id, kept_until=kept_until)
    with reaching(central), writing(central) as connection:
        connection.execute(delete(ended_session).where(ended_session.c.kept_until <= moment))
        connection.execute(statement.on_conflict_do_nothing(index_elements=[ended_session.c.session_id]))


def has_ended(central: Engine, session_id: bytes) -> bool:
    """Whether somebody ended the session. Raises `LogUnreachable`, and SQLAlchemy's errors."""
    statement = select(ended_session.c.session_id).where(ended_session.c.session_id == session_id)
    with reaching(central), central.connect() as connection:
        return connection.execute(statement).first() is not None
