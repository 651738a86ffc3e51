"""The crosswalk: from the numbers that the unified social credit code replaced to the subjects they stand for.

An organisation code stands inside its unified social credit code and inside its old tax number, so whoever is recorded
under either is found by it without being told: it is derived, and never stored as something that a source has stated.
A business registration number stands inside nothing; it is known where a source gives both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from clearway.registry.events import Code
from clearway.subjects.identifiers import organisation_code_within
from clearway.subjects.schemes import orgcode, regno, taxno

OLD_NUMBERS = frozenset({orgcode.NAME, regno.NAME, taxno.NAME})
"""Schemes that `cn-uscc` replaced: their codes give way to it."""

R = TypeVar("R")


def contained_in(codes: Iterable[Code]) -> tuple[tuple[str, str], ...]:
    """The (scheme, code) pairs that stand inside these codes."""
    found: dict[tuple[str, str], None] = {}
    for code in codes:
        inside = organisation_code_within(code.scheme, code.code)
        if inside is not None:
            found[orgcode.NAME, inside] = None
    return tuple(found)


def owners_of(codes: Iterable[Code], owner: Callable[[Code], R | None]) -> dict[Code, R | None]:
    """Whom every code of a statement leads to by `owner`, and every code that stands inside one nobody has yet.

    Those that lead to nobody are the ones to be given to the statement's subject.
    """
    owners = {code: owner(code) for code in codes}
    for pair in contained_in([code for code, found in owners.items() if found is None]):
        inside = Code(*pair)
        if inside not in owners:
            owners[inside] = owner(inside)
    return owners
