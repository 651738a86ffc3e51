"""`cn-taxno`, 税务登记号: the tax registration number that the unified social credit code replaced.

15 signs: 6 region digits and the 9 signs of the organisation code, which carries the only check. Later taxpayer numbers
of 18 signs are unified social credit codes, and belong under `cn-uscc`.
"""

from __future__ import annotations

from clearway.subjects.faults import InvalidIdentifier, wrong_format, wrong_length
from clearway.subjects.schemes import orgcode
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations
from clearway.subjects.text import normalise_code

NAME = "cn-taxno"
LENGTH = 15
ORGANISATION = slice(6, 15)


def check(code: str) -> str:
    """`code` itself when valid; otherwise raises what is wrong with it."""
    if len(code) != LENGTH:
        raise wrong_length(NAME, "15; one of 18 is a unified social credit code, under cn-uscc", len(code))
    if not (code[:6].isascii() and code[:6].isdigit()):
        raise wrong_format(NAME, "Signs 1 to 6 are a region and must be digits.")
    try:
        orgcode.check(code[ORGANISATION])
    except InvalidIdentifier as invalid:
        raise InvalidIdentifier(
            NAME, invalid.fault, f"In the organisation code, which is signs 7 to 15: {invalid.detail}"
        ) from None
    return code


SCHEME = Scheme(name=NAME, normalise=normalise_code, check=check, personal=numbers_organisations)
