"""`cn-orgcode`, 组织机构代码: the organisation code of GB 11714-1997, often written `########-#`.

9 signs: 8 of `0-9A-Z` (A is 10, Z is 35) weighing 3, 7, 9, 10, 5, 8, 4, 2, and a check sign: 11 minus the weighted sum
mod 11, with 10 written X and 11 written 0.
"""

from __future__ import annotations

import string

from clearway.subjects.faults import require_alphabet, wrong_check_sign, wrong_format, wrong_length
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations
from clearway.subjects.text import normalise_code

NAME = "cn-orgcode"
LENGTH = 9

_SIGNS = frozenset(string.digits + string.ascii_uppercase)
_CHECK_SIGNS = frozenset(string.digits + "X")
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def make_orgcode(body: str) -> str:
    """The code whose first 8 signs are `body`: its check sign appended."""
    if len(body) != LENGTH - 1:
        raise wrong_length(NAME, "8 before its check sign", len(body))
    require_alphabet(NAME, body, _SIGNS, "the organisation code has digits and capital letters")
    return body + _check_sign(body)


def is_orgcode(code: str) -> bool:
    """Whether `code` is a valid code in its canonical writing. Never raises; well under a microsecond."""
    if len(code) != LENGTH or not (code.isascii() and code.isalnum()) or code != code.upper():
        return False
    return code[-1] == _check_sign(code[:-1])


def check(code: str) -> str:
    """`code` itself when valid; otherwise raises what is wrong with it."""
    if len(code) != LENGTH:
        raise wrong_length(NAME, str(LENGTH), len(code))
    require_alphabet(NAME, code, _SIGNS, "the organisation code has digits and capital letters")
    if code[-1] not in _CHECK_SIGNS:
        raise wrong_format(NAME, "The last sign is a check sign and must be a digit or X.")
    if make_orgcode(code[:-1]) != code:
        raise wrong_check_sign(NAME)
    return code


def _check_sign(body: str) -> str:
    if "Z" in body:
        total = sum(int(sign, 36) * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    else:
        # By one call into C: the weights are the powers of 2 modulo 11, down to 2 itself, and 35 is 2 modulo 11.
        total = 2 * int(body, 35)
    return "0123456789X"[-total % 11]


SCHEME = Scheme(name=NAME, normalise=normalise_code, check=check, personal=numbers_organisations)
