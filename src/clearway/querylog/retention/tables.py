"""What is erased and what is held, in the log's database. Both are only appended to, by the database's owner."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

_Exact = Text().with_variant(Text(collation="C"), "postgresql")
_Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

log_erased = Table(
    "log_erased",
    metadata,
    Column("leaf_index", _Number, primary_key=True, autoincrement=False),
    Column("check_id", _Exact, nullable=False),
    Column("erasure_index", BigInteger, nullable=False),
    Index("log_erased_check_id", "check_id", unique=True),
)
"""Each row that was erased: its leaf, its id, and the leaf of the erasure that names it. Deletion asks this table."""

log_hold = Table(
    "log_hold",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("case_number", _Exact, nullable=False),
    Column("subject_key", LargeBinary, nullable=False),
    Column("check_id", _Exact, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
"""A legal hold: a row that fits every field given is not erased. Moments are seconds since 1970; 0 is none given."""

log_hold_lift = Table(
    "log_hold_lift",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("lifted_by", Text, nullable=False),
    Column("lifted_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)
"""The lifting of a hold, by its number."""

log_cleaned = Table(
    "log_cleaned",
    metadata,
    Column("erasure_index", _Number, primary_key=True, autoincrement=False),
    Column("cleaned_at", BigInteger, nullable=False),
)
"""The erasures, by their leaves, whose rows are out of the database's files, and since when (seconds since 1970)."""

TABLES = (log_erased, log_hold, log_hold_lift, log_cleaned)
