"""Which scheme a name means."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from clearway.subjects.schemes import lei, orgcode, regno, taxno, uscc
from clearway.subjects.schemes.scheme import Scheme
from clearway.subjects.schemes.source_ids import PREFIX, source_scheme
from clearway.subjects.schemes.stdnum_schemes import stdnum_scheme

OWN_SCHEMES = {scheme.name: scheme for scheme in (uscc.SCHEME, orgcode.SCHEME, regno.SCHEME, taxno.SCHEME, lei.SCHEME)}
"""The schemes Clearway checks itself, by name."""

CITIZEN_NUMBER = "cn-ric"
"""公民身份号码, GB 11643-1999: python-stdnum's `cn.ric`, and always a natural person's."""


@lru_cache(maxsize=256)
def find_scheme(name: str) -> Scheme | None:
    """The scheme of that name, or None. A code has one scheme whichever of its names is used."""
    if name in OWN_SCHEMES:
        return OWN_SCHEMES[name]
    if name.startswith(PREFIX):
        return source_scheme(name)
    found = stdnum_scheme("cn.ric" if name == CITIZEN_NUMBER else name)
    if found is None:
        return None
    if found.name == "cn.uscc":
        # Ours: python-stdnum's refuses the departments A, N and Y.
        return uscc.SCHEME
    return replace(found, name=CITIZEN_NUMBER) if found.name == "cn.ric" else found
