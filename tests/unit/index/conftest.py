from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.index.doubles import Node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node with a source that holds nothing and a follower that has not stepped yet."""
    built = Node(tmp_path)
    yield built
    built.follower.close()
