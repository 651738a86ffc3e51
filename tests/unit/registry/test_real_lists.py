"""The lists as really published, where they lie beside the project."""

from __future__ import annotations

import csv
import gzip
import os
import re
from pathlib import Path

import pytest

from clearway.registry.registry import Registry
from clearway.subjects.identifiers import parse_identifier
from tests.unit.registry.making import MOMENT

LISTS = Path(os.environ.get("CLEARWAY_SHARED", Path(__file__).parents[4] / "shared" / "data"))
SCREENING_LIST = LISTS / "us_csl_2022_orgs.csv.gz"
LISTED_CODES = LISTS / "us_listed_uscc.csv"

pytestmark = [
    pytest.mark.real_lists,
    pytest.mark.skipif(not SCREENING_LIST.exists(), reason=f"no published lists in {LISTS}"),
]


@pytest.fixture
def loaded(registry: Registry) -> Registry:
    report = registry.import_feed("us-csl", SCREENING_LIST, actor="operator", moment=MOMENT)
    assert report.rows == 7522
    assert report.rows == report.accepted + report.unchanged + report.quarantined + report.rejected
    assert (report.quarantined, report.rejected, report.reasons) == (1, 0, {"identifier_check_sign": 1})
    return registry


def test_every_row_of_the_screening_list_is_accounted_for_and_again_changes_nothing(loaded: Registry) -> None:
    again = loaded.import_feed("us-csl", SCREENING_LIST, actor="operator", moment=MOMENT)
    assert (again.accepted, again.unchanged, again.gone) == (0, 7521, 0)


def test_each_code_in_the_screening_list_finds_its_listing(loaded: Registry) -> None:
    with gzip.open(SCREENING_LIST, "rt", encoding="utf-8") as text:
        ids = " ".join(row["ids"] for row in csv.DictReader(text))
    codes = set(re.findall(r"CN, (\w+), Unified Social Credit Code", ids))
    assert len(codes) == 68
    for listed in codes:
        profile = loaded.profile("cn-uscc", listed)
        assert profile is not None
        assert all(listing.ended_at is None for listing in profile.listings)
        assert profile.listings


@pytest.mark.skipif(not LISTED_CODES.exists(), reason=f"no {LISTED_CODES.name}")
def test_every_published_code_is_valid() -> None:
    with LISTED_CODES.open(encoding="utf-8") as text:
        codes = [row["uscc"] for row in csv.DictReader(text)]
    assert len(codes) == 142
    assert [parse_identifier("cn-uscc", listed).value for listed in codes] == codes
