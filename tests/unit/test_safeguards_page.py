"""docs/safeguards.md names a test behind every refusal, and every test it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "safeguards.md").read_text("utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))
OF_SAFEGUARDS = "tests/unit/test_safeguards.py"


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


def test_all_eleven_refusals_stand_on_the_page_in_order() -> None:
    assert [section.partition(".")[0] for section in SECTIONS] == [str(number) for number in range(1, 12)]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_a_refusal_names_what_holds_it_and_a_test(section: str) -> None:
    assert "\nHeld by: " in section
    assert re.search(r"^- `tests/", section, re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in names_in(file)


def test_every_test_of_a_safeguard_is_named() -> None:
    assert names_in(OF_SAFEGUARDS) == {name for file, name in NAMED if file == OF_SAFEGUARDS}


@pytest.mark.parametrize("line", [line for line in PAGE.splitlines() if "tests/" in line])
def test_every_mention_of_a_test_can_be_read(line: str) -> None:
    assert re.fullmatch(r"- `tests/[\w/]+\.py::test_\w+`", line)
