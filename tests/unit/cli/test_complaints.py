"""Whatever file is checked, what is wrong with it is told in one way: to people, and to scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.cli.exits import Exit
from tests.unit.cli.running import document, run

CHECKS = [("catalogue", "check"), ("access", "check"), ("feeds", "check"), ("log", "retention", "check")]


@pytest.mark.parametrize("command", CHECKS)
def test_people_get_place_rule_and_need_and_how_many_there_are(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a: 1\na: 2\n")
    done = run(*command, file)
    assert done.exit_code == Exit.FAILED
    assert done.stderr.splitlines() == [
        f"{file}:2: duplicate-key a",
        "    the key stands twice; it first stands in line 1",
        "1 complaint(s)",
    ]


@pytest.mark.parametrize("command", CHECKS)
def test_a_file_that_cannot_be_read_is_a_complaint_like_any_other(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*command, tmp_path / "none.yaml", "--json")
    told = document(done)
    (complaint,) = told["complaints"]
    assert (done.exit_code, told["valid"]) == (Exit.FAILED, False)
    assert (complaint["file"], complaint["line"]) == (told["file"], 1)
    assert complaint["rule"] == "source"
    assert "cannot be read (No such file or directory)" in complaint["message"]
