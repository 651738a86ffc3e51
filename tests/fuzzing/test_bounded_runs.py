"""Every fuzz target for some thousand inputs, from its seeds; `make fuzz` is the long run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fuzz.seeds import SEEDS
from fuzz.targets import CITIZEN, TARGETS, LawBroken, require

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 20_000
"""Inputs of each target; on a slow machine, as many as a second or two lets try."""
AT_LEAST = 100
"""Inputs tried on however busy a machine: fewer would be no run."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run of every target, up to the first that broke a law."""

    status: int
    tried: Mapping[str, int]
    printed: tuple[str, list[bytes]]
    """The end of what it said, and the inputs that broke a law."""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("fuzz")
    command = [sys.executable, "-m", "fuzz", *TARGETS, "--runs", str(RUNS), "--seconds", "1"]
    folders = ["--corpus", str(folder / "corpus"), "--findings", str(folder / "findings")]
    run = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, text=True, timeout=110)
    parts = re.split(r"^target: (\w+)$", run.stderr, flags=re.MULTILINE)[1:]
    units = {
        target: re.search(r"number_of_executed_units: (\d+)", said)
        for target, said in zip(parts[::2], parts[1::2], strict=True)
    }
    found = [file.read_bytes() for file in sorted((folder / "findings").glob("*"))]
    tried = {target: int(unit[1]) for target, unit in units.items() if unit}
    return Run(run.returncode, tried, (run.stderr[-3000:], found))


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_laws_hold_for_every_seed(target: str) -> None:
    seeds = list(SEEDS[target]())
    assert seeds
    for seed in seeds:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", list(TARGETS))
def test_mutations_break_no_law(target: str, bounded: Run) -> None:
    assert bounded.status == 0, bounded.printed
    assert bounded.tried[target] >= AT_LEAST, bounded.printed


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
