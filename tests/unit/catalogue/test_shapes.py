"""What fields an edition may have: unknown, missing and mistyped ones are named with their line."""

from __future__ import annotations

import pytest

from tests.unit.catalogue.small_edition import SMALL_EDITION, edited, line_of, report_on

CLEAN_ITEMS = "    items: [SHOP]\n    valid_from: 2025"


def complaints(text: str) -> list[tuple[str, str, int]]:
    return [(c.rule, c.path, c.line) for c in report_on(text).complaints]


@pytest.mark.parametrize("field", ["score: 80", "credit_score: 3", "ethnicity: none", "weight: 0.5"])
def test_there_is_no_field_for_scores_or_traits(field: str) -> None:
    text = edited("    kind: trusted", f"    kind: trusted\n    {field} # HERE")
    (complaint,) = report_on(text).complaints
    name = field.split(":")[0]
    assert (complaint.rule, complaint.path, complaint.line) == ("unknown-field", f"regimes[3].{name}", line_of(text))
    assert name in complaint.message


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        ("processing_limit: 5", "processing_limit: soon # HERE", "value", "items[1].processing_limit"),
        ("processing_limit: 5", "processing_limit: 0 # HERE", "value", "items[1].processing_limit"),
        ("kind: trusted", "kind: friendly # HERE", "value", "regimes[3].kind"),
        ("calendar: cn", "calendar: lunar # HERE", "value", "calendar"),
        ("  - code: FAIR", "  - code: fair trade # HERE", "value", "items[1].code"),
        (CLEAN_ITEMS, CLEAN_ITEMS.replace("[SHOP]", "['**'] # HERE"), "value", "incentives[1].items[0]"),
        (CLEAN_ITEMS, CLEAN_ITEMS.replace("[SHOP]", "[] # HERE"), "value", "incentives[1].items"),
        ("adopted_by: [CITY]", "adopted_by: CITY # HERE", "value", "measures[1].adopted_by"),
        ("valid_from: 2025-01-01", "valid_from: 86400 # HERE", "value", "incentives[1].valid_from"),
        ("valid_from: 2025-01-01", "valid_from: 2025-02-30 # HERE", "value", "incentives[1].valid_from"),
        ("valid_from: 2025-01-01", "valid_from: 2025/01/01 # HERE", "value", "incentives[1].valid_from"),
        ("regions: cn-demo", "regions: ../../secret # HERE", "value", "regions"),
        ("{by: clean_record}", "{by: luck} # HERE", "value", "incentives[1].route"),
        ("{by: clean_record}", "{years: 3} # HERE", "missing-field", "incentives[1].route"),
        ("{by: clean_record}", "{by: clean_record, years: 31} # HERE", "value", "incentives[1].route.years"),
        ("      confirm_within: 35\n", "", "missing-field", "regimes[1].ends.confirm_within"),
        ("{en: Good list, zh: 红名单}", "{en: Good list} # HERE", "missing-field", "regimes[3].name.zh"),
        ("{en: Good list, zh: 红名单}", "{en: Good list, zh: ''} # HERE", "value", "regimes[3].name.zh"),
        ("{en: Good list, zh: 红名单}", "Good list # HERE", "value", "regimes[3].name"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(old: str, new: str, rule: str, path: str) -> None:
    text = edited(old, new)
    at = line_of(text) if "# HERE" in text else line_of(text, "    ends:\n      by")
    assert complaints(text) == [(rule, path, at)]


def test_a_measure_needs_its_coupling() -> None:
    text = SMALL_EDITION.replace("    coupling: {en: Same field, zh: 同一领域}\n", "")
    assert [(rule, path) for rule, path, _ in complaints(text)] == [
        ("missing-field", f"measures[{at}].coupling") for at in range(4)
    ]


def test_all_wrong_shapes_are_reported_at_once() -> None:
    text = (
        edited("calendar: cn", "calendar: lunar").replace("kind: trusted", "kind: friendly").replace("zone:", "zones:")
    )
    assert [rule for rule, _, _ in complaints(text)] == ["missing-field", "unknown-field", "value", "value"]


@pytest.mark.parametrize("text", ["just words", "- a\n- b\n", "~"])
def test_an_edition_is_a_mapping(text: str) -> None:
    assert complaints(text) == [("value", "", 1)]


def test_region_codes_need_no_quotes() -> None:
    assert complaints(SMALL_EDITION.replace('"', "").replace("[*]", '["*"]')) == []
