"""A synthetic registry for demonstrations and measurements: valid codes, invented subjects, the same ones every time.

The codes carry a region that does not exist (999999), so that none of them can be a real organisation's.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import IntEnum
from pathlib import Path

from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.subjects.schemes.orgcode import make_orgcode
from clearway.subjects.schemes.uscc import make_uscc

NO_REGION = "999999"
KNOWN_YEARS = 12


class Character(IntEnum):
    """The first subjects of every synthetic registry: one for each thing worth showing."""

    TRUSTED = 0
    CLEAN = 1
    TRUSTED_MODEL = 2
    SERIOUS = 3
    BARRED = 4
    OBJECTING = 5
    EXPIRED = 6
    DEFAULTER = 7
    UNKNOWN = 99_999_999


def code_of(number: int) -> str:
    """The unified social credit code of the synthetic subject of that number (0 to 99,999,999)."""
    return make_uscc(f"91{NO_REGION}{make_orgcode(f'{number:08d}')}")


def name_of(number: int) -> str:
    """The invented name of the synthetic subject of that number."""
    return f"示例企业{number:08d}"


Row = Mapping[str, str]


def rows(count: int, today: date) -> Iterator[Row]:
    """Flat-CSV rows of `count` subjects, one fact each, with dates laid around `today`."""
    yield from (character(member, today) for member in Character if member is not Character.UNKNOWN)
    makers = shares()
    for number in range(len(Character) - 1, count):
        yield makers[number * 7919 % len(makers)](number, today)


def write(path: Path, count: int, today: date) -> None:
    """Write the rows as a flat CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows(count, today))


def character(member: Character, today: date) -> Row:
    """The one fact of a character."""
    match member:
        case Character.TRUSTED:
            return listed(member, "TAX-A", today - timedelta(days=100), today)
        case Character.CLEAN:
            return known(member, today - timedelta(days=4 * 366))
        case Character.TRUSTED_MODEL:
            ends = today + timedelta(days=400)
            return {**listed(member, "INTEGRITY-MODEL", today - timedelta(days=60), today), "expires_on": str(ends)}
        case Character.SERIOUS:
            return listed(member, "SAMR-SERIOUS", today - timedelta(days=200), today)
        case Character.OBJECTING:
            return {**listed(member, "SAMR-SERIOUS", today - timedelta(days=90), today), **known_lately(today)}
        case Character.BARRED:
            return listed(member, "FOOD-REVOKED", today - timedelta(days=500), today)
        case Character.EXPIRED:
            expired = listed(member, "SAMR-SERIOUS", today - timedelta(days=3 * 366 + 30), today)
            return {**expired, **known_lately(today)}
        case Character.DEFAULTER:
            return confirmed(member, "JUDGMENT-DEFAULTER", today - timedelta(days=300), today)
        case Character.UNKNOWN:
            raise ValueError("this one is in no registry")


def shares() -> Sequence[Callable[[int, date], Row]]:
    """A hundred makers of rows, in the shares of the kinds of subjects."""

    def clean(number: int, today: date) -> Row:
        return known(number, today - timedelta(days=3 * 366 + number % (365 * (KNOWN_YEARS - 3))))

    def recent(number: int, today: date) -> Row:
        return known(number, today - timedelta(days=30 + number % 1000))

    def trusted(number: int, today: date) -> Row:
        return listed(number, "TAX-A", today - timedelta(days=number % 300), today)

    def serious(number: int, today: date) -> Row:
        regime = ("SAMR-SERIOUS", "WAGE-ARREARS", "TAX-MAJOR", "FOOD-REVOKED")[number % 4]
        return listed(number, regime, today - timedelta(days=10 + number % 900), today)

    def expired(number: int, today: date) -> Row:
        return listed(number, "SAMR-SERIOUS", today - timedelta(days=3 * 366 + 10 + number % 900), today)

    return [clean] * 70 + [recent] * 10 + [trusted] * 8 + [serious] * 6 + [expired] * 3 + [adverse] * 3


def subject(number: int, known_since: date) -> dict[str, str]:
    """The columns that name a subject."""
    return {
        "scheme": "cn-uscc",
        "code": code_of(number),
        "name": name_of(number),
        "known_since": known_since.isoformat(),
    }


def known_lately(today: date) -> dict[str, str]:
    """Known for less than the clean-record route asks for."""
    return {"known_since": str(today - timedelta(days=400))}


def known(number: int, since: date) -> Row:
    """A subject known since a day, with nothing against or for it."""
    return {"fact": "known", **subject(number, since)}


def listed(number: int, regime: str, documented: date, today: date) -> Row:
    """A subject listed by a document of a day."""
    return {
        "fact": "listing",
        **subject(number, today - timedelta(days=2000)),
        "listing_id": f"SYN-{number:08d}",
        "regime": regime,
        "document_number": f"SYN〔{documented.year}〕{number:08d}",
        "document_date": documented.isoformat(),
        "effective_from": documented.isoformat(),
    }


def confirmed(number: int, regime: str, documented: date, today: date) -> Row:
    """A listing that ends on an event, confirmed by its source today."""
    return {**listed(number, regime, documented, today), "confirmed_on": today.isoformat()}


def adverse(number: int, today: date) -> Row:
    """A subject with one adverse record still on display."""
    return {
        "fact": "adverse",
        **subject(number, today - timedelta(days=2500)),
        "record_id": f"SYN-ADV-{number:08d}",
        "record_kind": "penalty",
        "severity": ("minor", "general", "serious")[number % 3],
        "document_number": f"SYN-P〔{today.year}〕{number:08d}",
        "document_date": (today - timedelta(days=20 + number % 60)).isoformat(),
    }
