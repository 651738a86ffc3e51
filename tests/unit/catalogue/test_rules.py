"""Each rule of the catalogue, broken once: exactly one complaint, of that rule, at that line and path."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from clearway.catalogue.loader import check_content
from clearway.catalogue.rules import RULES
from clearway.catalogue.rules import edition as edition_rules
from clearway.catalogue.rules.draft import rule_id
from tests.unit.catalogue.small_edition import SMALL_EDITION, edited, line_of, report_on


@dataclass(frozen=True)
class Break:
    """An edit that breaks one rule; the complaint is about the line on which `at` stands."""

    rule: str
    old: str
    new: str
    path: str
    says: str
    at: str = "# HERE"


LIMIT = "    basis: CENTRAL\n    implementing_authority: STATE\n    regimes: [GRAVE]\n    items: [SHOP]"
BAR = "    effect: rights_reducing\n    basis: LAW"
CITY_LIMIT = "    basis: LOCAL\n    implementing_authority: CITY\n    regimes: [CITY-GRAVE]\n    items: [SHOP]"
REGIONS = '    regions: ["110101"]'
COURT = "    basis: LAW\n    designating_authority: STATE\n    ends:\n"
GRAVE = "    basis: LAW\n    designating_authority: STATE\n    ends: {by: date, term: {years: 3}}"
COURT_REPAIR = (
    "      channel: {authority: STATE, how: {en: Write, zh: 书面}}\n"
    "    repair: {authority: STATE, how: {en: Apply, zh: 申请}}\n"
    "  - code: CITY-GRAVE"
)

BREAKS = [
    Break("zone-known", "zone: Asia/Shanghai", "zone: Asia/Nowhere # HERE", "zone", "IANA"),
    Break(
        "validity-order", "valid_to: 2030-01-01", "valid_to: 2024-01-01 # HERE", "measures[1].valid_to", "later than"
    ),
    Break(
        "validity-order",
        "valid_from: 2024-01-01\nauthorities",
        "valid_from: 2024-01-01\nvalid_to: 2023-01-01 # HERE\nauthorities",
        "valid_to",
        "later than valid_from, 2024-01-01",
    ),
    Break(
        "validity-order",
        "    valid_from: 2025-01-01",
        "    valid_from: 2025-01-01\n    valid_to: 2025-01-01 # HERE",
        "incentives[1].valid_to",
        "later",
    ),
    Break(
        "duration-one-unit",
        "term: {years: 3}}",
        "term: {years: 3, days: 1}} # HERE",
        "regimes[0].ends.term",
        "exactly one",
    ),
    Break("duration-one-unit", "{months: 6}", "{months: 0} # HERE", "deferral.broken_commitment", "exactly one"),
    Break(
        "duration-one-unit",
        "deferral:\n",
        "adverse_display:\n  minor: {max: {}} # HERE\ndeferral:\n",
        "adverse_display.minor.max",
        "exactly one",
    ),
    Break(
        "duration-one-unit",
        "deferral:\n",
        "adverse_display:\n  minor:\n    min: {} # HERE\n    max: {months: 3}\ndeferral:\n",
        "adverse_display.minor.min",
        "exactly one",
    ),
    Break(
        "duration-one-unit",
        "    subject_matter: {en: Grave",
        "    min_publicity: {years: 0} # HERE\n    subject_matter: {en: Grave",
        "regimes[0].min_publicity",
        "one",
    ),
    Break(
        "publicity-order",
        "deferral:\n",
        "adverse_display:\n  serious: {min: {months: 37}, max: {years: 3}} # HERE\ndeferral:\n",
        "adverse_display.serious.min",
        "not be longer than max",
    ),
    Break(
        "publicity-order",
        "deferral:\n",
        "adverse_display:\n  minor: {min: {days: 90}, max: {months: 3}} # HERE\ndeferral:\n",
        "adverse_display.minor.min",
        "same unit",
    ),
    Break(
        "publicity-order",
        "    subject_matter: {en: Grave",
        "    min_publicity: {years: 2} # HERE\n    max_publicity: {years: 1}\n    subject_matter: {en: Grave",
        "regimes[0].min_publicity",
        "max_publicity",
    ),
    Break(
        "publicity-order",
        "    subject_matter: {en: Grave",
        "    min_publicity: {years: 4} # HERE\n    subject_matter: {en: Grave",
        "regimes[0].min_publicity",
        "the listing's own term",
    ),
    Break(
        "duration-one-unit",
        "    subject_matter: {en: Grave",
        "    max_publicity: {} # HERE\n    subject_matter: {en: Grave",
        "regimes[0].max_publicity",
        "one",
    ),
    Break("code-unique", "  - code: LIMIT", "  - code: REVIEW # HERE", "measures[1].code", "REVIEW is defined twice"),
    Break(
        "code-unique",
        "rank: departmental_rule}",
        "rank: departmental_rule}\n  - {code: RULE, title: 办法, article: 二, rank: law} # HERE",
        "legal_bases[4].code",
        "twice",
    ),
    Break(
        "code-unique",
        "      - {code: FORM, name: {en: Form, zh: 申请书}}",
        "      - {code: FORM, name: {en: Form, zh: 申请书}}\n      - {code: FORM, name: {en: Form, zh: 表}} # HERE",
        "items[0].essential_materials[1].code",
        "twice",
    ),
    Break(
        "authority-known",
        "adopted_by: [CITY]",
        "adopted_by: [TOWN] # HERE",
        "measures[1].adopted_by[0]",
        "no authority TOWN",
    ),
    Break(
        "authority-known",
        "    implementing_authority: CITY\n    processing_limit: 10",
        "    implementing_authority: TOWN # HERE\n    processing_limit: 10",
        "items[0].implementing_authority",
        "TOWN",
    ),
    Break(
        "authority-known",
        COURT_REPAIR,
        COURT_REPAIR.replace(
            "channel: {authority: STATE, how: {en: Write, zh: 书面}}",
            "channel: {authority: TOWN, how: {en: Write, zh: 书面}} # HERE",
        ),
        "regimes[1].objection.channel.authority",
        "TOWN",
    ),
    Break(
        "authority-known",
        COURT_REPAIR,
        COURT_REPAIR.replace("how: {en: Apply, zh: 申请}}", "how: {en: Apply, zh: 申请}} # HERE").replace(
            "repair: {authority: STATE", "repair: {authority: TOWN"
        ),
        "regimes[1].repair.authority",
        "TOWN",
    ),
    Break(
        "basis-known",
        "natural_persons: LAW",
        "natural_persons: LORE # HERE",
        "items[0].natural_persons",
        "no legal basis LORE",
    ),
    Break("basis-known", "    basis: MEMO", "    basis: LORE # HERE", "incentives[0].basis", "no legal basis LORE"),
    Break(
        "regime-known",
        "regimes: [GOOD]}",
        "regimes: [BEST]} # HERE",
        "incentives[0].route.regimes[0]",
        "no regime BEST",
    ),
    Break(
        "regime-known",
        "    regimes: [CITY-GRAVE]",
        "    regimes: [CITY-GRAVE, MILD] # HERE",
        "measures[3].regimes[1]",
        "no regime MILD",
    ),
    Break(
        "item-known",
        "    items: [SHOP]\n    valid_from: 2025",
        "    items: [STALL] # HERE\n    valid_from: 2025",
        "incentives[1].items[0]",
        "no licence item STALL",
    ),
    Break(
        "region-known",
        REGIONS,
        '    regions: ["119999"] # HERE',
        "measures[3].regions[0]",
        "has no region 119999 on 2024-01-01",
    ),
    Break(
        "region-table-known", "regions: cn-demo", "regions: elsewhere # HERE", "regions", "no region table elsewhere"
    ),
    Break(
        "local-regulation-region",
        'rank: local_regulation, region: "110000"}',
        "rank: local_regulation} # HERE",
        "legal_bases[2]",
        "needs its region",
    ),
    Break(
        "regime-basis-rank",
        GRAVE,
        GRAVE.replace("LAW", "MEMO # HERE"),
        "regimes[0].basis",
        "MEMO is of rank memorandum",
    ),
    Break(
        "regime-basis-rank", GRAVE, GRAVE.replace("LAW", "RULE # HERE"), "regimes[0].basis", "rank departmental_rule"
    ),
    Break(
        "regime-basis-rank",
        GRAVE,
        GRAVE.replace("LAW", "LOCAL # HERE"),
        "regimes[0].basis",
        "give the regime a region within 110000",
    ),
    Break(
        "regime-basis-rank",
        COURT,
        COURT.replace("LAW", 'LOCAL # HERE\n    region: "310000"'),
        "regimes[1].basis",
        "holds in 110000 only, not in 310000",
    ),
    Break(
        "regime-remedies",
        "    repair: {authority: CITY, how: {en: Apply, zh: 申请}}\n",
        "",
        "regimes[2]",
        "needs a repair channel",
        at="  - code: CITY-GRAVE",
    ),
    Break(
        "regime-remedies",
        "    objection:\n      channel: {authority: CITY, how: {en: Write, zh: 书面}}\n",
        "",
        "regimes[2]",
        "needs an objection channel",
        at="  - code: CITY-GRAVE",
    ),
    Break(
        "regime-within-authority",
        "    basis: RULE\n    designating_authority: STATE",
        "    basis: RULE\n    designating_authority: CITY",
        "regimes[3]",
        "CITY is local",
        at="  - code: GOOD",
    ),
    Break(
        "regime-within-authority",
        "    designating_authority: STATE\n    ends: {by: date}",
        '    designating_authority: CITY\n    region: "310000" # HERE\n    ends: {by: date}',
        "regimes[3].region",
        "CITY has powers in 110000 only",
    ),
    Break(
        "measure-regime-kind",
        '    regimes: [GRAVE]\n    items: ["*"]',
        '    regimes: [GRAVE, GOOD] # HERE\n    items: ["*"]',
        "measures[0].regimes[1]",
        "GOOD is a trusted list",
    ),
    Break("measure-no-wildcard", LIMIT, LIMIT.replace("[SHOP]", '["*"] # HERE'), "measures[1].items[0]", "one by one"),
    Break(
        "measure-basis-rank",
        LIMIT,
        LIMIT.replace("CENTRAL", "MEMO # HERE"),
        "measures[1].basis",
        "MEMO is of rank memorandum",
    ),
    Break(
        "measure-basis-rank",
        LIMIT,
        LIMIT.replace("CENTRAL", "RULE # HERE"),
        "measures[1].basis",
        "RULE is of rank departmental_rule",
    ),
    Break(
        "measure-adopted-by",
        REGIONS,
        REGIONS + "\n    adopted_by: [CITY] # HERE",
        "measures[3].adopted_by",
        "binds without adoption",
    ),
    Break(
        "bar-basis-rank",
        BAR,
        BAR.replace("LAW", "CENTRAL # HERE"),
        "measures[2].basis",
        "CENTRAL is of rank central_policy_document",
    ),
    Break("bar-basis-rank", BAR, BAR.replace("LAW", "MEMO # HERE"), "measures[2].basis", "MEMO is of rank memorandum"),
    Break(
        "bar-binds",
        BAR,
        BAR.replace("rights_reducing", "management # HERE"),
        "measures[2].effect",
        "write rights_reducing",
    ),
    Break(
        "bar-binds",
        "    kind: licence_bar\n    force: mandatory",
        "    kind: licence_bar\n    force: recommended # HERE",
        "measures[2].force",
        "write mandatory",
    ),
    Break(
        "local-regulation-reach",
        LIMIT,
        LIMIT.replace("CENTRAL", "LOCAL"),
        "measures[1]",
        "LOCAL holds in 110000 only; add",
        at="  - code: LIMIT",
    ),
    Break(
        "local-regulation-reach",
        LIMIT,
        LIMIT.replace("CENTRAL", "LOCAL") + '\n    regions: ["310000"] # HERE',
        "measures[1].regions[0]",
        "not in 310000",
    ),
    Break(
        "local-regulation-reach",
        "    basis: MEMO",
        "    basis: LOCAL",
        "incentives[0]",
        "LOCAL holds in 110000 only",
        at="  - code: GREEN",
    ),
    Break(
        "local-authority-reach",
        LIMIT,
        LIMIT.replace("STATE", "CITY"),
        "measures[1]",
        "authority CITY holds in 110000 only",
        at="  - code: LIMIT",
    ),
    Break(
        "local-authority-reach",
        LIMIT,
        LIMIT.replace("STATE", "CITY") + '\n    regions: ["110000", "310101"] # HERE',
        "measures[1].regions[1]",
        "not in 310101",
    ),
    Break(
        "local-regime-reach",
        LIMIT,
        LIMIT.replace("GRAVE", "CITY-GRAVE"),
        "measures[1]",
        "list CITY-GRAVE holds in 110000 only",
        at="  - code: LIMIT",
    ),
    Break(
        "local-regime-reach",
        LIMIT,
        LIMIT.replace("GRAVE", "CITY-GRAVE") + '\n    regions: ["310000"] # HERE',
        "measures[1].regions[0]",
        "not in 310000",
    ),
    Break(
        "incentive-regime-kind",
        "regimes: [GOOD]}",
        "regimes: [GOOD, GRAVE]} # HERE",
        "incentives[0].route.regimes[1]",
        "GRAVE is a serious list",
    ),
    Break(
        "deferral-deadline",
        "deadline: 10, how: {en: Upload, zh: 上传}}",
        "deadline: 11, how: {en: Upload, zh: 上传}} # HERE",
        "items[0].deferrable_materials[0].deadline",
        "11 working days exceed",
    ),
    Break(
        "materials-disjoint",
        "{code: PLAN,",
        "{code: FORM, # HERE\n        ",
        "items[0].deferrable_materials[0].code",
        "FORM is among the essential",
    ),
    Break(
        "natural-persons-basis",
        "natural_persons: LAW",
        "natural_persons: CENTRAL # HERE",
        "items[0].natural_persons",
        "under a law only",
    ),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: f"{broken.rule}-{broken.path}")
def test_a_broken_rule_is_complained_of_once_where_it_stands(broken: Break) -> None:
    text = edited(broken.old, broken.new)
    report = report_on(text)
    assert [(c.rule, c.path, c.line) for c in report.complaints] == [
        (broken.rule, broken.path, line_of(text, broken.at))
    ]
    assert broken.says in report.complaints[0].message
    assert report.complaints[0].file == "small.yaml"
    assert report.catalogue is None


def test_the_small_edition_keeps_every_rule() -> None:
    report = report_on(SMALL_EDITION)
    assert report.complaints == ()
    assert report.catalogue is not None


def test_every_rule_has_a_test_that_breaks_it() -> None:
    assert {rule_id(rule) for rule in RULES} - {broken.rule for broken in BREAKS} == {"edition-breadth"}


@pytest.mark.parametrize(
    ("shortest", "longest"),
    [
        ("{months: 36}", "{years: 3}"),
        ("{days: 89}", "{months: 3}"),
        ("{months: 3}", "{days: 92}"),
        ("{days: 1}", "{days: 1}"),
    ],
)
def test_a_shortest_publicity_that_never_exceeds_the_longest_is_accepted(shortest: str, longest: str) -> None:
    display = f"adverse_display:\n  minor: {{min: {shortest}, max: {longest}}}\ndeferral:\n"
    assert report_on(edited("deferral:\n", display)).complaints == ()


def test_every_rule_states_its_reason() -> None:
    assert all(rule.__doc__ for rule in RULES)


def test_an_edition_that_spans_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # REVIEW spans one regime by two items, the other three one by one each: five pairs.
    monkeypatch.setattr(edition_rules, "MAX_PAIRS", 5)
    assert report_on(SMALL_EDITION).complaints == ()
    monkeypatch.setattr(edition_rules, "MAX_PAIRS", 4)
    (complaint,) = report_on(SMALL_EDITION).complaints
    assert (complaint.rule, complaint.line) == ("edition-breadth", line_of(SMALL_EDITION, "measures:"))


def test_regions_without_a_region_table_are_complained_of_each() -> None:
    complaints = report_on(edited("regions: cn-demo\n", "")).complaints
    assert {c.rule for c in complaints} == {"region-known"}
    assert [c.path for c in complaints] == [
        "authorities[1].region",
        "legal_bases[2].region",
        "regimes[2].region",
        "measures[3].regions[0]",
    ]


def test_a_region_table_may_be_handed_in() -> None:
    report = check_content("small.yaml", SMALL_EDITION.encode(), tables=lambda name: None)
    assert [c.rule for c in report.complaints] == ["region-table-known"]


def test_all_broken_rules_are_reported_at_once_in_line_order() -> None:
    text = edited("zone: Asia/Shanghai", "zone: Asia/Nowhere").replace("natural_persons: LAW", "natural_persons: MEMO")
    text = text.replace("regimes: [GOOD]}", "regimes: [GRAVE]}")
    complaints = report_on(text).complaints
    assert [c.rule for c in complaints] == ["zone-known", "incentive-regime-kind", "natural-persons-basis"]
    assert [c.line for c in complaints] == sorted(c.line for c in complaints)


def test_a_recommended_measure_nobody_adopted_is_allowed() -> None:
    assert report_on(edited("    adopted_by: [CITY]\n", "")).complaints == ()


def test_a_management_measure_may_rest_on_a_departmental_rule_and_name_every_item() -> None:
    catalogue = report_on(SMALL_EDITION).catalogue
    assert catalogue is not None
    assert [m.code for m in catalogue.measures("GRAVE", "FAIR")] == ["REVIEW"]
