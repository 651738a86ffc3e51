"""A compiled catalogue: what it answers, and that it answers by look-up."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import check_catalogue, load_catalogue
from clearway.subjects.workdays import ChineseCalendar, WeekendCalendar
from tests.unit.catalogue.small_edition import SMALL_EDITION, edited, report_on


@pytest.fixture(name="small")
def small_catalogue() -> Catalogue:
    catalogue = report_on(SMALL_EDITION).catalogue
    assert catalogue is not None
    return catalogue


def test_bars_come_first_then_mandatory_then_recommended(small: Catalogue) -> None:
    assert [m.code for m in small.measures("GRAVE", "SHOP")] == ["BAR", "REVIEW", "LIMIT"]


def test_a_wildcard_names_every_item(small: Catalogue) -> None:
    assert [m.code for m in small.measures("GRAVE", "FAIR")] == ["REVIEW"]
    assert [i.code for i in small.incentives("FAIR")] == ["GREEN"]
    assert [i.code for i in small.incentives("SHOP")] == ["GREEN", "CLEAN"]


def test_regimes_that_name_an_item_bear_on_it_and_a_clean_record_has_more_of_them_bear(small: Catalogue) -> None:
    for item in small.edition.items:
        named = small.naming_regimes(item.code)
        assert named <= small.bearing_regimes(item.code)
        measured = {regime.code for regime in small.edition.regimes if small.measures(regime.code, item.code)}
        assert measured <= named
    assert small.bearing_regimes("SHOP") - small.naming_regimes("SHOP") == {"COURT"}
    assert "GOOD" in small.naming_regimes("FAIR"), "the incentive is opened by a listing of it"
    assert small.naming_regimes("NONE") == frozenset()


@pytest.mark.parametrize(("regime", "item"), [("COURT", "SHOP"), ("NONE", "SHOP"), ("GRAVE", "NONE"), ("GOOD", "SHOP")])
def test_no_measure_is_an_empty_answer(small: Catalogue, regime: str, item: str) -> None:
    assert small.measures(regime, item) == ()


def test_a_regime_or_item_named_twice_counts_once() -> None:
    catalogue = report_on(
        edited('regimes: [GRAVE]\n    items: ["*"]', 'regimes: [GRAVE, GRAVE]\n    items: [FAIR, "*"]')
    ).catalogue
    assert catalogue is not None
    assert [m.code for m in catalogue.measures("GRAVE", "FAIR")] == ["REVIEW"]


def test_look_ups_by_code(small: Catalogue) -> None:
    item, regime = small.item("SHOP"), small.regime("GRAVE")
    assert item is not None
    assert regime is not None
    assert small.basis(regime.basis).title == "法"
    assert small.authority(item.implementing_authority).name.en == "City office"
    assert small.materials("SHOP") == {"FORM", "PLAN"}
    assert small.materials("NONE") == frozenset()
    assert small.item("NONE") is None
    assert small.regime("NONE") is None
    with pytest.raises(KeyError):
        small.basis("NONE")


def test_turning_days_are_those_of_the_edition_and_the_items_own_rules(small: Catalogue) -> None:
    assert small.next_turning_day("SHOP", date(2024, 1, 1)) == date(2025, 1, 1)
    assert small.next_turning_day("FAIR", date(2023, 12, 31)) == date(2024, 1, 1)
    assert small.next_turning_day("NONE", date(2024, 1, 1)) is None


def test_an_edition_holds_from_its_first_day_to_the_day_before_its_end() -> None:
    catalogue = report_on(
        edited("valid_from: 2024-01-01\nauthorities", "valid_from: 2024-01-01\nvalid_to: 2031-01-01\nauthorities")
    ).catalogue
    assert catalogue is not None
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2030, 12, 31), date(2031, 1, 1)]
    assert [catalogue.holds_on(day) for day in days] == [False, True, True, False]


def test_zone_calendar_and_regions_are_the_editions(small: Catalogue) -> None:
    assert small.zone.key == "Asia/Shanghai"
    assert isinstance(small.calendar, ChineseCalendar)
    assert small.regions is not None
    assert small.regions.within("110101", "110000", date(2024, 1, 1))
    us = load_catalogue("us-demo")
    assert isinstance(us.calendar, WeekendCalendar)


def test_the_content_hash_is_of_the_exact_bytes(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    content = SMALL_EDITION.encode() + b"# a note\n"
    file.write_bytes(content)
    assert load_catalogue(file).content_hash == hashlib.sha256(content).hexdigest()
    assert load_catalogue(str(file)).content_hash != hashlib.sha256(SMALL_EDITION.encode()).hexdigest()


def test_loading_a_bad_edition_raises_every_complaint(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        edited("zone: Asia/Shanghai", "zone: Nowhere").replace("    basis: MEMO", "    basis: LORE"), "utf-8"
    )
    with pytest.raises(CatalogueRejected) as raised:
        load_catalogue(file)
    assert [c.rule for c in raised.value.complaints] == ["zone-known", "basis-known"]
    assert f"{file}:3: [zone-known] zone: 'Nowhere' is not an IANA time zone" in str(raised.value)


@pytest.mark.parametrize("source", ["no-such-edition", "/", "a\x00b"])
def test_a_source_that_cannot_be_read_is_a_complaint_that_names_the_shipped_ones(source: str) -> None:
    report = check_catalogue(source)
    assert [c.rule for c in report.complaints] == ["source"]
    assert "cn-demo, us-demo" in report.complaints[0].message
    assert report.catalogue is None
