"""`lei`: the legal entity identifier of ISO 17442.

20 signs of `0-9A-Z`: 18 and two check digits by ISO 7064 MOD 97-10. python-stdnum checks the digits but not the length,
so the length is held here.
"""

from __future__ import annotations

import string

from stdnum.iso7064 import mod_97_10

from clearway.subjects.faults import require_alphabet, wrong_check_sign, wrong_format, wrong_length
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations
from clearway.subjects.text import normalise_code

NAME = "lei"
LENGTH = 20

_SIGNS = frozenset(string.digits + string.ascii_uppercase)


def check(code: str) -> str:
    """`code` itself when valid; otherwise raises what is wrong with it."""
    if len(code) != LENGTH:
        raise wrong_length(NAME, str(LENGTH), len(code))
    require_alphabet(NAME, code, _SIGNS, "the legal entity identifier has digits and capital letters")
    if not code[-2:].isdigit():
        raise wrong_format(NAME, "The last two signs are check digits.")
    if not mod_97_10.is_valid(code):
        raise wrong_check_sign(NAME)
    return code


SCHEME = Scheme(name=NAME, normalise=normalise_code, check=check, personal=numbers_organisations)
