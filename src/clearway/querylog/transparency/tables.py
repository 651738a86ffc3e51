"""The tables of the tree, in the log's database. Every one of them is only appended to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

_Exact = Text().with_variant(Text(collation="C"), "postgresql")
_Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("leaf_index", _Number, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=True),
    Column("check_id", _Exact, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Index(
        "log_leaf_check_id",
        "check_id",
        unique=True,
        sqlite_where=text("seq IS NOT NULL"),
        postgresql_where=text("seq IS NOT NULL"),
    ),
    Index("log_leaf_seq", "seq", unique=True),
)
"""One row a leaf, numbered from 0 without a gap, in the order of `check_log.seq`."""

log_opening = Table(
    "log_opening",
    metadata,
    Column("leaf_index", _Number, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
)
"""The salt of each leaf's commitment. Apart from the leaf, which is public."""

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("tree_size", _Number, primary_key=True, autoincrement=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
)
"""Every checkpoint that was signed: the note's bytes, and when, in seconds since 1970."""

log_cosignature = Table(
    "log_cosignature",
    metadata,
    Column("tree_size", _Number, primary_key=True, autoincrement=False),
    Column("vkey", _Exact, primary_key=True),
    Column("line", Text, nullable=False),
)
"""A witness's signature under a checkpoint; the first one of each witness stays."""

log_signer = Table(
    "log_signer",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("vkey", _Exact, nullable=False),
)
"""The log's keys, one after the other; the last one signs."""

TABLES = (log_leaf, log_opening, log_checkpoint, log_cosignature, log_signer)
