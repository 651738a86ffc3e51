from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.registry.registry import Registry
from tests.unit.registry.making import open_registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened
