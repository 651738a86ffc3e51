"""`clearway health`: an exit code that a container's health check understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.cli import health
from clearway.cli.exits import Exit
from tests.unit.cli.running import document, run


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [("SERVING", Exit.DONE), ("NOT_SERVING", Exit.NO_ANSWER), ("UNREACHABLE", Exit.NO_ANSWER)],
)
def test_only_serving_is_healthy(monkeypatch: pytest.MonkeyPatch, status: str, exit_code: Exit) -> None:
    monkeypatch.setattr(health, "status_of", lambda address, timeout: status)
    result = run("health", "--server", "127.0.0.1:9", "--json")
    assert result.exit_code == exit_code
    assert document(result) == {"address": "127.0.0.1:9", "status": status}
    assert f"127.0.0.1:9 {status}" in run("health", "--server", "127.0.0.1:9").stdout


def test_the_service_of_this_folder_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "serving.json").write_text('{"address": "127.0.0.1:7", "pid": 1}')
    monkeypatch.setattr(health, "status_of", lambda address, timeout: "SERVING")
    assert document(run("health", "--json", CLEARWAY_DATA_DIR=str(tmp_path)))["address"] == "127.0.0.1:7"


@pytest.mark.parametrize("content", [None, "", "{}", "no json"])
def test_without_a_word_of_where_it_serves_the_default_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "serving.json").write_text(content)
    monkeypatch.setattr(health, "status_of", lambda address, timeout: "SERVING")
    assert document(run("health", "--json", CLEARWAY_DATA_DIR=str(tmp_path)))["address"] == "127.0.0.1:50051"
