"""Codes in a table's columns: read, or told apart from what is no code of the column's scheme."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from clearway.registry.feeds.cells import holds_citizen_number, may_hide_a_citizen
from clearway.registry.feeds.flat_csv import may_number_persons
from clearway.registry.feeds.mapping import CodeColumn
from clearway.registry.feeds.rows import RowFault, RowReason, of_fault
from clearway.subjects.identifiers import (
    Identifier,
    IdentifierFault,
    InvalidIdentifier,
    organisation_code,
    parse_identifier,
)
from clearway.subjects.schemes import orgcode, taxno, uscc
from clearway.subjects.text import normalise_code


class Unreadable(Enum):
    """Why a code names nobody, without being a fault."""

    MASKED = auto()
    PERSONAL = auto()


def read_code(column: CodeColumn, text: str) -> Identifier | Unreadable | None:
    """The code in a column's text; None where it is none of the column's scheme and need not be."""
    # Later taxpayer numbers are unified social credit codes.
    is_later_taxno = column.scheme == taxno.NAME and len(normalise_code(text)) == uscc.LENGTH
    try:
        identifier = parse_identifier(uscc.NAME if is_later_taxno else column.scheme, text)
    except InvalidIdentifier as error:
        if column.certain:
            return None
        if error.fault is IdentifierFault.MASKED:
            personal = may_number_persons(column.scheme) or may_hide_a_citizen(text)
            return Unreadable.PERSONAL if personal else Unreadable.MASKED
        if holds_citizen_number(text) and not may_number_persons(column.scheme):
            return Unreadable.PERSONAL
        raise RowFault(of_fault(error.fault), f"{column.headers[0]}: {error.detail}") from error
    return identifier if not column.certain or _is_certain(identifier) else None


def _is_certain(identifier: Identifier) -> bool:
    """Whether a code found among others is no accident: both check signs of a unified social credit code hold."""
    if identifier.scheme != uscc.NAME:
        return True
    try:
        organisation_code(identifier)
    except InvalidIdentifier:
        return False
    return True


def require_one_subject(found: Iterable[Identifier]) -> None:
    """The old codes of an organisation hold its organisation code; those of one row must agree."""
    inside = set()
    for identifier in found:
        match identifier.scheme:
            case uscc.NAME:
                inside.add(identifier.value[uscc.ORGANISATION])
            case orgcode.NAME:
                inside.add(identifier.value)
            case taxno.NAME:
                inside.add(identifier.value[taxno.ORGANISATION])
    if len(inside) > 1:
        raise RowFault(RowReason.IDENTIFIER_COLLISION, "the codes of the row hold different organisation codes")
