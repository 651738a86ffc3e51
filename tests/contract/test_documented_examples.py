"""The programs that the pages show, run as they stand against a running node."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pysqlite3
import pytest

from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.1:50051"


def program(page: str) -> str:
    """The one Python program on a page."""
    (found,) = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


def run(text: str) -> None:
    exec(compile(text, "page", "exec"), {"__name__": "__main__"})


def test_the_example_of_the_readme_gets_an_answer(node: RunningNode, capsys: pytest.CaptureFixture[str]) -> None:
    run(program("README.md").replace(ADDRESS, node.address))
    assert "stricter review" in capsys.readouterr().out


def test_the_example_of_the_integrators_guide_shows_the_advice(
    node: RunningNode, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["page"])
    run(program("docs/integrate.md").replace(ADDRESS, node.address))
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("RESTRICTION: ")
    assert any(line.startswith("restriction ") for line in shown)
    assert re.fullmatch(r"keep with the decision: [0-9a-f-]{36}", shown[-1])


def test_the_example_of_the_integrators_guide_is_the_one_beside_it() -> None:
    assert program("docs/integrate.md") == (ROOT / "examples/python/gate_approval.py").read_text("utf-8")


def test_the_backup_of_the_operators_guide_is_whole(
    node: RunningNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").symlink_to(node.data_dir)
    (tmp_path / "backup").mkdir()
    monkeypatch.chdir(tmp_path)
    run(program("docs/operations.md"))
    for name in ("registry.db", "log.db"):
        copy = pysqlite3.connect(tmp_path / "backup" / name)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
        copy.close()
