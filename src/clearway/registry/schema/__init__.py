"""The tables of the record, as typed models. Rows are inserted, never updated, never deleted; triggers hold that.

`record` has the subjects and what happened to them, `feeds` how it came in, `cases` what followed the answers.
Identifiers and fact ids compare byte for byte on every engine: their columns name their collation.
"""

from __future__ import annotations

from clearway.registry.schema.base import Base, UtcDateTime, byte_text, row_number
from clearway.registry.schema.cases import CaseChangeRow, CaseEventRow, DeliveryRow
from clearway.registry.schema.feeds import FeedRunRow, FetchRow, QuarantinedRow, QuarantineResolutionRow
from clearway.registry.schema.record import (
    EventRow,
    FactRow,
    RegistryIdentity,
    RevisionRow,
    SubjectIdentifierRow,
    SubjectKeyRow,
    SubjectRow,
    TokenRow,
)

__all__ = [
    "APPEND_ONLY",
    "Base",
    "CaseChangeRow",
    "CaseEventRow",
    "DeliveryRow",
    "EventRow",
    "FactRow",
    "FeedRunRow",
    "FetchRow",
    "QuarantineResolutionRow",
    "QuarantinedRow",
    "RegistryIdentity",
    "RevisionRow",
    "SubjectIdentifierRow",
    "SubjectKeyRow",
    "SubjectRow",
    "TokenRow",
    "UtcDateTime",
    "byte_text",
    "row_number",
]

APPEND_ONLY = tuple(table.name for table in Base.metadata.sorted_tables)
"""Every table of the record: none is ever updated or deleted from."""
