"""The central log's contract runs on every engine it supports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE, open_central

ENGINES = ("sqlite", "postgresql")


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    return tmp_path / JOURNAL_DIRECTORY


@pytest.fixture(params=ENGINES)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where the central log is: a file, or a database's URL."""
    if request.param == "sqlite":
        return tmp_path / LOG_FILE
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def central(where: Path | str) -> Iterator[Engine]:
    engine = open_central(where)
    yield engine
    engine.dispose()
