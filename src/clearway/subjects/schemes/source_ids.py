"""`src.<feed>`, for example `src.us-csl`: the opaque number a source gives its own entry.

Such a number is known to nobody else. It keeps the entries of one feed apart where the source gives no public code.
"""

from __future__ import annotations

import re

from clearway.subjects.faults import wrong_format, wrong_length
from clearway.subjects.schemes.scheme import Scheme, numbers_organisations

PREFIX = "src."
LONGEST = 64

_NAME = re.compile(r"src\.[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST_NAME = 32


def source_scheme(name: str) -> Scheme | None:
    """The scheme of a feed's own numbers, or None when `name` does not name one."""
    if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
        return None

    def check(code: str) -> str:
        if len(code) > LONGEST:
            raise wrong_length(name, f"at most {LONGEST}", len(code))
        if not code.isprintable():
            raise wrong_format(name, "A source's own number must be printable text.")
        return code

    return Scheme(name=name, normalise=str.strip, check=check, personal=numbers_organisations, opaque=True)
