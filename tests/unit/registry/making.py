"""Invented subjects, registries in a temporary folder, and files of lists, for the registry's tests."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stdnum.iso7064 import mod_11_2, mod_97_10
from stdnum.ru import inn

from clearway.registry.registry import Registry
from clearway.subjects.keys import SubjectKeys
from clearway.subjects.schemes.orgcode import make_orgcode
from clearway.subjects.schemes.uscc import make_uscc

KEYS = SubjectKeys(bytes(range(32)))
MOMENT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DAY = MOMENT.date()


def citizen(number: int) -> str:
    """A number in the shape of a citizen's, of nobody alive: born on the first day of 1900."""
    body = f"11010119000101{number:03d}"
    return body + mod_11_2.calc_check_digit(body)


CITIZEN = citizen(1)

INN = "999900123" + inn.calc_company_check_digit("999900123")
"""A number in the shape of a Russian organisation's; no tax office has the digits 9999."""

LEI = "0000EXAMPLENOBODY0" + mod_97_10.calc_check_digits("0000EXAMPLENOBODY0")
"""A legal entity identifier of an issuer that does not exist."""


def code(number: int) -> str:
    """A valid code of an organisation that does not exist: no region has the digits 999999."""
    return make_uscc("91999999" + make_orgcode(f"{number:08d}"))


def open_registry(folder: Path, name: str = "registry.db") -> Registry:
    return Registry.open(f"sqlite:///{folder / name}", KEYS, moment=MOMENT)


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def listing_row(number: int, **cells: str) -> dict[str, str]:
    return {
        "fact": "listing",
        "scheme": "cn-uscc",
        "code": code(number),
        "name": f"虚构{number}有限公司",
        "listing_id": f"L-{number}",
        "regime": "SAMR-SERIOUS",
        "document_number": f"虚构文〔2026〕{number}号",
        "document_date": "2026-01-31",
        "designating_authority": "虚构市场监管局",
        "effective_from": "2026-02-01",
        "expires_on": "2029-01-31",
        **cells,
    }


def adverse_row(number: int, **cells: str) -> dict[str, str]:
    return {
        "fact": "adverse",
        "scheme": "cn-uscc",
        "code": code(number),
        "record_id": f"A-{number}",
        "record_kind": "penalty",
        "severity": "minor",
        "document_number": f"虚构罚〔2026〕{number}号",
        "document_date": "2026-01-31",
        **cells,
    }


def known_row(number: int, **cells: str) -> dict[str, str]:
    return {
        "fact": "known",
        "scheme": "cn-uscc",
        "code": code(number),
        "name": f"虚构{number}有限公司",
        "known_since": "2020-01-01",
        **cells,
    }


def csl_row(number: int, **cells: str) -> dict[str, str]:
    return {
        "_id": str(number),
        "source": "Entity List (EL) - Bureau of Industry and Security",
        "name": f"Imaginary {number} Ltd",
        "federal_register_notice": "99 FR 12345",
        "start_date": "2021-01-02",
        **cells,
    }


CSL_HEADER = [
    "_id",
    "source",
    "entity_number",
    "type",
    "programs",
    "name",
    "title",
    "addresses",
    "federal_register_notice",
    "start_date",
    "end_date",
    "standard_order",
    "license_requirement",
    "license_policy",
    "call_sign",
    "vessel_type",
    "gross_tonnage",
    "gross_registered_tonnage",
    "vessel_flag",
    "vessel_owner",
    "remarks",
    "source_list_url",
    "alt_names",
    "citizenships",
    "dates_of_birth",
    "nationalities",
    "places_of_birth",
    "source_information_url",
    "ids",
]
