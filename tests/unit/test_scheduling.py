"""How the tests are handed out: what the table names is there, and a file goes with its group."""

from __future__ import annotations

from pathlib import Path

from tests.scheduling import ROOT, SECONDS, group_of, named_in


def test_what_the_table_names_is_there() -> None:
    files = {file.relative_to(ROOT).as_posix() for file in Path(ROOT / "tests").rglob("test_*.py")}
    groups = set(map(named_in, files))
    assert set(SECONDS) <= groups | files
    assert not [file for file in set(SECONDS) & files if named_in(file)], "it goes with its group"


def test_a_test_goes_with_the_group_that_its_file_names_else_with_its_file() -> None:
    assert group_of("tests/contract/test_http.py::test_a[x::y@z]") == "node-2"
    assert group_of("tests/unit/test_scheduling.py::test_a") == "tests/unit/test_scheduling.py"
