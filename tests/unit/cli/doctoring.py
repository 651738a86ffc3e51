"""A node that is well, what can be done to it, and what `clearway doctor` then tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clearway.cli.doctor import command
from clearway.cli.exits import Exit
from clearway.cli.health import SERVING
from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.server.databases import open_registry
from clearway.server.keys import load_keys
from clearway.server.settings import Settings
from clearway.server.supervisor import ADDRESS_FILE, prepare
from tests.unit.cli.running import document, run
from tests.unit.registry.making import code

NOW = datetime.now(UTC)


def a_well_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a node that serves and is well, and of whose health a word comes without a socket."""
    monkeypatch.setattr(command, "status_of", lambda *_: SERVING)
    settings = Settings(data_dir=tmp_path / "var")
    settings.data_dir.mkdir()
    prepare(settings)
    with record(settings) as registry:
        registry.execute(commands.RegisterSubject("cn-uscc", code(1)), actor="test", moment=NOW)
        follow(settings, registry)
    (settings.data_dir / ADDRESS_FILE).write_text('{"address": "127.0.0.1:1"}')
    return settings.data_dir


@contextmanager
def record(settings: Settings) -> Iterator[Registry]:
    with open_registry(settings, load_keys(settings), NOW) as registry:
        yield registry


def follow(settings: Settings, registry: Registry, moment: datetime | None = None) -> None:
    """Bring the index up to the record, now or at that moment."""
    with Follower(registry.changes, IndexLayout(settings.data_dir), load_keys(settings)) as follower:
        follower.step((moment or datetime.now(UTC)).timestamp())


def examined(folder: Path, **environment: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by part."""
    result = run("doctor", "--data-dir", folder, "--json", **environment)
    by_part: dict[str, list[dict[str, Any]]] = {}
    for finding in document(result):
        by_part.setdefault(finding["part"], []).append(finding)
    return result.exit_code, by_part


def those_wrong(folder: Path, part: str, **environment: str) -> list[dict[str, Any]]:
    """What is told to be wrong with a part: something, with something to do, and exit code 1."""
    code, found = examined(folder, **environment)
    wrong = [each for each in found[part] if each["state"] == "wrong"]
    assert code == Exit.FAILED
    assert wrong
    assert all(each["remedy"] for each in wrong)
    return wrong


def the_wrong(folder: Path, part: str, **environment: str) -> str:
    """The same, in words."""
    return "; ".join(each["says"] for each in those_wrong(folder, part, **environment))
