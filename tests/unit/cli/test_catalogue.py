"""`clearway catalogue`: complaints with file, line and rule; editions set out; the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.catalogue.editions import edition_names
from clearway.catalogue.schema import json_schema
from clearway.cli.exits import Exit
from tests.unit.catalogue.small_edition import edited
from tests.unit.catalogue.test_rules import BREAKS
from tests.unit.cli.running import document, run

BROKEN = next(broken for broken in BREAKS if broken.rule == "measure-no-wildcard")


@pytest.fixture
def broken_file(tmp_path: Path) -> Path:
    file = tmp_path / "city.yaml"
    file.write_text(edited(BROKEN.old, BROKEN.new), "utf-8")
    return file


@pytest.mark.parametrize("name", edition_names())
def test_a_shipped_edition_has_no_complaint(name: str) -> None:
    result = run("catalogue", "check", name, "--json")
    assert result.exit_code == Exit.DONE
    found = document(result)
    assert (found["valid"], found["complaints"]) == (True, [])
    assert len(found["content_hash"]) == 64


def test_a_complaint_has_file_line_rule_path_and_message(broken_file: Path) -> None:
    result = run("catalogue", "check", broken_file, "--json")
    assert result.exit_code == Exit.FAILED
    (complaint,) = document(result)["complaints"]
    assert complaint["file"] == str(broken_file)
    assert complaint["rule"] == "measure-no-wildcard"
    written = broken_file.read_text("utf-8").splitlines()[complaint["line"] - 1]
    assert "*" in written
    assert complaint["path"].startswith("measures[")
    assert "one by one" in complaint["message"]


def test_people_get_a_complaint_that_editors_can_jump_to(broken_file: Path) -> None:
    result = run("catalogue", "check", broken_file)
    assert result.exit_code == Exit.FAILED
    assert f"{broken_file}:" in result.stderr
    assert "measure-no-wildcard" in result.stderr


def test_a_file_that_is_not_there_is_a_complaint_about_its_source(tmp_path: Path) -> None:
    result = run("catalogue", "check", tmp_path / "none.yaml", "--json")
    assert result.exit_code == Exit.FAILED
    assert document(result)["complaints"][0]["rule"] == "source"


def test_an_edition_is_shown_with_its_items_and_regimes() -> None:
    result = run("catalogue", "show", "cn-demo")
    assert result.exit_code == Exit.DONE
    assert "cn-demo-" in result.stdout


def test_an_edition_is_shown_whole_as_json() -> None:
    found = document(run("catalogue", "show", "us-demo", "--json"))
    assert found["items"][0]["code"] == "EXPORT-LICENCE"


def test_an_edition_that_is_not_there_is_not_shown() -> None:
    result = run("catalogue", "show", "nowhere")
    assert result.exit_code == Exit.FAILED
    assert "us-demo" in result.stderr


def test_the_schema_is_printed() -> None:
    assert document(run("catalogue", "schema")) == json_schema()
