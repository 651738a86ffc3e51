"""The shipped editions: they keep every rule, and hold what they are shipped to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib import resources

import jsonschema
import pytest
import yaml

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.editions import edition_file, edition_names
from clearway.catalogue.loader import check_catalogue, load_catalogue
from clearway.catalogue.model import (
    CleanRecordRoute,
    EndsOnEvent,
    Incentive,
    ListKind,
    Measure,
    MeasureEffect,
    MeasureForce,
    MeasureKind,
    ObjectionEffect,
    TrustedListingRoute,
)
from clearway.catalogue.schema import json_schema, schema_text

DEMO = "DEMO-LICENSING"
US_LISTS = [
    "US-SDN",
    "US-ENTITY-LIST",
    "US-SSI",
    "US-UNVERIFIED",
    "US-MEU",
    "US-CMIC",
    "US-CAPTA",
    "US-NS-MBS",
    "US-FSE",
    "US-DPL",
]


@pytest.fixture(name="cn", scope="module")
def cn_demo() -> Catalogue:
    return load_catalogue("cn-demo")


@pytest.fixture(name="us", scope="module")
def us_demo() -> Catalogue:
    return load_catalogue("us-demo")


def test_two_editions_are_shipped() -> None:
    assert edition_names() == ("cn-demo", "us-demo")


@pytest.mark.parametrize("name", edition_names())
def test_a_shipped_edition_keeps_every_rule(name: str) -> None:
    assert check_catalogue(name).complaints == ()


@pytest.mark.parametrize("name", edition_names())
def test_a_shipped_edition_says_it_is_a_demonstration_and_names_its_schema(name: str) -> None:
    lines = edition_file(name)[1].decode().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../schema/edition.schema.json"
    assert lines[2].startswith("# A DEMONSTRATION, not a legal source.")


@pytest.mark.parametrize("name", edition_names())
def test_a_shipped_edition_fits_the_json_schema(name: str) -> None:
    tree = yaml.safe_load(edition_file(name)[1])
    jsonschema.validate(json.loads(json.dumps(tree, default=str)), json_schema())


def test_the_written_json_schema_is_up_to_date() -> None:
    written = resources.files("clearway.catalogue.schema").joinpath("edition.schema.json").read_text("utf-8")
    assert written == schema_text(), "run: python -m clearway.catalogue.schema > the file"


@pytest.mark.parametrize("name", edition_names())
def test_every_item_has_essential_and_deferrable_materials(name: str) -> None:
    for item in load_catalogue(name).edition.items:
        assert item.essential_materials, item.code
        assert item.deferrable_materials, item.code


def test_cn_demo_covers_its_fields(cn: Catalogue) -> None:
    assert len(cn.edition.items) >= 14
    assert len(cn.edition.regimes) >= 9
    assert sum(regime.kind is ListKind.TRUSTED for regime in cn.edition.regimes) == 3


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ("statutory bar", lambda m: m.kind is MeasureKind.LICENCE_BAR),
        ("mandatory review", lambda m: m.kind is MeasureKind.ENHANCED_REVIEW and m.force is MeasureForce.MANDATORY),
        ("recommended and adopted", lambda m: m.force is MeasureForce.RECOMMENDED and DEMO in m.adopted_by),
        ("recommended, adopted elsewhere", lambda m: m.force is MeasureForce.RECOMMENDED and DEMO not in m.adopted_by),
        ("regional", lambda m: bool(m.regions)),
        ("management", lambda m: m.effect is MeasureEffect.MANAGEMENT),
        ("for new applications only", lambda m: len(m.application_kinds) == 1),
    ],
)
def test_cn_demo_shows_every_kind_of_measure(cn: Catalogue, what: str, holds: Callable[[Measure], bool]) -> None:
    assert any(holds(measure) for measure in cn.edition.measures), what


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ("trusted listing", lambda i: isinstance(i.route, TrustedListingRoute)),
        ("three clean years", lambda i: isinstance(i.route, CleanRecordRoute) and i.route.years == 3),
        ("not withheld by a restriction", lambda i: not i.withheld_by_restriction),
    ],
)
def test_cn_demo_shows_every_kind_of_incentive(cn: Catalogue, what: str, holds: Callable[[Incentive], bool]) -> None:
    assert any(holds(incentive) for incentive in cn.edition.incentives), what


def test_cn_demo_ends_listings_by_date_and_by_event(cn: Catalogue) -> None:
    defaulter = cn.regime("JUDGMENT-DEFAULTER")
    assert defaulter is not None
    assert defaulter.objection is not None
    assert isinstance(defaulter.ends, EndsOnEvent)
    assert defaulter.objection.effect is ObjectionEffect.ANNOTATE_ONLY
    samr = cn.regime("SAMR-SERIOUS")
    assert samr is not None
    assert samr.objection is not None
    assert samr.objection.effect is ObjectionEffect.SUSPEND


def test_cn_demo_excludes_an_item_from_deferral_and_checks_natural_persons_for_food_only(cn: Catalogue) -> None:
    assert any(item.deferral_excluded for item in cn.edition.items)
    assert {item.code for item in cn.edition.items if item.natural_persons} == {"FOOD-PRODUCTION", "FOOD-OPERATION"}


@pytest.mark.parametrize(
    ("regime", "item", "bar", "years"),
    [
        ("FOOD-REVOKED", "FOOD-OPERATION", "FOOD-FIVE-YEAR-BAR", 5),
        ("LICENSING-CONCEALMENT", "DRUG-RETAIL", "LICENSING-ONE-YEAR-BAR", 1),
        ("LICENSING-FRAUD", "DRUG-RETAIL", "LICENSING-THREE-YEAR-BAR", 3),
    ],
)
def test_cn_demo_carries_the_statutory_bars_with_their_terms(
    cn: Catalogue, regime: str, item: str, bar: str, years: int
) -> None:
    found = cn.regime(regime)
    assert found is not None
    assert cn.measures(regime, item)[0].code == bar
    assert found.ends.by == "date"
    assert found.ends.term is not None
    assert found.ends.term.years == years


def test_a_food_bar_reaches_food_licences_only(cn: Catalogue) -> None:
    barred = {item.code for item in cn.edition.items if cn.measures("FOOD-REVOKED", item.code)}
    assert barred == {"FOOD-PRODUCTION", "FOOD-OPERATION"}


def test_the_demonstration_office_is_in_beijing(cn: Catalogue) -> None:
    assert cn.authority(DEMO).region == "110000"
    assert cn.regions is not None
    assert cn.regions.get("110000", date(2026, 1, 1)) is not None


def test_the_first_item_of_us_demo_is_the_export_licence(us: Catalogue) -> None:
    assert us.edition.items[0].code == "EXPORT-LICENCE"


@pytest.mark.parametrize("code", US_LISTS)
def test_every_published_us_list_carries_a_measure_on_export_licences(us: Catalogue, code: str) -> None:
    regime = us.regime(code)
    assert regime is not None
    assert regime.objection is not None
    assert us.measures(code, "EXPORT-LICENCE")
    assert isinstance(regime.ends, EndsOnEvent)
    assert regime.ends.confirm_within == 30
    assert regime.objection.effect is ObjectionEffect.ANNOTATE_ONLY


@pytest.mark.parametrize("code", ["US-CMIC", "US-SSI", "US-CAPTA", "US-NS-MBS", "US-FSE"])
def test_lists_that_restrict_finance_only_raise_a_flag_on_exports(us: Catalogue, code: str) -> None:
    (measure,) = us.measures(code, "EXPORT-LICENCE")
    assert (measure.kind, measure.effect) == (MeasureKind.ENHANCED_REVIEW, MeasureEffect.MANAGEMENT)
    assert "not exports" in measure.coupling.en
