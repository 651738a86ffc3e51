"""A code that names one subject under one scheme, valid by construction.

The scheme is given by the caller and never guessed: an 18-digit citizen number can pass the check of another scheme.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from clearway.subjects.faults import IdentifierFault, InvalidIdentifier
from clearway.subjects.schemes import orgcode, taxno, uscc
from clearway.subjects.schemes.roster import find_scheme
from clearway.subjects.schemes.scheme import Scheme
from clearway.subjects.schemes.uscc import is_uscc
from clearway.subjects.text import is_masked

__all__ = [
    "Identifier",
    "IdentifierFault",
    "InvalidIdentifier",
    "organisation_code",
    "organisation_code_within",
    "parse_identifier",
    "region_of_first_registration",
]

_ORGANISATION = {uscc.NAME: uscc.ORGANISATION, taxno.NAME: taxno.ORGANISATION}
"""Where codes of other schemes hold the organisation code."""

LONGEST_WRITTEN = 256
"""No code is this long in any writing; longer text is not looked at."""


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A valid code in its one canonical writing. Made by `parse_identifier` only.

    `personal` is true when the code numbers, or may number, a natural person: such a `value` is never stored or logged;
    `SubjectKeys.token` and `mask` give what may be.
    """

    scheme: str
    value: str
    personal: bool = False


def parse_identifier(scheme: str, value: str) -> Identifier:
    """The identifier that `value` writes under `scheme`, normalised; nothing is corrected.

    Raises `InvalidIdentifier` with what is wrong, and with a suggestion where letters read for digits explain it.
    """
    if scheme == uscc.NAME and is_uscc(value):
        return Identifier(scheme, value)
    found = find_scheme(scheme)
    if found is None:
        raise InvalidIdentifier(
            scheme,
            IdentifierFault.UNKNOWN_SCHEME,
            "There is no such identifier scheme; use cn-uscc, cn-orgcode, cn-regno, cn-taxno, cn-ric, lei, "
            "or a python-stdnum module name such as us.ein.",
        )
    code = _read(found, value)
    try:
        valid = found.check(code)
    except InvalidIdentifier as invalid:
        raise InvalidIdentifier(found.name, invalid.fault, invalid.detail, _suggest(found, code)) from None
    return Identifier(found.name, valid, found.personal(valid))


def organisation_code(uscc_identifier: Identifier) -> Identifier:
    """The `cn-orgcode` inside a `cn-uscc`. Raises `InvalidIdentifier` where the inner check sign does not hold."""
    return parse_identifier(orgcode.NAME, _require_uscc(uscc_identifier)[uscc.ORGANISATION])


@lru_cache(maxsize=8192)
def organisation_code_within(scheme: str, code: str) -> str | None:
    """The `cn-orgcode` inside a valid `cn-uscc` or `cn-taxno`; None for other schemes, or where its check fails.

    An organisation has one such code for good, so whoever is known by one of these is known by the code inside as well.
    An import asks for each of its codes more than once, soon after another: the latest answers are kept.
    """
    place = _ORGANISATION.get(scheme)
    if place is None:
        return None
    inside = code[place]
    return inside if orgcode.is_orgcode(inside) else None


def region_of_first_registration(uscc_identifier: Identifier) -> str:
    """The six digits (GB/T 2260) of where a `cn-uscc` was first registered: never the present jurisdiction."""
    return _require_uscc(uscc_identifier)[uscc.REGION]


def _require_uscc(identifier: Identifier) -> str:
    if identifier.scheme != uscc.NAME:
        raise ValueError(f"expected a {uscc.NAME} identifier, got {identifier.scheme}")
    return identifier.value


def _read(scheme: Scheme, value: str) -> str:
    if len(value) > LONGEST_WRITTEN:
        raise InvalidIdentifier(scheme.name, IdentifierFault.LENGTH, f"The code has {len(value)} signs: far too many.")
    if not scheme.opaque and is_masked(value):
        raise InvalidIdentifier(
            scheme.name, IdentifierFault.MASKED, "Some signs of the code are masked: it can name nobody exactly."
        )
    code = scheme.normalise(value)
    if not code:
        raise InvalidIdentifier(scheme.name, IdentifierFault.EMPTY, "The code is empty.")
    return code


def _suggest(scheme: Scheme, code: str) -> str | None:
    """Another writing with letters read as the digits they resemble, where that is valid; never a person's number."""
    reread = code.upper().translate(scheme.look_alikes)
    if reread == code:
        return None
    try:
        valid = scheme.check(reread)
    except InvalidIdentifier:
        return None
    return None if scheme.personal(valid) else valid
