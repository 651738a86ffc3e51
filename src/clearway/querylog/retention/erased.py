"""By what a row went."""

from __future__ import annotations

from sqlalchemy import Engine, select

from clearway.querylog.retention.tables import log_erased
from clearway.querylog.transparency.tables import log_leaf
from clearway.transparency.entries import EntryInvalid, ErasureEntry, parse_erasure


def erasure_of(central: Engine, check_id: str) -> ErasureEntry | None:
    """The erasure by which that row went; None where it was not erased."""
    query = (
        select(log_leaf.c.entry)
        .join(log_erased, log_erased.c.erasure_index == log_leaf.c.leaf_index)
        .where(log_erased.c.check_id == check_id)
    )
    with central.connect() as connection:
        entry = connection.execute(query).scalar()
    try:
        return None if entry is None else parse_erasure(bytes(entry))
    except EntryInvalid:
        return None
