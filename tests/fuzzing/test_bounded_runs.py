"""Every fuzz target for a few seconds, from its seeds; `make fuzz` is the long run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.seeds import SEEDS
from fuzz.targets import CITIZEN, TARGETS, LawBroken, require

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 1
AT_LEAST = 100
"""Inputs tried in that time, on however busy a machine: fewer would be no run."""


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_laws_hold_for_every_seed(target: str) -> None:
    seeds = list(SEEDS[target]())
    assert seeds
    for seed in seeds:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", list(TARGETS))
def test_mutations_break_no_law(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fuzz", target, "--seconds", str(SECONDS)]
    folders = ["--corpus", str(tmp_path / "corpus"), "--findings", str(tmp_path / "findings")]
    run = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, text=True, timeout=110)
    found = sorted((tmp_path / "findings").glob("*"))
    assert run.returncode == 0, (run.stderr[-3000:], [file.read_bytes() for file in found])
    tried = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    assert tried is not None
    assert int(tried[1]) >= AT_LEAST


def test_a_broken_law_is_a_failure() -> None:
    with pytest.raises(LawBroken, match="two and two"):
        require(2 + 2 == 5, "two and two")


def test_an_input_can_be_replayed(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(CITIZEN.encode())
    command = [sys.executable, "-m", "fuzz", "identifiers", "--replay", str(file)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0
    assert "every law holds" in run.stdout
