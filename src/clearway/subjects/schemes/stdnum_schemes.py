"""Schemes of python-stdnum by module name, such as `us.ein` or `gb.utr`.

Only python-stdnum's own modules that validate a number can be named. A number's other names lead to one scheme:
`at.vat` is `at.uid`. Who is not known to be an organisation is taken for a natural person: `ORGANISATION_SCHEMES` names
the schemes that number organisations or registered traders only.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from keyword import iskeyword
from types import ModuleType

import stdnum
from stdnum import exceptions
from stdnum.util import get_cc_module

from clearway.subjects.faults import (
    IdentifierFault,
    InvalidIdentifier,
    wrong_check_sign,
    wrong_format,
)
from clearway.subjects.schemes.scheme import Scheme

ORGANISATION_SCHEMES = frozenset(
    """
    at.businessid at.uid au.abn au.acn be.vat bic br.cnpj ca.bn ch.uid ch.vat cr.cpj cy.vat
    de.handelsregisternummer de.vat dk.cvr ee.kmkr ee.registrikood es.cif fi.alv fi.ytunnus fr.rcs fr.siren
    fr.siret fr.tva gb.vat hu.anum il.hp in.gstin is.vsk it.iva jp.cn kr.brn lt.pvm lu.tva ma.ice mc.tva md.idno
    mt.vat no.mva no.orgnr pl.nip pl.regon ro.cui ro.onrc rs.pib sg.uen si.maticna sm.coe sn.ninea th.moa tr.vkn
    tw.ubn ua.edrpou us.ein
    """.split()  # noqa: SIM905 - sixty names read better as words than as sixty lines
)
"""Schemes whose numbers belong to organisations or registered traders, never to a person as such."""

ORGANISATION_LENGTHS: Mapping[str, int] = {"mx.rfc": 12, "ru.inn": 10, "ru.ogrn": 13}
"""Schemes that number both, and tell them apart by length: the length of an organisation's number."""

_NOT_SCHEMES = frozenset({"damm", "exceptions", "iso7064", "iso9362", "luhn", "numdb", "util", "verhoeff"})
"""Parts of python-stdnum that number nobody: algorithms, machinery, and `iso9362`, a withdrawn name of `bic`."""

_NAME = re.compile(r"(?:[a-z]{2}\.)?[a-z][a-z0-9_]*")
_LONGEST = 64


def stdnum_scheme(name: str) -> Scheme | None:
    """The scheme python-stdnum has under `name`, or None. `Scheme.name` is the module's own name."""
    module = _find_module(name) if _NAME.fullmatch(name) else None
    if module is None or not callable(getattr(module, "validate", None)):
        return None
    own_name = _scheme_name(module)
    return Scheme(
        name=own_name,
        normalise=_as_written,
        check=_checker(own_name, module),
        personal=lambda code: _is_personal(own_name, code),
    )


def _find_module(name: str) -> ModuleType | None:
    # Names are looked for among those python-stdnum has before anything is imported: a caller chooses the name.
    country, _, number = name.rpartition(".")
    if country:
        if country not in _countries():
            return None
        found: object = get_cc_module(country, f"{number}_" if iskeyword(number) else number)
        return found if isinstance(found, ModuleType) and found.__name__.startswith("stdnum.") else None
    return importlib.import_module(f"stdnum.{name}") if name in _international() else None


@cache
def _countries() -> frozenset[str]:
    return (
        frozenset(part.name.rstrip("_") for part in pkgutil.iter_modules(stdnum.__path__) if part.ispkg) - _NOT_SCHEMES
    )


@cache
def _international() -> frozenset[str]:
    return frozenset(part.name for part in pkgutil.iter_modules(stdnum.__path__) if not part.ispkg) - _NOT_SCHEMES


def _scheme_name(module: ModuleType) -> str:
    """`us.ein` for `stdnum.us.ein`; the underscore after a Python keyword, as in `in_`, is no part of the name."""
    return ".".join(part.rstrip("_") for part in module.__name__.split(".")[1:])


def _as_written(value: str) -> str:
    """NFKC without outer space. Hyphens stay: in a Finnish or Swedish personal number they tell the century."""
    return unicodedata.normalize("NFKC", value).strip()


def _checker(name: str, module: ModuleType) -> Callable[[str], str]:
    def check(code: str) -> str:
        try:
            valid = str(module.validate(code))
        except exceptions.InvalidLength:
            raise _not_so_long(name, code) from None
        except exceptions.InvalidChecksum:
            raise wrong_check_sign(name) from None
        except exceptions.ValidationError:
            raise wrong_format(name, f"The code is not written as {name} codes are.") from None
        except (ArithmeticError, LookupError, TypeError, ValueError):
            # A module meant for numbers stumbled over text that is nothing like one.
            raise wrong_format(name, f"The code is not written as {name} codes are.") from None
        if not 0 < len(valid) <= _LONGEST:
            raise _not_so_long(name, code)
        return valid

    return check


def _not_so_long(name: str, code: str) -> InvalidIdentifier:
    detail = f"The code has {len(code)} signs, which is no length of a {name} code."
    return InvalidIdentifier(name, IdentifierFault.LENGTH, detail)


def _is_personal(name: str, code: str) -> bool:
    if name == "eu.vat":
        # As personal as the member state's own number: some give traders a number made from a personal one.
        country = {"el": "gr", "xi": "gb"}.get(code[:2].lower(), code[:2].lower())
        national: object = get_cc_module(country, "vat")
        return not isinstance(national, ModuleType) or _scheme_name(national) not in ORGANISATION_SCHEMES
    if name in ORGANISATION_LENGTHS:
        return len(code) != ORGANISATION_LENGTHS[name]
    return name not in ORGANISATION_SCHEMES
