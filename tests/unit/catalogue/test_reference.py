"""The catalogue reference in the docs names every field and every rule, with complaints as they really read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from clearway.catalogue import model
from clearway.catalogue.editions import edition_names
from clearway.catalogue.loader import FILE_RULES
from clearway.catalogue.rules import RULES
from clearway.catalogue.rules.draft import rule_id
from tests.unit.catalogue.small_edition import edited, report_on
from tests.unit.catalogue.test_rules import BREAKS, Break

REFERENCE = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text("utf-8")
FIELDS = sorted(
    {
        field
        for shape in vars(model).values()
        if isinstance(shape, type) and issubclass(shape, BaseModel) and shape.__module__ == model.__name__
        for field in shape.model_fields
    }
)
FIRST_BREAKS = list({broken.rule: broken for broken in reversed(BREAKS)}.values())


@pytest.mark.parametrize("name", [*FIELDS, *FILE_RULES, *(rule_id(rule) for rule in RULES), *edition_names()])
def test_the_reference_names_it(name: str) -> None:
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("rule", RULES, ids=rule_id)
def test_the_reference_gives_the_reason_of_a_rule(rule: object) -> None:
    assert " ".join((rule.__doc__ or "?").split()) in REFERENCE


@pytest.mark.parametrize("broken", FIRST_BREAKS, ids=lambda broken: broken.rule)
def test_the_reference_shows_a_complaint_as_it_reads(broken: Break) -> None:
    complaint = report_on(edited(broken.old, broken.new)).complaints[0]
    assert f"    {complaint.path}: {complaint.message}\n" in REFERENCE
