"""The registry's contract runs on every engine it supports: a new one is a new parameter here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.registry.registry import Registry
from tests.unit.registry.making import KEYS, MOMENT

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(params=ENGINES)
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    with Registry.open(registry_url, KEYS, moment=MOMENT) as opened:
        yield opened
