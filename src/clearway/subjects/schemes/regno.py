"""`cn-regno`, 工商注册号: the business registration number that the unified social credit code replaced.

15 digits (GS 15-2006): 6 registering authority, 8 sequence, 1 check digit by ISO 7064 MOD 11,10. Before 2007: 13 digits
without a check, kept as opaque legacy. Neither can be turned into a unified social credit code by arithmetic.
"""

from __future__ import annotations

import string

from stdnum.iso7064 import mod_11_10

from clearway.subjects.faults import require_alphabet, wrong_check_sign, wrong_length
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations
from clearway.subjects.text import normalise_code

NAME = "cn-regno"
LENGTH = 15
LEGACY_LENGTH = 13

_SIGNS = frozenset(string.digits)


def check(code: str) -> str:
    """`code` itself when valid; otherwise raises what is wrong with it."""
    if len(code) not in (LENGTH, LEGACY_LENGTH):
        raise wrong_length(NAME, "15, or 13 before 2007", len(code))
    require_alphabet(NAME, code, _SIGNS, "the registration number has digits only")
    if len(code) == LENGTH and not mod_11_10.is_valid(code):
        raise wrong_check_sign(NAME)
    return code


SCHEME = Scheme(name=NAME, normalise=normalise_code, check=check, personal=numbers_organisations)
