from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from clearway.cli.exits import Exit
from clearway.cli.main import cli


def restored(folder: Path) -> dict[str, str]:
    done = CliRunner().invoke(cli, ["database", "restored", "--data-dir", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    document: dict[str, str] = json.loads(done.stdout)
    return document


def test_a_restored_database_goes_on_under_another_id(tmp_path: Path) -> None:
    first, second = restored(tmp_path), restored(tmp_path)
    assert first["before"] != first["database_id"] == second["before"] != second["database_id"]


def test_there_is_nothing_to_prepare_without_a_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLEARWAY_DATABASE", raising=False)
    done = CliRunner().invoke(cli, ["database", "prepare"])
    assert done.exit_code == Exit.INVALID
    assert "CLEARWAY_DATABASE" in done.stderr


def test_a_database_that_cannot_be_reached_is_not_prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLEARWAY_DATABASE", f"postgresql://owner:hunter2@/clearway?host={tmp_path}")
    done = CliRunner().invoke(cli, ["database", "prepare"])
    assert done.exit_code == Exit.FAILED
    assert "cannot be reached" in done.stderr
    assert "hunter2" not in done.output + done.stderr
