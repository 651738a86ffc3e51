"""`cn-uscc`, 统一社会信用代码: the unified social credit code of GB 32100-2015.

18 signs: 1 registering department, 1 kind, 6 region of first registration (GB/T 2260, digits), 9 organisation code
(GB 11714), 1 check sign. The alphabet is `0-9A-Z` without I, O, S, V, Z: 31 signs valued 0 to 30. Sign i (from 1)
weighs 3^(i-1) mod 31, the check sign weighs 1, and it makes the weighted sum divisible by 31.

Departments run past the digits: A, N (village collectives) and Y (other) are as valid as 9.
"""

from __future__ import annotations

from clearway.subjects.faults import require_alphabet, wrong_check_sign, wrong_format, wrong_length
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations
from clearway.subjects.text import normalise_code

NAME = "cn-uscc"
LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
REGION = slice(2, 8)
ORGANISATION = slice(8, 17)

_SIGNS = frozenset(ALPHABET)
_DESCRIBED = "the unified social credit code has digits and capital letters without I, O, S, V, Z"

# The weighted sum mod 31, by one call into C: 34 is 3 modulo 31, so the signs reversed and read as a number in base 34
# have the standard's weights. Signs outside the alphabet become '!', which no base has.
_BASE = 34
_NUMERALS = "0123456789abcdefghijklmnopqrstu"
_AS_NUMERAL = bytes(
    ord(_NUMERALS[ALPHABET.index(chr(sign))]) if chr(sign) in _SIGNS else ord("!") for sign in range(256)
)


def make_uscc(body: str) -> str:
    """The code whose first 17 signs are `body`: its check sign appended.

    Raises `InvalidIdentifier` when `body` is not 17 signs of the alphabet with digits for the region.
    """
    if len(body) != LENGTH - 1:
        raise wrong_length(NAME, "17 before its check sign", len(body))
    require_alphabet(NAME, body, _SIGNS, _DESCRIBED)
    _require_region(body)
    return body + ALPHABET[-_weighted_sum(body) % 31]


def is_uscc(code: str) -> bool:
    """Whether `code` is a valid code in its canonical writing. Never raises; well under a microsecond."""
    if len(code) != LENGTH or not code.isascii():
        return False
    try:
        total = _weighted_sum(code[:-1]) + ALPHABET.index(code[-1])
    except ValueError:
        return False
    return total % 31 == 0 and code[REGION].isdigit()


def check(code: str) -> str:
    """`code` itself when valid; otherwise raises what is wrong with it, the coarsest fault first."""
    if is_uscc(code):
        return code
    if len(code) != LENGTH:
        raise wrong_length(NAME, str(LENGTH), len(code))
    require_alphabet(NAME, code, _SIGNS, _DESCRIBED)
    _require_region(code)
    raise wrong_check_sign(NAME)


def _require_region(code: str) -> None:
    if not code[REGION].isdigit():
        raise wrong_format(NAME, "Signs 3 to 8 are a region and must be digits.")


def _weighted_sum(body: str) -> int:
    return int(body.encode("ascii").translate(_AS_NUMERAL)[::-1], _BASE) % 31


SCHEME = Scheme(
    name=NAME,
    normalise=normalise_code,
    check=check,
    personal=numbers_organisations,
    look_alikes=str.maketrans("OIZS", "0125"),
)
