"""The command as a whole: every subcommand loads and explains itself; settings that cannot be served with are named."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from clearway.cli import serving
from clearway.cli.exits import Exit
from clearway.cli.main import COMMANDS
from clearway.server import supervisor
from tests.unit.cli.running import run


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(name: str) -> None:
    for flag in ("-h", "--help"):
        result = run(name, flag)
        assert result.exit_code == Exit.DONE
        assert result.stdout.startswith("Usage: ")


def test_an_unknown_command_is_an_invalid_command_line() -> None:
    assert run("approve").exit_code == Exit.INVALID


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize(
    ("flags", "environment", "said"),
    [
        (("--listen", "0.0.0.0:50051"), {}, "CLEARWAY_ACCESS"),
        (("--listen", "50051"), {}, "HOST:PORT"),
        ((), {"CLEARWAY_WORKERS": "0"}, "workers"),
        ((), {"CLEARWAY_SUBJECT_KEY": "secret"}, "64 hex digits"),
    ],
)
def test_settings_that_are_wrong_are_named_and_not_repeated(
    command: str, flags: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    result = run(command, *flags, **environment)
    assert result.exit_code == Exit.INVALID
    assert said in result.stderr
    assert "secret" not in result.stderr


@pytest.fixture
def _process_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`serve` up to where it would start processes: no port is taken, signals and logs of the tests stay theirs."""
    monkeypatch.setattr(supervisor, "reserved_ports", nullcontext)
    monkeypatch.setattr(serving, "stop_on_signals", threading.Event)
    monkeypatch.setattr(serving, "configure_logs", lambda level: None)


@pytest.mark.usefixtures("_process_left_alone")
def test_a_catalogue_that_breaks_a_rule_is_not_served(tmp_path: Path) -> None:
    edition = tmp_path / "edition.yaml"
    edition.write_text("edition: x\n")
    result = run("serve", "--catalogue", edition, "--listen", "127.0.0.1:0", "--data-dir", tmp_path / "var")
    assert result.exit_code == Exit.FAILED
    assert "clearway catalogue check" in result.stderr


@pytest.mark.usefixtures("_process_left_alone")
def test_an_authority_the_catalogue_lacks_is_not_served(tmp_path: Path) -> None:
    result = run("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path / "var", CLEARWAY_AUTHORITY="NOBODY")
    assert result.exit_code == Exit.FAILED
    assert "NOBODY" in result.stderr


@pytest.mark.usefixtures("_process_left_alone")
def test_a_key_file_that_holds_no_key_is_not_served_with(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "subject.key"
    key.parent.mkdir()
    key.write_text("not a key\n")
    result = run("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path)
    assert result.exit_code == Exit.FAILED
    assert "subject.key" in result.stderr


@pytest.mark.usefixtures("_process_left_alone")
def test_a_folder_that_another_node_serves_from_is_left_to_it(tmp_path: Path) -> None:
    with supervisor.only_node(tmp_path):
        result = run("serve", "--listen", "127.0.0.1:0", "--data-dir", tmp_path)
    assert result.exit_code == Exit.FAILED
    assert "another clearway serves" in result.stderr


def test_serve_loads_little_before_the_processes_it_starts_begin_to_load() -> None:
    listed = "import sys, clearway.cli.serve; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout.split()
    assert {"grpc", "sqlalchemy", "pydantic", "lmdb", "clearway.server.supervisor"}.isdisjoint(loaded)
