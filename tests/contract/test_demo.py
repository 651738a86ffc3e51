"""The demonstration, as `make run` starts it: every scene is shown, and shown again at the next start."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("demo")]

SCENE = re.compile(r"^(\d+)\. ", re.MULTILINE)


def shown(data_dir: Path) -> str:
    """What the demonstration prints from its first scene to its last."""
    command = [
        sys.executable,
        "-m",
        "clearway.cli.main",
        "demo",
        "--once",
        "--listen",
        "127.0.0.1:0",
        "--web-listen",
        "127.0.0.1:0",
    ]
    done = subprocess.run(
        [*command, "--data-dir", str(data_dir), "--subjects", "100"], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_every_scene_is_shown_and_shown_again_at_the_next_start(tmp_path: Path) -> None:
    first = shown(tmp_path)
    assert [int(number) for number in SCENE.findall(first)] == list(range(1, 14))
    for words in ("Green channel", "Deferred acceptance: Completed", "容缺受理通知书", "INVALID_IDENTIFIER"):
        assert words in first
    assert "Restriction → Green channel" in first
    assert "departures from mandatory measures: 1" in first
    second = shown(tmp_path)
    assert "Using the registry" in second
    assert [int(number) for number in SCENE.findall(second)] == list(range(1, 14))
    assert "Restriction → Green channel" in second
