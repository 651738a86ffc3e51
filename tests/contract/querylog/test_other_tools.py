"""The published tree, verified by the Go project's packages. Run by `make crosschecks`: it needs Go and its proxy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.transparency.folders import TileFolder
from tests.contract.querylog.trees import SIGNER, Tree

TOOL = Path(__file__).parents[2] / "crosschecks" / "tlog"
pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif("CLEARWAY_CROSSCHECKS" not in os.environ, reason="run by `make crosschecks`"),
]


def crosscheck(folder: Path, *sizes: int) -> subprocess.CompletedProcess[str]:
    command = ["go", "run", ".", str(folder), SIGNER.verifier.vkey, *map(str, sizes)]
    return subprocess.run(command, cwd=TOOL, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def tree(central: Engine, journals: Path, tmp_path: Path) -> Tree:
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    for count in (3, 300, 297):
        tree.grow(count)
    return tree


def test_go_verifies_the_checkpoint_every_leaf_and_consistency(tree: Tree) -> None:
    done = crosscheck(tree.folder.folder, 1, 3, 255, 256, 257, 303, 600)
    assert (done.stdout, done.returncode) == ("600 leaves\n", 0), done.stderr


def test_go_refuses_a_changed_file(tree: Tree) -> None:
    bundle = tree.folder.folder / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes().replace(b"0195a0b0", b"0195a0b1", 1))
    assert crosscheck(tree.folder.folder).returncode != 0
